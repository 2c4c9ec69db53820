"""Everything in the panel that acts on regions that exist: list, size, role, lock, removal, undo, suggestions, keys."""

import qt
import slicer
from slicer.i18n import tr as _

from .panelRegions import RegionTable
from .panelSegmentEditor import openSegmentEditor
from .panelTexts import lesionSizeText, stepText
from .regions import AIR, LESION, REFERENCE
from .sceneRegions import EDGE

RESIZE_STEP = 0.5  # mm a key press
WINDOW_KEYS = ("Ctrl+Z", "Ctrl+Y", "Ctrl+Shift+Z", "Shift+N", "Shift+P", "Shift+K", "Shift+W", "Shift+B")
TABLE_KEYS = ("Del", "Backspace", "Return", "+", "-", "Ctrl+Shift+L", "Ctrl+Shift+R", "Ctrl+Shift+A")


class RegionBox:
    """The list of regions and what is done to the chosen one.

    guarded(action): runs an action and shows a failure in a sentence. showStatus(text): what happened last.
    onShown(): called after the list may have changed, to bring the rest of the panel up to date.
    """

    def __init__(self, ui, root, logic, guarded, *, showStatus, onShown):
        self._ui, self._logic, self._guarded = ui, logic, guarded
        self._showStatus, self._onShown = showStatus, onShown
        self._isJumping = True
        self.openEditor = openSegmentEditor
        """What shows the Segment Editor for (region, volume node)."""
        self.table = RegionTable(
            ui.regionTable, onChosen=self._onChosen, onRenamed=self._onRenamed, onRole=self._onRole
        )
        window = slicer.util.mainWindow() or root
        self.shortcuts = {keys: _shortcut(keys, window, qt.Qt.WindowShortcut) for keys in WINDOW_KEYS}
        self.tableShortcuts = {keys: _shortcut(keys, ui.regionTable, qt.Qt.WidgetShortcut) for keys in TABLE_KEYS}
        self._connections = [*self._buttons(), *self._keys()]
        for signal, slot in self._connections:
            signal.connect(slot)
        logic.onHistory.append(self.showButtons)
        logic.onLockHeld.append(self._onLockHeld)

    def _buttons(self):
        ui = self._ui
        return [
            (ui.jumpRegionButton.clicked, self.onJump),
            (ui.lockRegionButton.clicked, self.onLock),
            (ui.deleteRegionButton.clicked, self.onDelete),
            (ui.drawRegionButton.clicked, self.onDraw),
            (ui.undoRegionButton.clicked, self.onUndo),
            (ui.redoRegionButton.clicked, self.onRedo),
            (ui.diameterSpinBox.valueChanged, self.onDiameter),
            (ui.drawnSelector.currentNodeChanged, self.onDrawnChosen),
            (ui.useDrawnButton.clicked, self.onUseDrawn),
            (ui.suggestReferenceButton.clicked, self.onSuggestReference),
            (ui.suggestAirButton.clicked, self.onSuggestAir),
        ]

    def _keys(self):
        slots = (
            *(self.onUndo, self.onRedo, self.onRedo, self.onNext, self.onPrevious, self.onLock),
            *(self.onSuggestReference, self.onSuggestAir),
            *(self.onDelete, self.onDelete, self.onJump, self.onLarger, self.onSmaller),
            *(self.onMakeLesion, self.onMakeReference, self.onMakeAir),
        )
        shortcuts = [*self.shortcuts.values(), *self.tableShortcuts.values()]
        return [(shortcut.activated, slot) for shortcut, slot in zip(shortcuts, slots, strict=True)]

    def release(self):
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._logic.onHistory.remove(self.showButtons)
        self._logic.onLockHeld.remove(self._onLockHeld)
        self.table.release()
        for shortcut in self.shortcuts.values():
            shortcut.setEnabled(False)
            shortcut.deleteLater()

    def setActive(self, isActive):
        """Keys act only while the module is shown."""
        for shortcut in self.shortcuts.values():
            shortcut.setEnabled(isActive)

    # Showing

    @property
    def chosen(self):
        """The chosen region, or None."""
        return self.table.chosen

    def show(self):
        """The list, and the buttons for the chosen region, as the logic has them now."""
        self.table.show(self._logic.regions(), self._logic.outcome)
        self.showButtons()

    def choose(self, region, *, isJumping=False):
        """Choose a region; without jumping the views stay where the user has clicked."""
        self._isJumping = isJumping
        self._onShown()
        self.table.choose(region)
        self._isJumping = True

    def showButtons(self):
        ui, region = self._ui, self.chosen
        for button in (ui.jumpRegionButton, ui.lockRegionButton):
            button.setEnabled(region is not None)
        ui.deleteRegionButton.setEnabled(region is not None and not region.isLocked)
        ui.lockRegionButton.setChecked(region is not None and region.isLocked)
        hasDiameter = region is not None and region.shape in ("ellipsoid", "ellipse", "box") and region.isPlaced
        ui.diameterSpinBox.setEnabled(hasDiameter and not region.isLocked)
        if hasDiameter:
            self._showDiameter(_diameter(region))
        ui.drawRegionButton.setEnabled(region is not None and bool(region.segmentId) and not region.isLocked)
        self._showSize(region)
        self._showHistory()
        self._showDrawnButton()

    def _showSize(self, region):
        hasSize = region is not None and region.role != EDGE and region.isPlaced
        text = lesionSizeText(self._logic.sizeOf(region)) if hasSize else ""
        self._ui.sizeLabel.setText(text)

    def _showDiameter(self, diameter):
        box = self._ui.diameterSpinBox
        wasBlocked = box.blockSignals(True)
        box.setValue(diameter)
        box.blockSignals(wasBlocked)

    def _showHistory(self):
        ui = self._ui
        for button, step, plain, text in (
            (ui.undoRegionButton, self._logic.undoable, _("Nothing to undo"), _("Undo: {step} (Ctrl+Z)")),
            (ui.redoRegionButton, self._logic.redoable, _("Nothing to redo"), _("Redo: {step} (Ctrl+Y)")),
        ):
            button.setEnabled(step is not None)
            button.setToolTip(plain if step is None else text.format(step=stepText(step)))

    def _showDrawnButton(self):
        node = self._ui.drawnSelector.currentNode()
        self._ui.useDrawnButton.setEnabled(node is not None)
        self._ui.useDrawnButton.setToolTip(
            _("Choose a segmentation or a label map")
            if node is None
            else _("Every label or segment becomes a region; separate parts of a lesion label become separate lesions")
        )

    # The chosen region

    def _onChosen(self, region):
        self._logic.editRegion(region)
        if self._isJumping and region is not None and region.isPlaced:
            self._logic.jumpTo(region)
        self.showButtons()

    def _onRenamed(self, region, name):
        self._guarded(lambda: self._logic.renameRegion(region, name))
        self._onShown()

    def _onRole(self, region, role):
        self._guarded(lambda: self._logic.changeRole(region, role))
        self.choose(region)

    def onMakeLesion(self):
        self._changeRole(LESION)

    def onMakeReference(self):
        self._changeRole(REFERENCE)

    def onMakeAir(self):
        self._changeRole(AIR)

    def _changeRole(self, role):
        if self.chosen is not None:
            self._onRole(self.chosen, role)

    def onJump(self, checked=False):
        if self.chosen is not None:
            self._logic.jumpTo(self.chosen)

    def onNext(self):
        self.table.step(1)

    def onPrevious(self):
        self.table.step(-1)

    def onLock(self, checked=False):
        region = self.chosen
        if region is None:
            return
        self._guarded(lambda: self._logic.setLocked(region, not region.isLocked))
        self._logic.editRegion(region)
        self._onShown()

    def _onLockHeld(self, region):
        text = _("{name} is locked: what was drawn into it was taken back. Unlock it first.")
        self._showStatus(text.format(name=region.name))

    def onDraw(self, checked=False):
        region = self.chosen
        if region is not None and region.segmentId:
            self._guarded(lambda: self.openEditor(region, self._logic.parameters.standardVolume))

    def onDelete(self, checked=False):
        region = self.chosen
        if region is not None:
            self._guarded(lambda: self._logic.removeRegion(region))
            self._onShown()

    def onDiameter(self, diameter=0.0):
        region = self.chosen
        if region is not None:
            self._guarded(lambda: self._logic.resizeRegion(region, diameter))

    def onLarger(self):
        self._resize(RESIZE_STEP)

    def onSmaller(self):
        self._resize(-RESIZE_STEP)

    def _resize(self, difference):
        if self._ui.diameterSpinBox.isEnabled():
            self._ui.diameterSpinBox.setValue(_diameter(self.chosen) + difference)

    # Undo

    def onUndo(self, checked=False):
        self._turn(self._logic.undo, _("Undone: {step}"))

    def onRedo(self, checked=False):
        self._turn(self._logic.redo, _("Done again: {step}"))

    def _turn(self, turn, text):
        step = turn()
        self._onShown()
        if step is None:
            return
        changed = [region for region in self._logic.regions() if region.name in step.names]
        self.choose(changed[0] if changed else None)
        self._showStatus(text.format(step=stepText(step)))

    # Regions found or drawn

    def onSuggestReference(self, checked=False):
        lesion = self.chosen if self.chosen is not None and self.chosen.role == LESION else None
        self._guarded(lambda: self._suggest(lambda: self._logic.suggestReference(lesion)))

    def onSuggestAir(self, checked=False):
        self._guarded(lambda: self._suggest(self._logic.suggestAir))

    def _suggest(self, find):
        with slicer.util.WaitCursor():
            region, sentence = find()
        self.choose(region, isJumping=True)
        self._showStatus(f"{region.name}: {sentence}")

    def onDrawnChosen(self, node=None):
        self._showDrawnButton()

    def onUseDrawn(self, checked=False):
        self._guarded(self._useDrawn)
        self._onShown()

    def _useDrawn(self):
        node = self._ui.drawnSelector.currentNode()
        isLabels = node.IsA("vtkMRMLLabelMapVolumeNode")
        add = self._logic.addRegionsFromLabelVolume if isLabels else self._logic.addRegionsFromSegmentation
        with slicer.util.WaitCursor():
            regions = add(node)
        self._ui.drawnSelector.setCurrentNode(None)
        self._showStatus(_("{count} regions from {name}").format(count=len(regions), name=node.GetName()))


def _diameter(region):
    """The longest edge of a box; of an ellipse the longest in its plane."""
    size = list(region.node.GetSize())
    return max(size[:2]) if region.shape == "ellipse" else max(size)


def _shortcut(keys, widget, context):
    """A key that acts while the widget has the focus (WidgetShortcut), or its window (WindowShortcut)."""
    shortcut = qt.QShortcut(qt.QKeySequence(keys), widget)
    shortcut.setContext(context)
    return shortcut
