"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def dataFolder():
    return Path(os.environ.get("DLENHANCE_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def realData():
    """The folder of real MR data; the test is skipped where it is absent."""
    folder = dataFolder()
    if not folder.is_dir():
        pytest.skip(f"real MR data are not on this machine (looked in {folder}; set DLENHANCE_DATA)")
    return folder
