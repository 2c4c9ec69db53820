"""The buttons that add regions: one click in a slice view, or a drawn curve. No views: the middle of the volume."""

import qt
import slicer
from slicer.i18n import tr as _

from .panelTexts import lesionSizeText
from .regions import LESION
from .scenePlacing import Placing
from .sceneRegions import EDGE

SHAPES = ("ellipsoid", "outline", "box", "curve", "ellipse")
KEYS = {"lesion": "Shift+L", "reference": "Shift+R", "air": "Shift+A", "edge": "Shift+E"}
SHAPE_KEY, ACCEPT_KEY, GIVE_UP_KEY = "Shift+S", "Shift+Y", "Esc"
LEVEL_STEP, CLOSEST, WIDEST = 0.1, 0.9, 0.15
"""How much closer an outline is drawn at a press, as a fraction of the contrast, and between which levels."""


class PlacingBox:
    """Add buttons, shape choice and their keys; onAdded(region) is called for every new region."""

    def __init__(self, ui, root, logic, guarded, onAdded):
        self._ui, self._logic, self._guarded, self._onAdded = ui, logic, guarded, onAdded
        self._proposal, self._isActive = None, False
        for text in (_("Ellipsoid"), _("Outline by itself"), _("Box"), _("Closed curve"), _("Circle on the slice")):
            ui.shapeCombo.addItem(text)
        buttons = (ui.addLesionButton, ui.addReferenceButton, ui.addAirButton, ui.addEdgeButton)
        self._buttons = dict(zip(KEYS, buttons, strict=True))
        self.placing = Placing(
            slicer.mrmlScene, onPoint=self._onPoint, onFinished=self._onFinished, defer=afterThisEvent
        )
        logic.useEventLoop(afterThisEvent)
        window = slicer.util.mainWindow()
        allKeys = (*KEYS.values(), SHAPE_KEY, ACCEPT_KEY, GIVE_UP_KEY)
        self._shortcuts = {keys: self._shortcut(keys, window or root) for keys in allKeys}
        slots = (self.onAddLesion, self.onAddReference, self.onAddAir, self.onAddEdge)
        self._connections = [(self._buttons[role].clicked, slot) for role, slot in zip(KEYS, slots, strict=True)]
        slots = (*slots, self.onNextShape, self.onAccept, self.onGiveUp)
        signals = [shortcut.activated for shortcut in self._shortcuts.values()]
        self._connections += list(zip(signals, slots, strict=True))
        self._connections += [
            (ui.acceptButton.clicked, self.onAccept),
            (ui.rejectButton.clicked, self.onReject),
            (ui.closerButton.clicked, self.onCloser),
            (ui.widerButton.clicked, self.onWider),
        ]
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
        """Keys act only while the module is shown; Escape only while there is something to give up."""
        if not isActive:
            self.placing.cancel()
        for keys in (*KEYS.values(), SHAPE_KEY):
            self._shortcuts[keys].setEnabled(isActive)
        self._isActive = isActive
        self._showState()

    def forget(self):
        """The scene is about to go."""
        self.placing.cancel()
        self.onAccept()

    def show(self):
        """A proposal that was undone, deleted or changed is shown as it is now."""
        if self._proposal is not None:
            if self._proposal.region.key not in [region.key for region in self._logic.regions()]:
                self._proposal = None
            self._showProposal()

    def onAddLesion(self, checked=False):
        self._toggle("lesion")

    def onAddReference(self, checked=False):
        self._toggle("reference")

    def onAddAir(self, checked=False):
        self._toggle("air")

    def onAddEdge(self, checked=False):
        self._toggle(EDGE)

    def onNextShape(self):
        self._ui.shapeCombo.setCurrentIndex((self._ui.shapeCombo.currentIndex + 1) % len(SHAPES))
        self._showState()

    def onGiveUp(self):
        if self.placing.isActive:
            self.placing.cancel()
        else:
            self.onReject()

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
            return
        shape = shape if shape in ("box", "ellipse") else "ellipsoid"
        place = self._logic.addRegion if pointRAS is None else self._logic.placeRegion
        self._onAdded(place(role, pointRAS, shape=shape))

    @property
    def _shape(self):
        return SHAPES[self._ui.shapeCombo.currentIndex]

    # An outline found by itself waits for the user's yes

    def _propose(self, pointRAS):
        with slicer.util.WaitCursor():
            region, outline = self._logic.outlineLesion(pointRAS)
        self._proposal = Proposal(region, pointRAS, outline)
        self._onAdded(region)
        self._showProposal()

    def onAccept(self, checked=False):
        self._proposal = None
        self._showProposal()

    def onReject(self, checked=False):
        proposal, self._proposal = self._proposal, None
        if proposal is not None and proposal.region.key in [region.key for region in self._logic.regions()]:
            self._guarded(lambda: self._logic.eraseRegion(proposal.region))
        self._showProposal()

    def onCloser(self, checked=False):
        self._redraw(LEVEL_STEP)

    def onWider(self, checked=False):
        self._redraw(-LEVEL_STEP)

    def _redraw(self, difference):
        proposal = self._proposal
        if proposal is not None:
            level = min(max(proposal.outline.level + difference, WIDEST), CLOSEST)
            self._guarded(lambda: self._drawAt(proposal, level))
            self._showProposal()

    def _drawAt(self, proposal, level):
        with slicer.util.WaitCursor():
            proposal.outline = self._logic.redrawOutline(proposal.region, proposal.pointRAS, level)

    def _showProposal(self):
        proposal = self._proposal
        self._ui.proposalFrame.setVisible(proposal is not None)
        self._shortcuts[ACCEPT_KEY].setEnabled(proposal is not None and self._isActive)
        self._showState()
        if proposal is not None:
            size = lesionSizeText(self._logic.sizeOf(proposal.region))
            text = _("{name} was outlined by itself: {size}").format(name=proposal.region.name, size=size)
            self._ui.proposalLabel.setText(f"{text}. {proposal.outline.note}" if proposal.outline.note else text)

    def _onFinished(self):
        self._showState()
        drawn = self.placing.drawn
        if drawn is not None:
            self._onAdded(self._logic.wasDrawn(drawn))

    def _showState(self):
        """The button of what is being placed stays down."""
        active = self.placing.role if self.placing.isActive else ""
        for role, button in self._buttons.items():
            button.setChecked(role == active)
        self._shortcuts[GIVE_UP_KEY].setEnabled(self._isActive and (bool(active) or self._proposal is not None))
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


class Proposal:
    """An outline that waits: its region, where the user clicked (RAS mm), and the core's Outline."""

    def __init__(self, region, pointRAS, outline):
        self.region, self.pointRAS, self.outline = region, pointRAS, outline


def afterThisEvent(action):
    """Run when Slicer's own handling of the current event is over."""
    qt.QTimer.singleShot(0, action)
