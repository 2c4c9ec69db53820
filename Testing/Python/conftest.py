"""Fixtures shared by all tests."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Testing" / "Host"))


def dataFolder():
    return Path(os.environ.get("DLENHANCE_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def realData():
    """The folder of real MR data; the test is skipped where it is absent."""
    folder = dataFolder()
    if not folder.is_dir():
        pytest.skip(f"real MR data are not on this machine (looked in {folder}; set DLENHANCE_DATA)")
    return folder


@pytest.fixture
def aSlicerScene():
    """A fresh HeadlessSlicer as slicer.mrmlScene, with slicer.i18n and the parameter node wrapper; no Qt."""
    from DLEnhanceTestHost.slicerModules import installSlicerModules

    from dlenhance.headlessSlicer import HeadlessSlicer

    headless = HeadlessSlicer()
    installSlicerModules()
    yield headless
    headless.close()


@pytest.fixture(scope="module")
def headless():
    """Slicer's scene and logics without its application, one for all tests of a file."""
    from dlenhance.headlessSlicer import HeadlessSlicer

    return HeadlessSlicer()


@pytest.fixture
def scene(headless):
    """The scene of headless, emptied."""
    headless.scene.Clear(False)
    return headless.scene


@pytest.fixture
def aHost():
    """A stand-in Slicer session with main window and views; exceptions in slots fail the test."""
    from DLEnhanceTestHost.session import startHost

    host = startHost()
    yield host
    host.close()


@pytest.fixture
def oldModulesBack():
    """Reload imports our package anew; other tests hold classes of the old one."""
    kept = {name: module for name, module in sys.modules.items() if name.startswith("DLEnhance")}
    yield
    for name in [name for name in sys.modules if name.startswith("DLEnhance")]:
        del sys.modules[name]
    sys.modules.update(kept)


@pytest.fixture
def aHostWithoutViews():
    """The state of Slicer's generic module test: no main window, no layout manager."""
    from DLEnhanceTestHost.session import startHost

    host = startHost(mainWindow=False)
    yield host
    host.close()
