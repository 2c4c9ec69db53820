"""Draws the icons of the extension and of its two modules, 128 x 128 PNG: python Resources/makeIcons.py"""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[1]
SIZE, FINE = 128, 4  # drawn four times larger, then averaged: smooth edges
NAVY, STEEL, AMBER, TEAL = (24, 37, 58), (206, 218, 232), (240, 160, 48), (64, 190, 176)


def main():
    save(enhancementIcon(), ROOT / "DLEnhance" / "Resources" / "Icons" / "DLEnhance.png")
    save(metricsIcon(), ROOT / "DLEnhanceLesionMetrics" / "Resources" / "Icons" / "DLEnhanceLesionMetrics.png")
    save(extensionIcon(), ROOT / "Resources" / "DLEnhance.png")


def enhancementIcon():
    """A head, its left half noisy, its right half clean."""
    picture = background()
    x, y = grid()
    head = ellipse(x, y, 0, 0, 0.66, 0.80)
    tone = 0.55 + 0.35 * (ellipse(x, y, 0, 0, 0.56, 0.70) & ~ellipse(x, y, 0, -0.05, 0.16, 0.30))
    noise = np.random.default_rng(3).normal(0, 0.35, (32, 32)).repeat(16, 0).repeat(16, 1)
    tone = np.clip(tone + np.where(x < 0, noise, 0), 0, 1)
    paint(picture, head, [tone * c for c in STEEL])
    paint(picture, ellipse(x, y, 0.30, -0.32, 0.09, 0.09), AMBER)
    paint(picture, (np.abs(x) < 0.015) & (np.abs(y) < 0.92), AMBER)
    return picture


def metricsIcon():
    """A lesion inside a region, with the bars of two measurements."""
    picture = background()
    x, y = grid()
    paint(picture, ellipse(x, y, -0.12, -0.15, 0.62, 0.62), tuple(0.55 * c for c in STEEL))
    paint(picture, ellipse(x, y, -0.12, -0.15, 0.24, 0.24), STEEL)
    ring = ellipse(x, y, -0.12, -0.15, 0.40, 0.40) & ~ellipse(x, y, -0.12, -0.15, 0.34, 0.34)
    paint(picture, ring, AMBER)
    paint(picture, (x > 0.30) & (x < 0.50) & (y > 0.35) & (y < 0.80), STEEL)
    paint(picture, (x > 0.58) & (x < 0.78) & (y > 0.05) & (y < 0.80), TEAL)
    return picture


def extensionIcon():
    """Both at once: the split head with the region around its lesion."""
    picture = enhancementIcon()
    x, y = grid()
    ring = ellipse(x, y, 0.30, -0.32, 0.22, 0.22) & ~ellipse(x, y, 0.30, -0.32, 0.17, 0.17)
    paint(picture, ring, TEAL)
    return picture


def background():
    """A rounded dark square on nothing."""
    x, y = grid()
    corner = np.hypot(np.maximum(np.abs(x) - 0.72, 0), np.maximum(np.abs(y) - 0.72, 0)) < 0.26
    picture = np.zeros((SIZE * FINE, SIZE * FINE, 4))
    picture[corner] = (*NAVY, 255)
    return picture


def grid():
    steps = np.linspace(-1, 1, SIZE * FINE)
    return np.meshgrid(steps, steps)


def ellipse(x, y, centreX, centreY, radiusX, radiusY):
    return ((x - centreX) / radiusX) ** 2 + ((y - centreY) / radiusY) ** 2 < 1


def paint(picture, where, colour):
    for channel, value in enumerate(colour):
        picture[..., channel] = np.where(where, value, picture[..., channel])


def save(picture, path):
    small = ndimage.uniform_filter(picture, (FINE, FINE, 1))[FINE // 2 :: FINE, FINE // 2 :: FINE]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(small).astype(np.uint8)).save(path)


if __name__ == "__main__":
    main()
