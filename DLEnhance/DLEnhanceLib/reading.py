"""Reading volumes and label volumes from any supported file: NIfTI, NRRD, MetaImage, DICOM."""

import dataclasses
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from .errors import UnsupportedVolume
from .volume import Volume

_SUFFIXES = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".dcm", ".ima", ".zip")
READABLE = "NIfTI (.nii, .nii.gz), NRRD (.nrrd), MetaImage (.mha, .mhd) or DICOM (a file, folder, DICOMDIR or .zip)"


def readVolume(path, *, series=None) -> Volume:
    """One scalar 3D volume in its stored type with its exact geometry.

    series chooses in a DICOM folder: series instance UID, series number or a selector from listSeries(). A DICOM
    file path reads that file alone. 2D images are volumes of one slice. NaN and infinity are passed on as they are:
    the survey and the enhancement look at them. Raises UnsupportedVolume with one sentence: what is wrong, what to do.
    """
    path = _existing(path)
    if not isDicom(path):
        if series is not None:
            raise UnsupportedVolume(f"{path.name} is not DICOM, so there is no series to choose.")
        voxels, affine, _ = _readFile(path)
        if voxels.ndim != 3:
            raise UnsupportedVolume(f"{path.name} is a color or vector image; a scalar MR volume is needed.")
        return Volume(voxels, affine, _stem(path), {}, path)
    from .dicomReading import readDicom

    return readDicom(path, series=series)


def listSeries(path) -> list:
    """The MR series (SeriesSummary) in a DICOM file, folder, DICOMDIR or zip; empty where there are none."""
    path = _existing(path)
    if not isDicom(path):
        return []
    from .dicomReading import listDicomSeries

    return listDicomSeries(path)


def isDicom(path) -> bool:
    """True for a folder, a zip archive and a DICOM file; the suffix decides before the content does."""
    from .dicomFiles import isDicomdir, looksLikeDicom

    path = Path(path)
    if path.is_dir():
        return True
    if _suffix(path) in (".dcm", ".ima", ".zip"):
        return True
    if _suffix(path):
        return False
    return looksLikeDicom(path) or isDicomdir(path) or zipfile.is_zipfile(path)


@dataclasses.dataclass(frozen=True, eq=False)
class LabelVolume:
    """volume: integer voxels, 0 = nothing; names: label to name, for every label that occurs.

    Segments may overlap in a .seg.nrrd; the volume then shows the last one, and mask() is exact for each.
    """

    volume: Volume
    names: Mapping[int, str]
    overlapping: Mapping[int, np.ndarray] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "names", MappingProxyType(dict(self.names)))
        object.__setattr__(self, "overlapping", MappingProxyType(dict(self.overlapping)))

    def mask(self, label: int) -> np.ndarray:
        """Where the label is: bool (k, j, i), overlap included."""
        exact = self.overlapping.get(label)
        return self.volume.voxels == label if exact is None else exact


def readLabelVolume(path) -> LabelVolume:
    """Labels from NIfTI, NRRD or MetaImage; names and overlapping layers from a .seg.nrrd of 3D Slicer.

    Whole-number voxels stored as float become integers. Raises UnsupportedVolume for anything else.
    """
    path = _existing(path)
    if isDicom(path):
        raise UnsupportedVolume(f"{path.name} is DICOM; save the regions as .nii.gz, .nrrd or .seg.nrrd.")
    voxels, affine, fields = _readFile(path)
    isSegmentation = any(key.startswith("Segment0_") for key in fields)
    if voxels.ndim == 4 and not isSegmentation:
        raise UnsupportedVolume(f"{path.name} is a color or vector image; a label volume is needed.")
    layers = _wholeNumbers(path, voxels if voxels.ndim == 4 else voxels[..., np.newaxis])
    if isSegmentation:
        return _segmentation(path, layers, affine, fields)
    labels = np.ascontiguousarray(layers[..., 0])
    names = {int(label): f"label {label}" for label in np.unique(labels) if label != 0}
    return LabelVolume(Volume(labels, affine, _stem(path), {}, path), names)


def _wholeNumbers(path, voxels):
    if voxels.dtype.kind in "iu":
        return voxels
    if not np.isfinite(voxels).all() or (voxels != np.rint(voxels)).any():
        raise UnsupportedVolume(f"{path.name} is not a label volume: its voxels are not whole numbers.")
    return voxels.astype(np.int32)


def _segmentation(path, layers, affine, fields):
    """Slicer's segmentation file: Segment<n>_LabelValue counts within Segment<n>_Layer only."""
    labels = np.zeros(layers.shape[:3], np.int32)
    names, masks = {}, {}
    for index in range(len(fields)):
        if f"Segment{index}_ID" not in fields and f"Segment{index}_Name" not in fields:
            break
        mask = _segmentMask(layers, fields, index)
        label = _freeLabel(int(fields.get(f"Segment{index}_LabelValue", index + 1)), names)
        names[label] = fields.get(f"Segment{index}_Name", fields.get(f"Segment{index}_ID", f"segment {index + 1}"))
        masks[label] = mask
        labels[mask] = label
    hidden = {label: mask for label, mask in masks.items() if not np.array_equal(labels == label, mask)}
    return LabelVolume(Volume(labels, affine, _stem(path), {}, path), names, hidden)


def _segmentMask(layers, fields, index):
    layer = int(fields.get(f"Segment{index}_Layer", 0))
    return layers[..., min(layer, layers.shape[3] - 1)] == int(fields.get(f"Segment{index}_LabelValue", index + 1))


def _freeLabel(wanted, names):
    while wanted in names or wanted == 0:
        wanted += 1
    return wanted


def _existing(path):
    path = Path(path)
    if not path.exists():
        raise UnsupportedVolume(f"'{path}' does not exist; check the path.")
    if path.is_file() and path.stat().st_size == 0:
        raise UnsupportedVolume(f"{path.name} is empty (0 bytes); copy it again.")
    return path


def _suffix(path):
    name = path.name.lower()
    return next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")


def _stem(path):
    suffix = _suffix(path)
    return path.name[: len(path.name) - len(suffix)] or path.name


def _readFile(path):
    """Voxels, ijkToRAS and the key/value fields of a file that is not DICOM."""
    suffix = _suffix(path)
    try:
        if suffix in (".nii", ".nii.gz"):
            from .niftiFile import readNifti

            return *readNifti(path), {}
        if suffix in (".mha", ".mhd"):
            from .metaImageFile import readMetaImage

            return *readMetaImage(path), {}
        if suffix in (".nrrd", ".nhdr", ".seg.nrrd"):
            from .nrrdFile import readNrrd

            image = readNrrd(path)
            return image.voxels, image.ijkToRAS, image.fields
    except OSError as error:
        raise UnsupportedVolume(f"{path.name} cannot be read: {error.strerror or error}.") from error
    raise UnsupportedVolume(f"{path.name} is not an image that can be read; use {READABLE}.")
