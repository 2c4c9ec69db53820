"""Our layouts of slice views and where their views look. MRML only.

Every layout has views of its own, in a view group of its own, so that Red, Green and Yellow are never linked with them.
"""

import dataclasses

import slicer
import vtk

VIEW_GROUP = 71
SIDE_BY_SIDE, WITH_RESIDUAL, CURTAIN, FLICKER = "sideBySide", "residual", "curtain", "flicker"


@dataclasses.dataclass(frozen=True)
class ViewStyle:
    """A view of a layout: its singleton tag, the letter and the color of its bar."""

    tag: str
    letter: str
    color: str


_STANDARD = ViewStyle("DLEnhanceStandard", "S", "#6e9bd1")
_ENHANCED = ViewStyle("DLEnhanceEnhanced", "E", "#e0a030")
_RESIDUAL = ViewStyle("DLEnhanceResidual", "R", "#9a9a9a")
_CURTAIN = ViewStyle("DLEnhanceCurtain", "C", "#a7a35a")
_FLICKER = ViewStyle("DLEnhanceFlicker", "F", "#a7a35a")
VIEWS = {
    SIDE_BY_SIDE: (_STANDARD, _ENHANCED),
    WITH_RESIDUAL: (_STANDARD, _ENHANCED, _RESIDUAL),
    CURTAIN: (_CURTAIN,),
    FLICKER: (_FLICKER,),
}
LAYOUT_IDS = {SIDE_BY_SIDE: 1501, WITH_RESIDUAL: 1502, CURTAIN: 1503, FLICKER: 1504}


def tagsOf(layout):
    """The singleton tags of a layout's views, left to right."""
    return tuple(view.tag for view in VIEWS[layout])


def isOurs(layoutNode):
    """Whether one of our layouts is chosen."""
    return layoutNode.GetViewArrangement() in LAYOUT_IDS.values()


def registerLayouts(layoutNode):
    """Make our layouts known; again does no harm."""
    for layout, number in LAYOUT_IDS.items():
        xml = layoutXml(layout)
        if not layoutNode.AddLayoutDescription(number, xml):  # False when the id exists
            layoutNode.SetLayoutDescription(number, xml)


def layoutXml(layout):
    """The views of a layout in a row."""
    items = "".join(_viewItem(view) for view in VIEWS[layout])
    return f'<layout type="horizontal" split="true">{items}</layout>'


def _viewItem(view):
    return (
        f'<item><view class="vtkMRMLSliceNode" singletontag="{view.tag}">'
        '<property name="orientation" action="default">Axial</property>'
        f'<property name="viewlabel" action="default">{view.letter}</property>'
        f'<property name="viewcolor" action="default">{view.color}</property>'
        f'<property name="viewgroup" action="default">{VIEW_GROUP}</property></view></item>'
    )


def matchView(source, target):
    """Give the target slice node the position and zoom of the source, whatever the sizes of the two views."""
    target.GetSliceToRAS().DeepCopy(source.GetSliceToRAS())
    _copyScale(source, target)
    target.UpdateMatrices()


class ViewPlace:
    """Where a slice node looks, kept for views of other sizes: the shorter edge of its field of view stays."""

    def __init__(self, sliceNode):
        self._matrix = vtk.vtkMatrix4x4()
        self._matrix.DeepCopy(sliceNode.GetSliceToRAS())
        self._origin, field = sliceNode.GetXYZOrigin(), sliceNode.GetFieldOfView()
        self._shorter, self._depth = min(field[:2]), field[2]

    def giveTo(self, sliceNode):
        width, height, _depth = sliceNode.GetDimensions()
        scale = self._shorter / min(width, height)
        sliceNode.GetSliceToRAS().DeepCopy(self._matrix)
        sliceNode.SetFieldOfView(width * scale, height * scale, self._depth)
        sliceNode.SetXYZOrigin(*self._origin)
        sliceNode.UpdateMatrices()


def matchPosition(source, target):
    """Only the slice: same orientation and offset; each view keeps the part of it that it shows."""
    wanted, kept = _matrixOf(source), _matrixOf(target)
    if _sameDirections(wanted, kept):
        normal = wanted[:3, 2]
        wanted[:3, 3] = kept[:3, 3] + normal * (normal @ (wanted[:3, 3] - kept[:3, 3]))
    _setMatrix(target, wanted)


def matchZoom(source, target):
    """Only zoom and pan; each view keeps its slice. Views of different orientation share the zoom alone."""
    wanted, kept = _matrixOf(source), _matrixOf(target)
    if _sameDirections(wanted, kept):
        normal = kept[:3, 2]
        kept[:3, 3] = wanted[:3, 3] - normal * (normal @ (wanted[:3, 3] - kept[:3, 3]))
        _setMatrix(target, kept)
    _copyScale(source, target)
    target.UpdateMatrices()


def _copyScale(source, target):
    width, height, _depth = target.GetDimensions()
    across = source.GetFieldOfView()[0]
    target.SetFieldOfView(across, across * height / width, source.GetFieldOfView()[2])
    target.SetXYZOrigin(*source.GetXYZOrigin())


def _matrixOf(sliceNode):
    return slicer.util.arrayFromVTKMatrix(sliceNode.GetSliceToRAS())


def _setMatrix(sliceNode, matrix):
    slicer.util.updateVTKMatrixFromArray(sliceNode.GetSliceToRAS(), matrix)
    sliceNode.UpdateMatrices()


def _sameDirections(one, other):
    return abs(one[:3, :3] - other[:3, :3]).max() < 1e-6


def acquisitionPlane(volumeNode):
    """Axial, Coronal or Sagittal: across the axis of the thickest voxels; axial when all are about equal."""
    spacing = volumeNode.GetSpacing()
    thickest = max(range(3), key=lambda axis: spacing[axis])
    if spacing[thickest] < 1.2 * sorted(spacing)[1]:
        return "Axial"
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    along = [abs(matrix.GetElement(row, thickest)) for row in range(3)]
    return ("Sagittal", "Coronal", "Axial")[along.index(max(along))]


def sliceLogicOf(sliceNode):
    """The slice logic that the application logic has for the node; made where no window made one."""
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    appLogic = factory.GetMRMLApplicationLogic()
    known = appLogic.GetSliceLogic(sliceNode)
    if known is not None:
        return known
    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(appLogic)
    appLogic.GetSliceLogics().AddItem(logic)
    logic.SetMRMLScene(sliceNode.GetScene())
    logic.SetSliceNode(sliceNode)
    return logic
