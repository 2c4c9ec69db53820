"""A derived DICOM series from an enhanced volume and the instances it was read from (domain brief, section 7.2)."""

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from .dicomAttributes import Image, applyTable
from .dicomClassic import classicFromEnhanced
from .dicomDerivation import Derivation, DerivedSeriesOptions
from .dicomFiles import dicomFiles, quietPydicom
from .dicomReading import findStacks
from .dicomStacks import stackAffine
from .dicomStored import Encoding, encodingFor
from .errors import CannotWrite, UnsupportedVolume
from .pydicomSupport import writeExplicitLittleEndian
from .strengths import Strengths
from .version import VERSION
from .volume import Volume
from .wholeFolder import wholeFolder

_GRID_TOLERANCE = 1e-3
_IMPLEMENTATION = "2.25.147763028913720655414352316430264187533"
"""Names this writer in every file (PS3.7 D.3.3.2); a UUID-derived UID needs no registration."""

_LOSSY_SYNTAXES = (
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.203",
)


@dataclasses.dataclass(frozen=True)
class DerivedSeries:
    """What was written. notes: sentences about what could not stay as in the source."""

    folder: Path
    files: tuple[Path, ...]
    seriesUID: str
    seriesNumber: int
    seriesDescription: str
    notes: tuple[str, ...] = ()


def writeDerivedSeries(
    volume: Volume,
    source,
    outFolder,
    *,
    strengths: Strengths,
    modelId: str,
    modelHash: str = "",
    options: DerivedSeriesOptions | None = None,
) -> DerivedSeries:
    """Write volume as a new series into outFolder, one instance for each source instance.

    volume: on the grid of the series it was made from (see _sourceStack). source: the path (or list of files) of that
    series; it is only read. outFolder: new or empty; it appears whole or not at all.
    Raises CannotWrite, and UnsupportedVolume when the source no longer fits.
    """
    derivation = Derivation(
        str(generate_uid()),
        dt.datetime.now(),
        strengths,
        modelId,
        modelHash,
        options or DerivedSeriesOptions(),
    )
    outFolder = Path(outFolder)
    with dicomFiles(source) as files, wholeFolder(outFolder, files) as folder:
        stack, volume = _sourceStack(volume, files)
        encoding = encodingFor(volume.voxels, _sourceEncoding(stack))
        last = _writeInstances(volume.voxels, stack, encoding, derivation, folder)
    return DerivedSeries(
        outFolder,
        tuple(sorted(outFolder.iterdir())),
        derivation.seriesUID,
        int(last.SeriesNumber),
        str(last.SeriesDescription),
        encoding.notes,
    )


def _sourceStack(volume, files):
    """The stack that volume was read from, and the volume in its slice order.

    A volume that names its instances (readDicom) must find them; any other, from Slicer or from a file, must lie on the
    grid of exactly one stack, in either slice direction.
    """
    stacks = findStacks(files).stacks
    wanted = (volume.tags.get("SourceInstanceUIDs"), volume.tags.get("SourceFrameNumbers"))
    if wanted[0] is not None:
        stacks = [stack for stack in stacks if _identity(stack) == wanted]
        if not stacks:
            raise UnsupportedVolume("The source series has changed; give the folder that the volume was read from.")
    found = [(stack, fitting) for stack in stacks if (fitting := _fitting(volume, stack)) is not None]
    if not found:
        raise CannotWrite("The volume is not on the grid of its source series; resample it back or save it as NIfTI.")
    if len(found) > 1:
        raise CannotWrite("Several series of the source have the grid of the volume; give the files of one of them.")
    return found[0]


def _identity(stack):
    numbers = None if stack.frames[0].index is None else tuple(frame.index + 1 for frame in stack.frames)
    return tuple(frame.instanceUID for frame in stack.frames), numbers


def _fitting(volume, stack) -> Volume | None:
    first = stack.frames[0]
    shape = (len(stack.frames), first.rows, first.columns)
    if stack.problem or volume.voxels.shape != shape:
        return None
    there = Volume(np.broadcast_to(np.uint8(0), shape), stackAffine(stack))
    for candidate in (volume, _reversed(volume)):
        if candidate.isOnGridOf(there, _GRID_TOLERANCE):
            return candidate
    return None


def _reversed(volume):
    """The same volume with its slices counted from the other end."""
    flip = np.eye(4)
    flip[2, 2], flip[2, 3] = -1, len(volume.voxels) - 1
    return dataclasses.replace(volume, voxels=volume.voxels[::-1], ijkToRAS=volume.ijkToRAS @ flip)


def _sourceEncoding(stack) -> Encoding:
    """Bits and sign of the source; mixed ones are widened to hold all."""
    keywords = ("BitsAllocated", "BitsStored", "PixelRepresentation")
    found = {_pixelFormat(path, keywords) for path in {frame.path for frame in stack.frames}}
    return Encoding(
        bitsAllocated=max(allocated for allocated, _, _ in found),
        bitsStored=max(stored for _, stored, _ in found),
        isSigned=any(signed for _, _, signed in found),
        slopes=np.array([frame.slope for frame in stack.frames]),
        intercepts=np.array([frame.intercept for frame in stack.frames]),
    )


def _pixelFormat(path, keywords):
    with quietPydicom():
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True, specific_tags=list(keywords))
    return tuple(int(dataset.get(keyword) or 0) for keyword in keywords)


def _writeInstances(voxels, stack, encoding, derivation, folder):
    """Write every instance into folder and return the attributes of the last one."""
    inSeries = encoding.range(voxels)
    dataset = None
    for count, job in enumerate(_jobs(stack, derivation.options), 1):
        dataset = job.dataset
        stored = np.stack([encoding.stored(voxels[k], k) for k in job.positions])
        image = Image(
            dataset=dataset,
            sourceClass=str(job.sourceClass),
            sourceSeries=stack.frames[0].seriesUID,
            sourceInstance=stack.frames[job.positions[0]].instanceUID,
            instanceUID=str(generate_uid()),
            derivation=derivation,
            encoding=encoding,
            positions=job.positions,
            smallest=int(stored.min()),
            largest=int(stored.max()),
            inSeries=inSeries,
            isLossy=job.syntax in _LOSSY_SYNTAXES,
            frames=job.frames,
            sourceFrame=job.sourceFrame,
        )
        with quietPydicom():
            applyTable(image)
            _save(dataset, stored, folder / f"{count:04}.dcm")
    return dataset


@dataclasses.dataclass(frozen=True, eq=False)
class _Job:
    """One instance to write: its source attributes and the slices k it gets, in file order."""

    dataset: pydicom.Dataset
    positions: tuple[int, ...]
    sourceClass: str
    syntax: str
    frames: tuple[int, ...] | None = None
    sourceFrame: int | None = None


def _jobs(stack, options):
    for positions in _byInstance(stack):
        frames = [stack.frames[k] for k in positions]
        dataset = _sourceDataset(frames[0])
        sourceClass, syntax = dataset.SOPClassUID, dataset.file_meta.get("TransferSyntaxUID")
        if frames[0].index is None:
            yield _Job(dataset, positions, sourceClass, syntax)
        elif options.objects == "classic":
            for number, (k, frame) in enumerate(zip(positions, frames, strict=True), 1):
                with quietPydicom():
                    classic = classicFromEnhanced(dataset, frame.index, number)
                yield _Job(classic, (k,), sourceClass, syntax, sourceFrame=frame.index + 1)
        else:
            yield _Job(dataset, positions, sourceClass, syntax, tuple(frame.index for frame in frames))


def _byInstance(stack):
    """Slices k of each source file: in slice order for classic files, in frame order within an Enhanced one."""
    byPath = {}
    for k, frame in enumerate(stack.frames):
        byPath.setdefault(frame.path, []).append(k)
    return [tuple(sorted(ks, key=lambda k: stack.frames[k].index or 0)) for ks in byPath.values()]


def _sourceDataset(frame):
    with quietPydicom():
        dataset = pydicom.dcmread(frame.path, force=True, stop_before_pixels=True)
    if dataset.get("SOPInstanceUID") != frame.instanceUID:
        raise UnsupportedVolume(f"{frame.path.name} changed while it was read; wait until the copy is complete.")
    return dataset


def _save(dataset, stored, path):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    meta.TransferSyntaxUID, meta.ImplementationClassUID = ExplicitVRLittleEndian, _IMPLEMENTATION
    meta.ImplementationVersionName = f"DLENHANCE {VERSION}"[:16]
    dataset.file_meta = meta
    dataset.PixelData = stored.tobytes() + b"\0" * (stored.nbytes % 2)
    dataset["PixelData"].VR = "OB" if stored.itemsize == 1 else "OW"
    writeExplicitLittleEndian(dataset, path)
    del dataset.PixelData
