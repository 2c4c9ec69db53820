"""Comparing in Lesion Metrics: the shared layouts with a residual of its own, and pictures of what is seen. No Qt."""

from DLEnhanceLib.logicComparison import Compared, ComparisonActions, layoutManager
from DLEnhanceLib.sceneComparison import WITH_RESIDUAL
from DLEnhanceLib.sceneVolumes import isInScene

from .measurement import STANDARD
from .sceneGallery import writeGallery
from .scenePairView import drawnFigure, writeViews
from .sceneResidual import Residual


class LesionComparisonActions(ComparisonActions):
    """Needs of its owner: scene, parameters, outcome, measure(), hideChart(), _measurement and _pair()."""

    def _startComparison(self):
        super()._startComparison()
        self._residual, self._shownPair = Residual(self.scene), None

    def _endComparison(self):
        super()._endComparison()
        self._residual.remove()

    def showComparison(self, layout=None):
        """Show both images in a layout of their own: "sideBySide", "residual" (side by side, with standard minus
        enhanced within three noise SDs), "curtain" (one view, enhanced right of a border) or "flicker".

        None keeps the layout shown last. Raises BadOption for another layout or without a pair.
        """
        self._shownPair = self._pair()
        self.hideChart()
        super().showComparison(layout)

    def refreshComparison(self):
        """Show the comparison again if it is shown with other volumes than those chosen now."""
        chosen = (self.parameters.standardVolume, self.parameters.enhancedVolume)
        if self.isComparisonShown and chosen != self._shownPair and all(isInScene(node) for node in chosen):
            self.showComparison()

    def exportFigure(self, path):
        """Write both volumes with the regions as a PNG, and return its path.

        In the application it is what the comparison shows, side by side when none is shown; without it, slices through
        the lesions by the same views. Raises CannotWrite, or BadOption without a pair of volumes.
        """
        pair = self._pair()
        if layoutManager() is None:
            return drawnFigure(self.scene, pair, self._measurement.coreRegions(), path)
        wasShown = self.isComparisonShown
        if not wasShown:
            self.showComparison()
        try:
            return writeViews(self.comparison, pair, path)
        finally:
            if not wasShown:
                self.hideComparison()

    def exportGallery(self, path):
        """Write every lesion before and after on one sheet (PNG), with its CNR and their change. Returns the path.

        The window is the one in which the standard volume is shown. Raises BadOption without a pair or a lesion.
        """
        pair = self._pair()
        self.measure()
        return writeGallery(pair, self._measurement.coreRegions(), self.outcome.results, path)

    def _compared(self, withResidual):
        pair = self._pair()
        if not withResidual:
            return Compared(*pair)
        residual = self._residual.node(*pair, noise=self._noise())
        return Compared(*pair, residual, self._residual.unit)

    def _updateResidual(self):
        """After voxels or the noise changed."""
        if self.shownLayout == WITH_RESIDUAL and all(isInScene(node) for node in self._shownPair):
            self._residual.node(*self._shownPair, noise=self._noise())
            self.comparison.setUnit(self._residual.unit)

    def _onComparisonChanged(self):
        if self.shownLayout != WITH_RESIDUAL:
            self._residual.remove()
        super()._onComparisonChanged()

    def _noise(self):
        """SD of the noise of the standard image as it was measured last, in image units; None if it was not."""
        found = (row.noise for row in self.outcome.rows if row.condition == STANDARD and row.metric in ("snr", "cnr"))
        return next(found, None)
