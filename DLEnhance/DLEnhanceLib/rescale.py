"""Stored numbers to image values, changing the type only where the values need it."""

import numpy as np

_EXACT_INTEGERS = (np.int16, np.uint16, np.int32)


def rescaled(stored: np.ndarray, slope, intercept) -> np.ndarray:
    """stored * slope + intercept; slope and intercept are numbers or arrays that broadcast against stored.

    Identity returns the array itself in its type. Whole-number slopes and intercepts of integers give the smallest
    of int16, uint16, int32 that holds every value; everything else becomes float32 (float64 stays float64).
    """
    slope, intercept = np.asarray(slope, np.float64), np.asarray(intercept, np.float64)
    if (slope == 1).all() and (intercept == 0).all():
        return stored
    values = stored * slope + intercept
    if stored.dtype.kind in "iu" and (slope % 1 == 0).all() and (intercept % 1 == 0).all():
        low, high = values.min(), values.max()
        for kind in _EXACT_INTEGERS:
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return values.astype(kind)
    return values if stored.dtype == np.float64 else values.astype(np.float32)
