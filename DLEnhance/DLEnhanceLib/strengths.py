"""How strongly each component is applied, and the presets."""

import dataclasses

from .errors import BadOption


@dataclasses.dataclass(frozen=True)
class Strengths:
    """Fractions 0 to 1 of the noise and ringing removed and of the blur put back."""

    denoise: float = 0.85
    dering: float = 0.95
    sharpen: float = 1.00

    def __post_init__(self):
        for name in ("denoise", "dering", "sharpen"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise BadOption(f"The {name} strength must lie between 0 and 100 %.")

    @property
    def isIdentity(self) -> bool:
        return self.denoise == self.dering == self.sharpen == 0.0


# The presets differ in how much of the noise goes: with 85 % of it lesions from 2 mm on pass AT6, with all of it those
# from 4 mm on. Equal de-ringing and sharpening leave the measured k-space as it is and take away half of the truncation
# overshoot (AT5); a little more sharpening makes up for the edges that removing noise softens (AT4).
PRESETS = {
    "low": Strengths(denoise=0.50, dering=0.95, sharpen=1.00),
    "medium": Strengths(denoise=0.85, dering=0.95, sharpen=1.00),
    "high": Strengths(denoise=1.00, dering=0.95, sharpen=1.00),
}
DEFAULT_PRESET = "medium"
