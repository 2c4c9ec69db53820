"""Stand-ins for the CTK widgets that our panels use: real Qt widgets with CTK's properties and signals (guide 4.2)."""

import math

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal

from .pythonQt import StrictAttributes

HEADER_HEIGHT = 26
NO_LIMIT = 16777215  # QWIDGETSIZE_MAX


def _row(widget, *children):
    layout = QtWidgets.QHBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    for child in children:
        layout.addWidget(child)
    return layout


def _attribute(kind, name, signalName=None):
    """A Qt property kept in the instance as ``_name``; its signal, if any, is emitted when it changes."""

    def read(self):
        return getattr(self, "_" + name, None)

    def write(self, value):
        changed = read(self) != value
        setattr(self, "_" + name, value)
        if changed and signalName:
            getattr(self, signalName).emit(value)

    return Property(kind, read, write)


class ctkCollapsibleButton(StrictAttributes, QtWidgets.QWidget):
    """A titled section; its contents lie below the header and vanish when collapsed."""

    contentsCollapsed = Signal(bool)
    toggled = Signal(bool)
    clicked = Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._text, self._collapsed, self._flat, self._hidden = "", False, False, []
        self.setContentsMargins(0, HEADER_HEIGHT, 0, 0)

    def _readText(self):
        return self._text

    def setText(self, text):
        self._text = str(text)
        self.update()

    def _readCollapsed(self):
        return self._collapsed

    def setCollapsed(self, collapsed):
        if bool(collapsed) == self._collapsed:
            return
        self._collapsed = bool(collapsed)
        self.setMinimumHeight(HEADER_HEIGHT if self._collapsed else 0)
        self.setMaximumHeight(HEADER_HEIGHT if self._collapsed else NO_LIMIT)
        self._showContents()
        self.contentsCollapsed.emit(self._collapsed)
        self.toggled.emit(not self._collapsed)

    text = Property(str, _readText, setText)
    collapsed = Property(bool, _readCollapsed, setCollapsed)
    checked = Property(bool, lambda self: not self._collapsed, lambda self, value: self.setCollapsed(not value))
    flat = _attribute(bool, "flat")
    contentsFrameShape = _attribute(int, "contentsFrameShape")

    def _showContents(self):
        if self._collapsed:
            children = [c for c in self.children() if c.isWidgetType() and not c.isHidden()]
            self._hidden += children
            for child in children:
                child.setVisible(False)
        else:
            for child in self._hidden:
                child.setVisible(True)
            self._hidden = []

    def showEvent(self, event):
        self._showContents() if self._collapsed else None
        super().showEvent(event)

    def mousePressEvent(self, event):
        if event.position().y() <= HEADER_HEIGHT:
            self.setCollapsed(not self._collapsed)
            self.clicked.emit(not self._collapsed)

    def paintEvent(self, event):
        painter = QtGui.QPainter(self)
        header = QtCore.QRect(0, 0, self.rect.width(), HEADER_HEIGHT - 4)
        palette = self.palette
        painter.fillRect(header, palette.color(QtGui.QPalette.Button))
        painter.setPen(palette.color(QtGui.QPalette.ButtonText))
        arrow = (
            "\N{BLACK RIGHT-POINTING SMALL TRIANGLE}" if self._collapsed else "\N{BLACK DOWN-POINTING SMALL TRIANGLE}"
        )
        painter.drawText(header.adjusted(8, 0, 0, 0), QtCore.Qt.AlignVCenter, f"{arrow}  {self._text}")
        painter.end()


class ctkCollapsibleGroupBox(StrictAttributes, QtWidgets.QGroupBox):
    """A group box whose check box hides the contents."""

    def __init__(self, *args):
        super().__init__(*args)
        self.setCheckable(True)

    collapsed = Property(bool, lambda self: not self.isChecked(), lambda self, value: self.setChecked(not value))


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
        _row(self, self._slider, self._spinBox).setStretch(0, 1)
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
        _row(self, self._low, self._high)
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


class ctkPathLineEdit(StrictAttributes, QtWidgets.QWidget):
    """A path with a browse button; the dialog never opens here."""

    currentPathChanged = Signal(str)
    validInputChanged = Signal(bool)
    Files, Dirs, Writable, Executable, Readable, NoFilter = 0x002, 0x001, 0x020, 0x040, 0x010, 0

    def __init__(self, parent=None):
        super().__init__(parent)
        self._filters, self._nameFilters, self._settingKey, self._label, self._showHistoryButton = 0, [], "", "", True
        self._edit, button = QtWidgets.QLineEdit(), QtWidgets.QToolButton()
        button.setText("\N{HORIZONTAL ELLIPSIS}")
        _row(self, self._edit, button)
        self._edit.textChanged.connect(self.currentPathChanged)

    def setCurrentPath(self, path):
        self._edit.setText(path)

    def addCurrentPathToHistory(self):
        pass

    currentPath = Property(str, lambda self: self._edit.property("text"), setCurrentPath)
    filters = _attribute(int, "filters")
    nameFilters = _attribute("QStringList", "nameFilters")
    settingKey = _attribute(str, "settingKey")
    label = _attribute(str, "label")
    showHistoryButton = _attribute(bool, "showHistoryButton")
    showBrowseButton = _attribute(bool, "showBrowseButton")


class ctkDirectoryButton(StrictAttributes, QtWidgets.QPushButton):
    """A button that shows a folder; the dialog never opens here."""

    directoryChanged = Signal(str)
    directorySelected = Signal(str)

    def __init__(self, *args):
        super().__init__(*args)
        self._caption, self._displayAbsolutePath, self._directory = "", True, ""

    def setDirectory(self, folder):
        changed, self._directory = folder != self._directory, folder
        QtWidgets.QPushButton.setText(self, folder)
        if changed:
            self.directoryChanged.emit(folder)

    directory = Property(str, lambda self: self._directory, setDirectory)
    caption = _attribute(str, "caption")
    displayAbsolutePath = _attribute(bool, "displayAbsolutePath")


class ctkMenuButton(StrictAttributes, QtWidgets.QPushButton):
    pass


class ctkComboBox(StrictAttributes, QtWidgets.QComboBox):
    def __init__(self, parent=None):
        super().__init__(parent)
        self._defaultText = ""

    def _readUserData(self):
        data = QtCore.QObject.property(self, "currentData")
        return "" if data is None else str(data)

    def setCurrentUserDataAsString(self, text):
        self.setCurrentIndex(self.findData(text))

    defaultText = _attribute(str, "defaultText")
    currentUserDataAsString = Property(str, _readUserData, setCurrentUserDataAsString)


class ctkCheckableComboBox(ctkComboBox):
    checkedIndexesChanged = Signal()

    def setCheckState(self, index, state):
        self.model().setData(index, state.value, QtCore.Qt.CheckStateRole)
        self.checkedIndexesChanged.emit()

    def checkedIndexes(self):
        model = self.model()
        indexes = [model.index(row, 0) for row in range(model.rowCount())]
        return tuple(i for i in indexes if i.data(QtCore.Qt.CheckStateRole) == QtCore.Qt.Checked.value)


class ctkCheckBox(StrictAttributes, QtWidgets.QCheckBox):
    pass


class ctkCheckablePushButton(StrictAttributes, QtWidgets.QPushButton):
    """A push button with a check box of its own in front of the text."""

    checkBoxToggled = Signal(bool)
    checkStateChanged = Signal(QtCore.Qt.CheckState)

    def __init__(self, *args):
        super().__init__(*args)
        self._checkState, self._checkBoxControlsButton, self._checkBoxUserCheckable = QtCore.Qt.Unchecked, True, True
        self._checkBoxControlsButtonToggleState = False

    def setCheckState(self, state):
        changed, self._checkState = state != self._checkState, state
        self.update()
        if changed:
            self.checkStateChanged.emit(state)
            self.checkBoxToggled.emit(state == QtCore.Qt.Checked)

    checkState = Property(QtCore.Qt.CheckState, lambda self: self._checkState, setCheckState)
    checkBoxControlsButton = _attribute(bool, "checkBoxControlsButton")
    checkBoxControlsButtonToggleState = _attribute(bool, "checkBoxControlsButtonToggleState")
    checkBoxUserCheckable = _attribute(bool, "checkBoxUserCheckable")

    def paintEvent(self, event):
        super().paintEvent(event)
        option = QtWidgets.QStyleOptionButton()
        option.rect = QtCore.QRect(8, self.rect.center().y() - 7, 14, 14)
        checked = self._checkState == QtCore.Qt.Checked
        option.state |= QtWidgets.QStyle.State_On if checked else QtWidgets.QStyle.State_Off
        painter = QtGui.QPainter(self)
        self.style().drawPrimitive(QtWidgets.QStyle.PE_IndicatorCheckBox, option, painter)
        painter.end()


class ctkColorPickerButton(StrictAttributes, QtWidgets.QPushButton):
    colorChanged = Signal(QtGui.QColor)
    colorNameChanged = Signal(str)

    def __init__(self, *args):
        super().__init__(*args)
        self._color, self._colorName, self._displayColorName = QtGui.QColor("white"), "", True

    def setColor(self, color):
        changed, self._color = color != self._color, QtGui.QColor(color)
        self.setText(self._color.name())
        if changed:
            self.colorChanged.emit(self._color)

    color = Property(QtGui.QColor, lambda self: self._color, setColor)
    colorName = _attribute(str, "colorName", "colorNameChanged")
    displayColorName = _attribute(bool, "displayColorName")


class ctkFittedTextBrowser(StrictAttributes, QtWidgets.QTextBrowser):
    def __init__(self, parent=None):
        super().__init__(parent)
        self._collapsed, self._showDetailsText, self._hideDetailsText = True, "Show details...", "Hide details"
        self.setVerticalScrollBarPolicy(QtCore.Qt.ScrollBarAlwaysOff)

    def setCollapsibleText(self, text):
        self.setPlainText(text)

    def setCollapsibleHtml(self, text):
        self.setHtml(text)

    def sizeHint(self):
        return QtCore.QSize(200, max(24, int(self.document.size.height()) + 6))

    collapsed = _attribute(bool, "collapsed")
    showDetailsText = _attribute(str, "showDetailsText")
    hideDetailsText = _attribute(str, "hideDetailsText")


CTK_CLASSES = {name: kind for name, kind in globals().items() if name.startswith("ctk")}
