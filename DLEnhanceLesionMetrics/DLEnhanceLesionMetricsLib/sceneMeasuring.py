"""Measuring the regions of a scene in a pair of volume nodes: once, or live while anything that matters changes.

MRML observers only, no timers: an event whose regions, volumes and noise method are as before costs next to nothing.
"""

import dataclasses

import numpy as np
import slicer
import vtk
from slicer.util import VTKObservationMixin

from DLEnhanceLib.errors import BadOption, DLEnhanceError
from DLEnhanceLib.sceneVolumes import contentStamp, isInScene

from .edgeRows import measureLines
from .measurement import ENHANCED, STANDARD, MeasurementRow, measurePair
from .regions import LabelShape
from .sceneRegions import CURVE_CLASS, EDGE, LINE_CLASS, ROI_CLASS, SEGMENTATION_CLASS, regionsOf
from .sceneResults import ResultRow, resultRows
from .sceneShapes import ShapeReader, edgeLine, segmentTime, volumeView
from .sceneSurround import NoiseSources, SettlingRows, byCondition, readNoise

REGION_CLASSES = (ROI_CLASS, CURVE_CLASS, LINE_CLASS, SEGMENTATION_CLASS)
VOLUME_EVENTS = (
    vtk.vtkCommand.ModifiedEvent,
    slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
)
LARGEST_LIVE_SIZE = 5000  # voxels; up to here the diameters take less than 30 ms


def regionEvents():
    """What changes a region. A function, because these classes may come after our module when Slicer starts."""
    return (
        vtk.vtkCommand.ModifiedEvent,
        slicer.vtkMRMLMarkupsNode.PointModifiedEvent,
        slicer.vtkMRMLMarkupsNode.PointRemovedEvent,
        slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
        slicer.vtkSegmentation.SegmentAdded,
        slicer.vtkSegmentation.SegmentRemoved,
        slicer.vtkSegmentation.SegmentModified,
        slicer.vtkSegmentation.SourceRepresentationModified,
    )


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What was measured. problem: one sentence when something could not be; voxels: count by region key.

    extents: edge lengths in mm of the bounding boxes of drawn segments, by region key. isUnsettled: whether measures of
    the surround wait until no region moves.
    """

    rows: tuple[MeasurementRow, ...] = ()
    results: tuple[ResultRow, ...] = ()
    voxels: dict = dataclasses.field(default_factory=dict)
    extents: dict = dataclasses.field(default_factory=dict)
    problem: str = ""
    isUnsettled: bool = False


class SceneMeasurement:
    """Measures the regions of a scene; remembers masks, so that only what changed is computed again."""

    def __init__(self, scene):
        self._scene = scene
        self._shapes = ShapeReader()
        self._size = (None, None)
        self._surround = SettlingRows()
        self._lines = (None, [])

    def measure(self, standardNode, enhancedNode, *, method, sources=None, surround=(), isDragged=False) -> Outcome:
        """Measure every lesion. Regions that cannot be used are left out, and named in the problem.

        sources: where the noise comes from if one image cannot tell it (NoiseSources). surround: which measures of the
        surround are wanted; they wait while a region is dragged. Raises BadOption or UnsupportedVolume when nothing at
        all can be measured.
        """
        sources = sources or NoiseSources()
        standard, enhanced = self._volumes(standardNode, enhancedNode)
        regions, problems = self._readRegions()
        lines, lineProblems = self._readLines()
        problems += lineProblems
        voxels = {key: region.maskOn(standard).count for key, region in regions.items()}
        rows = self._lineRows((standardNode, enhancedNode), standard, enhanced, lines)
        volumes = byCondition(standard, enhanced)
        noise = readNoise(sources, byCondition(standardNode, enhancedNode), volumes, method)
        problems += noise.problems
        isUnsettled = False
        try:
            areas = list(regions.values())
            fields = {"repeats": noise.repeats, "noiseMaps": noise.maps, "case": standard.name}
            measured = measurePair(standard, enhanced, areas, noiseMethods=(method,), **fields)
            key = (surround, method, tuple(region.name for region in areas), tuple(volumes))
            more, isUnsettled = self._surround.rows(
                lambda: _surroundRows(volumes, areas, surround, noise), key, isDragged=isDragged
            )
            rows = measured + more + rows
        except BadOption as error:
            problems = problems or [str(error)]
            if not rows:
                raise BadOption(" ".join(problems)) from error
        problem = " ".join(problems)
        return Outcome(tuple(rows), tuple(resultRows(rows)), voxels, _extents(regions), problem, isUnsettled)

    def unmeasured(self, standardNode, problem) -> Outcome:
        """An Outcome without values: the problem, and the regions as far as they can be read."""
        regions = self._readRegions()[0]
        try:
            standard = volumeView(standardNode) if isInScene(standardNode) else None
        except DLEnhanceError:
            standard = None
        voxels = {} if standard is None else {key: region.maskOn(standard).count for key, region in regions.items()}
        return Outcome(voxels=voxels, extents=_extents(regions), problem=problem)

    def sizeOf(self, region, standardNode, *, isDragged=False):
        """The core's LesionSize in the grid of a volume.

        None when it cannot be read, has no voxel, or is dragged and so large that this would not be smooth.
        """
        from .lesionSize import lesionSize

        try:
            standard = volumeView(standardNode)
            mask = self._shapes.region(region).maskOn(standard)
        except DLEnhanceError:
            return None
        if isDragged and mask.count > LARGEST_LIVE_SIZE:
            return None
        if self._size[0] is not mask:
            self._size = (mask, lesionSize(mask, standard))
        return self._size[1]

    def coreRegion(self, region):
        """A scene region as the core measures it. Raises BadOption when it cannot be read."""
        return self._shapes.region(region)

    def coreRegions(self) -> list:
        """Every region that can be read, as the core measures it."""
        return list(self._readRegions()[0].values())

    def _volumes(self, standardNode, enhancedNode):
        if not isInScene(standardNode):
            raise BadOption("Choose the standard volume first.")
        if enhancedNode is standardNode:
            raise BadOption("The enhanced volume is the standard volume: choose two different volumes.")
        enhanced = volumeView(enhancedNode) if isInScene(enhancedNode) else None
        return volumeView(standardNode), enhanced

    def _lineRows(self, nodes, standard, enhanced, lines):
        """Measured again only after a line or an image changed: a line costs as much as many regions."""
        images = [
            (contentStamp(node), volume.ijkToRAS.tobytes(), volume.name)
            for node, volume in zip(nodes, (standard, enhanced), strict=True)
            if volume is not None
        ]
        key = (images, [(line.name, *line.start, *line.end) for line in lines])
        if key != self._lines[0]:
            self._lines = (key, measureLines(standard, enhanced, lines, case=standard.name))
        return list(self._lines[1])

    def _readRegions(self):
        """Core regions by key, and a sentence for each that cannot be used."""
        placed = [found for found in regionsOf(self._scene) if found.isPlaced and found.role != EDGE]
        return _readEach(placed, self._shapes.region)

    def _readLines(self):
        placed = [found for found in regionsOf(self._scene, EDGE) if found.isPlaced]
        lines, problems = _readEach(placed, edgeLine)
        return list(lines.values()), problems


def _surroundRows(volumes, regions, metrics, noise):
    if not metrics:
        return []
    from .surroundRows import measureSurround  # scipy, only when wanted

    standard = volumes[STANDARD]
    images = noise.noiseImages(volumes)
    fields = {"metrics": metrics, "case": standard.name, "noiseImages": images}
    return measureSurround(standard, volumes.get(ENHANCED), regions, **fields)


def _extents(regions):
    """Edge lengths in mm of drawn segments along their own voxel axes, by region key."""
    drawn = {key: region.shape.shape for key, region in regions.items() if isinstance(region.shape.shape, LabelShape)}
    return {
        key: tuple(np.linalg.norm(shape.ijkToRAS[:3, :3], axis=0) * shape.inside.shape[::-1])
        for key, shape in drawn.items()
    }


def _readEach(regions, read):
    found, problems = {}, []
    for region in regions:
        try:
            found[region.key] = read(region)
        except DLEnhanceError as error:
            problems.append(str(error))
    return found, problems


class LiveMeasurement(VTKObservationMixin):
    """Calls onChange() whenever a region, one of the two volumes or the list of regions changed; until release()."""

    def __init__(self, scene, onChange):
        VTKObservationMixin.__init__(self)
        self._scene, self._onChange = scene, onChange
        self._volumes = ()
        for node in _regionNodes(scene):
            self._observe(node, regionEvents(), self._onRegionChanged)
        self.addObserver(scene, scene.NodeAddedEvent, self._onNodeAdded)
        self.addObserver(scene, scene.NodeRemovedEvent, self._onNodeRemoved)
        self.addObserver(scene, scene.EndImportEvent, self._onSceneChanged)
        self.addObserver(scene, scene.EndCloseEvent, self._onSceneChanged)

    def release(self):
        self.removeObservers()

    def follow(self, *volumeNodes):
        """Observe these volume nodes instead of the ones before."""
        wanted = tuple(node for node in volumeNodes if node is not None)
        if wanted == self._volumes:
            return
        self.removeObservers(self._onVolumeChanged)
        self._volumes = wanted
        for node in dict.fromkeys(wanted):
            self._observe(node, VOLUME_EVENTS, self._onVolumeChanged)

    def _observe(self, node, events, method):
        for event in events:
            if not self.hasObserver(node, event, method):
                self.addObserver(node, event, method)

    def _onRegionChanged(self, _caller=None, _event=None):
        self._onChange()

    def _onVolumeChanged(self, _caller=None, _event=None):
        self._onChange()

    def _onSceneChanged(self, _caller=None, _event=None):
        for node in _regionNodes(self._scene):
            self._observe(node, regionEvents(), self._onRegionChanged)
        self._onChange()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeAdded(self, _caller, _event, node):
        if any(node.IsA(name) for name in REGION_CLASSES):
            self._observe(node, regionEvents(), self._onRegionChanged)
            if not self._scene.IsBatchProcessing():
                self._onChange()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeRemoved(self, _caller, _event, node):
        isWatched = node in self._volumes or any(node.IsA(name) for name in REGION_CLASSES)
        if isWatched and not self._scene.IsBatchProcessing():
            self._onChange()


def measuredState(scene, *volumeNodes):
    """Equal as long as a measurement of the same volumes by the same method would give the same result."""
    regions = tuple(
        (region.key, region.name, region.role, region.node.GetMTime(), *_segmentState(region))
        for region in regionsOf(scene)
    )
    volumes = tuple(
        (node.GetID(), node.GetName(), contentStamp(node), _placeState(node)) for node in volumeNodes if isInScene(node)
    )
    return regions, volumes


def _segmentState(region):
    return (
        (region.node.GetSegmentation().GetMTime(), segmentTime(region), _placeState(region.node))
        if region.segmentId
        else (_placeState(region.node),)
    )


def _placeState(node):
    matrix = vtk.vtkMatrix4x4()
    parent = node.GetParentTransformNode()
    if parent is None:
        return ()
    if not parent.IsTransformToWorldLinear():
        return (parent.GetID(), parent.GetMTime())
    parent.GetMatrixTransformToWorld(matrix)
    return tuple(matrix.GetElement(i, j) for i in range(3) for j in range(4))


def _regionNodes(scene):
    found = []
    for className in REGION_CLASSES:
        nodes = scene.GetNodesByClass(className)
        nodes.UnRegister(None)
        found += [nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems())]
    return found
