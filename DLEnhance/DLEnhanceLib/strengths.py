"""How strongly each component is applied, and the presets."""

import dataclasses

from .errors import BadOption


@dataclasses.dataclass(frozen=True)
class Strengths:
    """Fractions 0 to 1 of the noise and ringing removed and of the blur put back."""

    denoise: float = 0.75
    dering: float = 0.25
    sharpen: float = 0.50

    def __post_init__(self):
        for name in ("denoise", "dering", "sharpen"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise BadOption(f"The {name} strength must lie between 0 and 100 %.")

    @property
    def isIdentity(self) -> bool:
        return self.denoise == self.dering == self.sharpen == 0.0


# De-ringing is weak and met by sharpening: Benchmarks/peerBenchmark.py shows that more costs the edges of heads that do
# not ring their slope (2026-11: 75 % costs 4 %, 25 % with sharpening 1 to 2 %).
PRESETS = {
    "low": Strengths(denoise=0.50, dering=0.25, sharpen=0.25),
    "medium": Strengths(denoise=0.75, dering=0.25, sharpen=0.50),
    "high": Strengths(denoise=1.00, dering=0.50, sharpen=1.00),
}
DEFAULT_PRESET = "medium"
