"""The compiler and its cache, on small projects made for the test, and on the project's own contracts."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from eth_abi import encode
from eth_utils import keccak

from voltberg.chain.compile import (
    CompileError,
    CompilerMissingError,
    compile_contracts,
    decode_error,
    load_settings,
    read_sources,
    strip_metadata,
)

TYPES = "type EnergyWh is uint64;\nuint256 constant LIMIT_WH = 10;\n"
ERRORS = """
import {EnergyWh} from "../types/Types.sol";
library Errors {
    error Meter_Overdrawn(address owner, EnergyWh wantedWh, bytes4 tag, bool late);
    error Meter_Closed();
}
"""
METER = """
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {EnergyWh, LIMIT_WH} from "./types/Types.sol";
import {Errors} from "./libraries/Errors.sol";
import {IMeter} from "../interfaces/IMeter.sol";

contract Meter is Ownable, IMeter {
    uint64 public immutable frameSeconds;
    uint256 internal _totalWh;

    constructor(uint64 frameSeconds_) Ownable(msg.sender) {
        frameSeconds = frameSeconds_;
    }

    function draw(EnergyWh energy) external override {
        uint256 wantedWh = EnergyWh.unwrap(energy);
        if (_totalWh + wantedWh > LIMIT_WH) {
            revert Errors.Meter_Overdrawn(msg.sender, energy, 0x01020304, true);
        }
        _totalWh += wantedWh;
    }
}
"""
IMETER = """
import {EnergyWh} from "../contracts/types/Types.sol";
interface IMeter {
    error Meter_OnlyInInterface(uint256[] values, string why);
    function draw(EnergyWh energy) external;
}
"""
HEADER = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.30;\n"
OWNER = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


def write(root: Path, path: str, body: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEADER + body)


@pytest.fixture(scope="module")
def compiled_project(tmp_path_factory, project_root):
    """A project that has been compiled once: for tests that only read it."""
    if not (project_root / "node_modules" / "solc").is_dir():
        pytest.fail("node_modules is missing: run `make setup`")
    root = tmp_path_factory.mktemp("meter")
    shutil.copy(project_root / "brownie-config.yaml", root)
    (root / "node_modules").symlink_to(project_root / "node_modules")
    write(root, "contracts/types/Types.sol", TYPES)
    write(root, "contracts/libraries/Errors.sol", ERRORS)
    write(root, "contracts/Meter.sol", METER)
    write(root, "interfaces/IMeter.sol", IMETER)
    compile_contracts(root)
    return root


@pytest.fixture
def meter_project(compiled_project, tmp_path):
    """A copy of it, build included, for tests that change a file."""
    return shutil.copytree(compiled_project, tmp_path / "meter", symlinks=True)


def error_data(signature: str, types: list[str], values: list) -> bytes:
    return keccak(text=signature)[:4] + encode(types, values)


def test_compile_gives_all_of_an_artifact(compiled_project):
    artifacts = compile_contracts(compiled_project)
    assert set(artifacts) == {"Meter", "Errors", "IMeter"}  # packages are compiled but are no artifacts
    meter = artifacts["Meter"]
    assert meter.source_path == "contracts/Meter.sol"
    assert meter.method_identifiers["draw(uint64)"] == keccak(text="draw(uint64)")[:4].hex()
    assert [slot["label"] for slot in meter.storage_layout["storage"]] == ["_owner", "_totalWh"]
    (places,) = meter.immutable_references.values()
    assert all(place["length"] == 32 for place in places)
    assert meter.source_map.count(";") > 10
    assert meter.deployed_source_map.count(";") > 10
    # The runtime code lies in the creation code; where its immutables go there are zeros in both.
    assert bytes.fromhex(meter.deployed_bytecode[2:]) in meter.creation_code()
    assert "Meter_Overdrawn" in {entry["name"] for entry in meter.errors}


def test_interface_has_no_creation_code(compiled_project):
    interface = compile_contracts(compiled_project)["IMeter"]
    with pytest.raises(CompileError, match="IMeter has no bytecode"):
        interface.creation_code()


def test_unknown_contract_names_the_known_ones(compiled_project):
    with pytest.raises(KeyError, match="no contract named 'Metre'; known: Errors, IMeter, Meter"):
        compile_contracts(compiled_project)["Metre"]


def test_second_call_does_not_run_the_compiler(meter_project):
    told = []
    shutil.rmtree(meter_project / "build")
    first = compile_contracts(meter_project, told.append)
    second = compile_contracts(meter_project, told.append)
    assert told == ["compiling 4 Solidity files with solc 0.8.30"]
    assert first == second


def test_an_edit_compiles_what_it_reaches_to_what_a_fresh_build_gives(meter_project):
    told = []
    write(meter_project, "contracts/libraries/Errors.sol", ERRORS.replace("Meter_Closed", "Meter_Shut"))
    after = compile_contracts(meter_project, told.append)
    # The errors, and the meter that imports them.
    assert told == ["compiling 2 Solidity files with solc 0.8.30"]
    shutil.rmtree(meter_project / "build")
    assert compile_contracts(meter_project) == after


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("contracts/types/Types.sol", "LIMIT_WH = 10", "LIMIT_WH = 11"),
        ("interfaces/IMeter.sol", "string why", "string reason"),
        ("brownie-config.yaml", "runs: 200", "runs: 1"),
    ],
)
def test_no_change_leaves_a_stale_build(meter_project, path, old, new):
    before = compile_contracts(meter_project)
    file = meter_project / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    after = compile_contracts(meter_project)
    assert after.content_hash != before.content_hash
    assert after.by_name != before.by_name


def test_a_changed_constant_changes_the_bytecode_that_uses_it(meter_project):
    before = compile_contracts(meter_project)["Meter"].creation_code()
    write(meter_project, "contracts/types/Types.sol", TYPES.replace("10", "77"))
    after = compile_contracts(meter_project)["Meter"].creation_code()
    assert strip_metadata(before) != strip_metadata(after)


def test_a_comment_changes_the_metadata_only(meter_project):
    before = compile_contracts(meter_project)["Meter"].creation_code()
    write(meter_project, "contracts/Meter.sol", METER + "// nothing\n")
    after = compile_contracts(meter_project)["Meter"].creation_code()
    assert before != after
    assert strip_metadata(before) == strip_metadata(after)


def test_strip_metadata_leaves_code_without_metadata_alone():
    assert strip_metadata(b"") == b""
    assert strip_metadata(bytes.fromhex("60006000fd")) == bytes.fromhex("60006000fd")


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("contracts/Broken.sol", "contract Broken { uint256 x = ; }", "ParserError"),
        ("contracts/Lost.sol", 'import {X} from "./Nowhere.sol";', "contracts/Nowhere.sol is missing"),
        ("contracts/mocks/Twin.sol", "contract Meter {}", "two contracts are named Meter"),
    ],
)
def test_bad_source_is_refused_with_its_cause(meter_project, path, body, message):
    write(meter_project, path, body)
    with pytest.raises(CompileError, match=message):
        compile_contracts(meter_project)


def test_missing_parts_are_named(tmp_path, meter_project):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(CompileError, match=r"brownie-config\.yaml is missing"):
        compile_contracts(empty)
    (empty / "brownie-config.yaml").write_text("compiler:\n  evm_version: shanghai\n")
    with pytest.raises(CompileError, match="lacks a setting under 'compiler': 'solc'"):
        load_settings(empty)
    shutil.copy(meter_project / "brownie-config.yaml", empty)
    with pytest.raises(CompileError, match="no Solidity file in interfaces or contracts"):
        read_sources(empty, load_settings(empty))
    write(empty, "contracts/Alone.sol", "contract Alone {}")
    with pytest.raises(CompilerMissingError, match="run `make setup`"):
        compile_contracts(empty)


def test_another_compiler_version_is_refused(meter_project):
    config = meter_project / "brownie-config.yaml"
    config.write_text(config.read_text().replace("version: 0.8.30", "version: 0.8.29"))
    for source in [*meter_project.glob("contracts/**/*.sol"), *meter_project.glob("interfaces/*.sol")]:
        source.write_text(source.read_text().replace("pragma solidity 0.8.30", "pragma solidity ^0.8.0"))
    with pytest.raises(CompileError, match=r"solc is 0\.8\.30\+commit.*asks for 0\.8\.29"):
        compile_contracts(meter_project)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ""),
        (
            error_data(
                "Meter_Overdrawn(address,uint64,bytes4,bool)",
                ["address", "uint64", "bytes4", "bool"],
                [OWNER.lower(), 12, b"\1\2\3\4", True],
            ),
            f"Meter_Overdrawn: {OWNER.lower()}, 12, 0x01020304, True",
        ),
        (error_data("Meter_Closed()", [], []), "Meter_Closed"),
        (
            error_data("Meter_OnlyInInterface(uint256[],string)", ["uint256[]", "string"], [[1, 2], "no"]),
            "Meter_OnlyInInterface: (1, 2), no",
        ),
        (
            error_data("OwnableUnauthorizedAccount(address)", ["address"], [OWNER]),
            f"OwnableUnauthorizedAccount: {OWNER.lower()}",
        ),
        (error_data("Error(string)", ["string"], ["frame is over"]), "frame is over"),
        (error_data("Panic(uint256)", ["uint256"], [0x11]), "Panic: arithmetic overflow or underflow"),
        (error_data("Panic(uint256)", ["uint256"], [0x99]), "Panic: code 0x99"),
        (b"\xde\xad\xbe\xef\1", "Unknown error: 0xdeadbeef01"),
        (b"\1\2", "Unknown error: 0x0102"),
        (keccak(text="Error(string)")[:4] + b"\1", "Unknown error: 0x08c379a001"),
    ],
)
def test_decode_error_tells_every_kind(compiled_project, data, words):
    assert compile_contracts(compiled_project).decode_error(data) == words


def test_decode_error_of_tuple_arguments():
    parts = [{"type": "uint8"}, {"type": "tuple", "components": [{"type": "bool"}]}]
    entry = {"type": "error", "name": "Odd", "inputs": [{"type": "tuple[]", "components": parts}]}
    data = error_data("Odd((uint8,(bool))[])", ["(uint8,(bool))[]"], [[(7, (True,))]])
    assert decode_error(data, {data[:4].hex(): entry}) == "Odd: ((7, (True,)),)"


def test_abi_bundle_holds_every_abi(compiled_project, tmp_path):
    artifacts = compile_contracts(compiled_project)
    target = tmp_path / "new" / "abis.json"
    artifacts.abi_bundle(target)
    assert json.loads(target.read_text()) == {name: artifacts[name].abi for name in sorted(artifacts)}
    assert [file.name for file in target.parent.iterdir()] == ["abis.json"]


def test_wrapper_answers_as_solc_does(meter_project, project_root):
    wrapper = project_root / "voltberg" / "chain" / "solc_node.js"
    version = subprocess.run([wrapper, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.splitlines()[1].startswith("Version: 0.8.30+commit.73712a01")
    unknown = subprocess.run([wrapper, "--frobnicate"], capture_output=True, text=True, check=False)
    assert unknown.returncode == 1
    assert "unrecognised option '--frobnicate'" in unknown.stderr


def standard_json(source: str) -> str:
    return json.dumps(
        {
            "language": "Solidity",
            "sources": {"contracts/A.sol": {"content": HEADER + source}},
            "settings": {"outputSelection": {"*": {"*": ["abi"]}}},
        }
    )


def test_wrapper_reads_imports_from_the_disk_but_not_from_outside(meter_project, project_root):
    (meter_project.parent / "outside.sol").write_text(HEADER)
    command = [
        project_root / "voltberg" / "chain" / "solc_node.js",
        "--standard-json",
        "--base-path",
        meter_project,
    ]

    def compile_one(source):
        done = subprocess.run(
            command, input=standard_json(source), capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    inside = compile_one('import {IMeter} from "../interfaces/IMeter.sol"; abstract contract A is IMeter {}')
    assert "errors" not in inside
    assert "A" in inside["contracts"]["contracts/A.sol"]
    outside = compile_one('import "../../outside.sol";')
    assert "File not found" in outside["errors"][0]["message"]
    absolute = compile_one(f'import "{meter_project.parent}/outside.sol";')
    assert "outside of allowed directories" in absolute["errors"][0]["message"]


BROWNIE_BUILD = """
import json, sys
from brownie import project
loaded = project.load(sys.argv[1])
code = {name: build["bytecode"] for name, build in loaded._build.items() if build.get("bytecode")}
json.dump(code, open(sys.argv[2], "w"))
"""


def test_bytecode_is_brownies_own(tmp_path, project_root):
    """Every contract of the project, compiled afresh by Brownie in a copy, equals ours without metadata."""
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(project_root / "brownie-config.yaml", project)
    (project / "node_modules").symlink_to(project_root / "node_modules")
    for folder in ("contracts", "interfaces"):
        shutil.copytree(project_root / folder, project / folder)
    compiler = tmp_path / "solcx"
    compiler.mkdir()
    (compiler / "solc-v0.8.30").symlink_to(project_root / "voltberg" / "chain" / "solc_node.js")
    (tmp_path / "home").mkdir()
    result = tmp_path / "brownie.json"
    subprocess.run(
        [sys.executable, "-c", BROWNIE_BUILD, str(project), str(result)],
        cwd=project,
        env={**os.environ, "HOME": str(tmp_path / "home"), "SOLCX_BINARY_PATH": str(compiler)},
        check=True,
        capture_output=True,
    )
    brownies = json.loads(result.read_text())
    ours = {name: item for name, item in compile_contracts(project_root).items() if item.bytecode != "0x"}
    assert ours, "no contract to compare"
    assert set(ours) <= set(brownies), "Brownie has libraries of OpenZeppelin beside ours"
    for name, artifact in ours.items():
        assert strip_metadata(bytes.fromhex(brownies[name])) == strip_metadata(artifact.creation_code()), name
