"""How strongly each component is applied, and the presets."""

import dataclasses

from .errors import BadOption


@dataclasses.dataclass(frozen=True)
class Strengths:
    """Fractions 0 to 1 of the noise and ringing removed and of the blur put back."""

    denoise: float = 0.75
    dering: float = 0.75
    sharpen: float = 0.25

    def __post_init__(self):
        for name in ("denoise", "dering", "sharpen"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise BadOption(f"The {name} strength must lie between 0 and 100 %.")

    @property
    def isIdentity(self) -> bool:
        return self.denoise == self.dering == self.sharpen == 0.0


PRESETS = {
    "low": Strengths(denoise=0.50, dering=0.50, sharpen=0.00),
    "medium": Strengths(denoise=0.75, dering=0.75, sharpen=0.25),
    "high": Strengths(denoise=1.00, dering=1.00, sharpen=0.50),
}
DEFAULT_PRESET = "medium"
