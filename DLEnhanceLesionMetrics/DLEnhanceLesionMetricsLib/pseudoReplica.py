"""The true noise of a nonlinear enhancer, voxel by voxel, from copies with other noise. numpy only.

Robson et al. 2008 (doi:10.1002/mrm.21728) for reconstruction, here for image processing: noise of known SD is added to
the input k times, each copy is enhanced, and the SD over the results is the noise that the enhancer lets through.

An enhancer that adapts to the noise sees more of it in such a copy than the image holds, and lets more of it through:
up to 23 % too much for ours (Benchmarks/results/pseudoReplica.md). So, where an estimate of the image's own noise is at
hand, most of its variance is exchanged for new noise: every copy is as noisy as the image. For a linear filter nothing
changes.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from DLEnhanceLib.errors import BadOption

DEFAULT_REPLICAS = 20
# Of the variance of the own noise. All would rest on the estimate alone, which is smoother than the truth (5 % too
# little noise in small lesions); little would be the derivative at the image, which is above the SD (Poincare).
EXCHANGED = 0.85


@dataclasses.dataclass(frozen=True, eq=False)
class ReplicaNoise:
    """noise: SD per voxel (k, j, i) in image units, float32, of the enhanced replicas; replicas: how many.

    sample: one image of that noise, for its spectrum, from the first two replicas.
    """

    noise: np.ndarray
    replicas: int
    sample: np.ndarray

    def within(self, inside: np.ndarray) -> float:
        """Root mean square over a boolean array (k, j, i): unbiased, unlike the mean of a few replicas' SDs."""
        return float(np.sqrt(np.mean(np.square(self.noise[inside], dtype=np.float64))))


def pseudoReplica(
    image: np.ndarray,
    enhance: Callable[[np.ndarray], np.ndarray],
    sigma: float | np.ndarray,
    *,
    ownNoise: np.ndarray | None = None,
    replicas: int = DEFAULT_REPLICAS,
    seed: int = 0,
    makeNoise: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] | None = None,
    reportProgress: Callable[[float, str], None] | None = None,
) -> ReplicaNoise:
    """The noise map of an enhancer at an image.

    image: (k, j, i), any numeric type. enhance: takes and returns a float32 array of that shape. sigma: SD of the
    noise in image units, one number or a map that broadcasts to the image. ownNoise: an estimate of the noise that the
    image holds, same shape; most of it is exchanged then, else the new noise is added to it. makeNoise: unit-variance
    noise of a shape from a generator, white unless given (interpolated images have colored noise).
    A progress callback cancels by raising. Raises BadOption for fewer than 2 replicas or a sigma that is not above 0.
    """
    if replicas < 2:
        raise BadOption("A pseudo-replica noise map needs at least 2 replicas; 20 or more are recommended.")
    if not np.all(np.isfinite(sigma)) or np.min(sigma) < 0 or np.max(sigma) <= 0:
        raise BadOption("The added noise needs an SD above zero; estimate the noise of the image first.")
    draw = makeNoise or _whiteNoise
    report = reportProgress or _ignore
    random = np.random.default_rng(seed)
    base, share = np.asarray(image, np.float32), 1.0
    if ownNoise is not None:
        share = EXCHANGED
        base = base - np.float32(1 - math.sqrt(1 - share)) * np.asarray(ownNoise, np.float32)
    added = np.asarray(sigma, np.float32) * np.float32(math.sqrt(share))
    mean = squares = sample = None
    for number in range(1, replicas + 1):
        report((number - 1) / replicas, f"Replica {number} of {replicas}")
        result = np.asarray(enhance(base + added * draw(random, base.shape)), np.float32)
        if mean is None:
            mean, squares = result.copy(), np.zeros_like(result)
            continue
        # Welford's update: no difference of large sums.
        apart = result - mean
        if number == 2:
            sample = apart / np.float32(math.sqrt(2 * share))
        mean += apart / number
        squares += apart * (result - mean)
    report(1.0, "Noise map finished")
    return ReplicaNoise(np.sqrt(squares / np.float32((replicas - 1) * share)), replicas, sample)


def _whiteNoise(random, shape):
    return random.standard_normal(shape, dtype=np.float32)


def _ignore(_fraction, _text):
    pass
