"""The two volumes of Lesion Metrics in linked views, with their residual if wanted, and pictures of those views."""

import slicer

from DLEnhanceLib.errors import MissingPackage
from DLEnhanceLib.sceneComparison import SliceComparison
from DLEnhanceLib.sceneVolumes import isInScene

from .sceneFigure import capturedViews, labelledPicture, writePng
from .sceneRegions import hiddenRegions
from .sceneResidual import Residual
from .sceneShapes import volumeView


class PairView:
    """A SliceComparison made when it is first shown. onChange() is called when it appears or goes."""

    def __init__(self, scene, onChange):
        self._scene, self._onChange = scene, onChange
        self._comparison = self._shown = None
        self._residual = Residual(scene)

    @property
    def isShown(self):
        return self._comparison is not None and self._comparison.isShown

    def show(self, standardNode, enhancedNode, *, withResidual, noise):
        """noise: its SD in image units, the unit of the residual's window; None estimates it from the residual."""
        residual = self._residual.node(standardNode, enhancedNode, noise=noise) if withResidual else None
        self._madeComparison().show(standardNode, enhancedNode, residual)
        self._shown = (standardNode, enhancedNode, withResidual)
        if not withResidual:
            self._residual.remove()

    def shows(self, standardNode, enhancedNode, *, withResidual):
        return self._shown == (standardNode, enhancedNode, withResidual)

    def updateResidual(self, noise):
        """After voxels or the noise changed."""
        if self.isShown and self._shown[2] and all(isInScene(node) for node in self._shown[:2]):
            self._residual.node(*self._shown[:2], noise=noise)

    def jumpTo(self, pointRAS):
        if self.isShown:
            self._comparison.jumpTo(pointRAS)

    def hide(self):
        if self._comparison is not None:
            self._comparison.hide()

    def release(self):
        if self._comparison is not None:
            self._comparison.release()
        self._residual.remove()

    def writePicture(self, path):
        """What the views show now, as one labelled PNG; only in the application."""
        slicer.app.processEvents()
        slicer.util.forceRenderAllViews()
        titles = [*(node.GetName() for node in self._shown[:2]), "Residual"]
        pictures = capturedViews(self._comparison.sliceNodes)
        return writePng(labelledPicture(titles[: len(pictures)], pictures), path)

    def _madeComparison(self):
        if self._comparison is None:
            manager = layoutManager()
            pump = {"processEvents": slicer.app.processEvents} if manager is not None else {}
            self._comparison = SliceComparison(self._scene, manager, **pump)
            self._comparison.onShownChanged.append(self._onShownChanged)
        return self._comparison

    def _onShownChanged(self):
        if not self.isShown:
            self._residual.remove()
        self._onChange()


def layoutManager():
    """Slicer's, None without a main window and without the application."""
    app = getattr(slicer, "app", None)
    return app.layoutManager() if hasattr(app, "layoutManager") else None


def drawnFigure(scene, pair, regions, path):
    """The two volume nodes with the core's regions through the largest lesion, drawn without the application's views.

    Raises MissingPackage in an application that has no views, where the command line's package is not installed.
    """
    try:
        from dlenhance.sliceViews import sideBySideFigure
    except ImportError:
        raise MissingPackage(
            "A figure needs Slicer's views: start Slicer with its main window, or pip install dlenhance[figures]."
        ) from None
    volumes, names = [volumeView(node) for node in pair], [node.GetName() for node in pair]
    with hiddenRegions(scene):  # the figure draws the regions itself
        return sideBySideFigure(*volumes, regions, path, labels=names)
