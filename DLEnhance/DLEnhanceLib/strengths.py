"""How strongly each component is applied, and the presets."""

import dataclasses

from .errors import BadOption


@dataclasses.dataclass(frozen=True)
class Strengths:
    """Fractions 0 to 1 of the noise and ringing removed and of the blur put back."""

    denoise: float = 0.85
    dering: float = 0.50
    sharpen: float = 0.75

    def __post_init__(self):
        for name in ("denoise", "dering", "sharpen"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise BadOption(f"The {name} strength must lie between 0 and 100 %.")

    @property
    def isIdentity(self) -> bool:
        return self.denoise == self.dering == self.sharpen == 0.0


# De-ringing is met by more sharpening: Benchmarks/peerBenchmark.py shows that without it real heads lose a little edge
# slope. The last noise is left to low and medium, where it keeps the contrast of lesions of 2 to 4 mm.
PRESETS = {
    "low": Strengths(denoise=0.50, dering=0.25, sharpen=0.50),
    "medium": Strengths(denoise=0.85, dering=0.50, sharpen=0.75),
    "high": Strengths(denoise=1.00, dering=0.50, sharpen=1.00),
}
DEFAULT_PRESET = "medium"
