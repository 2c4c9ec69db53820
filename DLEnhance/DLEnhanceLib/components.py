"""What the network finds in a volume: only the box around the head is kept, in half precision when that is large."""

import dataclasses

import numpy as np

NAMES = ("noise", "ringing", "blur")
MOST_IN_SINGLE = 20_000_000  # voxels of the box up to which float32 is kept: conversion takes time at each slider step


@dataclasses.dataclass(frozen=True, eq=False)
class Components:
    """noise and ringing are what is to be taken away, blur is what is to be put back; zero outside the box.

    shape: (k, j, i) of the volume; box: three slices of it; stored: (3, k, j, i) of the box, float32 or float16;
    unit: volume's intensity for a stored 1, the tissue level, so that half precision is good to 1e-3 of the noise.
    device: where they were computed. note: what happened on the way that the user should know, or an empty text.
    """

    shape: tuple[int, int, int]
    box: tuple[slice, slice, slice]
    stored: np.ndarray
    unit: float = 1.0
    device: str = ""
    note: str = ""

    @classmethod
    def empty(cls, shape, box, unit) -> "Components":
        """All zero; ``put`` fills it."""
        size = tuple(part.stop - part.start for part in box)
        dtype = np.float32 if np.prod(size) <= MOST_IN_SINGLE else np.float16
        return cls(tuple(shape), tuple(box), np.zeros((3, *size), dtype), float(unit))

    @classmethod
    def of(cls, noise, ringing, blur) -> "Components":
        """From three arrays (k, j, i) of the volume's size and units."""
        stored = np.stack([noise, ringing, blur]).astype(np.float32, copy=False)
        return cls(noise.shape, tuple(slice(0, n) for n in noise.shape), stored)

    def put(self, place, values, *, name):
        """Keep values (k, j, i) of one component, float32 in stored units, at three slices that lie in the box."""
        self.stored[(NAMES.index(name), *within(place, self.box))] = values

    def at(self, place) -> np.ndarray:
        """(3, k, j, i) float32 in the volume's units at three slices of the volume."""
        place = tuple(slice(*part.indices(n)[:2]) for part, n in zip(place, self.shape, strict=True))
        common = sharedBox(place, self.box)
        result = np.zeros((3, *(max(0, part.stop - part.start) for part in place)), np.float32)
        if common is not None:
            part = self.stored[(slice(None), *within(common, self.box))]
            np.multiply(part, np.float32(self.unit), out=result[(slice(None), *within(common, place))])
        return result

    def whole(self, name: str) -> np.ndarray:
        """One component on the whole grid, float32 (k, j, i) in the volume's units."""
        result = np.zeros(self.shape, np.float32)
        np.multiply(self.stored[NAMES.index(name)], np.float32(self.unit), out=result[self.box])
        return result

    @property
    def noise(self) -> np.ndarray:
        return self.whole("noise")

    @property
    def ringing(self) -> np.ndarray:
        return self.whole("ringing")

    @property
    def blur(self) -> np.ndarray:
        return self.whole("blur")


def sharedBox(first, second):
    """The slices that two boxes share, None when there is nothing."""
    both = tuple(slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(first, second, strict=True))
    return both if all(part.start < part.stop for part in both) else None


def within(place, box):
    """A place of the volume counted from the start of a box."""
    return tuple(slice(p.start - b.start, p.stop - b.start) for p, b in zip(place, box, strict=True))
