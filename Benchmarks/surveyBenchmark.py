"""Errors of the survey on simulated heads: noise and k-space support; and what it says of real volumes.

Run: python Benchmarks/surveyBenchmark.py [--quick]. The heads are ICBM152 from the nilearn package, sharpened, and,
with DLENHANCE_DATA or ../shared/data at hand, a label map of SynthSeg with random contrast. Prints Markdown tables.
"""

import argparse
import dataclasses
import os
import sys
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("DLENHANCE_DATA", ROOT.parent / "shared" / "data"))
sys.path[:0] = [str(ROOT / "DLEnhance"), str(ROOT / "Testing" / "Python")]

from headPhantom import acquire, asVolume, coilMap  # noqa: E402

from DLEnhanceLib.reading import readVolume  # noqa: E402
from DLEnhanceLib.survey import survey  # noqa: E402

QUICK_BOX = np.s_[40:150, 40:190, 30:160]


@dataclasses.dataclass(frozen=True)
class Acquisition:
    """One simulated scan; sigma is a share of tissue."""

    sigma: float
    support: tuple[float, float, float] = (1.0, 1.0, 1.0)
    alpha: float = 1.0
    isElliptic: bool = False
    hasCoils: bool = False

    def simulate(self, truth):
        """(image, true sigma map)"""
        coil = coilMap(truth.shape) if self.hasCoils else np.ones(truth.shape, np.float32)
        fields = {"support": self.support, "alpha": self.alpha, "isElliptic": self.isElliptic}
        return acquire(truth, sigma=self.sigma, coil=coil, **fields)[0], self.sigma * 1000 * coil


ACQUISITIONS = (
    *(Acquisition(sigma) for sigma in (0.01, 0.03, 0.06, 0.12)),
    *(Acquisition(sigma, hasCoils=True) for sigma in (0.01, 0.03, 0.06)),
    *(Acquisition(sigma, support=(1.0, 0.7, 0.62)) for sigma in (0.02, 0.06)),
    Acquisition(0.06, support=(1.0, 0.7, 0.62), hasCoils=True),
    Acquisition(0.03, support=(0.55, 0.85, 0.95)),
    *(Acquisition(sigma, isElliptic=True) for sigma in (0.02, 0.06)),
    Acquisition(0.06, support=(0.8, 0.7, 0.7), isElliptic=True),
    Acquisition(0.06, support=(0.7, 0.62, 0.8), alpha=0.54),
    *(Acquisition(0.02, alpha=alpha) for alpha in (0.54, 0.75)),
)

REAL = (
    "postcontrast_t1_axial_brain1/brain1_image.nrrd",
    "dicom_t1c_vs_seg_001",
    "dicom_enhanced_multiframe_t1",
    "glioma_upenn_00001/00001_t1c.nii.gz",
    "glioma_upenn_00001/00001_t1n.nii.gz",
    "glioma_upenn_00001/00001_t2f.nii.gz",
    "glioma_upenn_00001/00001_t2w.nii.gz",
    "t2w_head/T2w.nii.gz",
    "flair_axial_fpg/t2.nii.gz",
    "stroke_t1_t2_flair/T1.nii.gz",
    "stroke_t1_t2_flair/T2.nii.gz",
    "stroke_t1_t2_flair/FLAIR.nii.gz",
    "anatomy_t1_studyforrest/studyforrest_sub-02_T1w_crop.nii.gz",
    "anatomy_t1_uih/uih_t1_gre_fsp_crop.nii.gz",
    "phantom/Ph_201_T1W_TSE_Sno_CSno_CSAIno.nii.gz",
    "phantom/Ph_501_T1W_TSE_Sno_CSno_CSAI2.nii.gz",
    "nifti_orientations/RAS.nii.gz",
)


def icbmHead():
    """ICBM152 T1, sharpened because a mean of 152 heads is smoother than any of them; tissue about 1."""
    import nilearn

    path = Path(nilearn.__file__).parent / "datasets" / "data" / "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
    image = sitk.GetArrayFromImage(sitk.ReadImage(str(path))).astype(np.float32)
    image = np.maximum(image + 1.5 * (image - ndimage.gaussian_filter(image, 1.2)), 0)
    return image / np.percentile(image[image > 0.3 * image.max()], 99)


def labelHead():
    """A SynthSeg label map with random contrast and 2 % texture."""
    path = DATA / "anatomy_synthseg" / "training_seg_01.nii.gz"
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(path))).astype(int)
    random = np.random.default_rng(0)
    means = random.uniform(0.15, 1.0, labels.max() + 1).astype(np.float32)
    means[0] = 0
    texture = ndimage.gaussian_filter(random.standard_normal(labels.shape).astype(np.float32), 1.0)
    image = ndimage.gaussian_filter(means[labels], 0.5) * (1 + 0.02 * texture / texture.std())
    image = image[20:236, 20:236, 30:220]
    return image / np.percentile(image[image > 0.1], 99)


def simulatedRow(name, truth, acquisition):
    image, sigma = acquisition.simulate(truth)
    started = time.process_time()
    found = survey(asVolume(image))
    seconds = time.process_time() - started
    tissue = truth > 0.25
    estimate = found.noise.full()[tissue]
    errors = 100 * (estimate / sigma[tissue] - 1)
    match = np.corrcoef(estimate, sigma[tissue])[0, 1] if acquisition.hasCoils else np.nan
    filter_ = "ellipse" if acquisition.isElliptic else f"{acquisition.alpha:g}"
    cells = (
        name,
        f"{100 * acquisition.sigma:g}",
        triple(acquisition.support),
        triple(found.support),
        filter_,
        "yes" if acquisition.hasCoils else "no",
        f"{np.median(errors):+.1f}",
        f"{np.percentile(np.abs(errors), 95):.0f}",
        f"{match:.3f}",
        f"{seconds:.1f}",
    )
    return "| " + " | ".join(cells) + " |"


def realRow(path):
    volume = readVolume(DATA / path)
    started = time.process_time()
    found = survey(volume)
    seconds = time.process_time() - started
    cells = (
        path.split("/")[-1],
        "x".join(map(str, volume.voxels.shape)),
        f"{found.level:.4g}",
        f"{found.noise.median:.4g}",
        f"{found.noisePercent:.2f}",
        f"{found.noise.relativeSpread:.2f}",
        triple(found.support),
        triple(found.noise.color.apodization) + (" ellipse" if found.noise.color.ellipses else ""),
        f"{100 * found.head.mean():.0f}",
        found.sequence,
        f"{seconds:.1f}",
    )
    return "| " + " | ".join(cells) + " |"


def triple(values):
    return " ".join(f"{value:.2f}" for value in values)


def printTable(title, columns, rows):
    print(f"\n## {title}\n\n| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for row in rows:
        print(row, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="parts of the simulated heads, no real volumes")
    isQuick = parser.parse_args().quick
    heads = {"ICBM152": icbmHead()}
    if DATA.is_dir():
        heads["SynthSeg"] = labelHead()
    part = QUICK_BOX if isQuick else np.s_[:]
    columns = ("head", "noise %", "kept k j i", "found k j i", "filter", "coils", "median error %", "95th % of |error|")
    rows = (simulatedRow(name, head[part], one) for name, head in heads.items() for one in ACQUISITIONS)
    printTable("Simulated heads", (*columns, "map correlation", "s"), rows)
    if DATA.is_dir() and not isQuick:
        columns = ("volume", "k x j x i", "level", "noise", "% of level", "spread", "support", "filter", "head %")
        printTable("Real volumes", (*columns, "sequence", "s"), map(realRow, REAL))


if __name__ == "__main__":
    main()
