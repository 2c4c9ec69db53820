"""Slicer's layout manager without a window: the views of a layout are drawn off the screen. Needs slicer-core and EGL.

Example::

    headless = HeadlessSlicer()
    manager = OffscreenLayoutManager(headless, size=(900, 500))
    comparison = SliceComparison(headless.scene, manager, processEvents=manager.layOut)
    comparison.show(standardNode, enhancedNode, layout=CURTAIN)
    writePng(manager.pixels(comparison.sliceNodes), "curtain.png")
"""

import numpy as np

from .headlessSlicer import importSlicer
from .offscreenViews import OffscreenSliceView

GAP = 4


class OffscreenLayoutManager:
    """What SliceComparison needs of slicer.app.layoutManager(); size: width and height of a whole layout in pixels."""

    def __init__(self, headless, *, size=(900, 500)):
        self._headless, self._size, self._widgets = headless, size, {}
        self._layoutLogic = importSlicer().vtkMRMLLayoutLogic()
        self._layoutLogic.SetMRMLScene(headless.scene)

    def setSize(self, size):
        """For the layouts chosen from now on."""
        self._size = size

    def layoutLogic(self):
        return self._layoutLogic

    def sliceWidget(self, name):
        if name not in self._widgets:
            self._widgets[name] = OffscreenSliceWidget(self._headless.appLogic, name)
        return self._widgets[name]

    def layOut(self):
        """Share the width among the views of the chosen layout; what Slicer does when it processes events."""
        names = [node.GetLayoutName() for node in self._shownNodes()]
        width = (self._size[0] - GAP * (len(names) - 1)) // max(1, len(names))
        for name in names:
            self.sliceWidget(name).view.resize(width, self._size[1])

    def pixels(self, sliceNodes) -> np.ndarray:
        """The views of these nodes beside each other: uint8 array (row from the top, column, rgb)."""
        pictures = [self.sliceWidget(node.GetLayoutName()).view.pixels() for node in sliceNodes]
        gap = np.full((pictures[0].shape[0], GAP, 3), 60, np.uint8)
        parts = [part for picture in pictures for part in (gap, picture)][1:]
        return np.hstack(parts)

    def release(self):
        """Before the scene is emptied."""
        for widget in self._widgets.values():
            widget.view.release()
        self._widgets.clear()
        self._layoutLogic.SetMRMLScene(None)

    def _shownNodes(self):
        nodes = self._headless.scene.GetNodesByClass("vtkMRMLSliceNode")
        nodes.UnRegister(None)
        all_ = [nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems())]
        description = self._layoutLogic.GetLayoutNode().GetCurrentLayoutDescription() or ""
        return [node for node in all_ if f'singletontag="{node.GetLayoutName()}"' in description]


class OffscreenSliceWidget:
    """One view; ``view`` is its OffscreenSliceView, and its pixels are drawn when they are asked for."""

    def __init__(self, appLogic, name):
        self.view = OffscreenSliceView(appLogic, name)

    def sliceLogic(self):
        return self.view.logic

    def sliceView(self):
        return self

    def renderWindow(self):
        return self.view.window

    def mrmlSliceCompositeNode(self):
        return self.view.compositeNode

    def scheduleRender(self):
        """Nothing to do: nobody looks between two pictures."""
