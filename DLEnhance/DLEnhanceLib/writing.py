"""Writing a volume to a NIfTI, NRRD or MetaImage file: whole or not at all. DICOM is dicomWriting.py."""

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from .errors import CannotWrite
from .metaImageFile import writeMetaImage
from .niftiFile import writeNifti
from .nrrdFile import writeNrrd
from .volume import Volume

_WRITERS = {
    ".nii": writeNifti,
    ".nii.gz": writeNifti,
    ".nrrd": writeNrrd,
    ".mha": writeMetaImage,
    ".mhd": writeMetaImage,
}
WRITABLE_SUFFIXES = tuple(_WRITERS)
_STORED_AS = {"bool": np.uint8, "float16": np.float32}
_TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")


def writeVolume(volume: Volume, path, *, comment: str = "") -> Path:
    """Write the volume in its stored type and return the path; an existing file is replaced in one step.

    The format follows the suffix (WRITABLE_SUFFIXES). bool becomes uint8 and float16 float32, since no format has them.
    The comment (the research-use label, say) is stored in the header. Raises CannotWrite, and then nothing is left
    behind and an existing file is as it was; the file the volume was read from is never overwritten.
    """
    path = Path(path)
    writer = _writerFor(path)
    _refuseOwnSource(volume, path)
    with _wholeOrNothing(path) as folder:
        writer(folder / path.name, _storable(volume.voxels), volume.ijkToRAS, comment=comment)
    return path


def _writerFor(path):
    name = path.name.lower()
    for suffix in sorted(_WRITERS, key=len, reverse=True):
        if name.endswith(suffix) and len(name) > len(suffix):
            return _WRITERS[suffix]
    raise CannotWrite(f"'{path.name}' has no known image suffix; use one of {', '.join(WRITABLE_SUFFIXES)}.")


def _refuseOwnSource(volume, path):
    if volume.source is not None and path.exists() and path.samefile(volume.source):
        raise CannotWrite(f"'{path.name}' is the input itself and would be overwritten; choose another name.")


def _storable(voxels):
    voxels = voxels.astype(_STORED_AS.get(voxels.dtype.name, voxels.dtype.newbyteorder("=")), copy=False)
    if voxels.dtype.name not in _TYPES:
        raise CannotWrite(f"Voxels of type {voxels.dtype} cannot be stored in an image file; convert them first.")
    return voxels


@contextmanager
def _wholeOrNothing(path):
    """A temporary folder beside path; what is in it moves to the folder of path when the block ends well."""
    folder = None
    try:
        folder = Path(tempfile.mkdtemp(prefix=".dlenhance-", dir=path.parent))
        yield folder
        for file in sorted(folder.iterdir(), key=lambda file: file.name == path.name):
            file.replace(path.parent / file.name)
    except OSError as error:
        raise CannotWrite(
            f"'{path}' cannot be written ({error.strerror or error}); free some space or choose another folder."
        ) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
