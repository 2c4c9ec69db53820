"""Stand-in for what slicer.util and slicer.app do with files, modules at run time, and the end of the application."""

import sys
import types
from pathlib import Path

import qt
import slicer

from .layoutManager import SIZE


def installFileFunctions(host):
    util = slicer.util
    util.loadVolume = lambda path, properties=None: _loadedVolume(host, path)
    util.saveScene = lambda path, properties=None: _saveScene(host, path)
    util.loadScene = lambda path, properties=None: host.scene.ReadFromMRB(str(path), True) or None
    util.exit = lambda status=0: setattr(host, "exitCode", status)
    sys.modules["ScreenCapture"] = types.SimpleNamespace(ScreenCaptureLogic=lambda: ScreenCapture(host))
    host.app.moduleManager = lambda: types.SimpleNamespace(factoryManager=lambda: FactoryManager(host))


def _loadedVolume(host, path):
    """Named after its file. Raises RuntimeError as Slicer does."""
    name = Path(path).name.split(".")[0]
    node = host.headless.logics["Volumes"].AddArchetypeVolume(str(path), name)
    if node is None:
        raise RuntimeError(f"Failed to load node from file: {path}")
    return node


def _saveScene(host, path):
    host.scene.SetRootDirectory(str(Path(path).parent))
    host.scene.SetURL(str(path))
    return host.scene.WriteToMRB(str(path))


class ScreenCapture:
    """Slicer's module of that name: views have no window here, so their pictures are gray."""

    def __init__(self, host):
        self._host = host

    def showViewControllers(self, show):
        pass

    def viewFromNode(self, node):
        return self._host.layoutManager.sliceWidget(node.GetLayoutName()).sliceView()

    def captureImageFromView(self, view, filename, transparentBackground=False, volumeNode=None):
        picture = qt.QImage(*SIZE, qt.QImage.Format_RGB32)
        picture.fill(0x808080)
        if not picture.save(filename):
            raise OSError(f"could not write {filename}")


class FactoryManager:
    """Loads module files while Slicer runs, as the Extension Wizard does."""

    def __init__(self, host):
        self._host = host

    def registerModule(self, fileInfo):
        if not fileInfo.exists():
            raise AssertionError(f"{fileInfo.filePath()} does not exist")

    def loadModules(self, names):
        for name in names:
            self._host.loadModule(name)
        return True
