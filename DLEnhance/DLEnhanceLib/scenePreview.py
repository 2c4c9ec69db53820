"""The enhancement of the slice in view as a thin volume node, made in a second and discarded afterwards. No Qt."""

import dataclasses

import numpy as np
import slicer

from . import sceneVolumes
from .backgroundJob import BackgroundJob
from .errors import EnhancementCanceled
from .sceneLayouts import acquisitionPlane
from .sceneViews import sliceNodeShowing


@dataclasses.dataclass(frozen=True)
class PendingPreview:
    """A preview under way: poll ``job``, then give this to ``ScenePreview.finish``."""

    job: BackgroundJob
    axis: int
    index: int


class ScenePreview:
    """Previews of one volume node, one slice after the other, in one node that no scene file keeps.

    Example, in Slicer's Python console::

        preview = logic.newPreview(inputNode, profile="fast")
        axis, index = preview.sliceIn(slicer.util.getNode("vtkMRMLSliceNodeRed"))
        pending = preview.start(axis, index)
        while not pending.job.done(0.03):
            slicer.app.processEvents()
        previewNode = preview.finish(pending, Strengths(0.8, 0.5, 0.2))
        preview.reblend(Strengths(0.4, 0.5, 0.0))  # at once, without the network
        preview.remove()
    """

    def __init__(self, inputNode, volume, backend, knownSurvey=None):
        """volume: the node's voxels and geometry; knownSurvey: its Survey if it was made already."""
        from . import preview, survey  # here and not in the worker, where imports can freeze Slicer's window

        self.inputNode, self.node = inputNode, None
        self._volume, self._backend, self._survey = volume, backend, knownSurvey
        self._makePreviewer, self._makeSurvey = preview.Previewer.of, survey.survey
        self._previewer = self._preview = self._strengths = None
        self._stamp = sceneVolumes.contentStamp(inputNode)

    @property
    def place(self):
        """(axis, index) of the slice that the node shows; None before the first."""
        return (self._preview.axis, self._preview.index) if self._preview is not None else None

    @property
    def isCurrent(self) -> bool:
        """Whether the input still is what the previews are made from."""
        return sceneVolumes.isInScene(self.inputNode) and self._stamp == sceneVolumes.contentStamp(self.inputNode)

    def useSurvey(self, found):
        """Take the Survey that was made meanwhile; None changes nothing."""
        self._survey = self._survey or found

    def sliceIn(self, sliceNode) -> tuple[int, int]:
        """(axis, index) of the slice of the volume, 0 1 2 for k j i, that lies in the middle of a slice view."""
        view = slicer.util.arrayFromVTKMatrix(sliceNode.GetSliceToRAS())
        return self._sliceAcross(view[:3, 2], view[:3, 3])

    def sliceAt(self, point) -> tuple[int, int]:
        """(axis, index) of the slice through a point (RAS mm) in the plane in which the volume was acquired."""
        name = acquisitionPlane(self.inputNode)
        normal = np.array([name == "Sagittal", name == "Coronal", name == "Axial"], float)
        return self._sliceAcross(normal, np.asarray(point))

    def pointInView(self) -> np.ndarray:
        """RAS mm of the middle of a view that shows the input, or of the input where none does."""
        sliceNode = sliceNodeShowing(self.inputNode)
        if sliceNode is not None:
            return slicer.util.arrayFromVTKMatrix(sliceNode.GetSliceToRAS())[:3, 3]
        middle = (np.array(self._volume.voxels.shape[::-1]) - 1) / 2
        return (self._toWorld() @ [*middle, 1.0])[:3]

    def _toWorld(self):
        return sceneVolumes.localToWorld(self.inputNode) @ self._volume.ijkToRAS

    def _sliceAcross(self, normal, point):
        toWorld = self._toWorld()
        steps = toWorld[:3, :3] / np.linalg.norm(toWorld[:3, :3], axis=0)
        along = int(np.argmax(np.abs(normal @ steps)))
        index = round(np.linalg.solve(toWorld, [*point, 1.0])[along])
        return 2 - along, int(np.clip(index, 0, self._volume.voxels.shape[2 - along] - 1))

    @property
    def isQuick(self) -> bool:
        """Whether the node shows a first look, that a preview without isQuick would make better."""
        return self._preview is not None and self._preview.isQuick

    def start(self, axis: int, index: int, *, isQuick=False) -> PendingPreview:
        """Compute the preview of a slice in the background; isQuick: in half the time, a little less well."""
        job = BackgroundJob(lambda job: self._work(axis, index, isQuick, job.report)).start()
        return PendingPreview(job, axis, index)

    def _work(self, axis, index, isQuick, reportProgress):
        """Runs in the worker: arrays only."""
        previewer = self._previewer
        if previewer is None:
            found = self._survey or self._makeSurvey(self._volume, reportProgress=reportProgress)
            previewer = self._makePreviewer(self._volume, found, self._backend)
        return previewer, previewer.compute(axis, index, isQuick=isQuick, reportProgress=reportProgress)

    def finish(self, pending: PendingPreview, strengths):
        """The node with the slices of a preview that is done. Raises what the job raised; then nothing is changed."""
        if pending.job.error is not None:
            raise pending.job.error
        if not sceneVolumes.isInScene(self.inputNode):
            raise EnhancementCanceled("The input volume was removed during the preview.")
        self._previewer, self._preview = pending.job.result
        self._strengths = strengths
        self._showVolume(self._preview.at(strengths))
        return self.node

    def reblend(self, strengths):
        """The same slices at other strengths: arrays only."""
        if self._preview is not None and sceneVolumes.isInScene(self.node) and strengths != self._strengths:
            self._strengths = strengths
            sceneVolumes.setVoxels(self.node, self._preview.at(strengths).voxels)

    def remove(self):
        """Take the node out of the scene."""
        sceneVolumes.removeNode(self.node)
        self.node = self._preview = None

    def _showVolume(self, volume):
        if not sceneVolumes.isInScene(self.node):
            self.node = sceneVolumes.addVolumeNode(volume, f"{self.inputNode.GetName()} preview", source=self.inputNode)
            self.node.SetSaveWithScene(False)
            self.node.SetHideFromEditors(True)
        else:
            slicer.util.updateVolumeFromArray(self.node, volume.voxels)
        self.node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(volume.ijkToRAS))
