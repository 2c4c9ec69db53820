"""The side-by-side figure: both volumes in Slicer's own slice views, same slice, same window, regions drawn."""

import dataclasses
from pathlib import Path

import numpy as np

from DLEnhanceLib.sceneComparison import acquisitionPlane, matchView
from DLEnhanceLib.version import LABEL
from DLEnhanceLib.volume import Volume

from . import figureFraming as framing
from .headlessSlicer import HeadlessSlicer, importSlicer
from .offscreenViews import Canvas, OffscreenSliceView

__all__ = ["OffscreenSliceView", "Panel", "sideBySideFigure"]

CELL_WIDTH, GAP, CAPTION, STRIP, FOOTER = 560, 14, 34, 42, 30
ZOOM_SHAPE, ZOOM_MILLIMETERS = 0.62, (24.0, 90.0)  # height over width of the enlarged part; its least and largest width
LETTER = 8  # width of a letter of a region's name, in pixels
STANDARD_COLOR, ENHANCED_COLOR, EXTRA_COLOR = (0.55, 0.71, 0.93), (0.95, 0.70, 0.25), (0.75, 0.75, 0.78)


@dataclasses.dataclass(frozen=True)
class Panel:
    """One more view of the figure, on the grid of the standard volume or another one in the same space.

    isResidual: signed values, shown gray around zero with a symmetric window, instead of the common window.
    """

    volume: Volume
    label: str
    isResidual: bool = False


@dataclasses.dataclass(frozen=True)
class _Cell:
    """A view with what stands over it."""

    view: OffscreenSliceView
    label: str
    color: tuple
    isEnhanced: bool
    residual: Volume | None


def sideBySideFigure(  # noqa: PLR0913  (keyword-only options, each with a default)
    standard: Volume,
    enhanced: Volume,
    regions,
    path,
    *,
    panels=(),
    labels=("Standard", "Enhanced"),
    title="",
    center=None,
    window=None,
    zoom=True,
) -> Path:
    """Write a PNG of both volumes in one slice, and below it the lesion enlarged without outlines over it.

    regions: objects with name, role, color (or colour) and maskOn(volume) or mask (k, j, i); outlined in their colors.
    panels: more views (Panel), for example the residual or the truth. center: point (RAS mm) to look at; the largest
    lesion by default. window: (darkest, brightest) value, of the slice's percentiles by default.
    Raises MissingPackage without slicer-core or EGL. The scene is left as it was.
    """
    importSlicer()
    figure = _Figure(standard, regions, CELL_WIDTH)
    try:
        figure.addCell(standard, labels[0], color=STANDARD_COLOR)
        figure.addCell(enhanced, labels[1], color=ENHANCED_COLOR, isEnhanced=True)
        for panel in panels:
            figure.addCell(panel.volume, panel.label, color=EXTRA_COLOR, isResidual=panel.isResidual)
        figure.lookAt(center)
        figure.setWindow(window)
        figure.compose(title, zoom=zoom).writePng(path)
    finally:
        figure.remove()
    return Path(path)


class _Figure:
    """The views of one figure in the scene, from the first node to their removal."""

    def __init__(self, standard, regions, cellWidth):
        self.headless = HeadlessSlicer.current()
        self.nodesBefore = set(_nodesOf(self.headless.scene))
        self.standard, self.regions, self.cellWidth = standard, list(regions), cellWidth
        self.masks = [framing.maskOf(region, standard) for region in self.regions]
        self.lesion = framing.focusMask(self.regions, self.masks)
        self.cells, self.nodes = [], []

    def addCell(self, volume, label, *, color, isEnhanced=False, isResidual=False):
        node = self.headless.addVolume(volume)
        node.GetDisplayNode().SetAutoWindowLevel(False)
        self.nodes.append(node)
        view = OffscreenSliceView(self.headless.appLogic, f"DLEnhanceFigure{len(self.cells)}", size=(400, 400))
        view.compositeNode.SetBackgroundVolumeID(node.GetID())
        self.cells.append(_Cell(view, label, color, isEnhanced, volume if isResidual else None))

    # Where to look

    def lookAt(self, center):
        """Choose slice and crop in the first view, give every view the size of the crop, and show all the same."""
        first = self.cells[0].view
        self.plane = acquisitionPlane(self.nodes[0])
        first.node.SetOrientation(self.plane)
        first.node.RotateToVolumePlane(self.nodes[0])
        self.focus = self._focus(center)
        first.node.JumpSliceByCentering(*self.focus)
        first.logic.SnapSliceOffsetToIJK()
        self._addOutlines()
        self.frame = self._headFrame()
        self._show(self.frame, round(self.cellWidth * min(max(self.frame.height / self.frame.width, 0.6), 1.35)))

    def _focus(self, center):
        if center is not None:
            return np.asarray(center, float)
        middle = np.array(self.standard.voxels.shape) // 2
        return framing.toRAS(self.standard, middle if self.lesion is None else framing.middleVoxel(self.lesion))[0]

    def _axes(self):
        """Unit vectors of the plane in RAS: right, up, and its normal."""
        matrix = self.cells[0].view.node.GetSliceToRAS()
        return np.array([[matrix.GetElement(row, column) for row in range(3)] for column in range(3)])

    def _cut(self):
        """The slice shown as a plane of the grid: its axis (in k, j, i order), its index, and what selects it."""
        axis = framing.nearestAxis(self.standard, self._axes()[2])
        voxel = (np.linalg.inv(self.standard.ijkToRAS) @ np.append(self.focus, 1.0))[:3][::-1]
        index = int(np.clip(round(voxel[axis]), 0, self.standard.voxels.shape[axis] - 1))
        return axis, index, framing.sliceThrough(self.standard, axis, index)

    def _pointsOf(self, pixels):
        """RAS mm (n, 3) of the True pixels of the slice shown."""
        axis, index, _selected = self._cut()
        return framing.toRAS(self.standard, np.insert(np.argwhere(pixels), axis, index, axis=1))

    def _headFrame(self):
        right, up, _normal = self._axes()
        selected = self._cut()[2]
        wanted = framing.headPixels(self.standard.voxels[selected])
        for region, mask in zip(self.regions, self.masks, strict=True):
            if region.role != "air":
                wanted = wanted | mask[selected]
        return framing.frameAround(self._pointsOf(wanted), right, up)

    def _lesionFrame(self):
        """The lesion in this slice with as much again around it; a patch around the focus without one."""
        right, up, _normal = self._axes()
        smallest, largest = ZOOM_MILLIMETERS
        pixels = None if self.lesion is None else self.lesion[self._cut()[2]]
        if pixels is None or not pixels.any():
            return framing.Frame(self.focus, smallest, smallest * ZOOM_SHAPE)
        around = framing.frameAround(self._pointsOf(pixels), right, up, margin=0.5)
        width = min(max(around.width, around.height / ZOOM_SHAPE, smallest), largest)
        return framing.Frame(around.center, width, width * ZOOM_SHAPE)

    def _show(self, frame, height):
        """Show the frame in views of this height; where the shapes differ, more of the slice is seen."""
        first = self.cells[0].view
        first.resize(self.cellWidth, height)
        width = max(frame.width, frame.height * self.cellWidth / height)
        _right, _up, normal = self._axes()
        matrix = first.node.GetSliceToRAS()
        offset = np.array([matrix.GetElement(row, 3) for row in range(3)]) @ normal
        center = frame.center + normal * (offset - frame.center @ normal)
        for row in range(3):
            matrix.SetElement(row, 3, center[row])
        first.node.SetXYZOrigin(0, 0, 0)
        first.node.SetFieldOfView(width, width * height / self.cellWidth, first.node.GetFieldOfView()[2])
        first.node.UpdateMatrices()
        for cell in self.cells[1:]:
            cell.view.resize(self.cellWidth, height)
            matchView(first.node, cell.view.node)

    # What is shown

    def setWindow(self, window):
        self.window = window or self._robustWindow()
        for cell, node in zip(self.cells, self.nodes, strict=True):
            limits = self.window if cell.residual is None else _symmetricWindow(cell.residual)
            node.GetDisplayNode().SetWindowLevelMinMax(*limits)

    def _robustWindow(self):
        selected = self._cut()[2]
        image = np.asarray(self.standard.voxels[selected], float)
        lesion = np.zeros(image.shape, bool) if self.lesion is None else self.lesion[selected]
        return framing.windowOf(image, framing.headPixels(image), lesion)

    def _addOutlines(self):
        slicer = importSlicer()
        node = self.segmentation = self.headless.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Regions")
        node.CreateDefaultDisplayNodes()
        node.SetReferenceImageGeometryParameterFromVolumeNode(self.nodes[0])
        for region, mask in zip(self.regions, self.masks, strict=True):
            if mask.any():
                name = node.GetSegmentation().AddEmptySegment("", region.name, list(framing.colorOf(region)))
                slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, name, self.nodes[0])
        display = node.GetDisplayNode()
        display.SetVisibility2DFill(False)
        display.SetVisibility2DOutline(True)
        display.SetSliceIntersectionThickness(2)
        display.SetAllSegmentsOpacity2DOutline(1.0)

    # The page

    def compose(self, title, *, zoom):
        viewHeight = self.cells[0].view.window.GetSize()[1]
        top = CAPTION + GAP + (26 if title else 0)
        below = top + viewHeight + STRIP + GAP
        zoomHeight = round(ZOOM_SHAPE * self.cellWidth) if zoom else 0
        bottom = below + zoomHeight if zoom else below - GAP
        page = Canvas(GAP + len(self.cells) * (self.cellWidth + GAP), bottom + FOOTER)
        page.text(title, GAP, 12, size=18, bold=True)
        for left, cell in self._columns():
            self._putView(page, cell, left, top, viewHeight)
        self._putNames(page, GAP, top)
        detail = self._lesionFrame() if zoom else None
        if zoom:
            self._putDetails(page, detail, top, below, zoomHeight)
        self._putFooter(page, bottom + 8, detail)
        return page

    def _columns(self):
        """(left, cell) of each column of the page."""
        return [(GAP + n * (self.cellWidth + GAP), cell) for n, cell in enumerate(self.cells)]

    def _putView(self, page, cell, left, top, height):
        page.text(cell.label, left, top - CAPTION + 8, size=18, color=cell.color, bold=True)
        page.paste(cell.view.pixels(), left, top)
        page.fill(left, top + height, self.cellWidth, STRIP, color=(0, 0, 0))
        if cell.isEnhanced:
            page.text(LABEL.replace(". AI", ".\nAI"), left + 8, top + height + 4, size=13, color=(0.95, 0.95, 0.95))
        if cell.residual is not None:
            limit = _symmetricWindow(cell.residual)[1]
            page.text(f"black to white: -{limit:.4g} to {limit:.4g}", left + 8, top + height + 4, size=13)
        right, up, _normal = self._axes()
        page.text(framing.sides(-right), left + 8, top + height // 2, size=16, shadow=True)
        page.text(framing.sides(right), left + self.cellWidth - 8, top + height // 2, size=16, shadow=True, right=True)
        page.text(framing.sides(up), left + self.cellWidth // 2, top + 6, size=16, shadow=True)

    def _putNames(self, page, left, top):
        """Beside each region that the slice cuts, its name, in one view only."""
        view = self.cells[0].view
        height, names = view.window.GetSize()[1], []
        for region, mask in zip(self.regions, self.masks, strict=True):
            points = self._pointsOf(mask[self._cut()[2]])
            if len(points):
                places = np.array([view.positionOf(point)[:2] for point in _extremes(points)])
                x = _besideX(places[:, 0], LETTER * len(region.name), self.cellWidth)
                names.append((region.name, framing.colorOf(region), x, int(height - places[:, 1].mean()) - 9))
        for text, color, x, y in _apart(names, height):
            page.text(text, left + x, top + y, size=14, color=color, bold=True, shadow=True)

    def _putDetails(self, page, frame, top, below, height):
        """Mark the enlarged part in the views, and show it below them without outlines."""
        view = self.cells[0].view
        viewHeight = view.window.GetSize()[1]
        x, y, _distance = view.positionOf(frame.center)
        half = np.array([frame.width, frame.height]) * self.cellWidth / view.node.GetFieldOfView()[0] / 2
        low = np.rint(np.maximum([x - half[0], viewHeight - y - half[1]], 0)).astype(int)
        high = np.rint(np.minimum([x + half[0], viewHeight - y + half[1]], [self.cellWidth, viewHeight])).astype(int)
        for left, _cell in self._columns():
            page.frame(left + low[0], top + low[1], *(high - low), color=(0.75, 0.75, 0.78))
        self.segmentation.GetDisplayNode().SetVisibility2D(False)
        self._show(frame, height)
        for left, cell in self._columns():
            page.paste(cell.view.pixels(), left, below)

    def _putFooter(self, page, top, detail):
        axis, index, _selected = self._cut()
        low, high = self.window
        text = f"{self.plane}, slice {index + 1} of {self.standard.voxels.shape[axis]}, window {low:.4g} to {high:.4g}"
        enlarged = f"; enlarged part {detail.width:.0f} mm wide" if detail else ""
        page.text(text + enlarged, GAP, top, size=13, color=(0.6, 0.6, 0.63))

    def remove(self):
        """Take out of the scene what was not there before, also what views and displays added by themselves."""
        for cell in self.cells:
            cell.view.release()
        for node in reversed([node for node in _nodesOf(self.headless.scene) if node not in self.nodesBefore]):
            self.headless.scene.RemoveNode(node)


def _nodesOf(scene):
    return [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]


def _symmetricWindow(residual):
    limit = float(np.percentile(np.abs(residual.voxels), 99.7)) or 1.0
    return -limit, limit


def _extremes(points):
    """The points with the smallest and largest coordinate along each axis; enough for a bounding box."""
    return points[np.unique([*points.argmin(axis=0), *points.argmax(axis=0)])]


def _besideX(xs, textWidth, width):
    """Where a text starts so that it stands right of a region, or left of it where there is no room."""
    right = int(xs.max()) + 8
    return right if right + textWidth <= width else max(int(xs.min()) - 8 - textWidth, 4)


def _apart(names, height):
    """(text, color, x, y) moved down where one would cover another."""
    placed = []
    for text, color, x, top in sorted(names, key=lambda entry: entry[3]):
        y = min(max(top, 4), height - 24)
        while any(
            abs(y - other[3]) < 17 and abs(x - other[2]) < LETTER * max(len(text), len(other[0])) for other in placed
        ):
            y += 17
        placed.append((text, color, x, y))
    return placed
