"""Turns this process, once, into one that looks like Slicer: qt, ctk, the MRML widgets and the modules without Qt."""

import ctypes
import functools
import sys
import types

import slicer
from PySide6 import QtCore, QtWidgets

from . import pythonQt
from .slicerModules import installSlicerModules


@functools.cache
def installSlicerSession():
    """The QApplication. Patches PySide6's classes for the rest of the process."""
    _protectSingletons()
    QtCore.qInstallMessageHandler(_reportQtMessage)
    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    QtWidgets.QApplication.setStyle("Fusion")
    pythonQt.installQtModule()
    pythonQt.makeStrict()
    from . import ctkWidgets  # after makeStrict, which must not see these classes

    ctk = sys.modules["ctk"] = types.ModuleType("ctk")
    for name, kind in ctkWidgets.CTK_CLASSES.items():
        setattr(ctk, name, kind)
    from . import mrmlWidgets

    for name, kind in mrmlWidgets.MRML_CLASSES.items():
        setattr(slicer, name, kind)
    pythonQt.StubLoader.stubs = {**ctkWidgets.CTK_CLASSES, **mrmlWidgets.MRML_CLASSES}
    installSlicerModules()
    return application


def _reportQtMessage(_kind, _context, text):
    if not text.startswith("This plugin does not support"):  # the offscreen platform has no window manager
        sys.stderr.write(text + "\n")


def startHost(**options):
    """A Host: see the package's docstring."""
    installSlicerSession()
    from .host import Host

    return Host(**options)


def _protectSingletons():
    """PySide6 6.12 returns None and booleans without counting them; before Python 3.12 the process ends in a crash."""
    if sys.version_info < (3, 12):
        for value in (None, True, False):
            ctypes.c_ssize_t.from_address(id(value)).value += 1 << 40
