"""Which widget shows which parameter, both ways, matched by the exact widget class like in Slicer (guide 3.6)."""

import enum
import pathlib

import ctk
import qt
import slicer

from .parameterTypes import Choice


class Connector:
    """One widget and its change signal."""

    def __init__(self, widget, signal):
        self.widget, self._signal, self._slot = widget, signal, None

    def connect(self, slot):
        self._slot = slot
        self._signal.connect(slot)

    def disconnect(self):
        if self._slot is not None:
            self._signal.disconnect(self._slot)
            self._slot = None


class PropertyConnector(Connector):
    """A value that is one property of the widget."""

    def __init__(self, widget, signal, name, kind):
        super().__init__(widget, signal)
        self._name, self._kind = name, kind

    def read(self):
        return self._kind(self.widget.property(self._name))

    def write(self, value):
        self.widget.setProperty(self._name, str(value) if self._kind is pathlib.Path else value)


class ChoiceConnector(Connector):
    """A combo box, filled here with the texts of the values."""

    def __init__(self, widget, values, texts):
        super().__init__(widget, widget.currentIndexChanged)
        self._values = list(values)
        widget.clear()
        for text in texts:
            widget.addItem(text)

    def read(self):
        return self._values[self.widget.property("currentIndex")]

    def write(self, value):
        self.widget.setCurrentIndex(self._values.index(value))


class NodeConnector(Connector):
    def __init__(self, widget, kinds):
        super().__init__(widget, widget.currentNodeChanged)
        widget.setProperty("nodeTypes", [kind.__name__ for kind in kinds if kind is not type(None)])

    def read(self):
        return self.widget.currentNode()

    def write(self, value):
        self.widget.setCurrentNode(value)


class PlainTextConnector(Connector):
    def read(self):
        return self.widget.toPlainText()

    def write(self, value):
        if value != self.widget.toPlainText():
            self.widget.setPlainText(value)


class LabelConnector(Connector):
    """One way: a label has no signal."""

    def __init__(self, widget):
        super().__init__(widget, None)

    def connect(self, slot):
        pass

    def read(self):
        return self.widget.property("text")

    def write(self, value):
        self.widget.setText(value)


SPIN_BOXES = lambda: (qt.QDoubleSpinBox, ctk.ctkDoubleSpinBox, slicer.qMRMLSpinBox)  # noqa: E731
SLIDERS = lambda: (ctk.ctkSliderWidget, ctk.ctkDoubleSlider, slicer.qMRMLSliderWidget)  # noqa: E731


def makeConnector(parameter, widget):
    """Raises RuntimeError where Slicer does: no connector between this parameter and this class of widget."""
    kind, widgetKind = parameter.kinds[0], type(widget)
    connector = None
    if parameter.isNode:
        connector = NodeConnector(widget, parameter.kinds) if widgetKind is slicer.qMRMLNodeComboBox else None
    elif widgetKind in (qt.QComboBox, ctk.ctkComboBox):
        connector = _choice(parameter, widget, kind)
    elif kind is bool:
        connector = _truth(widget, widgetKind)
    elif kind in (int, float):
        connector = _number(parameter, widget, kind)
    elif kind is pathlib.Path:
        connector = _path(widget, widgetKind)
    elif kind is str:
        connector = _string(widget, widgetKind)
    if connector is None:
        raise RuntimeError(f"Unable to create GUI connector from datatype '{kind}' to widget type '{widgetKind}'.")
    return connector


def _choice(parameter, widget, kind):
    if issubclass(kind, enum.Enum):
        return ChoiceConnector(widget, kind, [e.label() if hasattr(e, "label") else e.name for e in kind])
    choice = parameter.annotation(Choice)
    return ChoiceConnector(widget, choice.choices, map(str, choice.choices)) if choice else None


def _truth(widget, widgetKind):
    if widgetKind in (qt.QPushButton, ctk.ctkCheckablePushButton):
        widget.setCheckable(True)
    elif widgetKind not in (qt.QCheckBox, ctk.ctkCheckBox):
        return None
    return PropertyConnector(widget, widget.toggled, "checked", bool)


def _number(parameter, widget, kind):
    low, high = parameter.bounds()
    if type(widget) in (*SLIDERS(), qt.QSlider):
        if low is None or high is None:
            raise RuntimeError(f"Cannot have a connection to {type(widget).__name__} where the type is unbounded.")
    elif type(widget) not in (*SPIN_BOXES(), qt.QSpinBox):
        return None
    if kind is float and type(widget) in (qt.QSlider, qt.QSpinBox):
        return None
    limit = 2**31 - 1 if type(widget) in (qt.QSlider, qt.QSpinBox) else float("inf")
    widget.setMinimum(-limit if low is None else low)
    widget.setMaximum(limit if high is None else high)
    if kind is int and type(widget) not in (qt.QSlider, qt.QSpinBox):
        widget.setDecimals(0)
    return PropertyConnector(widget, widget.valueChanged, "value", kind)


def _path(widget, widgetKind):
    if widgetKind is ctk.ctkPathLineEdit:
        return PropertyConnector(widget, widget.currentPathChanged, "currentPath", pathlib.Path)
    if widgetKind is ctk.ctkDirectoryButton:
        return PropertyConnector(widget, widget.directoryChanged, "directory", pathlib.Path)
    return None


def _string(widget, widgetKind):
    if widgetKind is qt.QLineEdit:
        return PropertyConnector(widget, widget.textChanged, "text", str)
    if widgetKind is qt.QTextEdit:
        return PlainTextConnector(widget, widget.textChanged)
    return LabelConnector(widget) if widgetKind is qt.QLabel else None
