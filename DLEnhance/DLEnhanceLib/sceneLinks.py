"""What keeps two compared views alike where they should be, and apart where they must be."""

import slicer
import vtk


class PairGuard:
    """Keeps each view's own volume: linked views would all take a volume chosen, or loaded, in one of them."""

    def __init__(self, wanted):
        """wanted: {slice composite node: volume node}."""
        self._wanted, self._busy = dict(wanted), False
        self._tags = [(c, c.AddObserver(vtk.vtkCommand.ModifiedEvent, self._keep)) for c in self._wanted]

    def _keep(self, _caller, _event):
        if self._busy:
            return
        self._busy = True
        try:
            for composite, volume in self._wanted.items():
                self._putBack(composite, volume)
        finally:
            self._busy = False

    @staticmethod
    def _putBack(composite, volume):
        scene = composite.GetScene()
        if scene is None or not scene.IsNodePresent(volume):  # putting back a removed volume would never end
            return
        if composite.GetBackgroundVolumeID() != volume.GetID():
            composite.SetBackgroundVolumeID(volume.GetID())

    def release(self):
        for composite, tag in self._tags:
            composite.RemoveObserver(tag)
        self._tags = []


class WindowLevelLink:
    """Gives every volume the window and level that one of them was given; each keeps its own display node.

    At the start the first volume's values are taken, automatic window and level is switched off in all.
    """

    def __init__(self, *volumeNodes):
        self._displays, self._busy = [_displayOf(node) for node in volumeNodes], False
        self._tags = [(d, d.AddObserver(vtk.vtkCommand.ModifiedEvent, self._mirror)) for d in self._displays]
        self._displays[0].SetAutoWindowLevel(False)
        self._mirror(self._displays[0], None)

    def _mirror(self, caller, _event):
        if self._busy:
            return
        self._busy = True
        try:
            for display in self._displays:
                if display is not caller:
                    _copyWindowLevel(caller, display)
        finally:
            self._busy = False

    def release(self):
        for display, tag in self._tags:
            display.RemoveObserver(tag)
        self._tags = []


def _displayOf(volumeNode):
    if volumeNode.GetDisplayNode() is None:
        volumeNode.CreateDefaultDisplayNodes()
    return volumeNode.GetDisplayNode()


def _copyWindowLevel(source, target):
    with slicer.util.NodeModify(target):
        target.SetAutoWindowLevel(False)
        target.SetWindowLevel(source.GetWindow(), source.GetLevel())
