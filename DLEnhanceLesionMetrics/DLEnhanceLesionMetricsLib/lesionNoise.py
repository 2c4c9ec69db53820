"""The choices of noise in words for the panel. Enum members are stored in scenes by name: never rename them."""

import enum

from .measures import NOISE_METHODS

try:
    from slicer.i18n import tr as _
except ImportError:  # slicer-core has no translations

    def _(text):
        return text


class Noise(enum.Enum):
    """The noise in the denominator of SNR and CNR; the value is the noise_method id of every exported row."""

    TISSUE_SD = "tissue_sd"
    ROI_SD = "roi_sd"
    AIR_SD = "air_sd"
    AIR_RAYLEIGH = "air_rayleigh"
    POOLED_SD = "pooled_sd"
    POOLED_SD_SUM = "pooled_sd_sum"
    POOLED_SD_SUM_AIR = "pooled_sd_sum_air"
    DIFFERENCE = "difference"
    PSEUDO_REPLICA = "pseudo_replica"

    def label(self):
        """The short name in the user's language."""
        return {
            Noise.TISSUE_SD: _("SD of the reference tissue"),
            Noise.ROI_SD: _("SD of the lesion itself (SNR only)"),
            Noise.AIR_SD: _("SD of air"),
            Noise.AIR_RAYLEIGH: _("SD of air, Rayleigh corrected"),
            Noise.POOLED_SD: _("Pooled SD of lesion and reference (CNR only)"),
            Noise.POOLED_SD_SUM: _("Summed variances, lesion and reference (CNR only)"),
            Noise.POOLED_SD_SUM_AIR: _("Summed variances, with air (CNR only)"),
            Noise.DIFFERENCE: _("Difference of two acquisitions"),
            Noise.PSEUDO_REPLICA: _("Pseudo-replicas (true noise of the enhancement)"),
        }[self]

    def formula(self):
        return NOISE_METHODS[self.value].formula

    def caution(self):
        """When not to trust it."""
        return NOISE_METHODS[self.value].caution
