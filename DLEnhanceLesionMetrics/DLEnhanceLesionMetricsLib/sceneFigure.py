"""Pictures to keep: the two volumes side by side as the slice views show them, and the sheet of all lesions. No Qt."""

import tempfile
from pathlib import Path

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from DLEnhanceLib.version import LABEL

from .rows import writeAtomically

STRIP_HEIGHT = 30
GAP = 6
DOTS_PER_INCH = 96


def labelledPicture(titles, pictures, *, footer=LABEL):
    """One picture of several beside each other: uint8 arrays (height, width, 3), top row first, a title above each."""
    height = max(picture.shape[0] for picture in pictures)
    columns = [
        np.vstack([textStrip(title, picture.shape[1]), _padded(picture, height)])
        for title, picture in zip(titles, pictures, strict=True)
    ]
    row = np.hstack(columns)
    return np.vstack([row, textStrip(footer, row.shape[1])])


def galleryPicture(gallery, titles, captions, *, color, footer=LABEL):
    """The sheet of a lesionGallery.Gallery: a block a lesion, with its border, then each volume without it.

    titles: one a volume. captions: lesion name to the line above its pictures. Two blocks in a row above five lesions.
    """
    blocks = [_galleryBlock(row, titles, captions.get(row.name, row.name), color) for row in gallery.rows]
    columns = 1 if len(blocks) <= 5 else 2
    blocks += [np.zeros_like(blocks[0])] * (-len(blocks) % columns)
    page = np.vstack([np.hstack(blocks[n : n + columns]) for n in range(0, len(blocks), columns)])
    low, high = gallery.window
    scale = f"Pictures {gallery.side:.0f} mm wide, window {low:.4g} to {high:.4g} in all. {footer}"
    return np.vstack([page, textStrip(scale, page.shape[1])])


def _galleryBlock(row, titles, caption, color):
    from .lesionGallery import withBorder

    plain = [np.repeat(picture[..., None], 3, axis=2) for picture in row.pictures]
    pictures = [withBorder(row, row.pictures[0], color), *plain]
    gap = np.zeros((pictures[0].shape[0], GAP, 3), np.uint8)
    cells = np.hstack([part for picture in pictures for part in (gap, picture)] + [gap])
    names = ["Outline", *titles]
    width = pictures[0].shape[1] + GAP
    strips = np.hstack([textStrip(name, width, height=22, size=11) for name in names])
    strips = np.pad(strips, ((0, 0), (0, cells.shape[1] - strips.shape[1]), (0, 0)))
    return np.vstack([textStrip(caption, cells.shape[1]), strips, cells])


def textStrip(text, width, *, height=STRIP_HEIGHT, size=14):
    """A line of white text on black, made smaller until it fits: uint8 array (height, width, 3)."""
    rendered = _rendered(text, size)
    while rendered.shape[1] > width - 8 and size > 6:
        size -= 1
        rendered = _rendered(text, size)
    strip = np.zeros((height, width, 3), np.uint8)
    rows, columns = min(rendered.shape[0], height), min(rendered.shape[1], width - 4)
    top = (height - rows) // 2
    strip[top : top + rows, 4 : 4 + columns] = rendered[:rows, :columns, None]
    return strip


def _rendered(text, size):
    """Coverage 0..255 of the text's pixels (height, width), top row first."""
    style = vtk.vtkTextProperty()
    style.SetFontFamilyToArial()
    style.SetFontSize(size)
    style.SetColor(1.0, 1.0, 1.0)
    image, used = vtk.vtkImageData(), [0, 0]
    vtk.vtkTextRenderer.GetInstance().RenderString(style, text, image, used, DOTS_PER_INCH)
    width, height, _depth = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    return pixels[: used[1], : used[0], 3][::-1]


def _padded(picture, height):
    return np.pad(picture, ((0, height - picture.shape[0]), (0, 0), (0, 0)))


def readPng(path):
    """uint8 array (height, width, 3), top row first."""
    reader = vtk.vtkPNGReader()
    reader.SetFileName(str(path))
    reader.Update()
    image = reader.GetOutput()
    width, height, _depth = image.GetDimensions()
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)[::-1, :, :3].copy()


def writePng(picture, path):
    """Write a uint8 array (height, width, 3) beside its place, then rename it. Raises CannotWrite; nothing stays."""
    image = vtk.vtkImageData()
    image.SetDimensions(picture.shape[1], picture.shape[0], 1)
    pixels = np.ascontiguousarray(picture[::-1]).reshape(-1, 3)
    image.GetPointData().SetScalars(numpy_to_vtk(pixels, deep=True, array_type=vtk.VTK_UNSIGNED_CHAR))
    writer = vtk.vtkPNGWriter()
    writer.SetWriteToMemory(True)
    writer.SetInputData(image)
    writer.Write()
    return writeAtomically(vtk_to_numpy(writer.GetResult()).tobytes(), path)


def capturedViews(sliceNodes):
    """The pictures of slice views of the application (Slicer's own screen capture), without their controllers."""
    import ScreenCapture

    capture = ScreenCapture.ScreenCaptureLogic()
    capture.showViewControllers(False)
    try:
        with tempfile.TemporaryDirectory(prefix="DLEnhance-") as folder:
            pictures = []
            for number, node in enumerate(sliceNodes):
                file = str(Path(folder) / f"{number}.png")
                capture.captureImageFromView(capture.viewFromNode(node), file)
                pictures.append(readPng(file))
            return pictures
    finally:
        capture.showViewControllers(True)
