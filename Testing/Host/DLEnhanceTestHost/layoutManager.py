"""Stand-in for qMRMLLayoutManager: real layout logic, slice nodes and slice logics; views without a window."""

import slicer
import vtk
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal

from .pythonQt import StrictAttributes

SIZE_BEFORE_LAYOUT = (595, 320)  # what Slicer reports until events were processed (guide 6.1)
SIZE = (361, 771)


class SliceController(QtWidgets.QWidget):
    """The bar over a slice view."""

    def __init__(self, sliceLogic):
        super().__init__()
        self._sliceLogic = sliceLogic

    def setSliceOffsetValue(self, offset):
        """Like the slider: an interaction, which linked views follow."""
        self._sliceLogic.StartSliceOffsetInteraction()
        self._sliceLogic.SetSliceOffset(offset)
        self._sliceLogic.EndSliceOffsetInteraction()


class SliceWidget(StrictAttributes, QtWidgets.QWidget):
    """A slice view of the layout."""

    def __init__(self, appLogic, node):
        super().__init__()
        self._node = node
        self._sliceLogic = appLogic.GetSliceLogic(node) or _newSliceLogic(appLogic, node)
        self._controller = SliceController(self._sliceLogic)
        self._sliceLogic.ResizeSliceNode(*SIZE_BEFORE_LAYOUT)
        self._window = vtk.vtkRenderWindow()  # never rendered
        self._window.AddRenderer(vtk.vtkRenderer())

    def renderWindow(self):
        return self._window

    def sliceLogic(self):
        return self._sliceLogic

    def sliceController(self):
        return self._controller

    def sliceView(self):
        return self

    def mrmlSliceNode(self):
        return self._node

    def mrmlSliceCompositeNode(self):
        return self._sliceLogic.GetSliceCompositeNode()

    def fitSliceToBackground(self):
        self._sliceLogic.FitSliceToBackground()

    def scheduleRender(self):
        pass

    def forceRender(self):
        pass


def _newSliceLogic(appLogic, node):
    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(appLogic)
    appLogic.GetSliceLogics().AddItem(logic)  # linking looks here
    logic.SetMRMLScene(appLogic.GetMRMLScene())
    logic.SetSliceNode(node)
    return logic


class LayoutManager(StrictAttributes, QtCore.QObject):
    """What slicer.app.layoutManager() gives in a session with a main window."""

    layoutChanged = Signal(int)

    def __init__(self, headless):
        super().__init__()
        self._appLogic, self._scene = headless.appLogic, headless.scene
        self._layoutLogic = slicer.vtkMRMLLayoutLogic()
        self._layoutLogic.SetMRMLScene(self._scene)
        self._widgets, self._pending = {}, []
        self._layoutLogic.GetLayoutNode().SetViewArrangement(0)
        self._tag = self._layoutLogic.GetLayoutNode().AddObserver(vtk.vtkCommand.ModifiedEvent, self._onModified)
        self._shown = 0

    def release(self):
        """Before the scene is emptied: the layout logic would make the removed layout node anew, for ever."""
        self._layoutLogic.GetLayoutNode().RemoveObserver(self._tag)
        self._layoutLogic.SetMRMLScene(None)

    def layoutLogic(self):
        return self._layoutLogic

    def setLayout(self, layout):
        self._layoutLogic.GetLayoutNode().SetViewArrangement(layout)

    def _onModified(self, caller, event):
        if self.layout != self._shown:
            self._shown = self.layout
            self._pending += [self.sliceWidget(name) for name in self.sliceViewNames()]
            self.layoutChanged.emit(self._shown)

    def layOutViews(self):
        """Views get their true size when events are processed, not before."""
        for widget in self._pending:
            widget.sliceLogic().ResizeSliceNode(*SIZE)
        self._pending = []

    def sliceViewNames(self):
        """All slice views ever shown; ours stay after another layout is chosen."""
        nodes = self._scene.GetNodesByClass("vtkMRMLSliceNode")
        return tuple(nodes.GetItemAsObject(i).GetLayoutName() for i in range(nodes.GetNumberOfItems()))

    def sliceWidget(self, name):
        if name not in self._widgets:
            node = self._scene.GetSingletonNode(name, "vtkMRMLSliceNode")
            if node is None:
                return None
            self._widgets[name] = SliceWidget(self._appLogic, node)
        return self._widgets[name]

    def resetSliceViews(self):
        for name in self.sliceViewNames():
            self.sliceWidget(name).fitSliceToBackground()

    layout = Property(int, lambda self: self._layoutLogic.GetLayoutNode().GetViewArrangement(), setLayout)
    threeDViewCount = Property(int, lambda self: 0)
    tableViewCount = Property(int, lambda self: 0)
    plotViewCount = Property(int, lambda self: 0)
