"""What a volume is before it is enhanced: scale, noise, k-space support, head, sequence. Arrays and tags only."""

import dataclasses

import numpy as np

from .kspaceSupport import kspaceSupport
from .noiseMap import NoiseMap, estimateNoise
from .priorDl import dicomPriorDl
from .progress import noProgress
from .sequenceGuess import guessSequence
from .tissueLevel import SignalView, tissueScale

SMALLEST_SIGMA = 1e-4  # of the tissue level: what a noise-free image is said to have


@dataclasses.dataclass(frozen=True, eq=False)
class Survey:
    """What was found; intensities in the units of the volume, arrays (k,j,i), axes in the order k, j, i.

    background, level: normalised = (x - background) / (level - background); level is the 99th percentile of tissue.
    noise: marginal SD of the noise. support: filled share of each k-space axis. head: voxels worth processing.
    notes: plain sentences for the user.
    """

    background: float
    level: float
    noise: NoiseMap
    support: tuple[float, float, float]
    head: np.ndarray
    sequence: str
    sequenceReason: str
    priorDl: str
    priorDlReason: str
    notes: tuple[str, ...]

    @property
    def noisePercent(self) -> float:
        """Median noise in percent of the tissue level."""
        return 100.0 * self.noise.median / (self.level - self.background)

    def asDict(self) -> dict:
        """Numbers and texts for JSON and reports; no arrays."""
        return {
            "background": self.background,
            "level": self.level,
            "noiseSigma": self.noise.median,
            "noisePercentOfTissue": self.noisePercent,
            "noiseRelativeSpread": self.noise.relativeSpread,
            "kspaceSupportKJI": list(self.support),
            "headPercent": 100.0 * float(self.head.mean()),
            "sequence": self.sequence,
            "sequenceReason": self.sequenceReason,
            "priorDl": self.priorDl,
            "priorDlReason": self.priorDlReason,
            "notes": list(self.notes),
        }


def survey(volume, *, reportProgress=noProgress) -> Survey:
    """Survey of a volume. Raises UnsupportedVolume when it is constant, empty or holds no finite value."""
    reportProgress(0.0, "Looking at the intensities")
    scale = tissueScale(volume.voxels, volume.spacing[::-1])
    view = SignalView(volume.voxels, scale.background, scale.level)
    reportProgress(0.3, "Looking at k-space")
    support = kspaceSupport(view, scale.tissue)
    reportProgress(0.5, "Estimating the noise")
    noise = estimateNoise(view, scale.tissue, support=support, floor=SMALLEST_SIGMA).scaled(
        scale.level - scale.background
    )
    sequence, sequenceReason = guessSequence(volume.tags)
    prior, priorReason = dicomPriorDl(volume.tags)
    reportProgress(1.0, "Survey done")
    return Survey(
        background=scale.background,
        level=scale.level,
        noise=noise,
        support=support,
        head=scale.head,
        sequence=sequence,
        sequenceReason=sequenceReason,
        priorDl=prior,
        priorDlReason=priorReason,
        notes=tuple(notes(volume.voxels, scale, noise, support)),
    )


def notes(voxels, scale, noise, support):
    """Plain sentences on what is unusual."""
    percent = 100.0 * noise.median / (scale.level - scale.background)
    if voxels.dtype.kind == "f" and (bad := int(np.count_nonzero(~np.isfinite(voxels)))):
        yield f"{bad} voxels are not finite numbers; they stay as they are."
    if scale.background < -0.05 * (scale.level - scale.background):
        yield "The values reach far below zero, so this may not be a magnitude MR image."
    if voxels.dtype.kind in "iu" and scale.level - scale.background < 100:
        yield f"Tissue has only about {scale.level - scale.background:.0f} intensity steps."
    if min(support) < 1.0:
        shares = " x ".join(f"{100 * share:.0f}" for share in support)
        yield f"The image was interpolated: {shares} % of k-space (k x j x i) are filled, so the noise is correlated."
    if percent > 15:
        yield f"The noise is very strong ({percent:.0f} % of tissue)."
    if percent < 0.3:
        yield "The image is nearly free of noise, or it was already denoised."
    if min(voxels.shape) == 1:
        yield "The volume is a single slice, so nothing can be learned from its neighbours."
