"""Lesions and vessels drawn into a noise-free object, with partial volume by soft edges."""

import dataclasses

import numpy as np
import torch


@dataclasses.dataclass(frozen=True)
class Lesion:
    """centre and radii in voxels (k, j, i); contrast is added to the surround (tissue level 1)."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    contrast: float
    core: float = 1.0  # contrast of the inner 60 % relative to the rim: below 1 a ring-enhancing lesion
    halo: float = 0.0  # contrast of an oedema of twice the radius


def drawLesion(image, lesion: Lesion, edge=0.7):
    """Adds the lesion to image (k, j, i) in place; returns (slices, coverage 0 to 1 inside them)."""
    reach = max(lesion.radii) * (2.2 if lesion.halo else 1) + 2 * edge + 1
    slices = tuple(
        slice(max(int(c - reach), 0), min(int(c + reach) + 2, n))
        for c, n in zip(lesion.centre, image.shape, strict=True)
    )
    distance = _ellipsoidDistance(slices, lesion, image.device)
    radius = min(lesion.radii)
    inside = _soft(distance, 1.0, edge / radius)
    profile = inside * lesion.contrast
    if lesion.core != 1.0:
        profile = profile - _soft(distance, 0.6, edge / radius) * lesion.contrast * (1 - lesion.core)
    if lesion.halo:
        profile = profile + (_soft(distance, 2.0, 0.5) - inside).clamp_min(0) * lesion.halo
    block = image[slices]
    block += profile.clamp_min(0) + torch.maximum(profile.clamp_max(0), -0.9 * block)
    return slices, inside


def _ellipsoidDistance(slices, lesion, device):
    """Distance from the centre in units of the radii."""
    total = 0
    for axis, (part, centre, radius) in enumerate(zip(slices, lesion.centre, lesion.radii, strict=True)):
        steps = (torch.arange(part.start, part.stop, device=device, dtype=torch.float32) - centre) / radius
        total = total + (steps**2).reshape([-1 if a == axis else 1 for a in range(3)])
    return total.sqrt()


def _soft(distance, radius, width):
    """1 inside, 0 outside, linear over one edge width: what a voxel of finite size sees."""
    return ((radius - distance) / width + 0.5).clamp(0, 1)


def drawVessel(image, start, direction, radius, contrast, rng):
    """A bent tube of the radius (voxels) with a soft edge; negative contrast for black blood. In place."""
    position, heading = np.array(start, float), np.array(direction, float)
    length = rng.uniform(0.4, 1.2) * max(image.shape)
    mark = torch.zeros_like(image)
    for _ in range(int(length / max(radius, 0.6))):
        lesion = Lesion(tuple(position), (radius, radius, radius), 1.0)
        reach = radius + 2
        slices = tuple(
            slice(max(int(c - reach), 0), max(min(int(c + reach) + 2, n), 0))
            for c, n in zip(position, image.shape, strict=True)
        )
        if all(part.stop > part.start for part in slices):
            cover = _soft(_ellipsoidDistance(slices, lesion, image.device), 1.0, 0.8 / radius)
            mark[slices] = torch.maximum(mark[slices], cover * min(1.0, radius / 0.5))
        heading = heading + rng.normal(0, 0.12, 3)
        heading /= np.linalg.norm(heading)
        position = position + heading * max(radius, 0.6)
    image += mark * (contrast if contrast > 0 else contrast * image)


def addPathology(crop, rng):
    """Draws lesions into two of three crops and vessels into most. Returns how much each voxel of a lesion counts.

    That is its coverage times the emphasis, (k, j, i), 0 for the rest.
    Sizes in voxels of the object; places are random, not only where anatomy expects them (enhancement-notes 2.4).
    """
    image, places = crop.image, torch.nonzero(crop.tissue)
    coverage = torch.zeros_like(image)
    if len(places) == 0:
        return coverage
    isBlackBlood = rng.random() < 0.3
    for _ in range(rng.integers(0, 7)):
        start = places[rng.integers(len(places))].tolist()
        contrast = -rng.uniform(0.6, 0.95) if isBlackBlood else rng.uniform(0.2, 1.3)
        drawVessel(image, start, _direction(rng), rng.uniform(0.35, 2.0), contrast, rng)
    if rng.random() < 0.3:
        return coverage
    for _ in range(rng.integers(1, 12)):
        lesion = randomLesion(places[rng.integers(len(places))].tolist(), rng)
        slices, inside = drawLesion(image, lesion, edge=rng.uniform(0.5, 1.2))
        coverage[slices] = torch.maximum(coverage[slices], inside * emphasis(lesion))
        if rng.random() < 0.15:  # a vessel that ends at the lesion
            drawVessel(image, lesion.centre, _direction(rng), rng.uniform(0.4, 1.2), rng.uniform(0.2, 1.0), rng)
    return coverage


def emphasis(lesion):
    """A small lesion has few voxels but counts as much: 1 at a radius of 2.5 voxels, from 4 down to 0.4."""
    return float(np.clip((2.5 / min(lesion.radii)) ** 1.5, 0.4, 4))


def randomLesion(place, rng):
    """Enhancing, ring-enhancing, dark or haloed; diameters 1.5 to 15 voxels, small ones most often."""
    radius = 0.75 * np.exp(rng.uniform(0, np.log(10)) * rng.uniform(0.5, 1))
    radii = tuple(float(r) for r in radius * np.exp(rng.normal(0, 0.15, 3)))
    sign = -0.6 if rng.random() < 0.15 else 1.0
    ring = rng.uniform(-0.3, 0.5) if radius > 2.5 and rng.random() < 0.35 else 1.0
    halo = rng.uniform(-0.3, 0.3) if rng.random() < 0.25 else 0.0
    centre = tuple(float(p + rng.uniform(-0.5, 0.5)) for p in place)
    return Lesion(centre, radii, float(sign * np.exp(rng.uniform(np.log(0.1), np.log(1.2)))), float(ring), float(halo))


def _direction(rng):
    direction = rng.normal(size=3)
    return direction / np.linalg.norm(direction)
