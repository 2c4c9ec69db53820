"""The buttons that add regions: one click in a slice view, or a drawn curve. No views: the middle of the volume."""

import qt
import slicer
from slicer.i18n import tr as _

from .panelTexts import lesionSizeText
from .regions import LESION
from .scenePlacing import Placing
from .sceneRegions import EDGE

SHAPES = ("ellipsoid", "outline", "box", "curve")
KEYS = {"lesion": "Shift+L", "reference": "Shift+R", "air": "Shift+A", "edge": "Shift+E"}


class PlacingBox:
    """Add buttons, shape choice and their keys; onAdded(region) is called for every new region."""

    def __init__(self, ui, root, logic, guarded, onAdded):
        self._ui, self._logic, self._guarded, self._onAdded = ui, logic, guarded, onAdded
        self._proposal, self._proposalNote = None, ""
        for text in (_("Ellipsoid"), _("Outline by itself"), _("Box"), _("Closed curve")):
            ui.shapeCombo.addItem(text)
        buttons = (ui.addLesionButton, ui.addReferenceButton, ui.addAirButton, ui.addEdgeButton)
        self._buttons = dict(zip(KEYS, buttons, strict=True))
        self.placing = Placing(
            slicer.mrmlScene, onPoint=self._onPoint, onFinished=self._onFinished, defer=afterThisEvent
        )
        window = slicer.util.mainWindow()
        self._shortcuts = {keys: self._shortcut(keys, window or root) for keys in (*KEYS.values(), "Esc")}
        slots = (self.onAddLesion, self.onAddReference, self.onAddAir, self.onAddEdge)
        signals = [self._shortcuts[keys].activated for keys in KEYS.values()]
        self._connections = [(self._buttons[role].clicked, slot) for role, slot in zip(KEYS, slots, strict=True)]
        self._connections += list(zip(signals, slots, strict=True))
        self._connections.append((self._shortcuts["Esc"].activated, self.onGiveUp))
        self._connections += [(ui.acceptButton.clicked, self.onAccept), (ui.rejectButton.clicked, self.onReject)]
        for signal, slot in self._connections:
            signal.connect(slot)
        self.setActive(False)
        self._showProposal()

    def _shortcut(self, keys, widget):
        shortcut = qt.QShortcut(qt.QKeySequence(keys), widget)
        shortcut.setContext(qt.Qt.WindowShortcut)
        return shortcut

    def release(self):
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self.placing.release()
        for shortcut in self._shortcuts.values():
            shortcut.setEnabled(False)
            shortcut.deleteLater()

    def setActive(self, isActive):
        """Keys act only while the module is shown; Escape only while something is being placed."""
        if not isActive:
            self.placing.cancel()
        for keys in KEYS.values():
            self._shortcuts[keys].setEnabled(isActive)
        self._showState()

    def forget(self):
        """The scene is about to go."""
        self.placing.cancel()
        self.onAccept()

    def onAddLesion(self, checked=False):
        self._toggle("lesion")

    def onAddReference(self, checked=False):
        self._toggle("reference")

    def onAddAir(self, checked=False):
        self._toggle("air")

    def onAddEdge(self, checked=False):
        self._toggle(EDGE)

    def onGiveUp(self):
        self.placing.cancel()

    def _toggle(self, role):
        wasPlacing = self.placing.role if self.placing.isActive else ""
        self.placing.cancel()
        if role != wasPlacing:
            self._guarded(lambda: self._start(role))
        self._showState()

    def _start(self, role):
        isCurve = self._shape == "curve"
        if slicer.app.layoutManager() is not None and self.placing.isPossible:
            self.placing.start(role, asCurve=isCurve)
        elif role != EDGE:
            self._add(role, None)

    def _onPoint(self, role, pointRAS):
        self._guarded(lambda: self._add(role, pointRAS))

    def _add(self, role, pointRAS):
        shape = self._shape
        if shape == "outline" and role == LESION and pointRAS is not None:
            self._propose(pointRAS)
        else:
            self._onAdded(self._logic.addRegion(role, pointRAS, shape="box" if shape == "box" else "ellipsoid"))

    @property
    def _shape(self):
        return SHAPES[self._ui.shapeCombo.currentIndex]

    # An outline found by itself waits for the user's yes

    def _propose(self, pointRAS):
        with slicer.util.WaitCursor():
            region, outline = self._logic.outlineLesion(pointRAS)
        self._proposal, self._proposalNote = region, outline.note
        self._onAdded(region)
        self._showProposal()

    def onAccept(self, checked=False):
        self._proposal = None
        self._showProposal()

    def onReject(self, checked=False):
        region, self._proposal = self._proposal, None
        if region is not None and region in self._logic.regions():
            self._guarded(lambda: self._logic.eraseRegion(region))
        self._showProposal()

    def _showProposal(self):
        region = self._proposal
        self._ui.proposalFrame.setVisible(region is not None)
        if region is not None:
            size = lesionSizeText(self._logic.sizeOf(region))
            text = _("{name} was outlined by itself: {size}").format(name=region.name, size=size)
            self._ui.proposalLabel.setText(f"{text}. {self._proposalNote}" if self._proposalNote else text)

    def _onFinished(self):
        self._showState()
        drawn = self.placing.drawn
        if drawn is not None:
            self._onAdded(drawn)

    def _showState(self):
        """The button of what is being placed stays down."""
        active = self.placing.role if self.placing.isActive else ""
        for role, button in self._buttons.items():
            button.setChecked(role == active)
        self._shortcuts["Esc"].setEnabled(bool(active))
        self._ui.placingLabel.setText(self._hint(active))
        self._ui.placingLabel.setVisible(bool(active))

    def _hint(self, role):
        if role == EDGE:
            return _("Click on both sides of an edge, square to it, a few millimeters away from it; Esc to give up.")
        if self._shape == "curve":
            return _("Click around it on one slice; double-click to close the curve, Esc to give up.")
        return {
            "lesion": _("Click on the center of the lesion in a slice view; Esc to give up."),
            "reference": _("Click on homogeneous normal tissue in a slice view; Esc to give up."),
            "air": _("Click on air outside the head in a slice view; Esc to give up."),
        }.get(role, "")


def afterThisEvent(action):
    """Run when Slicer's own handling of the current event is over."""
    qt.QTimer.singleShot(0, action)
