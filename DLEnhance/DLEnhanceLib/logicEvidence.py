"""The part of DL Enhance's logic that shows where a change exceeds what noise explains. No Qt.

Example::

    logic.showEvidence()                    # colors over the image, in noise SDs beyond the explained ones
    evidenceNode = logic.evidenceNode()     # the map as a volume, float32
    logic.hideEvidence()
"""

from . import sceneEvidence, sceneVolumes
from .backgroundJob import BackgroundJob

KIND = "evidence"


class EvidenceActions:
    """Needs of its owner: finished (FinishedRun or None), _requireFinished(), derivedNodes()."""

    _evidenceStrengths = None

    def startEvidence(self) -> BackgroundJob:
        """Compute the map at the strengths of now in the background; hand the job to ``finishEvidence``."""
        from .guard import evidenceMap

        run = self._requireFinished().run
        arguments = (run.source, run.components, run.strengths, run.survey)
        return BackgroundJob(lambda _job: (run.strengths, evidenceMap(*arguments))).start()

    def finishEvidence(self, job: BackgroundJob):
        """The node with the map, None if the strengths have changed since. Raises what the job raised."""
        if job.error is not None:
            raise job.error
        strengths, values = job.result
        if self.finished is None or not self.finished.isAlive() or self.finished.run.strengths != strengths:
            return None
        return self._keepEvidence(strengths, values)

    def evidenceNode(self):
        """The map at the strengths shown now, a volume in noise SDs beyond the explained ones; blocks if need be."""
        from .guard import evidenceMap

        finished = self._requireFinished()
        if self.isEvidenceCurrent:
            return sceneVolumes.derivedNode(finished.outputNode, KIND)
        run = finished.run
        return self._keepEvidence(run.strengths, evidenceMap(run.source, run.components, run.strengths, run.survey))

    @property
    def isEvidenceCurrent(self) -> bool:
        """Whether there is a map of the strengths shown now."""
        finished = self.finished
        hasNode = self._knownEvidence() is not None
        return hasNode and self._evidenceStrengths == (finished.outputNode, finished.run.strengths)

    @property
    def isEvidenceShown(self) -> bool:
        return sceneEvidence.isShown(self._knownEvidence())

    def showEvidence(self):
        """Lay the map over input, output and residual wherever ordinary slice views show them."""
        finished = self._requireFinished()
        family = [finished.outputNode, finished.inputNode, *self.derivedNodes()]
        sceneEvidence.showOver(self.evidenceNode(), family)

    def hideEvidence(self):
        sceneEvidence.hide(self._knownEvidence())

    def _knownEvidence(self):
        if self.finished is None or not self.finished.isAlive():
            return None
        return sceneVolumes.derivedNode(self.finished.outputNode, KIND)

    def _keepEvidence(self, strengths, values):
        finished = self._requireFinished()
        node = sceneVolumes.derivedNode(finished.outputNode, KIND)
        if node is not None:
            sceneVolumes.setVoxels(node, values)
        else:
            name = f"{finished.inputNode.GetName()} {KIND}"
            node = sceneVolumes.addVolumeNode(finished.run.source.withVoxels(values), name, source=finished.inputNode)
            sceneVolumes.setDerivedNode(finished.outputNode, KIND, node)
            sceneEvidence.showAsEvidence(node)
        self._evidenceStrengths = (finished.outputNode, strengths)
        return node
