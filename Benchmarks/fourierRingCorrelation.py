"""Scanning Fourier ring correlation with a truth: where an image shows detail that the object does not have.

Acceptance test AT9, after the patch hallucination score of arXiv 2603.04673. numpy only.
"""

import dataclasses

import numpy as np

PATCH = 32
STEP = 16
THRESHOLD = 1 / 7  # usual limit of resolved detail (Rosenthal and Henderson 2003)
LOWEST_RING, HIGHEST_RING = 2, 10  # of 16 for the patch: coarser rings are contrast, finer ones are noise


@dataclasses.dataclass(frozen=True, eq=False)
class RingCorrelation:
    """Mean over the rings per patch (slices, rows, columns); corners: (k,j,i) of each patch's first voxel."""

    values: np.ndarray
    corners: np.ndarray

    def below(self, threshold=THRESHOLD):
        """Mask of the patches that do not show the object."""
        return self.values < threshold


@dataclasses.dataclass(frozen=True)
class RingVerdict:
    """Patches judged, patches that the input shows but the output does not, and the worst of these (k,j,i) or None."""

    patches: int
    lost: int
    worst: tuple[int, int, int] | None

    @property
    def passed(self) -> bool:
        return self.lost == 0


def judgeOutput(truth, standard, enhanced, *, mask=None) -> RingVerdict:
    """AT9: no patch of the enhanced image below the threshold that the standard image passes; arrays (k,j,i)."""
    before, after = (scanningRingCorrelation(truth, image, mask=mask) for image in (standard, enhanced))
    lost = np.argwhere(~before.below() & after.below() & np.isfinite(before.values))
    if len(lost) == 0:
        return RingVerdict(int(np.isfinite(before.values).sum()), 0, None)
    worst = min(map(tuple, lost), key=lambda index: after.values[index])
    return RingVerdict(int(np.isfinite(before.values).sum()), len(lost), tuple(int(x) for x in before.corners[worst]))


def scanningRingCorrelation(truth, image, *, mask=None) -> RingCorrelation:
    """Ring correlation of Hann-windowed patches of every second slice; NaN for patches less than half in the mask."""
    slices = np.arange(0, truth.shape[0], 2)
    rows, columns = (np.arange(0, max(1, size - PATCH + 1), STEP) for size in truth.shape[1:])
    values = np.full((len(slices), len(rows), len(columns)), np.nan)
    for index in np.ndindex(values.shape):
        place = slices[index[0]], rows[index[1]], columns[index[2]]
        part = (place[0], slice(place[1], place[1] + PATCH), slice(place[2], place[2] + PATCH))
        if mask is None or mask[part].mean() > 0.5:
            values[index] = ringCorrelation(truth[part], image[part])
    corners = np.stack(np.meshgrid(slices, rows, columns, indexing="ij"), axis=-1)
    return RingCorrelation(values, corners)


def ringCorrelation(first, second):
    """Mean over the rings of the normalised correlation of two patches of equal shape."""
    window = np.outer(np.hanning(first.shape[0] + 2)[1:-1], np.hanning(first.shape[1] + 2)[1:-1])
    spectra = [np.fft.fft2((part - part.mean()) * window) for part in (first, second)]
    radius = ringNumbers(first.shape)
    cross = np.bincount(radius, (spectra[0] * spectra[1].conj()).real.ravel())
    powers = [np.bincount(radius, np.abs(spectrum.ravel()) ** 2) for spectrum in spectra]
    rings = cross / np.sqrt(np.maximum(powers[0] * powers[1], 1e-30))
    return float(rings[LOWEST_RING : HIGHEST_RING + 1].mean())


def ringNumbers(shape):
    """Ring of every coefficient, flat; ring 16 is Nyquist for any size."""
    frequencies = [np.fft.fftfreq(size) * PATCH for size in shape]
    return np.rint(np.hypot(frequencies[0][:, None], frequencies[1][None])).astype(int).ravel()
