"""What a scene adds to the plain measurement: repeats, noise maps, and measures that wait while something moves."""

import dataclasses
from collections.abc import Callable

from DLEnhanceLib.errors import BadOption, DLEnhanceError
from DLEnhanceLib.sceneVolumes import isInScene

from .measurement import ENHANCED, STANDARD, gridMismatch
from .sceneShapes import volumeView

SURROUND_METRICS = ("conspicuity", "noise_frequency")
WAITING = "Not measurable: it is measured when nothing moves."


@dataclasses.dataclass(frozen=True)
class NoiseSources:
    """repeats: condition to a node with a second acquisition, or None; samples: to a noise image (k, j, i)."""

    repeats: dict = dataclasses.field(default_factory=dict)
    samples: dict | None = None


@dataclasses.dataclass(frozen=True)
class FoundNoise:
    """The sources that a noise method needs, as the core takes them, and a sentence for each that cannot be used."""

    method: str
    repeats: dict = dataclasses.field(default_factory=dict)
    maps: dict = dataclasses.field(default_factory=dict)
    samples: dict | None = None
    problems: tuple[str, ...] = ()

    def noiseImages(self, volumes: dict) -> list:
        """Images of the noise alone, for its spectrum; volumes: condition to Volume."""
        from .surroundRows import differenceImages, replicaImages

        if self.repeats:
            return [differenceImages({key: (volumes[key], repeat) for key, repeat in self.repeats.items()})]
        return [replicaImages(self.samples)] if self.samples else []


def readNoise(sources: NoiseSources, nodes: dict, volumes: dict, method: str) -> FoundNoise:
    """nodes, volumes: by condition; the enhanced ones may be missing. Never raises."""
    if method == "pseudo_replica":
        from .sceneNoise import noiseMaps

        maps, problem = noiseMaps(nodes.get(ENHANCED))
        return FoundNoise(method, maps=maps, samples=sources.samples, problems=(problem,) if problem else ())
    if method != "difference":
        return FoundNoise(method)
    repeats, problems = {}, []
    for condition, node in sources.repeats.items():
        if isInScene(node) and condition in volumes:
            try:
                repeats[condition] = _repeat(node, nodes[condition], volumes[condition])
            except DLEnhanceError as error:
                problems.append(str(error))
    return FoundNoise(method, repeats=repeats, problems=tuple(problems))


def _repeat(node, imageNode, volume):
    if node is imageNode:
        raise BadOption(f"{node.GetName()} is its own second acquisition: choose another volume.")
    repeat = volumeView(node)
    if not repeat.isOnGridOf(volume):
        raise BadOption(f"{gridMismatch(volume, repeat)}; a repeat must have the grid of its image.")
    return repeat


class SettlingRows:
    """Rows that take too long for a drag: measured when nothing moves, and shown without a value until then."""

    def __init__(self):
        self._key, self._rows = None, []

    def rows(self, measure: Callable[[], list], key, *, isDragged: bool):
        """(rows, whether they wait). key: equal as long as the rows are those of the same measures and regions."""
        if isDragged and key == self._key:
            return [dataclasses.replace(row, value=None, warning=WAITING) for row in self._rows], bool(self._rows)
        self._key, self._rows = None, []
        self._rows = measure()
        self._key = key
        return self._rows, False


def byCondition(standard, enhanced) -> dict:
    return {STANDARD: standard} if enhanced is None else {STANDARD: standard, ENHANCED: enhanced}
