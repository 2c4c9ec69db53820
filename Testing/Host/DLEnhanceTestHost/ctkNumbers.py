"""Stand-ins for CTK's sliders and spin boxes: real Qt widgets with CTK's properties and signals (guide 4.2)."""

import math

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal

from .pythonQt import StrictAttributes
from .stubBase import inRow


class ctkSliderWidget(StrictAttributes, QtWidgets.QWidget):
    """A slider and a spin box over one float; the inner names are CTK's, ``Slider`` and ``SpinBox``."""

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._value, self._minimum, self._maximum, self._singleStep, self._busy = 0.0, 0.0, 99.0, 1.0, False
        self._slider, self._spinBox = QtWidgets.QSlider(QtCore.Qt.Horizontal), QtWidgets.QDoubleSpinBox()
        self._slider.setObjectName("Slider")
        self._spinBox.setObjectName("SpinBox")
        self._slider.setMinimumWidth(60)
        inRow(self, self._slider, self._spinBox).setStretch(0, 1)
        self._applyRange()
        self._slider.valueChanged.connect(self._onSlider)
        self._spinBox.valueChanged.connect(self._onSpinBox)

    def _applyRange(self):
        self._busy = True
        self._spinBox.setRange(self._minimum, self._maximum)
        self._spinBox.setSingleStep(self._singleStep)
        if math.isfinite(self._maximum - self._minimum):
            self._slider.setRange(0, max(1, round((self._maximum - self._minimum) / self._singleStep)))
        self._busy = False
        self.setValue(self._value)

    def setValue(self, value):
        value = min(max(float(value), self._minimum), self._maximum)
        changed, self._value, self._busy = value != self._value, value, True
        self._spinBox.setValue(value)
        if math.isfinite(self._maximum - self._minimum):
            self._slider.setValue(round((value - self._minimum) / self._singleStep))
        self._busy = False
        if changed:
            self.valueChanged.emit(value)

    def _onSlider(self, position):
        if not self._busy:
            self.valueIsChanging.emit(self._minimum + position * self._singleStep)
            self.setValue(self._minimum + position * self._singleStep)

    def _onSpinBox(self, value):
        if not self._busy:
            self.setValue(value)

    def setMinimum(self, value):
        self._minimum = float(value)
        self._applyRange()

    def setMaximum(self, value):
        self._maximum = float(value)
        self._applyRange()

    def setRange(self, minimum, maximum):
        self._minimum, self._maximum = float(minimum), float(maximum)
        self._applyRange()

    def setSingleStep(self, value):
        self._singleStep = float(value)
        self._applyRange()

    def setDecimals(self, decimals):
        self._spinBox.setDecimals(decimals)
        self._applyRange()

    def _property(self, name):
        return QtCore.QObject.property(self._spinBox, name)

    value = Property(float, lambda self: self._value, setValue)
    minimum = Property(float, lambda self: self._minimum, setMinimum)
    maximum = Property(float, lambda self: self._maximum, setMaximum)
    singleStep = Property(float, lambda self: self._singleStep, setSingleStep)
    pageStep = Property(float, lambda self: 10 * self._singleStep, lambda self, value: None)
    decimals = Property(int, lambda self: self._property("decimals"), setDecimals)
    prefix = Property(str, lambda self: self._property("prefix"), lambda self, text: self._spinBox.setPrefix(text))
    suffix = Property(str, lambda self: self._property("suffix"), lambda self, text: self._spinBox.setSuffix(text))
    tracking = Property(
        bool, lambda self: self._slider.hasTracking(), lambda self, value: self._slider.setTracking(value)
    )
    spinBoxVisible = Property(
        bool, lambda self: not self._spinBox.isHidden(), lambda self, value: self._spinBox.setVisible(value)
    )
    tickInterval = Property(float, lambda self: 0.0, lambda self, value: None)

    def setSuffix(self, text):
        self._spinBox.setSuffix(text)

    def setPrefix(self, text):
        self._spinBox.setPrefix(text)


class ctkDoubleSlider(ctkSliderWidget):
    """The slider alone."""

    def __init__(self, *args):
        super().__init__(args[-1] if args and not isinstance(args[-1], QtCore.Qt.Orientation) else None)
        self._spinBox.setVisible(False)


class ctkDoubleSpinBox(StrictAttributes, QtWidgets.QDoubleSpinBox):
    pass


class ctkRangeWidget(StrictAttributes, QtWidgets.QWidget):
    """Two spin boxes for a lower and an upper value."""

    valuesChanged = Signal(float, float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._low, self._high = QtWidgets.QDoubleSpinBox(), QtWidgets.QDoubleSpinBox()
        inRow(self, self._low, self._high)
        self._low.valueChanged.connect(self._emitValues)
        self._high.valueChanged.connect(self._emitValues)

    def _emitValues(self, _value=0.0):
        self.valuesChanged.emit(self._low.property("value"), self._high.property("value"))

    def setRange(self, minimum, maximum):
        self._low.setRange(minimum, maximum)
        self._high.setRange(minimum, maximum)

    def setValues(self, low, high):
        self._low.setValue(low)
        self._high.setValue(high)

    minimum = Property(
        float, lambda self: self._low.property("minimum"), lambda self, v: self.setRange(v, self.maximum)
    )
    maximum = Property(
        float, lambda self: self._low.property("maximum"), lambda self, v: self.setRange(self.minimum, v)
    )
    minimumValue = Property(float, lambda self: self._low.property("value"), lambda self, v: self._low.setValue(v))
    maximumValue = Property(float, lambda self: self._high.property("value"), lambda self, v: self._high.setValue(v))
    decimals = Property(
        int,
        lambda self: self._low.property("decimals"),
        lambda self, v: [b.setDecimals(v) for b in (self._low, self._high)],
    )
    singleStep = Property(
        float,
        lambda self: self._low.property("singleStep"),
        lambda self, v: [b.setSingleStep(v) for b in (self._low, self._high)],
    )


class ctkDoubleRangeSlider(ctkRangeWidget):
    pass
