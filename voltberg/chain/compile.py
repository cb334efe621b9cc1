"""Compile the contracts with the settings of ``brownie-config.yaml`` and keep the result by content.

The same file drives Brownie, so that both build the same bytecode. The cache's key is a hash of every source
that the compiler reads (imports included) and of every setting: unlike Brownie's own it cannot go stale.
What each source file compiles to is kept too, under a hash of that file and all it imports: after an edit
only the files that it reaches are compiled again.
"""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from voltberg.chain.artifacts import (
    AbiEntry,
    Artifact,
    Artifacts,
    CompileError,
    CompilerMissingError,
    CompilerSettings,
    decode_error,
    error_selector,
    strip_metadata,
    write_atomically,
)

__all__ = [
    "Artifact",
    "Artifacts",
    "CompileError",
    "CompilerMissingError",
    "CompilerSettings",
    "compile_contracts",
    "decode_error",
    "load_settings",
    "read_sources",
    "strip_metadata",
]

SOURCE_FOLDERS = ("interfaces", "contracts")
CACHE_FOLDER = Path("build") / "voltberg"
CACHE_FORMAT = 2
CACHE_ENTRIES_KEPT = 8
PARTS_FOLDER = CACHE_FOLDER / "parts"
CACHE_PARTS_KEPT = 400

_OUTPUTS = [
    "abi",
    "metadata",
    "storageLayout",
    "evm.bytecode.object",
    "evm.bytecode.sourceMap",
    "evm.bytecode.linkReferences",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.sourceMap",
    "evm.deployedBytecode.immutableReferences",
    "evm.methodIdentifiers",
]
# Matches `import "x";`, `import {A} from "x";` and `import * as A from "x";` at the start of a line.
_IMPORT = re.compile(r"""^[ \t]*import\b[^"';]*["']([^"']+)["']""", re.MULTILINE)


def load_settings(root: Path) -> CompilerSettings:
    """Read the compiler's settings from ``brownie-config.yaml``.

    Parameters
    ----------
    root : Path
        The project's root folder.

    Returns
    -------
    CompilerSettings
        The settings.

    Raises
    ------
    CompileError
        If the file or one of the settings is missing.
    """
    path = root / "brownie-config.yaml"
    try:
        compiler = yaml.safe_load(path.read_text())["compiler"]
        solc = compiler["solc"]
        return CompilerSettings(
            solc_version=str(solc["version"]),
            evm_version=str(compiler["evm_version"]),
            via_ir=bool(solc["viaIR"]),
            optimizer_enabled=bool(solc["optimizer"]["enabled"]),
            optimizer_runs=int(solc["optimizer"]["runs"]),
            remappings=tuple(solc["remappings"]),
        )
    except FileNotFoundError as error:
        raise CompileError(f"{path} is missing: it holds the compiler's settings") from error
    except (KeyError, TypeError) as error:
        raise CompileError(f"{path} lacks a setting under 'compiler': {error}") from error


def read_sources(root: Path, settings: CompilerSettings) -> dict[str, str]:
    """Read the project's Solidity files and everything that they import.

    Parameters
    ----------
    root : Path
        The project's root folder.
    settings : CompilerSettings
        Gives the remappings.

    Returns
    -------
    dict of str to str
        Source text by source unit name (the path relative to the root).

    Raises
    ------
    CompileError
        If there is no Solidity file at all, or an imported package file is missing.
    """
    pending = [
        path.relative_to(root).as_posix()
        for folder in SOURCE_FOLDERS
        for path in sorted((root / folder).rglob("*.sol"))
    ]
    if not pending:
        raise CompileError(f"no Solidity file in {' or '.join(SOURCE_FOLDERS)} of {root}")
    remappings = [tuple(item.split("=", 1)) for item in settings.remappings]
    sources: dict[str, str] = {}
    while pending:
        name = pending.pop()
        if name in sources:
            continue
        try:
            sources[name] = (root / name).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise CompileError(
                f"imported file {name} is missing (packages come with `make setup`)"
            ) from error
        pending.extend(_resolve(name, target, remappings) for target in _IMPORT.findall(sources[name]))
    return dict(sorted(sources.items()))


def compile_contracts(root: Path, progress: Callable[[str], None] | None = None) -> Artifacts:
    """Compile all contracts and interfaces of the project, or take them from the cache.

    Parameters
    ----------
    root : Path
        The project's root folder, with ``brownie-config.yaml``, ``contracts`` and ``interfaces``.
    progress : callable, optional
        Is told in a sentence when the compiler has to run.

    Returns
    -------
    Artifacts
        Artifacts by contract name.

    Raises
    ------
    CompilerMissingError
        If no compiler is installed.
    CompileError
        If a source does not compile, or two contracts share a name.
    """
    root = root.resolve()
    settings = load_settings(root)
    sources = read_sources(root, settings)
    content_hash = _content_hash(sources, settings)
    cache_path = root / CACHE_FOLDER / f"{content_hash}.json"
    if not cache_path.exists():
        write_atomically(cache_path, json.dumps(_merge(_compile_parts(root, sources, settings, progress))))
        _drop_old_entries(cache_path.parent, CACHE_ENTRIES_KEPT)
        _drop_old_entries(root / PARTS_FOLDER, CACHE_PARTS_KEPT)
    cached = json.loads(cache_path.read_text())
    by_name = {item["name"]: Artifact(**item) for item in cached["artifacts"]}
    return Artifacts(by_name, settings, content_hash, cached["errors_by_selector"])


def _compile_parts(
    root: Path,
    sources: Mapping[str, str],
    settings: CompilerSettings,
    progress: Callable[[str], None] | None,
) -> list[dict[str, Any]]:
    """Take each file's part from the cache; run those through solc that have none."""
    imports = _imports(sources, settings)
    paths = {
        name: root / PARTS_FOLDER / f"{_part_hash(name, sources, imports, settings)}.json"
        for name in sources
        if name.split("/", 1)[0] in SOURCE_FOLDERS
    }
    missing = [name for name, path in paths.items() if not path.exists()]
    if missing:
        if progress is not None:
            progress(f"compiling {len(missing)} Solidity files with solc {settings.solc_version}")
        output = _run_solc(root, _standard_json(sources, missing, settings), settings)
        for name in missing:
            part = _summarise(name, output["contracts"].get(name, {}))
            write_atomically(paths[name], json.dumps(part))
    for path in paths.values():
        path.touch()
    return [json.loads(path.read_text()) for path in paths.values()]


def _resolve(importer: str, target: str, remappings: list[tuple[str, ...]]) -> str:
    if target.startswith("."):
        return os.path.normpath(f"{os.path.dirname(importer)}/{target}")  # noqa: PTH120
    matching = [pair for pair in remappings if target.startswith(pair[0])]
    if not matching:
        return target
    prefix, replacement = max(matching, key=lambda pair: len(pair[0]))
    return replacement + target[len(prefix) :]


def _content_hash(sources: Mapping[str, str], settings: CompilerSettings) -> str:
    payload = {
        "format": CACHE_FORMAT,
        "outputs": _OUTPUTS,
        "settings": asdict(settings),
        "sources": dict(sources),
    }
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def _imports(sources: Mapping[str, str], settings: CompilerSettings) -> dict[str, list[str]]:
    remappings = [tuple(item.split("=", 1)) for item in settings.remappings]
    return {
        name: [_resolve(name, target, remappings) for target in _IMPORT.findall(text)]
        for name, text in sources.items()
    }


def _part_hash(
    name: str, sources: Mapping[str, str], imports: Mapping[str, list[str]], settings: CompilerSettings
) -> str:
    reached: set[str] = set()
    pending = [name]
    while pending:
        found = pending.pop()
        if found not in reached:
            reached.add(found)
            pending.extend(imports[found])
    payload = {
        "format": CACHE_FORMAT,
        "outputs": _OUTPUTS,
        "settings": asdict(settings),
        "name": name,
        # Source maps number the files among all of them.
        "files": sorted(sources),
        "sources": {found: sources[found] for found in sorted(reached)},
    }
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def _standard_json(sources: Mapping[str, str], wanted: Iterable[str], settings: CompilerSettings) -> str:
    return json.dumps(
        {
            "language": "Solidity",
            "sources": {name: {"content": text} for name, text in sources.items()},
            "settings": {
                "evmVersion": settings.evm_version,
                "viaIR": settings.via_ir,
                "optimizer": {"enabled": settings.optimizer_enabled, "runs": settings.optimizer_runs},
                "remappings": list(settings.remappings),
                "outputSelection": {name: {"*": _OUTPUTS} for name in wanted},
            },
        }
    )


def _compiler_command(root: Path, solc_version: str) -> list[str]:
    installed = root / ".solcx" / f"solc-v{solc_version}"
    if installed.exists():
        return [str(installed)]
    if (root / "node_modules" / "solc").is_dir():
        return ["node", str(Path(__file__).with_name("solc_node.js"))]
    raise CompilerMissingError(f"solc {solc_version} is not at {installed}: run `make setup`")


def _run_solc(root: Path, standard_json: str, settings: CompilerSettings) -> dict[str, Any]:
    command = [*_compiler_command(root, settings.solc_version), "--standard-json"]
    try:
        done = subprocess.run(
            command,
            input=standard_json,
            capture_output=True,
            text=True,
            cwd=root,
            check=False,
            encoding="utf-8",
        )
    except FileNotFoundError as error:
        raise CompilerMissingError(f"{command[0]} cannot be started: {error}") from error
    try:
        output: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise CompileError(
            f"solc ended with {done.returncode} and no result: {done.stderr.strip()}"
        ) from error
    problems = [e["formattedMessage"] for e in output.get("errors", []) if e["severity"] == "error"]
    if problems:
        raise CompileError("\n".join(problems))
    _check_version(output, settings.solc_version)
    return output


def _check_version(output: dict[str, Any], solc_version: str) -> None:
    for contracts in output["contracts"].values():
        for contract in contracts.values():
            if contract["metadata"]:
                found = json.loads(contract["metadata"])["compiler"]["version"]
                if found.split("+")[0] != solc_version:
                    raise CompileError(f"solc is {found}, but brownie-config.yaml asks for {solc_version}")
                return


def _summarise(path: str, contracts: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    errors = {
        error_selector(entry): entry
        for contract in contracts.values()
        for entry in contract["abi"]
        if entry["type"] == "error"
    }
    artifacts = [asdict(_artifact(name, path, contract)) for name, contract in contracts.items()]
    return {"artifacts": artifacts, "errors_by_selector": errors}


def _merge(parts: list[dict[str, Any]]) -> dict[str, Any]:
    artifacts: dict[str, dict[str, Any]] = {}
    errors: dict[str, AbiEntry] = {}
    for part in parts:
        errors.update(part["errors_by_selector"])
        for artifact in part["artifacts"]:
            name = artifact["name"]
            if name in artifacts:
                raise CompileError(
                    f"two contracts are named {name}: "
                    f"{artifacts[name]['source_path']} and {artifact['source_path']}"
                )
            artifacts[name] = artifact
    return {"artifacts": list(artifacts.values()), "errors_by_selector": errors}


def _artifact(name: str, path: str, contract: dict[str, Any]) -> Artifact:
    created, deployed = contract["evm"]["bytecode"], contract["evm"]["deployedBytecode"]
    return Artifact(
        name=name,
        source_path=path,
        abi=contract["abi"],
        bytecode="0x" + created["object"],
        deployed_bytecode="0x" + deployed["object"],
        link_references=created.get("linkReferences", {}),
        immutable_references=deployed.get("immutableReferences", {}),
        storage_layout=contract.get("storageLayout", {}),
        source_map=created.get("sourceMap", ""),
        deployed_source_map=deployed.get("sourceMap", ""),
        method_identifiers=contract["evm"].get("methodIdentifiers", {}),
    )


def _drop_old_entries(folder: Path, kept: int) -> None:
    entries = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in entries[kept:]:
        path.unlink(missing_ok=True)
