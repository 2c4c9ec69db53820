"""Makes PySide6 behave like Slicer's PythonQt, as far as that can be done: guide 9.1 and 9.3.

After ``installQtModule()`` and ``makeStrict()`` Qt properties are attributes (``button.text``, and ``button.text()``
fails), unknown attributes and keyword arguments are refused, lists come back as tuples. Code of the host itself, too,
therefore reads ``widget.property("text")`` or attributes.
"""

import sys
import types
import typing
from xml.etree import ElementTree as ET

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

MODULES = (QtCore, QtGui, QtWidgets, QtUiTools)
INTERNAL = (QtCore.QObject, QtCore.SignalInstance)  # QUiLoader adds child widgets, PySide6 itself keeps bound signals


class StrictAttributes:
    """First base of the stand-ins for C++ widgets: a public attribute that is no property cannot be created."""

    def __setattr__(self, name, value):
        known = getattr(type(self), name, None)
        if isinstance(known, QtCore.Property):
            known.fset(self, value)
        elif hasattr(known, "__set__"):
            known.__set__(self, value)
        elif name.startswith("_") or isinstance(value, INTERNAL):
            self.__dict__[name] = value
        else:
            raise AttributeError(f"{name!r} does not exist on {type(self).__name__}")


def _asAttribute(name):
    return property(
        lambda self: QtCore.QObject.property(self, name),
        lambda self, value: QtCore.QObject.setProperty(self, name, value),
    )


def _qtNames():
    for module in MODULES:
        for name in [n for n in dir(module) if not n.startswith("_")]:
            yield name, getattr(module, name)  # PySide modules are lazy: dir() and getattr


def _showPropertiesAsAttributes(kind):
    meta = kind.staticMetaObject
    for index in range(meta.propertyOffset(), meta.propertyCount()):
        name = meta.property(index).name()
        if (kind, name) != (QtCore.QTimer, "singleShot"):  # stays the static function, as in PythonQt
            setattr(kind, name, _asAttribute(name))


def installQtModule():
    """sys.modules["qt"] with all of PySide6, its Q_PROPERTYs readable and writable as attributes."""
    qt = types.ModuleType("qt")
    for name, value in _qtNames():
        setattr(qt, name, value)
        if isinstance(value, type) and issubclass(value, QtCore.QObject):
            _showPropertiesAsAttributes(value)
    QtCore.QObject.name = property(lambda self: self.objectName, lambda self, value: self.setObjectName(value))
    QtCore.QObject.className = lambda self: self.metaObject().className()
    qt.QUiLoader = StubLoader
    sys.modules["qt"] = qt
    return qt


def _isPlain(instance):
    return type(instance).__module__.startswith("PySide6")  # subclasses written in Python may hold attributes


def _setAttribute(self, name, value):
    known = getattr(type(self), name, None)
    if hasattr(known, "__set__"):
        known.__set__(self, value)
    elif _isPlain(self) and not isinstance(value, INTERNAL):
        raise AttributeError(f"{name!r} does not exist on {type(self).__name__}")
    else:
        self.__dict__[name] = value


def _wrap(kind, methodName, refuseKeywords=False):
    original = getattr(kind, methodName)

    def call(self, *args, **kwargs):
        if kwargs and refuseKeywords and _isPlain(self):
            raise ValueError(f"{kind.__name__}: called slot does not support kwargs")
        value = original(self, *args, **kwargs)
        return tuple(value) if isinstance(value, list) else value

    setattr(kind, methodName, call)


def makeStrict():
    """After installQtModule(): refuse what PythonQt refuses, return what it returns."""
    for _name, kind in _qtNames():
        if isinstance(kind, type) and issubclass(kind, QtCore.QObject):
            kind.__setattr__ = _setAttribute  # Shiboken classes do not inherit it
            _wrap(kind, "__init__", refuseKeywords=True)
    for kind, methodName in (
        (QtCore.QObject, "findChildren"),
        (QtCore.QObject, "property"),
        (QtWidgets.QComboBox, "itemData"),
    ):
        _wrap(kind, methodName)
    QtCore.QSignalBlocker.__enter__ = QtCore.QSignalBlocker.__exit__ = None


class StubLoader(QtUiTools.QUiLoader):
    """Loads a .ui whose ctk, qMRML and qSlicer classes are the stand-ins registered in ``stubs``.

    The designer connections of ``mrmlSceneChanged(vtkMRMLScene*)`` are taken out, because that type does not exist
    here, and given to the root widget, which passes the scene to exactly those receivers: one without stays empty.
    """

    stubs: typing.ClassVar[dict] = {}

    def createWidget(self, className, parent=None, name=""):
        stub = self.stubs.get(className)
        if stub is None and className.startswith(("ctk", "qMRML", "qSlicer")):
            raise NotImplementedError(f"the test host has no stand-in for {className}; add it to DLEnhanceTestHost")
        widget = stub(parent) if stub else super().createWidget(className, parent, name)
        widget.setObjectName(name)
        return widget

    def load(self, file, parent=None):
        tree = ET.fromstring(bytes(file.readAll()))
        receivers = _takeSceneConnections(tree)
        buffer = QtCore.QBuffer()
        buffer.setData(ET.tostring(tree))
        buffer.open(QtCore.QIODevice.ReadOnly)
        root = super().load(buffer, parent)
        if root is not None and hasattr(type(root), "passSceneTo"):
            root.passSceneTo(receivers)
        return root


def _takeSceneConnections(tree):
    """Remove the scene connections from the tree; the object names of their receivers."""
    receivers = []
    for connections in tree.iter("connections"):
        for connection in list(connections):
            if connection.findtext("signal", "").startswith("mrmlSceneChanged"):
                receivers.append(connection.findtext("receiver"))
                connections.remove(connection)
    return receivers
