"""What keeps compared views alike where they should be, and apart where they must be."""

import dataclasses

import slicer
import vtk

from .sceneLayouts import matchPosition, matchZoom
from .windowMatch import SAME_PERCENTILES, SAME_VALUES, PercentileMap


@dataclasses.dataclass(frozen=True)
class Links:
    """What the compared views share; which volume a view shows is never linked.

    position: slice and orientation; zoom: zoom and pan; window: window and level; windowMatch: what the same window
    means, equal values or equal percentiles (for volumes of different intensity scale).
    """

    position: bool = True
    zoom: bool = True
    window: bool = True
    windowMatch: str = SAME_VALUES


class PairGuard:
    """Keeps each view's own volumes: linked views would all take a volume chosen, or loaded, in one of them."""

    def __init__(self, wanted):
        """wanted: {slice composite node: (background volume node, foreground volume node or None)}."""
        self._wanted, self._busy = dict(wanted), False
        self._tags = [(c, c.AddObserver(vtk.vtkCommand.ModifiedEvent, self._keep)) for c in self._wanted]
        self._keep()

    def _keep(self, _caller=None, _event=None):
        if self._busy:
            return
        self._busy = True
        try:
            for composite, volumes in self._wanted.items():
                self._putBack(composite, *volumes)
        finally:
            self._busy = False

    @staticmethod
    def _putBack(composite, background, foreground):
        scene = composite.GetScene()
        wanted = [volume for volume in (background, foreground) if volume is not None]
        if scene is None or not all(scene.IsNodePresent(volume) for volume in wanted):
            return  # putting back a removed volume would never end
        if composite.GetBackgroundVolumeID() != background.GetID():
            composite.SetBackgroundVolumeID(background.GetID())
        foregroundId = foreground.GetID() if foreground is not None else None
        if (composite.GetForegroundVolumeID() or None) != foregroundId:
            composite.SetForegroundVolumeID(foregroundId)

    def release(self):
        for composite, tag in self._tags:
            composite.RemoveObserver(tag)
        self._tags = []


class ViewLink:
    """Links position and zoom of slice nodes, together or one alone.

    Together Slicer's own linking does it, which follows every kind of mouse action; it cannot do one without the other,
    so for that the views are watched and the part that is wanted is copied.
    """

    def __init__(self, sliceNodes, compositeNodes, links):
        isBoth = links.position and links.zoom
        for composite in compositeNodes:
            composite.SetLinkedControl(isBoth)
            composite.SetHotLinkedControl(isBoth)  # follow during the drag, not only at its end
        self._nodes, self._busy, self._tags = list(sliceNodes), False, []
        self._match = matchPosition if links.position else matchZoom
        if links.position != links.zoom:
            self._tags = [(n, n.AddObserver(vtk.vtkCommand.ModifiedEvent, self._mirror)) for n in self._nodes]

    def _mirror(self, caller, _event):
        if self._busy:
            return
        self._busy = True
        try:
            for node in self._nodes:
                if node is not caller:
                    self._match(caller, node)
        finally:
            self._busy = False

    def release(self):
        for node, tag in self._tags:
            node.RemoveObserver(tag)
        self._tags = []


class WindowLevelLink:
    """Gives each of two volumes the window and level that the other was given; each keeps its own display node.

    At the start the first volume's window is taken; automatic window and level is switched off in both.
    """

    def __init__(self, standardNode, enhancedNode, *, match=SAME_VALUES):
        self._displays, self._busy = [displayOf(node) for node in (standardNode, enhancedNode)], False
        self._map = _percentileMap(standardNode, enhancedNode) if match == SAME_PERCENTILES else None
        self._tags = [(d, d.AddObserver(vtk.vtkCommand.ModifiedEvent, self._mirror)) for d in self._displays]
        self._displays[0].SetAutoWindowLevel(False)
        self._mirror(self._displays[0], None)

    def _mirror(self, caller, _event):
        if self._busy:
            return
        self._busy = True
        try:
            isFirst = caller is self._displays[0]
            self._copyWindow(caller, self._displays[1 if isFirst else 0], isFirst)
        finally:
            self._busy = False

    def _copyWindow(self, source, target, isToSecond):
        with slicer.util.NodeModify(target):
            target.SetAutoWindowLevel(False)
            if self._map is None:
                target.SetWindowLevel(source.GetWindow(), source.GetLevel())
            else:
                mapped = self._map.toSecond if isToSecond else self._map.toFirst
                low, high = mapped(source.GetWindowLevelMin()), mapped(source.GetWindowLevelMax())
                target.SetWindowLevelMinMax(low, high)

    def release(self):
        for display, tag in self._tags:
            display.RemoveObserver(tag)
        self._tags = []


def displayOf(volumeNode):
    """The display node, made where there is none."""
    if volumeNode.GetDisplayNode() is None:
        volumeNode.CreateDefaultDisplayNodes()
    return volumeNode.GetDisplayNode()


def _percentileMap(standardNode, enhancedNode):
    return PercentileMap(*(slicer.util.arrayFromVolume(node) for node in (standardNode, enhancedNode)))
