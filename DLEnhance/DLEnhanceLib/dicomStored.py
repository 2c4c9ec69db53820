"""From image values back to stored numbers: the source's own encoding when the values fit, a wider one when not.

Nothing is ever clipped: what does not fit changes the encoding of the whole series, and a note says so.
"""

import dataclasses

import numpy as np

from .errors import CannotWrite

_STORED_MAX = 65535
_MARGIN = 1e-7
"""Wider than the rounding of a decimal string of 16 characters (at least 9 digits), far below half a step."""
_SMALLEST_SLOPE = 1e-30


@dataclasses.dataclass(frozen=True, eq=False)
class Encoding:
    """How numbers are stored: bits, sign, and the rescale of each slice (slope, intercept arrays of length k).

    isNewRescale: slopes and intercepts are ours and must be written; notes: what had to change, in plain sentences.
    """

    bitsAllocated: int
    bitsStored: int
    isSigned: bool
    slopes: np.ndarray
    intercepts: np.ndarray
    isNewRescale: bool = False
    notes: tuple[str, ...] = ()

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(f"<{'i' if self.isSigned else 'u'}{self.bitsAllocated // 8}")

    @property
    def limits(self) -> tuple:
        half = 1 << (self.bitsStored - 1)
        return (-half, half - 1) if self.isSigned else (0, 2 * half - 1)

    def stored(self, values: np.ndarray, k: int) -> np.ndarray:
        """Stored numbers of slice k, rounded to the nearest."""
        return np.rint(self._real(values, k)).astype(self.dtype)

    def _real(self, values, k):
        return (values.astype(np.float64) - self.intercepts[k]) / self.slopes[k]

    def range(self, voxels: np.ndarray) -> tuple:
        """Smallest and largest stored number the voxels (k, j, i) need, before any limit."""
        ends = [np.rint(self._real(np.array([plane.min(), plane.max()]), k)) for k, plane in enumerate(voxels)]
        return int(np.min(ends)), int(np.max(ends))


def encodingFor(voxels: np.ndarray, source: Encoding) -> Encoding:
    """The source's encoding if all voxels (k, j, i) fit, else the nearest that holds them all."""
    if voxels.dtype.kind == "f" and not np.isfinite(voxels).all():
        raise CannotWrite("The volume has voxels that are not numbers (NaN or infinity), which DICOM cannot store.")
    low, high = source.range(voxels)
    for candidate in (source, *_wider(source)):
        if candidate.limits[0] <= low and high <= candidate.limits[1]:
            return candidate
    return _rescaledEncoding(voxels, source)


def _wider(source):
    """All bits of 16, then a sign, without touching the rescale."""
    allocated = max(16, source.bitsAllocated)
    for isSigned in dict.fromkeys((source.isSigned, True)):
        sign = "signed" if isSigned else "unsigned"
        note = (
            f"The values need more than {source.bitsStored} bits {'signed' if source.isSigned else 'unsigned'}: "
            f"stored with {allocated} bits {sign}, same rescale."
        )
        yield dataclasses.replace(
            source, bitsAllocated=allocated, bitsStored=allocated, isSigned=isSigned, notes=(note,)
        )


def _rescaledEncoding(voxels, source):
    """One slope and intercept for the series, both exact in the 16 characters of a decimal string."""
    low, high = float(voxels.min()), float(voxels.max())
    intercept = float(decimalText(low - abs(low) * _MARGIN))
    slope = float(decimalText(max((high - intercept) / _STORED_MAX, _SMALLEST_SLOPE) * (1 + _MARGIN)))
    note = f"The values do not fit the source's rescale: stored with slope {slope:g} and intercept {intercept:g}."
    return dataclasses.replace(
        source,
        bitsAllocated=16,
        bitsStored=16,
        isSigned=False,
        slopes=np.full(len(voxels), slope),
        intercepts=np.full(len(voxels), intercept),
        isNewRescale=True,
        notes=(note,),
    )


def decimalText(value: float) -> str:
    """The number in at most 16 characters, as the value representation DS allows."""
    return next(text for digits in range(16, 0, -1) if len(text := f"{value:.{digits}g}") <= 16)
