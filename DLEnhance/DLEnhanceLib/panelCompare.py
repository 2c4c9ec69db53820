"""The controls of a comparison in both panels: layouts, curtain, flicker, links, window, original; and their keys."""

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from .logicComparison import layoutManager
from .sceneComparison import CURTAIN, FLICKER, SIDE_BY_SIDE, WITH_RESIDUAL
from .windowMatch import SAME_PERCENTILES, SAME_VALUES

UI_FILE = Path(__file__).resolve().parents[1] / "Resources" / "UI" / "DLEnhanceComparison.ui"
KEYS = {SIDE_BY_SIDE: "Shift+T", WITH_RESIDUAL: "Shift+D", CURTAIN: "Shift+C", FLICKER: "Shift+F"}
LEFT_KEY, RIGHT_KEY, ORIGINAL_KEY = "Shift+Left", "Shift+Right", "O"
MATCHES = (SAME_VALUES, SAME_PERCENTILES)
SLIDER_STEPS = 1000


class ComparisonBox:
    """Fills the empty widget ``holder`` of a panel.

    logic: has logicComparison.ComparisonActions. guarded(action) shows failures. obstacle() says why there is nothing
    to compare, empty when there is. withOriginalKey: whether key O is this box's, also while nothing is compared.
    """

    def __init__(self, holder, logic, guarded, obstacle, *, withOriginalKey):
        self._logic, self._guarded, self._obstacle = logic, guarded, obstacle
        self._wanted = ""
        root = slicer.util.loadUI(str(UI_FILE))
        layout = qt.QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(root)
        self.ui = slicer.util.childWidgetVariables(root)
        self._buttons = {
            SIDE_BY_SIDE: self.ui.sideBySideButton,
            WITH_RESIDUAL: self.ui.withResidualButton,
            CURTAIN: self.ui.curtainButton,
            FLICKER: self.ui.flickerButton,
        }
        self._timer = qt.QTimer()
        window = slicer.util.mainWindow() or holder
        keys = [*KEYS.values(), LEFT_KEY, RIGHT_KEY, *([ORIGINAL_KEY] if withOriginalKey else [])]
        self.shortcuts = {key: _shortcut(key, window) for key in keys}
        self._connect()
        self.setActive(False)
        self.update()

    def _connect(self):
        ui, keys = self.ui, self.shortcuts
        starts = (self.onSideBySide, self.onWithResidual, self.onCurtain, self.onFlicker)
        self._connections = [(self._buttons[layout].clicked, slot) for layout, slot in zip(KEYS, starts, strict=True)]
        self._connections += [(keys[key].activated, slot) for key, slot in zip(KEYS.values(), starts, strict=True)]
        self._connections += [
            (keys[LEFT_KEY].activated, self.onLeft),
            (keys[RIGHT_KEY].activated, self.onRight),
            (ui.curtainSlider.valueChanged, self.onSlider),
            (ui.flickerRateSpinBox.valueChanged, self.onRate),
            (ui.linkPositionCheckBox.toggled, self.onLinkPosition),
            (ui.linkZoomCheckBox.toggled, self.onLinkZoom),
            (ui.linkWindowCheckBox.toggled, self.onLinkWindow),
            (ui.windowMatchCombo.currentIndexChanged, self.onWindowMatch),
            (ui.holdOriginalButton.clicked, self.onOriginal),
            (self._timer.timeout, self.onTimer),
        ]
        if ORIGINAL_KEY in keys:
            self._connections.append((keys[ORIGINAL_KEY].activated, self.onOriginal))
        for signal, slot in self._connections:
            signal.connect(slot)
        self._logic.onComparison.append(self._showState)

    def release(self):
        self._timer.stop()
        for signal, slot in self._connections:
            signal.disconnect(slot)
        if self._showState in self._logic.onComparison:
            self._logic.onComparison.remove(self._showState)
        for shortcut in self.shortcuts.values():
            shortcut.setEnabled(False)
            shortcut.deleteLater()

    # Life cycle of the module

    def setActive(self, isActive):
        """Keys act only while the module is shown."""
        for shortcut in self.shortcuts.values():
            shortcut.setEnabled(isActive)

    def comeBack(self):
        """The module is entered: the comparison comes back with it."""
        self.setActive(True)
        if self._wanted and not self._hindrance():
            self._guarded(lambda: self._logic.showComparison(self._wanted))
        self.update()

    def goAway(self):
        """The module is left: the user's layout returns, flicker stops."""
        self.setActive(False)
        self._wanted = self._logic.shownLayout
        self._logic.hideComparison()

    def forget(self):
        """The scene is about to go."""
        self._wanted = ""

    # What the user does

    def onSideBySide(self, checked=False):
        self._toggle(SIDE_BY_SIDE)

    def onWithResidual(self, checked=False):
        self._toggle(WITH_RESIDUAL)

    def onCurtain(self, checked=False):
        self._toggle(CURTAIN)

    def onFlicker(self, checked=False):
        self._toggle(FLICKER)

    def _toggle(self, layout):
        """A layout comes with its button or key, and goes when that is pressed again."""
        if self._logic.shownLayout == layout:
            self._logic.hideComparison()
        elif not self._hindrance():
            self._guarded(lambda: self._logic.showComparison(layout))
        self.update()

    def onOriginal(self, checked=False):
        if not self._hindrance():
            self._guarded(self._logic.toggleOriginal)
        self._showState()

    def onLeft(self):
        self._moveCurtain(-1)

    def onRight(self):
        self._moveCurtain(1)

    def _moveCurtain(self, steps):
        if self._logic.shownLayout == CURTAIN:
            self._logic.comparison.moveCurtain(steps)

    def onSlider(self, value=0):
        self._logic.comparison.setCurtain(value / SLIDER_STEPS)

    def onRate(self, rate=0.0):
        self._timer.setInterval(_milliseconds(self.ui.flickerRateSpinBox.value))  # the signal may give a text

    def onTimer(self):
        self._logic.comparison.flick()

    def onLinkPosition(self, checked=False):
        self._logic.comparison.setLinks(position=bool(checked))

    def onLinkZoom(self, checked=False):
        self._logic.comparison.setLinks(zoom=bool(checked))

    def onLinkWindow(self, checked=False):
        self._logic.comparison.setLinks(window=bool(checked))

    def onWindowMatch(self, index=0):
        self._guarded(
            lambda: self._logic.comparison.setLinks(windowMatch=MATCHES[self.ui.windowMatchCombo.currentIndex])
        )

    # What is shown

    def update(self):
        """What can be pressed now, and why not."""
        hindrance = self._hindrance()
        tips = {
            SIDE_BY_SIDE: _("Both images in linked views with one window and level (Shift+T; again: back)"),
            WITH_RESIDUAL: _("Side by side, with standard minus enhanced within three noise SDs (Shift+D)"),
            CURTAIN: _("One view: standard left, enhanced right of a border that you drag (Shift+C)"),
            FLICKER: _("One view that shows both images in turn (Shift+F)"),
        }
        for layout, button in self._buttons.items():
            button.setEnabled(not hindrance)
            button.setToolTip(hindrance or tips[layout])
        self._showState()

    def _hindrance(self):
        if layoutManager() is None:
            return _("Comparing needs Slicer's main window")
        return self._obstacle()

    def _showState(self):
        shown = self._logic.shownLayout
        for layout, button in self._buttons.items():
            button.setChecked(layout == shown)
        ui, isPair = self.ui, shown in (SIDE_BY_SIDE, WITH_RESIDUAL)
        ui.comparisonOptions.setVisible(bool(shown))
        for widget in (ui.curtainLabel, ui.curtainSlider):
            widget.setVisible(shown == CURTAIN)
        for widget in (ui.flickerLabel, ui.flickerRateSpinBox):
            widget.setVisible(shown == FLICKER)
        for widget in (ui.linkPositionCheckBox, ui.linkZoomCheckBox):
            widget.setEnabled(isPair)
        if shown:
            self._showSwitches(self._logic.comparison)
        self._runTimer(shown == FLICKER)

    def _showSwitches(self, comparison):
        ui, links = self.ui, comparison.links
        for widget, show, value in (
            (ui.curtainSlider, ui.curtainSlider.setValue, round(SLIDER_STEPS * comparison.curtain)),
            (ui.linkPositionCheckBox, ui.linkPositionCheckBox.setChecked, links.position),
            (ui.linkZoomCheckBox, ui.linkZoomCheckBox.setChecked, links.zoom),
            (ui.linkWindowCheckBox, ui.linkWindowCheckBox.setChecked, links.window),
            (ui.windowMatchCombo, ui.windowMatchCombo.setCurrentIndex, MATCHES.index(links.windowMatch)),
        ):
            wasBlocked = widget.blockSignals(True)
            show(value)
            widget.blockSignals(wasBlocked)
        ui.windowMatchCombo.setEnabled(links.window)
        ui.holdOriginalButton.setChecked(comparison.isOriginal)

    def _runTimer(self, isWanted):
        if not isWanted:
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.setInterval(_milliseconds(self.ui.flickerRateSpinBox.value))
            self._timer.start()


def _milliseconds(rate):
    """Between two changes, at a rate of changes per second."""
    return round(1000 / rate)


def _shortcut(keys, widget):
    shortcut = qt.QShortcut(qt.QKeySequence(keys), widget)
    shortcut.setContext(qt.Qt.WindowShortcut)
    return shortcut
