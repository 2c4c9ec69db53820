"""Which intensity of one image stands for which of another: equal values, or equal percentiles. numpy only."""

import numpy as np

SAME_VALUES, SAME_PERCENTILES = "value", "percentile"
MOST_VOXELS = 400_000
STEPS = 512


class PercentileMap:
    """Maps intensities of one image to those of another that as many voxels lie below, and back.

    Strictly increasing between the images' extremes, linear with the overall slope beyond; so a window dragged in
    either image is the same when it comes back. Two constant images are mapped by their difference.
    """

    def __init__(self, firstVoxels, secondVoxels):
        """Arrays of any shape; not finite voxels are left out. Large images are sampled evenly."""
        shares = np.linspace(0.0, 1.0, STEPS + 1)
        tables = [np.quantile(_sampled(voxels), shares) for voxels in (firstVoxels, secondVoxels)]
        kept = _risingIn(*tables)
        self._first, self._second = (table[kept] for table in tables)

    def toSecond(self, value) -> float:
        return _mapped(float(value), self._first, self._second)

    def toFirst(self, value) -> float:
        return _mapped(float(value), self._second, self._first)


def _mapped(value, source, target):
    spans = source[-1] - source[0], target[-1] - target[0]
    slope = spans[1] / spans[0] if min(spans) > 0 else 1.0
    if value < source[0]:
        return float(target[0] + slope * (value - source[0]))
    if value > source[-1]:
        return float(target[-1] + slope * (value - source[-1]))
    return float(np.interp(value, source, target))


def _sampled(voxels):
    flat = np.asarray(voxels).reshape(-1)
    stride = max(1, flat.size // MOST_VOXELS) | 1  # odd, so that not the same columns of every row are taken
    sample = flat[::stride].astype(np.float64)
    finite = sample[np.isfinite(sample)]
    return finite if finite.size else np.zeros(1)


def _risingIn(first, second):
    """Indices at which both tables have grown since the index before: a masked background is a single step in each."""
    tolerance = [1e-9 * max(abs(table[-1] - table[0]), 1e-30) for table in (first, second)]
    kept = [0]
    for index in range(1, len(first)):
        growth = first[index] - first[kept[-1]], second[index] - second[kept[-1]]
        if growth[0] > tolerance[0] and growth[1] > tolerance[1]:
            kept.append(index)
    last = len(first) - 1
    if kept[-1] != last and len(kept) > 1:  # the maximum belongs to the table, also where one image grows no more
        kept[-1] = last
    return kept
