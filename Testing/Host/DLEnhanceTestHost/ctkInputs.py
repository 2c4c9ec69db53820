"""Stand-ins for CTK's buttons, combo boxes, paths and texts: real Qt widgets with CTK's interface (guide 4.2)."""

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal

from .pythonQt import StrictAttributes
from .stubBase import attribute, inRow


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
        inRow(self, self._edit, button)
        self._edit.textChanged.connect(self.currentPathChanged)

    def setCurrentPath(self, path):
        self._edit.setText(path)

    def addCurrentPathToHistory(self):
        pass

    currentPath = Property(str, lambda self: self._edit.property("text"), setCurrentPath)
    filters = attribute(int, "filters")
    nameFilters = attribute("QStringList", "nameFilters")
    settingKey = attribute(str, "settingKey")
    label = attribute(str, "label")
    showHistoryButton = attribute(bool, "showHistoryButton")
    showBrowseButton = attribute(bool, "showBrowseButton")


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
    caption = attribute(str, "caption")
    displayAbsolutePath = attribute(bool, "displayAbsolutePath")


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

    defaultText = attribute(str, "defaultText")
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
    checkBoxControlsButton = attribute(bool, "checkBoxControlsButton")
    checkBoxControlsButtonToggleState = attribute(bool, "checkBoxControlsButtonToggleState")
    checkBoxUserCheckable = attribute(bool, "checkBoxUserCheckable")

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
    colorName = attribute(str, "colorName", "colorNameChanged")
    displayColorName = attribute(bool, "displayColorName")


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

    collapsed = attribute(bool, "collapsed")
    showDetailsText = attribute(str, "showDetailsText")
    hideDetailsText = attribute(str, "hideDetailsText")
