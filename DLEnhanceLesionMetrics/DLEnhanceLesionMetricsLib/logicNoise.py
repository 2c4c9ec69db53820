"""The part of the logic that finds noise where one image cannot tell it: by a repeat or pseudo-replicas. No Qt."""

import dataclasses
from typing import Any

from DLEnhanceLib.backgroundJob import BackgroundJob
from DLEnhanceLib.errors import BadOption, DLEnhanceError, EnhancementCanceled, MissingPackage
from DLEnhanceLib.sceneVolumes import isInScene, volumeFromNode

from .measurement import ENHANCED, STANDARD
from .regions import AIR
from .sceneSurround import NoiseSources

REPLICAS = 20


@dataclasses.dataclass(frozen=True)
class PendingNoise:
    """Noise maps under way: poll ``job``, then give this to ``finishNoiseMap``."""

    job: BackgroundJob
    standardNode: Any
    enhancedNode: Any
    volume: Any
    state: str


class NoiseActions:
    """A part of DLEnhanceLesionMetricsLogic.

    Needs of its owner: parameters, update(), _measurement, _standard() and _pair().
    """

    def _startNoise(self, makeBackend=None):
        """makeBackend(profile=, device=) gives what runs the network; torchBackend.makeBackend by default."""
        self.makeBackend = makeBackend or _torchBackend
        self._samples = None

    def noiseMapObstacle(self) -> str:
        """Why the noise cannot be mapped by pseudo-replicas now; empty when it can."""
        from .sceneNoise import recipeOf

        try:
            recipeOf(self._pair()[1])
            self._mappedRegions()
        except DLEnhanceError as error:
            return str(error)
        return ""

    def mapNoise(self, *, replicas=REPLICAS, wholeHead=False):
        """Map the noise before and after enhancement by pseudo-replicas, and return the enhanced volume's map node.

        Blocks; startNoiseMap does not. wholeHead: else only around the regions, which is much quicker. Raises a
        DLEnhanceError when the enhanced volume was not made by DL Enhance, or without a region.
        """
        pending = self.startNoiseMap(replicas=replicas, wholeHead=wholeHead)
        while not pending.job.done(0.1):
            pass
        return self.finishNoiseMap(pending)

    def startNoiseMap(self, *, replicas=REPLICAS, wholeHead=False) -> PendingNoise:
        """Start mapping in the background; torch is imported and the model loaded before this returns."""
        from .enhancerNoise import enhancerNoise  # here and not in the thread: imports there can freeze the window
        from .sceneNoise import recipeOf, stateOf

        standardNode, enhancedNode = self._pair()
        recipe = recipeOf(enhancedNode)
        regions = None if wholeHead else self._mappedRegions()
        backend = self.makeBackend(profile=recipe.profile, device="auto")
        volume = volumeFromNode(standardNode, inWorld=True)
        enhanced = volumeFromNode(enhancedNode, inWorld=True)
        if not enhanced.isOnGridOf(volume):
            raise BadOption("The enhanced volume is not on the grid of the standard volume; enhance it again first.")

        def work(job):
            options = {"regions": regions, "enhanced": enhanced, "replicas": replicas}
            return enhancerNoise(volume, backend, recipe.strengths, **options, reportProgress=job.report)

        job = BackgroundJob(work).start()
        return PendingNoise(job, standardNode, enhancedNode, volume, stateOf(enhancedNode))

    def finishNoiseMap(self, pending: PendingNoise):
        """Show the maps of a job that is done, and measure with them. Raises what the job raised."""
        from .sceneNoise import showNoiseMaps, stateOf

        if pending.job.error is not None:
            raise pending.job.error
        if not (isInScene(pending.standardNode) and isInScene(pending.enhancedNode)):
            raise EnhancementCanceled("A volume was removed meanwhile; no noise map was made.")
        if stateOf(pending.enhancedNode) != pending.state:
            raise EnhancementCanceled("The enhanced volume was changed meanwhile; compute the noise map again.")
        found = pending.job.result
        nodes = showNoiseMaps(pending.standardNode, pending.enhancedNode, pending.volume, found)
        samples = {STANDARD: found.standardSample, ENHANCED: found.enhancedSample}
        self._samples = (pending.enhancedNode, pending.state, samples)
        self.update(force=True)
        return nodes[ENHANCED]

    def noiseMapNode(self):
        """The noise map of the enhanced volume, or None."""
        from .sceneNoise import mapNodes

        return mapNodes(self.parameters.enhancedVolume).get(ENHANCED)

    def _mappedRegions(self):
        regions = [region for region in self._measurement.coreRegions() if region.role != AIR]
        if not regions:
            raise BadOption("Place a lesion first: the noise is mapped around the regions.")
        return regions

    def _noiseSources(self):
        """What the measurement needs beyond the pair: a sceneSurround.NoiseSources."""
        parameters = self.parameters
        repeats = {STANDARD: parameters.standardRepeat, ENHANCED: parameters.enhancedRepeat}
        samples = None
        if self._samples is not None:
            from .sceneNoise import stateOf

            node, state, images = self._samples
            if node is parameters.enhancedVolume and isInScene(node) and stateOf(node) == state:
                samples = images
        return NoiseSources(repeats, samples)


def _torchBackend(profile, device):
    try:
        from DLEnhanceLib.torchBackend import makeBackend
    except ImportError as error:
        raise MissingPackage("PyTorch is not installed; open the module DL Enhance, which installs it.") from error
    return makeBackend(profile=profile, device=device)
