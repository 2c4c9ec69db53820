"""Gray pictures as small PNG files, side by side in one window; numpy, Pillow, matplotlib for curves."""

import io

import numpy as np

from .results import Picture

GAP = 2
LABEL_HEIGHT = 13
DIFFERENCE_GAIN = 4  # residuals are shown with this many times the contrast of the images


def window(image, low=None, high=None):
    """uint8 of an image between two intensities, by default its 1st and 99.5th percentile."""
    finite = image[np.isfinite(image)]
    low = np.percentile(finite, 1) if low is None else low
    high = np.percentile(finite, 99.5) if high is None else high
    return np.round(255 * np.clip(np.nan_to_num((image - low) / max(high - low, 1e-9)), 0, 1)).astype(np.uint8)


def comparison(images, names, *, residualOf=(0, -1), low=None, high=None):
    """2D images in one window and the residual of two of them (first less second) around mid-gray, as a row."""
    low = float(np.percentile(images[0], 1)) if low is None else low
    high = float(np.percentile(images[0], 99.5)) if high is None else high
    tiles = [window(image, low, high) for image in images]
    reach = (high - low) / DIFFERENCE_GAIN / 2
    residual = images[residualOf[0]].astype(np.float64) - images[residualOf[1]]
    tiles.append(window(residual, -reach, reach))
    return row(tiles), [*names, f"removed, x{DIFFERENCE_GAIN}"]


def row(tiles):
    """uint8 images of one height beside each other."""
    gap = np.full((tiles[0].shape[0], GAP), 255, np.uint8)
    parts = [part for tile in tiles for part in (tile, gap)]
    return np.concatenate(parts[:-1], axis=1)


def column(rows):
    """Rows below each other; shorter ones are filled with white."""
    width = max(r.shape[1] for r in rows)
    parts = []
    for one in rows:
        parts += [np.pad(one, ((0, GAP), (0, width - one.shape[1])), constant_values=255)]
    return np.concatenate(parts)[:-GAP]


def labelled(picture, names, *, zoom=1):
    """The picture with every pixel enlarged, and a line of names above that share its width evenly."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(picture)
    image = image.resize((image.width * zoom, image.height * zoom), Image.Resampling.NEAREST)
    canvas = Image.new("L", (image.width, image.height + LABEL_HEIGHT), 255)
    canvas.paste(image, (0, LABEL_HEIGHT))
    draw = ImageDraw.Draw(canvas)
    for number, name in enumerate(names):
        draw.text((2 + number * image.width / len(names), 0), name, fill=0)
    return np.asarray(canvas)


def png(picture):
    """Bytes of a PNG of a uint8 picture; 64 gray levels hold all that a screen shows of noise."""
    from PIL import Image

    stream = io.BytesIO()
    image = Image.fromarray(picture)
    if picture.ndim == 2:
        image = image.quantize(64)
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def comparisonPicture(title, images, names, *, caption="", zoom=2, low=None, high=None):
    """A Picture of 2D images and their residual."""
    picture, labels = comparison(images, names, low=low, high=high)
    return Picture(title, png(labelled(picture, labels, zoom=zoom)), caption)


def curvePicture(title, draw, *, caption="", size=(6.4, 3.2)):
    """draw(axes) with matplotlib; a Picture of what it drew."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=size, dpi=90)
    draw(axes)
    figure.tight_layout()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", pil_kwargs={"optimize": True})
    plt.close(figure)
    return Picture(title, stream.getvalue(), caption)


def croppedSlice(voxels, mask, axis=0, index=None, margin=4):
    """A slice through the middle of a mask and the box around it: (2D image, box) to cut others alike."""
    box = [slice(0, n) for n in voxels.shape]
    places = np.argwhere(mask)
    low, high = places.min(axis=0), places.max(axis=0) + 1
    for a in range(3):
        box[a] = slice(max(int(low[a]) - margin, 0), int(high[a]) + margin)
    box[axis] = int(np.median(places[:, axis])) if index is None else index
    return voxels[tuple(box)], tuple(box)
