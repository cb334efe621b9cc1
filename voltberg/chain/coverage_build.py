"""The contracts as coverage is measured on them: each statement with code of its own.

The deployed bytecode cannot serve. Its optimizer merges equal code of several statements and drops the
rest, so that a source map points at one of them only. This build goes through the same Yul, unoptimised but
for the allocation of the stack, which Yul of this size needs: a contract answers the same, its gas is not.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from voltberg.chain.artifacts import AbiEntry, Artifact, Artifacts, error_selector, write_atomically
from voltberg.chain.compile import SOURCE_FOLDERS, _artifact, _run_solc, load_settings, read_sources

FOLDER: Final = Path("build") / "coverage"
_OUTPUTS: Final = [
    "abi",
    "metadata",
    "evm.bytecode.object",
    "evm.bytecode.sourceMap",
    "evm.bytecode.linkReferences",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.sourceMap",
    "evm.deployedBytecode.immutableReferences",
    "evm.methodIdentifiers",
]
_OPTIMIZER: Final = {
    "enabled": False,
    "details": {"yul": True, "yulDetails": {"stackAllocation": True, "optimizerSteps": ":"}},
}


@dataclass(frozen=True, slots=True)
class CoverageBuild:
    """Contracts, their syntax trees, and the numbers by which source maps name files.

    Attributes
    ----------
    artifacts : Artifacts
        What the compiler made.
    trees : dict of str to dict
        Syntax tree by source path, of the files of ``contracts`` that are deployed (no mocks).
    paths : dict of int to str
        Source path by number.
    sources : dict of str to str
        Text by source path.
    """

    artifacts: Artifacts
    trees: dict[str, dict[str, Any]]
    paths: dict[int, str]
    sources: dict[str, str]


def is_measured(path: str) -> bool:
    """Tell whether a source file's coverage is asked for.

    Parameters
    ----------
    path : str
        Path relative to the project's root.

    Returns
    -------
    bool
        True for contracts and libraries, False for mocks, interfaces and packages.
    """
    return path.startswith("contracts/") and not path.startswith("contracts/mocks/")


def coverage_build(root: Path) -> CoverageBuild:
    """Compile for coverage, or take it from the cache.

    Parameters
    ----------
    root : Path
        The project's root folder.

    Returns
    -------
    CoverageBuild
        The build.

    Raises
    ------
    CompileError
        If a source does not compile.
    """
    root = root.resolve()
    settings = load_settings(root)
    sources = read_sources(root, settings)
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": {
            "evmVersion": settings.evm_version,
            "viaIR": True,
            "optimizer": _OPTIMIZER,
            "remappings": list(settings.remappings),
            "outputSelection": {"*": {"*": _OUTPUTS, "": ["ast"]}},
        },
    }
    text = json.dumps(request, sort_keys=True)
    content_hash = hashlib.sha256((settings.solc_version + text).encode()).hexdigest()
    path = root / FOLDER / f"{content_hash}.json"
    if not path.exists():
        write_atomically(path, json.dumps(_summary(_run_solc(root, text, settings))))
    cached = json.loads(path.read_text())
    artifacts = {item["name"]: Artifact(**item) for item in cached["artifacts"]}
    return CoverageBuild(
        Artifacts(artifacts, settings, content_hash, cached["errors"]),
        cached["trees"],
        {int(number): name for number, name in cached["paths"].items()},
        sources,
    )


def _summary(output: dict[str, Any]) -> dict[str, Any]:
    artifacts: list[dict[str, Any]] = []
    errors: dict[str, AbiEntry] = {}
    for path, contracts in output["contracts"].items():
        for name, contract in contracts.items():
            errors |= {error_selector(entry): entry for entry in contract["abi"] if entry["type"] == "error"}
            if path.split("/", 1)[0] in SOURCE_FOLDERS:
                artifacts.append(asdict(_artifact(name, path, contract)))
    files = output["sources"]
    return {
        "artifacts": artifacts,
        "errors": errors,
        "trees": {path: item["ast"] for path, item in files.items() if is_measured(path)},
        "paths": {item["id"]: path for path, item in files.items()},
    }
