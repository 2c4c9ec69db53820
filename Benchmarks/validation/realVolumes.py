"""The real volumes of SOURCES.md with what is known of their lesions. Training anatomy gives pictures only."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.volume import Volume

SCHWANNOMA_RAS = (-21.6, 6.9, -45.6)  # SOURCES.md
GLIOMA = "glioma_upenn_00001"
SEQUENCES = {"t1c": "post-contrast T1", "t1n": "T1", "t2f": "FLAIR", "t2w": "T2"}


@dataclasses.dataclass(frozen=True)
class RealVolume:
    """read(data folder) -> Volume; lesion(volume, data folder) -> bool mask or None. isTraining: pictures only."""

    name: str
    read: Callable
    lesion: Callable | None = None
    isTraining: bool = False


def realVolumes(isQuick):
    """In the order of the page."""
    yield RealVolume(
        "post-contrast T1, drawn lesion (brain1)", _file("postcontrast_t1_axial_brain1/brain1_image.nrrd"), _brain1
    )
    yield RealVolume("T2 head", _file("t2w_head/T2w.nii.gz"))
    if isQuick:
        return
    yield RealVolume(
        "zero-filled post-contrast T1, schwannoma (VS-SEG-001)", _file("dicom_t1c_vs_seg_001"), _schwannoma
    )
    for key, sequence in SEQUENCES.items():
        yield RealVolume(
            f"glioma, {sequence}", _file(f"{GLIOMA}/00001_{key}.nii.gz"), _glioma(3 if key == "t1c" else 2)
        )
    yield RealVolume("FLAIR head", _file("flair_axial_fpg/t2.nii.gz"))
    yield RealVolume("T1, enhanced multi-frame", _file("dicom_enhanced_multiframe_t1"))
    yield RealVolume(
        "oblique T1 (training anatomy)",
        _file("anatomy_t1_studyforrest/studyforrest_sub-02_T1w_crop.nii.gz"),
        isTraining=True,
    )


def _file(path):
    return lambda data: readVolume(Path(data) / path)


def _brain1(_volume, data):
    return readVolume(data / "postcontrast_t1_axial_brain1" / "brain1_label.nrrd").voxels > 0


def _glioma(label):
    """1 necrosis, 2 oedema, 3 enhancing tumour; an automatic segmentation."""
    return lambda _volume, data: readVolume(data / GLIOMA / "seg-BraTS23_1.nii.gz").voxels == label


def _schwannoma(volume, _data):
    """Bright voxels within 9 mm of the place named in SOURCES.md."""
    centre = np.linalg.inv(volume.ijkToRAS) @ np.array([*SCHWANNOMA_RAS, 1.0])
    offsets = [
        (np.arange(n) - c) * s for n, c, s in zip(volume.voxels.shape, centre[2::-1], volume.spacing[::-1], strict=True)
    ]
    distance = np.sqrt(sum(o**2 for o in np.ix_(*offsets)))
    near = distance < 9
    smooth = sitk.GetArrayFromImage(
        sitk.SmoothingRecursiveGaussian(sitk.GetImageFromArray(volume.voxels.astype(np.float32)), 2.0)
    )
    return near & (smooth > 0.6 * np.percentile(smooth[near], 95))


def repeats(data):
    """The 20 EPI repeats: list of Volumes on one grid."""
    image = sitk.ReadImage(str(data / "repeats_epi" / "studyforrest_epi_vols11-30.nii.gz"))
    affine = np.diag([*image.GetSpacing()[:3], 1.0])
    return [Volume(voxels, affine, f"repeat {n}") for n, voxels in enumerate(sitk.GetArrayFromImage(image))]


def phantoms(data):
    """Name to (Volume without vendor AI, Volume with it or of the second scan)."""
    folder = data / "phantom"
    names = {
        "ACR phantom: vendor AI off, on": (
            "Ph_201_T1W_TSE_Sno_CSno_CSAIno.nii.gz",
            "Ph_501_T1W_TSE_Sno_CSno_CSAI2.nii.gz",
        ),
        "cylinder, scanned twice": ("Si_2_gre_field_magph_e1.nii", "Si_5_gre_field_mag_e1.nii"),
    }
    return {name: tuple(readVolume(folder / file) for file in files) for name, files in names.items()}
