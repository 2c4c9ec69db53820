"""The true noise of a nonlinear enhancer, voxel by voxel, from copies with added noise. numpy only.

Robson et al. 2008 (doi:10.1002/mrm.21728) for reconstruction, here for image processing: noise of known SD is added to
the input k times, each copy is enhanced, and the SD over the results is the noise that the enhancer lets through.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from DLEnhanceLib.errors import BadOption

DEFAULT_REPLICAS = 20


@dataclasses.dataclass(frozen=True, eq=False)
class ReplicaNoise:
    """noise: SD per voxel (k, j, i) in image units, float32, of the enhanced replicas; replicas: how many."""

    noise: np.ndarray
    replicas: int

    def within(self, inside: np.ndarray) -> float:
        """Root mean square over a boolean array (k, j, i): unbiased, unlike the mean of a few replicas' SDs."""
        return float(np.sqrt(np.mean(np.square(self.noise[inside], dtype=np.float64))))


def pseudoReplica(
    image: np.ndarray,
    enhance: Callable[[np.ndarray], np.ndarray],
    sigma: float | np.ndarray,
    *,
    replicas: int = DEFAULT_REPLICAS,
    seed: int = 0,
    makeNoise: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] | None = None,
    reportProgress: Callable[[float, str], None] | None = None,
) -> ReplicaNoise:
    """The noise map of an enhancer at an image.

    image: (k, j, i), any numeric type. enhance: takes and returns a float32 array of that shape. sigma: SD of the added
    noise in image units, one number or a map that broadcasts to the image. makeNoise: unit-variance noise of a shape
    from a generator, white unless given (interpolated images have colored noise).
    A progress callback cancels by raising. Raises BadOption for fewer than 2 replicas or a sigma that is not above 0.
    """
    if replicas < 2:
        raise BadOption("A pseudo-replica noise map needs at least 2 replicas; 20 or more are recommended.")
    if not np.all(np.isfinite(sigma)) or np.min(sigma) < 0 or np.max(sigma) <= 0:
        raise BadOption("The added noise needs an SD above zero; estimate the noise of the image first.")
    draw = makeNoise or _whiteNoise
    report = reportProgress or _ignore
    random = np.random.default_rng(seed)
    base = np.asarray(image, np.float32)
    mean = squares = None
    for number in range(1, replicas + 1):
        report((number - 1) / replicas, f"Replica {number} of {replicas}")
        noisy = base + np.asarray(sigma, np.float32) * draw(random, base.shape)
        result = np.asarray(enhance(noisy), np.float32)
        if mean is None:
            mean, squares = result.copy(), np.zeros_like(result)
            continue
        # Welford's update: no difference of large sums.
        apart = result - mean
        mean += apart / number
        squares += apart * (result - mean)
    report(1.0, "Noise map finished")
    return ReplicaNoise(np.sqrt(squares / (replicas - 1)), replicas)


def _whiteNoise(random, shape):
    return random.standard_normal(shape, dtype=np.float32)


def _ignore(_fraction, _text):
    pass
