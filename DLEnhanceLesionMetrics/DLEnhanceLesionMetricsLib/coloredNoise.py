"""Random noise of a given color: as correlated as interpolation, raw filters and elliptic k-space leave it. numpy."""

import numpy as np

from DLEnhanceLib.noiseColor import NoiseColor, filterPower, onAxis


class ColoredNoise:
    """Draws noise of unit variance with the spectrum of a NoiseColor, float32 (k, j, i), periodic at the borders."""

    def __init__(self, color: NoiseColor, shape: tuple[int, ...]):
        self._shape = tuple(shape)
        self._gain = None if isWhite(color) else _gain(color, self._shape)

    def __call__(self, random: np.random.Generator, _shape=None) -> np.ndarray:
        """One draw; the second argument, which pseudoReplica passes, is the shape that is known already."""
        white = random.standard_normal(self._shape, dtype=np.float32)
        if self._gain is None:
            return white
        from scipy import fft

        return fft.irfftn(fft.rfftn(white) * self._gain, self._shape)


def isWhite(color: NoiseColor) -> bool:
    return min(color.support) >= 1.0 and min(color.apodization) >= 1.0 and not color.ellipses


def _gain(color, shape):
    """Amplitude per frequency of the real transform, so that white noise of unit variance keeps its variance."""
    frequencies = [np.abs(np.fft.fftfreq(n)) * 2 for n in shape[:2]] + [np.fft.rfftfreq(shape[2]) * 2]
    power = np.ones((1, 1, 1))
    for axis, relative in enumerate(frequencies):
        power = power * onAxis(filterPower(relative / color.support[axis], color.apodization[axis]), axis)
    for pair in color.ellipses:
        radius = sum((onAxis(frequencies[axis], axis) / color.support[axis]) ** 2 for axis in pair)
        power = power * (radius <= 1.0)
    # All but the first (and, for even sizes, the last) frequency of the last axis stand for two.
    weights = np.full(len(frequencies[2]), 2.0)
    weights[0] = 1.0
    if shape[2] % 2 == 0:
        weights[-1] = 1.0
    mean = (power * weights).sum() / np.prod(shape)
    return np.sqrt(power / mean).astype(np.float32)
