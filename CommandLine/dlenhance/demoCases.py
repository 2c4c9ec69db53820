"""The volumes of ``dlenhance demo`` with their regions: one simulated with known truth, and two real ones."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from DLEnhanceLib.errors import MissingPackage
from DLEnhanceLib.volume import Volume

DATA_VARIABLE = "DLENHANCE_DATA"
SHOWN_DIAMETER_MM = 3.0


@dataclasses.dataclass(frozen=True, eq=False)
class Truth:
    """What only a simulation knows. lesions: integer labels; diameters: longest, in mm, by label; tissue: mask."""

    volume: Volume
    lesions: Volume
    diameters: dict[int, float]
    tissue: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class DemoCase:
    """id names the folder. source: the DICOM folder that a derived series is made from, None for other formats.

    lookAt: the place (RAS mm) that the figure shows, the largest lesion when None.
    """

    id: str
    title: str
    about: str
    volume: Volume
    regions: list
    noiseMethods: tuple[str, ...]
    source: Path | None = None
    truth: Truth | None = None
    lookAt: np.ndarray | None = None


def demoCases() -> list[tuple[str, Callable[[], DemoCase]]]:
    """(title for the progress bar, what makes the case); the real ones only where their data are."""
    cases = [("simulated head", simulatedCase)]
    folder = dataFolder()
    drawn, series = folder / "postcontrast_t1_axial_brain1", folder / "dicom_t1c_vs_seg_001"
    if drawn.is_dir():
        cases.append(("post-contrast T1", lambda: drawnLesionCase(drawn)))
    if series.is_dir():
        cases.append(("DICOM series", lambda: dicomCase(series)))
    return cases


def dataFolder() -> Path:
    """Where real volumes lie: the environment variable, else ``shared/data`` beside the clone."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get(DATA_VARIABLE) or beside)


def simulatedCase() -> DemoCase:
    """The template head of the nilearn package, through the simulator."""
    try:
        from DLEnhanceTraining.case import makeCase

        made = makeCase()
    except ModuleNotFoundError as problem:
        raise MissingPackage(f"{problem.name} is missing; install it with: pip install 'dlenhance[demo]'.") from problem
    small = next(lesion for lesion in made.knownLesions if lesion.diameterMm == SHOWN_DIAMETER_MM)
    return DemoCase(
        id="simulated",
        title="Simulated: ICBM152 head with enhancing lesions, truth known",
        about="The ICBM152 2009a template (1 mm, McConnell Brain Imaging Centre) given enhancing lesions of 2 to 8 mm "
        "and vessels, acquired by the simulator with coil noise and a truncated, zero-filled k-space. "
        "The truth is the same scan with all of k-space measured, without noise.",
        volume=made.noisy,
        regions=simulatedRegions(made),
        lookAt=np.array(small.centreRAS),
        noiseMethods=("tissue_sd",),
        truth=Truth(
            volume=made.truth,
            lesions=made.lesions,
            diameters={lesion.label: lesion.diameterMm for lesion in made.knownLesions},
            tissue=made.truth.voxels > 0.1 * np.percentile(made.truth.voxels, 99),
        ),
    )


def simulatedRegions(made) -> list:
    """Every lesion by its size, and the patch of normal-appearing white matter."""
    from DLEnhanceLesionMetricsLib.regions import LESION, REFERENCE, labelRegion

    lesions = [
        labelRegion(f"lesion {lesion.label}, {lesion.diameterMm:g} mm", LESION, made.lesions, lesion.label)
        for lesion in made.knownLesions
    ]
    return [*lesions, labelRegion("white matter", REFERENCE, made.reference, 1)]


def drawnLesionCase(folder: Path) -> DemoCase:
    """A clinical 2D series with a lesion drawn by its authors; reference and air placed on the other side by us."""
    from DLEnhanceLesionMetricsLib.regions import AIR, LESION, REFERENCE, Region, labelRegion, sphere
    from DLEnhanceLib.reading import readLabelVolume, readVolume

    drawn = readLabelVolume(folder / "brain1_label.nrrd").volume
    return DemoCase(
        id="postcontrast-t1",
        title="Real: post-contrast T1, 2D axial, lesion drawn by the data's authors",
        about="Clinical 2D post-contrast T1, 0.78 x 0.78 x 6.5 mm (pyradiomics test data, Harvard Medical School, "
        "BSD-3-Clause). The lesion mask is theirs; the white-matter reference in the other hemisphere "
        "and the air region are ours.",
        volume=readVolume(folder / "brain1_image.nrrd"),
        regions=[
            labelRegion("lesion", LESION, drawn, 1),
            Region("white matter", REFERENCE, sphere((38.0, -25.0, 19.5), 8.0)),
            Region("air", AIR, sphere((88.7, 84.8, 19.5), 16.0)),
        ],
        noiseMethods=("tissue_sd", "air_sd"),
    )


def dicomCase(folder: Path) -> DemoCase:
    """A DICOM series that the scanner zero-filled in plane; the lesion stands where SOURCES.md says."""
    from DLEnhanceLesionMetricsLib.regions import AIR, LESION, REFERENCE, Region, sphere
    from DLEnhanceLib.reading import readVolume

    return DemoCase(
        id="dicom-zero-filled",
        title="Real: DICOM series of a 3D post-contrast T1, zero-filled by the scanner",
        about="Siemens Avanto 1.5 T MPRAGE, acquired 256 x 256 and stored 512 x 512, so with real truncation ringing; "
        "enhancing vestibular schwannoma (Vestibular-Schwannoma-SEG, Shapey et al., TCIA, CC BY 4.0). "
        "The result is also written as a derived DICOM series.",
        volume=readVolume(folder),
        regions=[
            Region("schwannoma", LESION, sphere((-21.6, 6.9, -45.6), 10.0)),
            Region("cerebellum", REFERENCE, sphere((20.2, -8.2, -45.6), 10.0)),
            Region("air", AIR, sphere((94.0, -71.7, -45.6), 14.0)),
        ],
        noiseMethods=("tissue_sd", "air_sd"),
        source=folder,
    )
