import importlib.util
from pathlib import Path

import pytest


def _fixture_run():
    # tests are no package: the generator beside this file is loaded by its path
    spec = importlib.util.spec_from_file_location("fixture_run", Path(__file__).with_name("fixture_run.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def run_tables(tmp_path_factory):
    """Folder of a finished run of 12 households, and its tables as they were made."""
    folder = tmp_path_factory.mktemp("run")
    return folder, _fixture_run().write_fixture_run(folder)


@pytest.fixture(scope="session")
def auction_tables(tmp_path_factory):
    """The same day at the frame auction: folder and tables."""
    folder = tmp_path_factory.mktemp("auction")
    return folder, _fixture_run().write_fixture_run(folder, venue="auction")


@pytest.fixture(scope="session")
def run_folder(run_tables):
    return run_tables[0]
