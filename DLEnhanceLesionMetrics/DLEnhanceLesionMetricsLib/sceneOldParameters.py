"""Scenes of other versions: a parameter with a choice that this version lacks goes back to its usual value."""

import vtk
from slicer.util import VTKObservationMixin

from .lesionNoise import Noise

CHOICES = {"noise": (tuple(Noise.__members__), Noise.TISSUE_SD.name)}
"""Stored names of each parameter that is a choice, and the usual one."""
BEFORE_ALL_OTHERS = 1.0


class ParameterRepair(VTKObservationMixin):
    """Keeps the choices in a parameter node among those that exist, from the first watch() until release()."""

    def __init__(self):
        VTKObservationMixin.__init__(self)
        self._node = None

    def watch(self, node):
        """Repair a parameter node now, and again whenever a loaded scene brings other values. Returns the node."""
        self._node = node
        repair(node)
        if not self.hasObserver(node, vtk.vtkCommand.ModifiedEvent, self._onModified):
            # The panel reads the parameters at this event too, and an unknown choice would raise there.
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._onModified, priority=BEFORE_ALL_OTHERS)
        return node

    def check(self):
        """Repair the watched node: while a scene is imported, regions come before its parameters report."""
        if self._node is not None:
            repair(self._node)

    def release(self):
        self.removeObservers()

    def _onModified(self, node, _event=None):
        repair(node)


def repair(node):
    """Set every unknown choice of a vtkMRMLScriptedModuleNode to its usual value."""
    for name, (known, usual) in CHOICES.items():
        if node.HasParameter(name) and node.GetParameter(name) not in known:
            node.SetParameter(name, usual)
