"""What the stand-ins for Slicer's widgets are built with."""

from PySide6 import QtWidgets
from PySide6.QtCore import Property


def inRow(widget, *children):
    layout = QtWidgets.QHBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    for child in children:
        layout.addWidget(child)
    return layout


def attribute(kind, name, signalName=None):
    """A Qt property kept in the instance as ``_name``; its signal, if any, is emitted when it changes."""

    def read(self):
        return getattr(self, "_" + name, None)

    def write(self, value):
        changed = read(self) != value
        setattr(self, "_" + name, value)
        if changed and signalName:
            getattr(self, signalName).emit(value)

    return Property(kind, read, write)
