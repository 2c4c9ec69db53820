"""Reading MR series from DICOM files, folders, DICOMDIRs and zip archives into a Volume."""

import dataclasses
from pathlib import Path

import numpy as np
import pydicom

from .dicomFiles import dicomFiles, quietPydicom, readHeader
from .dicomFrames import framesOf
from .dicomStacks import Stack, stackAffine, stacksOf
from .dicomTags import plainTags
from .errors import UnsupportedVolume
from .pydicomSupport import storedPixelArray
from .rescale import rescaled
from .volume import Volume

_PIXEL_KEYWORDS = [
    "SOPInstanceUID",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelData",
]
_MOST_LISTED = 12


@dataclasses.dataclass(frozen=True)
class SeriesSummary:
    """One readable stack. selector is what readVolume(series=...) takes: the series number, "number#part" or the UID.

    size: columns, rows, slices. problem: why it cannot be read, empty when it can.
    """

    uid: str
    number: int | None
    description: str
    count: int
    size: tuple
    modality: str
    selector: str
    problem: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """What lies below a path: the stacks, and why other files were left out."""

    stacks: list
    refusals: list


def listDicomSeries(source) -> list:
    """A SeriesSummary for every MR stack below source (file, folder, DICOMDIR, zip, sequence of files)."""
    with dicomFiles(source) as files:
        stacks = findStacks(files).stacks
        return [_summary(stack, stacks) for stack in stacks]


def readDicom(source, *, series=None) -> Volume:
    """The volume of one series; series chooses by UID, by number or by the selector that listDicomSeries gives.

    A file path means that file's image alone: one slice of a classic series, all frames of an Enhanced one.
    Voxels keep their stored type unless the rescale is not the identity (see rescaled()). tags additionally hold
    SourceInstanceUIDs and SourceFrameNumbers (1-based, only for Enhanced MR), in slice order k, and SeriesSelector.
    Raises UnsupportedVolume.
    """
    with dicomFiles(source) as files:
        found = findStacks(files)
        stack = _chosen(found, series, _nameOf(source))
        voxels = readPixels(stack)
        tags = _tags(stack)
    tags["SeriesSelector"] = _selector(stack, found.stacks)
    path = None if isinstance(source, (list, tuple)) else Path(source)
    return Volume(voxels, stackAffine(stack), _volumeName(stack), tags, path)


def _nameOf(source):
    return "The file list" if isinstance(source, (list, tuple)) else Path(source).name


def findStacks(files) -> Found:
    """Read all headers. Files that are not MR images are left out with their reason."""
    frames, refusals = [], []
    for path in files:
        try:
            frames += framesOf(readHeader(path))
        except UnsupportedVolume as error:
            refusals.append(str(error))
    return Found(stacksOf(frames), refusals)


def chosenStack(files, series) -> Stack:
    """The stack with this selector, for the writer that starts from the same files."""
    return _chosen(findStacks(files), series, "The source")


def _chosen(found, series, name):
    if not found.stacks:
        raise UnsupportedVolume(found.refusals[0] if found.refusals else f"{name} holds no DICOM images.")
    stacks = found.stacks if series is None else _matching(found.stacks, str(series))
    if not stacks:
        raise UnsupportedVolume(f"There is no series {series} in {name}; choose one of: {_listing(found.stacks)}.")
    if len(stacks) > 1:
        raise UnsupportedVolume(
            f"{name} holds {len(stacks)} series or parts; choose one by its number or UID: {_listing(stacks)}."
        )
    stack = stacks[0]
    if stack.problem:
        raise UnsupportedVolume(f"Series {_title(stack)} cannot be used: {stack.problem}.")
    _refuseDamagedNeighbours(found, stack)
    return stack


def _refuseDamagedNeighbours(found, stack):
    """A damaged file may be a slice of this series: an incomplete end of the stack would go unseen."""
    damaged = [reason for reason in found.refusals if "damaged" in reason]
    if damaged and len(stack.frames) > 1:
        raise UnsupportedVolume(damaged[0])


def _matching(stacks, series):
    wanted, _, part = series.partition("#")
    byNumber = [stack for stack in stacks if str(stack.frames[0].seriesNumber) == wanted]
    found = [stack for stack in stacks if stack.frames[0].seriesUID == wanted] or byNumber
    return [stack for stack in found if not part or str(stack.part) == part]


def _selector(stack, stacks):
    first = stack.frames[0]
    sameNumber = {s.frames[0].seriesUID for s in stacks if s.frames[0].seriesNumber == first.seriesNumber}
    base = first.seriesUID if first.seriesNumber is None or len(sameNumber) > 1 else str(first.seriesNumber)
    return f"{base}#{stack.part}" if stack.part else base


def _listing(stacks):
    shown = [f"{_selector(s, stacks)} = {_title(s)} ({len(s.frames)} slices)" for s in stacks[:_MOST_LISTED]]
    more = len(stacks) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def _title(stack):
    first = stack.frames[0]
    text = f"{first.seriesNumber} '{first.description or 'no description'}'"
    return f"{text}, {stack.difference}" if stack.difference else text


def _summary(stack, stacks):
    first = stack.frames[0]
    description = f"{first.description} ({stack.difference})" if stack.difference else first.description
    return SeriesSummary(
        uid=first.seriesUID,
        number=first.seriesNumber,
        description=description,
        count=len(stack.frames),
        size=(first.columns, first.rows, len(stack.frames)),
        modality="MR",
        selector=_selector(stack, stacks),
        problem=stack.problem,
    )


def _volumeName(stack):
    first = stack.frames[0]
    return first.description or f"series {first.seriesNumber}"


def _tags(stack):
    first = stack.frames[0]
    with quietPydicom():
        tags = plainTags(readHeader(first.path).dataset, first.index)
    tags["SourceInstanceUIDs"] = tuple(frame.instanceUID for frame in stack.frames)
    if first.index is not None:
        tags["SourceFrameNumbers"] = tuple(frame.index + 1 for frame in stack.frames)
    return tags


def readPixels(stack: Stack) -> np.ndarray:
    """Values of all frames, (k, j, i)."""
    stored = storedPixels(stack)
    slopes = np.array([frame.slope for frame in stack.frames]).reshape(-1, 1, 1)
    intercepts = np.array([frame.intercept for frame in stack.frames]).reshape(-1, 1, 1)
    if (slopes == 1).all() and (intercepts == 0).all():
        return stored
    return rescaled(stored, slopes, intercepts)


def storedPixels(stack: Stack) -> np.ndarray:
    """Stored numbers of all frames, (k, j, i), filled slice by slice so that little more than the result is held."""
    frames = stack.frames
    files = {}
    for position, frame in enumerate(frames):
        files.setdefault(frame.path, []).append(position)
    result = None
    for path, positions in files.items():
        planes = _decoded(path, frames[positions[0]])
        for position in positions:
            plane = planes[frames[position].index or 0]
            if result is None:
                result = np.empty((len(frames), *plane.shape), plane.dtype.newbyteorder("="))
            elif plane.dtype.newbyteorder("=") != result.dtype:
                result = result.astype(np.result_type(result, plane))
            result[position] = plane
    return result


def _decoded(path, frame):
    """Array (frame, row, column) of one file; a file that is no longer the one whose header was read is refused."""
    try:
        with quietPydicom():
            dataset = pydicom.dcmread(path, force=True, specific_tags=_PIXEL_KEYWORDS)
            if dataset.get("SOPInstanceUID") != frame.instanceUID:
                raise UnsupportedVolume(f"{path.name} changed while it was read; wait until the copy is complete.")
            if not dataset.get("PixelData"):
                raise UnsupportedVolume(f"{path.name} has no pixel data; export it with its images.")
            pixels = storedPixelArray(dataset)
    except OSError as error:
        raise UnsupportedVolume(f"{path.name} cannot be read any more: {error.strerror or error}.") from error
    except UnsupportedVolume:
        raise
    except Exception as error:  # decoders raise RuntimeError, ValueError, AttributeError, EOFError ... by plug-in
        raise UnsupportedVolume(_decodingProblem(path, dataset)) from error
    return pixels.reshape(-1, frame.rows, frame.columns)


def _decodingProblem(path, dataset):
    syntax = dataset.file_meta.get("TransferSyntaxUID") if "file_meta" in dataset.__dict__ else None
    if syntax is not None and (syntax.is_private or syntax.is_compressed):
        name = f"{syntax.name} ({syntax})" if syntax.name != syntax else str(syntax)
        return f"{path.name} is compressed as {name} and cannot be decoded; export it uncompressed."
    return f"{path.name} is truncated or damaged: its pixel data do not fit its header; copy it again."
