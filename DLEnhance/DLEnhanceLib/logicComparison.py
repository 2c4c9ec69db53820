"""The part of both modules' logic that compares the standard with the enhanced image. No Qt.

Example::

    logic.showComparison("curtain")         # or "sideBySide", "residual", "flicker"
    logic.comparison.setCurtain(0.3)        # what else can be switched: sceneComparison.SliceComparison
    logic.toggleOriginal()
    logic.hideComparison()
"""

import dataclasses
from typing import Any

import slicer

from . import sceneViews
from .errors import BadOption
from .sceneComparison import SIDE_BY_SIDE, WITH_RESIDUAL, SliceComparison
from .sceneLayouts import VIEWS


@dataclasses.dataclass(frozen=True)
class Compared:
    """What is compared: volume nodes, and one noise SD in image units as the residual's unit (None: unknown)."""

    standard: Any
    enhanced: Any
    residual: Any = None
    unit: float | None = None


class ComparisonActions:
    """Needs of its owner: _compared(withResidual) -> Compared, raising a DLEnhanceError without a pair."""

    def _startComparison(self):
        self._comparison = None
        self.onComparison = []
        """Callables without arguments, called after the comparison came, went or changed."""

    def _endComparison(self):
        if self._comparison is not None:
            self._comparison.release()
            self._comparison = None

    @property
    def comparison(self) -> SliceComparison:
        """Links, curtain, original and flicker are switched on this."""
        if self._comparison is None:
            manager = layoutManager()
            pump = {"processEvents": slicer.app.processEvents} if manager is not None else {}
            self._comparison = SliceComparison(slicer.mrmlScene, manager, **pump)
            self._comparison.onChanged.append(self._onComparisonChanged)
        return self._comparison

    @property
    def isComparisonShown(self):
        return self._comparison is not None and self._comparison.isShown

    @property
    def shownLayout(self):
        """The layout on the screen, empty without a comparison."""
        return self._comparison.layout if self.isComparisonShown else ""

    def showComparison(self, layout=None):
        """Show both images in a layout of their own: "sideBySide", "residual" (side by side, with what was taken away),
        "curtain" (one view, enhanced right of a border) or "flicker" (one view, one after the other).

        None keeps the layout shown last. Raises BadOption for another layout or without a pair.
        """
        layout = layout or self.comparison.layout or SIDE_BY_SIDE
        if layout not in VIEWS:
            raise BadOption(f"There is no layout {layout!r}: choose one of {', '.join(VIEWS)}.")
        compared = self._compared(layout == WITH_RESIDUAL)
        self.comparison.show(compared.standard, compared.enhanced, compared.residual, layout=layout, unit=compared.unit)

    def hideComparison(self):
        """Back to the layout the user had before."""
        if self._comparison is not None:
            self._comparison.hide()

    def toggleOriginal(self):
        """The standard image in place of the enhanced one, and back: in the comparison, else in Slicer's own views."""
        if self.isComparisonShown:
            self.comparison.toggleOriginal()
            return
        compared = self._compared(False)
        family = (compared.enhanced, compared.standard)
        isOriginal = sceneViews.shownIn(family) is compared.standard
        sceneViews.showInViews(compared.enhanced if isOriginal else compared.standard, family)

    def _onComparisonChanged(self):
        for callback in list(self.onComparison):
            callback()


def layoutManager():
    """Slicer's, None without a main window and without the application."""
    app = getattr(slicer, "app", None)
    return app.layoutManager() if hasattr(app, "layoutManager") else None
