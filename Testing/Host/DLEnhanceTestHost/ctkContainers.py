"""Stand-ins for CTK's collapsible sections: real Qt widgets with CTK's properties and signals (guide 4.2)."""

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal

from .pythonQt import StrictAttributes
from .stubBase import attribute

HEADER_HEIGHT = 26
NO_LIMIT = 16777215  # QWIDGETSIZE_MAX


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
    flat = attribute(bool, "flat")
    contentsFrameShape = attribute(int, "contentsFrameShape")

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
        painter.fillRect(header, palette.color(QtGui.QPalette.Button).darker(108))
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
