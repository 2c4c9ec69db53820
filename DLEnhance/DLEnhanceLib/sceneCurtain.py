"""A curtain in a slice view: the background on the left of its border, the foreground on the right. No Qt.

The slice logic's own blending is limited to the right part by a stencil. So both halves are Slicer's usual display
(window, zoom, interpolation, outlines), and no volume made of two exists that could be measured or exported by mistake.
"""

import vtk

GRIP_PIXELS = 7
STEP = 0.02
_FARTHEST = 1 << 15  # pixels; wider than any view
_BEFORE_SLICER = 10.0  # priority of our mouse observers over those of the view's interactor style


class Curtain:
    """The stencil of one slice logic. position: of the border, 0 (left edge) to 1 (right edge of the view)."""

    def __init__(self, sliceLogic):
        self._logic, self.position = sliceLogic, 0.5
        self._box = vtk.vtkROIStencilSource()
        self._box.SetShapeToBox()
        self._box.SetOutputWholeExtent(0, _FARTHEST, 0, _FARTHEST, 0, 0)
        self._node = sliceLogic.GetSliceNode()
        self._tag = self._node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._onViewModified)
        self._applied = None
        sliceLogic.GetBlend().SetStencilConnection(self._box.GetOutputPort())
        self.setPosition(0.5)

    @property
    def width(self):
        """Of the view, in pixels."""
        return max(1, self._node.GetDimensions()[0])

    def setPosition(self, position):
        self.position = min(max(float(position), 0.0), 1.0)
        self._apply()

    def _apply(self):
        border = round(self.position * self.width) - 0.5
        if border != self._applied:
            self._applied = border
            self._box.SetBounds(border, _FARTHEST, -1, _FARTHEST, -1, 1)

    def _onViewModified(self, _caller, _event):
        """The border keeps its share of a view that changes its size."""
        self._apply()

    def release(self):
        self._node.RemoveObserver(self._tag)
        self._logic.GetBlend().SetStencilData(None)


class CurtainBorder:
    """The line over the border, and the mouse that drags it. onDragged(position) gets 0..1.

    window: the view's vtkRenderWindow; requestRender() is called when the line has changed its look.
    """

    def __init__(self, window, *, onDragged, requestRender):
        self._window, self._onDragged, self._requestRender = window, onDragged, requestRender
        self._renderer = window.GetRenderers().GetItemAsObject(0)
        self._position, self._isDragging = 0.5, False
        self._points, self._actor = vtk.vtkPoints(), vtk.vtkActor2D()
        self._makeLine()
        self._renderer.AddViewProp(self._actor)
        self._interactor, self._tags = window.GetInteractor(), {}
        self._watchMouse()
        self.setPosition(0.5)

    def setPosition(self, position):
        self._position = position
        for row in range(2):
            self._points.SetPoint(row, position, row, 0.0)
        self._points.Modified()

    def setVisible(self, isVisible):
        self._actor.SetVisibility(isVisible)

    def release(self):
        self._renderer.RemoveViewProp(self._actor)
        for tag in self._tags.values():
            self._interactor.RemoveObserver(tag)
        self._tags = {}

    def _makeLine(self):
        self._points.SetNumberOfPoints(2)
        cells = vtk.vtkCellArray()
        cells.InsertNextCell(2, (0, 1))
        line = vtk.vtkPolyData()
        line.SetPoints(self._points)
        line.SetLines(cells)
        place = vtk.vtkCoordinate()
        place.SetCoordinateSystemToNormalizedViewport()
        mapper = vtk.vtkPolyDataMapper2D()
        mapper.SetInputData(line)
        mapper.SetTransformCoordinate(place)
        self._actor.SetMapper(mapper)
        self._setLook(isGrabbed=False)

    def _setLook(self, *, isGrabbed):
        look = self._actor.GetProperty()
        look.SetColor((1.0, 0.85, 0.35) if isGrabbed else (0.9, 0.9, 0.9))
        look.SetLineWidth(3.0 if isGrabbed else 1.5)

    # Mouse: only a press on the line is taken, everything else goes on to Slicer

    def _watchMouse(self):
        if self._interactor is None:
            return
        for event, slot in (
            ("LeftButtonPressEvent", self._onPress),
            ("MouseMoveEvent", self._onMove),
            ("LeftButtonReleaseEvent", self._onRelease),
        ):
            self._tags[event] = self._interactor.AddObserver(event, slot, _BEFORE_SLICER)

    def _onPress(self, _caller, event):
        if self._isNear() and self._actor.GetVisibility():
            self._isDragging = True
            self._take(event)
            self._setLook(isGrabbed=True)
            self._requestRender()

    def _onMove(self, _caller, event):
        if self._isDragging:
            self._take(event)
            x = self._interactor.GetEventPosition()[0]
            self._onDragged(min(max(x / max(1, self._window.GetSize()[0]), 0.0), 1.0))

    def _onRelease(self, _caller, event):
        if self._isDragging:
            self._isDragging = False
            self._take(event)
            self._setLook(isGrabbed=False)
            self._requestRender()

    def _isNear(self):
        x = self._interactor.GetEventPosition()[0]
        return abs(x - self._position * self._window.GetSize()[0]) <= GRIP_PIXELS

    def _take(self, event):
        """Slicer must not also pan, change the window or place a point."""
        self._interactor.GetCommand(self._tags[event]).SetAbortFlag(1)
