"""DLEnhance beside its peers on the same volumes in one run; every peer is told the true noise level, DLEnhance is not.

    python Benchmarks/peerBenchmark.py --data ../shared/data --out Benchmarks/output [--heads ...]

Needs ``pip install antspyx dipy PyWavelets``. BM4D takes part where ``pip install bm4d`` was called (non-commercial,
never a dependency), mrdegibbs where Debian's ``mrtrix3`` is installed.
"""

import argparse
import csv
import importlib.util
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from benchmarkCases import CONDITIONS, HEADS, makeCases
from benchmarkMetrics import scores

from DLEnhanceLib.enhancement import blend, computeComponents
from DLEnhanceLib.strengths import PRESETS, Strengths
from DLEnhanceLib.survey import survey
from DLEnhanceLib.torchBackend import makeBackend


def gradientDiffusion(image, _sigma):
    """Slicer's defaults: conductance 1, 5 iterations, step 0.0625."""
    return _sitk(lambda x: sitk.GradientAnisotropicDiffusion(x, 0.0625, 1.0, 1, 5), image)


def curvatureDiffusion(image, _sigma):
    return _sitk(lambda x: sitk.CurvatureAnisotropicDiffusion(x, 0.0625, 1.0, 1, 5), image)


def median(image, _sigma):
    return _sitk(lambda x: sitk.Median(x, [1, 1, 1]), image)


def _sitk(function, image):
    return sitk.GetArrayFromImage(function(sitk.GetImageFromArray(image)))


def ants(image, _sigma):
    import ants as package

    return package.denoise_image(package.from_numpy(image), noise_model="Rician").numpy()


def dipyNlm(image, sigma):
    from dipy.denoise.nlmeans import nlmeans

    return nlmeans(image, sigma=float(sigma), rician=True, patch_radius=1, block_radius=2, num_threads=2)


def skimageNlm(image, sigma):
    from skimage.restoration import denoise_nl_means

    return denoise_nl_means(image, patch_size=3, patch_distance=4, h=0.8 * sigma, sigma=sigma, fast_mode=True)


def totalVariation(image, sigma):
    from skimage.restoration import denoise_tv_chambolle

    return denoise_tv_chambolle(image, weight=1.2 * float(sigma))


def wavelet(image, sigma):
    from skimage.restoration import denoise_wavelet

    return denoise_wavelet(image, sigma=float(sigma), method="BayesShrink", mode="soft")


def gibbsRemoval(image, _sigma):
    from dipy.denoise.gibbs import gibbs_removal

    return gibbs_removal(image, slice_axis=0, inplace=False, num_processes=1)


def mrdegibbs(image, _sigma):
    import nibabel

    with tempfile.TemporaryDirectory() as folder:
        before, after = (str(Path(folder, name)) for name in ("before.nii", "after.nii"))
        nibabel.Nifti1Image(image, np.eye(4)).to_filename(before)
        subprocess.run(["mrdegibbs", "-quiet", before, after], check=True)
        return nibabel.load(after).get_fdata()


def bm4d(image, sigma):
    from bm4d import bm4d as function

    return function(image, sigma_psd=float(sigma))


def lappedFilter(image, sigma):
    """What our network starts from, told the noise level like the peers: shows what training adds."""
    import torch

    from DLEnhanceLib import lapped

    scale = 1000.0  # of the benchmark's volumes
    tile = torch.from_numpy(image / scale)[None, None]
    with torch.inference_mode():
        return scale * lapped.wiener(tile, torch.full_like(tile, sigma / scale), torch.ones(1, 3))[0, 0].numpy()


PEERS = {
    "Slicer gradient diffusion": gradientDiffusion,
    "Slicer curvature diffusion": curvatureDiffusion,
    "Slicer median": median,
    "ANTs DenoiseImage": ants,
    "DIPY NLM": dipyNlm,
    "skimage NLM": skimageNlm,
    "skimage TV": totalVariation,
    "skimage wavelet": wavelet,
    "DIPY gibbs_removal": gibbsRemoval,
    "lapped Wiener filter, no network": lappedFilter,
}
if shutil.which("mrdegibbs"):
    PEERS["MRtrix3 mrdegibbs"] = mrdegibbs
if importlib.util.find_spec("bm4d"):
    PEERS["BM4D"] = bm4d
OURS = {**PRESETS, "100/0/0": Strengths(1, 0, 0), "100/100/100": Strengths(1, 1, 1)}


def rows(case, peers, backends):
    """(method, output, seconds) of every method on a case."""
    image, sigma = case.noisy.voxels, float(np.median(case.sigma[case.mask]))
    yield "input", image, 0.0
    for name, function in peers.items():
        started = time.perf_counter()
        yield name, np.asarray(function(image, sigma), np.float32), time.perf_counter() - started
    for profile, backend in backends.items():
        started = time.perf_counter()
        found = survey(case.noisy)
        components = computeComponents(case.noisy, found, backend)
        seconds = time.perf_counter() - started
        for name, strengths in OURS.items():
            yield f"DLEnhance {profile} {name}", blend(case.noisy, components, strengths).voxels, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--heads", nargs="+", default=list(HEADS), choices=list(HEADS))
    parser.add_argument("--conditions", nargs="+", default=list(CONDITIONS), choices=list(CONDITIONS))
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--profiles", nargs="*", default=["full", "fast"])
    options = parser.parse_args()
    peers = {name: PEERS[name] for name in options.peers}
    backends = {profile: makeBackend(profile, "cpu") for profile in options.profiles}
    table = []
    for case in makeCases(options.data, options.heads, options.conditions):
        for method, output, seconds in rows(case, peers, backends):
            row = {"head": case.head, "condition": case.condition, "method": method, **scores(case, output)}
            row["secondsPerMegavoxel"] = seconds / (case.truth.size / 1e6)
            table.append({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()})
            print(*(f"{v:8.3f}" if isinstance(v, float) else v for v in table[-1].values()), sep="  ", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "peers.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    (options.out / "peers.md").write_text(summary(table), encoding="utf-8")


def summary(table):
    """Mean over the heads of every method, a Markdown table for each condition."""
    columns = [name for name in table[0] if name not in ("head", "condition", "method")]
    text = "# DLEnhance beside its peers\n\nMeans over the heads; made by `Benchmarks/peerBenchmark.py`.\n"
    for condition in dict.fromkeys(row["condition"] for row in table):
        text += f"\n## {condition}\n\n| method | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}\n"
        part = [row for row in table if row["condition"] == condition]
        for method in dict.fromkeys(row["method"] for row in part):
            values = [[row[c] for c in columns] for row in part if row["method"] == method]
            text += f"| {method} | {' | '.join(f'{v:.3f}' for v in np.mean(values, axis=0))} |\n"
    return text


if __name__ == "__main__":
    main()
