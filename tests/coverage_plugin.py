"""pytest plugin of `make coverage`: tests of the contracts run on anvil, every transaction traced.

Used as ``pytest -p tests.coverage_plugin``. The contracts are those of the coverage build, local engines are
anvil; what ran is written to ``build/coverage/traces-<worker>.json``.
"""

import json
import os
from pathlib import Path

from voltberg.chain import compile as compiling
from voltberg.chain import engine as engines
from voltberg.chain.coverage_build import FOLDER, coverage_build
from voltberg.chain.coverage_report import dump
from voltberg.chain.coverage_trace import Recorder, TracingAnvil

ROOT = Path(__file__).resolve().parents[1]
BUILD = coverage_build(ROOT)
RECORDER = Recorder(BUILD)


class RecordingAnvil(TracingAnvil):
    recorder = RECORDER


_open_engine = engines.open_engine


def open_engine(name, **options):
    return RecordingAnvil(**options) if name in ("evm", "anvil") else _open_engine(name, **options)


def compile_contracts(root, progress=None):
    return BUILD.artifacts


# Before any test module takes the names over.
compiling.compile_contracts = compile_contracts
engines.open_engine = open_engine


def pytest_runtest_teardown(item, nextitem):
    # After each file, so that a run that is stopped has told what it saw.
    if nextitem is None or nextitem.path != item.path:
        _write()


def _write():
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    path = ROOT / FOLDER / f"traces-{worker}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dump(RECORDER)))
