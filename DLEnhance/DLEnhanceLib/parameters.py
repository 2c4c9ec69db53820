"""What the user chose in DL Enhance, kept in the scene. Enum members are stored by name: never rename them."""

import enum
from typing import Annotated

from slicer import vtkMRMLScalarVolumeNode  # the wrapper finds node types among this module's globals
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

from .strengths import DEFAULT_PRESET, PRESETS, Strengths

Percent = Annotated[float, WithinRange(0, 100)]


class Preset(enum.Enum):
    """Three settings of the sliders by name; CUSTOM is whatever else they show."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CUSTOM = "custom"

    def label(self):
        return {"low": _("Low"), "medium": _("Medium"), "high": _("High"), "custom": _("Custom")}[self.value]


class Profile(enum.Enum):
    """How the first estimate of the noise is made: by the network or by a fixed filter."""

    FULL = "full"
    FAST = "fast"

    def label(self):
        return {"full": _("Full (best image)"), "fast": _("Fast (no network)")}[self.value]


def _percentOf(component):
    return 100.0 * getattr(PRESETS[DEFAULT_PRESET], component)


@parameterNodeWrapper
class EnhanceParameters:
    """Percentages are 0 to 100 of each component removed (noise, ringing) or put back (blur)."""

    inputVolume: vtkMRMLScalarVolumeNode
    outputVolume: vtkMRMLScalarVolumeNode
    preset: Preset = Preset(DEFAULT_PRESET)
    denoisePercent: Percent = _percentOf("denoise")
    deringPercent: Percent = _percentOf("dering")
    sharpenPercent: Percent = _percentOf("sharpen")
    profile: Profile = Profile.FULL


def strengthsOf(parameters) -> Strengths:
    """The sliders as fractions; percentages that an old scene brings from outside 0 to 100 are cut to it."""
    percents = (parameters.denoisePercent, parameters.deringPercent, parameters.sharpenPercent)
    return Strengths(*(min(max(percent, 0.0), 100.0) / 100.0 for percent in percents))


def setStrengths(parameters, strengths: Strengths):
    parameters.denoisePercent = 100.0 * strengths.denoise
    parameters.deringPercent = 100.0 * strengths.dering
    parameters.sharpenPercent = 100.0 * strengths.sharpen


def presetOf(strengths: Strengths) -> Preset:
    """The preset that has these strengths to 0.1 %, else CUSTOM."""
    for name, preset in PRESETS.items():
        apart = (
            strengths.denoise - preset.denoise,
            strengths.dering - preset.dering,
            strengths.sharpen - preset.sharpen,
        )
        if max(map(abs, apart)) < 1e-3:
            return Preset(name)
    return Preset.CUSTOM


class PresetLink:
    """Keeps preset and sliders of one parameter node consistent, whichever was changed last. Call ``update`` after."""

    def __init__(self, parameters):
        self._parameters, self._busy = parameters, False
        self._strengths = self._preset = None
        self._follow(presetOf(strengthsOf(parameters)))

    def update(self):
        """A preset chosen anew sets the sliders; a slider moved shows the preset it fits, else Custom."""
        if self._busy:
            return
        parameters = self._parameters
        if parameters.preset not in (self._preset, Preset.CUSTOM):
            self._follow(parameters.preset)
        elif strengthsOf(parameters) != self._strengths:
            self._follow(presetOf(strengthsOf(parameters)))
        else:
            self._preset = parameters.preset

    def _follow(self, preset):
        self._busy = True  # each assignment notifies our caller
        self._parameters.preset = preset
        if preset != Preset.CUSTOM:
            setStrengths(self._parameters, PRESETS[preset.value])
        self._preset, self._strengths = preset, strengthsOf(self._parameters)
        self._busy = False
