"""Slicer without its application: a real MRML scene with the real logics, from PyPI's slicer-core.

Used by the command line's figures and by the tests. Nothing here is needed, or allowed, inside 3D Slicer itself.
"""

import sys
import tempfile
import types

import numpy as np

from DLEnhanceLib.errors import DLEnhanceError, MissingPackage
from DLEnhanceLib.volume import Volume

MODULE_LOGICS = {
    "Volumes": "vtkSlicerVolumesLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Models": "vtkSlicerModelsLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Tables": "vtkSlicerTablesLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Texts": "vtkSlicerTextsLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "Units": "vtkSlicerUnitsLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "CropVolume": "vtkSlicerCropVolumeLogic",
}
# vtkSlicerTerminologiesModuleLogic is left out: it prints errors about JSON files that the wheel does not have.


def importSlicer():
    """The ``slicer`` package of slicer-core. Raises MissingPackage without it, DLEnhanceError inside Slicer itself."""
    try:
        import slicer
    except ImportError as error:
        raise MissingPackage(
            "Figures are drawn by 3D Slicer's own views and need the package slicer-core: pip install slicer-core"
        ) from error
    if "slicer_core" not in sys.modules:
        raise DLEnhanceError(
            "This runs inside 3D Slicer, which has a scene of its own; use slicer.mrmlScene instead of HeadlessSlicer."
        )
    return slicer


class HeadlessSlicer:
    """A scene with application logic, colours and module logics, as ``slicer.mrmlScene`` and ``slicer.modules``.

    Keep the instance as long as its nodes are used. Several may be made one after another, the last one is
    ``slicer.mrmlScene``; ``HeadlessSlicer.current()`` gives that one, made when there is none.
    """

    _current = None

    def __init__(self, cacheFolder=None):
        slicer = importSlicer()
        self._makeScene(slicer)
        self._makeModuleLogics(slicer)
        self._enableBundles(slicer, cacheFolder)
        HeadlessSlicer._current = self

    @classmethod
    def current(cls):
        """The instance that owns ``slicer.mrmlScene`` now; a new one if nobody made one."""
        slicer = importSlicer()
        made = HeadlessSlicer._current
        if made is not None and getattr(slicer, "mrmlScene", None) is made.scene:
            return made
        return cls()

    def _makeScene(self, slicer):
        import vtk

        self.scene = slicer.mrmlScene = slicer.vtkMRMLScene()
        crosshairNode = slicer.vtkMRMLCrosshairNode()
        crosshairNode.SetCrosshairName("default")
        self.scene.AddNode(crosshairNode)
        self.appLogic = slicer.vtkSlicerApplicationLogic()
        self.appLogic.SetMRMLScene(self.scene)
        colorLogic = self.appLogic.GetColorLogic()
        colorLogic.SetMRMLScene(self.scene)
        colorLogic.AddDefaultColorNodes()
        self.scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())  # Slicer's Colors module does it
        self.appLogic.SetModuleLogic("Colors", colorLogic)  # the display of volumes asks for it
        self.appLogic.SetSliceLogics(vtk.vtkCollection())
        self.appLogic.SetViewLogics(vtk.vtkCollection())
        for factory in (
            slicer.vtkMRMLSliceViewDisplayableManagerFactory,
            slicer.vtkMRMLThreeDViewDisplayableManagerFactory,
        ):
            factory.GetInstance().SetMRMLApplicationLogic(self.appLogic)
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(self.scene, True)

    def _makeModuleLogics(self, slicer):
        slicer.modules, self.logics = types.SimpleNamespace(), {}
        for name, className in MODULE_LOGICS.items():
            logic = self.logics[name] = getattr(slicer, className)()
            logic.SetMRMLScene(self.scene)
            logic.SetMRMLApplicationLogic(self.appLogic)
            self.appLogic.SetModuleLogic(name, logic)
            setattr(slicer.modules, name.lower(), types.SimpleNamespace(logic=lambda logic=logic: logic))

    def _enableBundles(self, slicer, cacheFolder):
        """.mrb reading goes through the remote-IO cache even for local files."""
        if cacheFolder is None:
            self._temporaryFolder = tempfile.TemporaryDirectory(prefix="DLEnhance-")
            cacheFolder = self._temporaryFolder.name
        self._remoteIO, self._dataIO = slicer.vtkMRMLRemoteIOLogic(), slicer.vtkDataIOManagerLogic()
        self._remoteIO.SetMRMLScene(self.scene)
        self._remoteIO.SetMRMLApplicationLogic(self.appLogic)
        self._remoteIO.GetCacheManager().SetRemoteCacheDirectory(str(cacheFolder))
        self._dataIO.SetMRMLApplicationLogic(self.appLogic)
        self._dataIO.SetAndObserveDataIOManager(self._remoteIO.GetDataIOManager())
        self._remoteIO.AddDataIOToScene()

    def close(self):
        """Empty the scene, and let ``current()`` make another one from now on.

        Singletons stay: slice and layout logics would make removed ones anew, for ever, or crash the process.
        """
        if HeadlessSlicer._current is self:
            HeadlessSlicer._current = None
        self.scene.Clear(False)

    def addVolume(self, volume: Volume, name=None):
        """A vtkMRMLScalarVolumeNode with display node in the scene; its voxels are a copy of the volume's."""
        slicer = importSlicer()
        return slicer.util.addVolumeFromArray(
            sceneVoxels(volume.voxels), volume.ijkToRAS, name or volume.name, "vtkMRMLScalarVolumeNode"
        )

    def volumeFrom(self, volumeNode) -> Volume:
        """The node's voxels (copied, k, j, i order) and its own grid; parent transforms are not applied."""
        import vtk

        slicer = importSlicer()
        matrix = vtk.vtkMatrix4x4()
        volumeNode.GetIJKToRASMatrix(matrix)
        voxels = slicer.util.arrayFromVolume(volumeNode).copy()
        return Volume(voxels, slicer.util.arrayFromVTKMatrix(matrix), name=volumeNode.GetName())


def sceneVoxels(voxels):
    """A contiguous copy in a type that MRML takes: half floats, 64-bit integers and truth values are converted."""
    voxels = np.asarray(voxels)
    if voxels.dtype == np.bool_:
        return voxels.astype(np.uint8)
    if voxels.dtype == np.float16:
        return voxels.astype(np.float32)
    if voxels.dtype.kind in "iu" and voxels.dtype.itemsize == 8:
        return voxels.astype(_integerTypeFor(voxels))
    return np.array(voxels, dtype=voxels.dtype.newbyteorder("="), order="C")


def _integerTypeFor(voxels):
    limits = np.iinfo(np.int32)
    fits = voxels.min() >= limits.min and voxels.max() <= limits.max
    return np.int32 if fits else np.float64
