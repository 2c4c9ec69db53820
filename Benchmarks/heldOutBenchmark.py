"""The released models and Slicer's gradient diffusion on simulated scans of heads that training never saw.

    python Benchmarks/heldOutBenchmark.py --data ../shared/data --out Benchmarks/output [--count 60]

Truth is the same scan without noise, had k-space been filled up to the grid. DLEnhance is given the noise map of the
survey's accuracy (12 % off), and whether k-space ends in a cut or in a filter, as the survey would say.
"""

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from DLEnhanceLib.restoration import cleanSigmas, endsInCut
from DLEnhanceLib.strengths import PRESETS, Strengths
from DLEnhanceLib.torchBackend import makeBackend
from DLEnhanceTraining.validation import validationSamples

OURS = {**PRESETS, "100/100/100": Strengths(1, 1, 1), "100/100/0": Strengths(1, 1, 0), "100/0/0": Strengths(1, 0, 0)}


def gradientDiffusion(image):
    """Slicer's defaults: conductance 1, 5 iterations, step 0.0625."""
    return sitk.GetArrayFromImage(sitk.GradientAnisotropicDiffusion(sitk.GetImageFromArray(image), 0.0625, 1.0, 1, 5))


def outputs(sample, backends):
    image = sample.noisy[0, 0].numpy()
    yield "input", image
    yield "Slicer gradient diffusion", gradientDiffusion(image)
    conditions = sample.conditions[0].numpy()
    support, spacing = conditions[:3].tolist(), (2.0 ** conditions[3:]).tolist()
    alpha = 1.0 if sample.window == "none" else 0.0
    cut = [share if endsInCut(share, alpha) else 1.0 for share in support]
    for profile, backend in backends.items():
        noise = backend.noise(image, sample.sigmaGiven[0, 0].numpy(), support, spacing)
        ringing, blur = backend.restored(image - noise, cut, cleanSigmas(support, spacing))
        for name, s in OURS.items():
            yield f"DLEnhance {profile} {name}", image - s.denoise * noise - s.dering * ringing + s.sharpen * blur


def errors(output, sample):
    """PSNR in dB for a tissue level of 1, and RMSE in lesions and two voxels around them, in percent of tissue."""
    truth, lesion = sample.full[0, 0].numpy(), sample.weight[0, 0].numpy() > 2
    psnr = -10 * np.log10(max(np.mean((output - truth) ** 2), 1e-6))
    rmse = 100 * np.sqrt(np.mean((output - truth)[lesion] ** 2)) if lesion.sum() > 20 else np.nan
    return psnr, rmse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=60)
    options = parser.parse_args()
    backends = {profile: makeBackend(profile, "cpu") for profile in ("full", "fast")}
    found = {}
    for sample in validationSamples(options.data, "cpu", options.count):
        percent = 100 * float(sample.sigma.mean())
        group = "below 1 %" if percent < 1 else "1 to 4 %" if percent < 4 else "above 4 %"
        for method, output in outputs(sample, backends):
            for part in (group, "all"):
                found.setdefault((part, method), []).append(errors(output, sample))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "heldOut.md").write_text(table(found), encoding="utf-8")
    print(table(found))


def table(found):
    text = "# Simulated scans of held-out heads\n\nMade by `Benchmarks/heldOutBenchmark.py`.\n\n"
    text += "| noise | method | PSNR dB | lesion RMSE, % of tissue | scans |\n|---|---|---|---|---|\n"
    for (group, method), values in sorted(found.items(), key=lambda item: item[0][0]):
        psnr, rmse = np.nanmean(values, axis=0)
        text += f"| {group} | {method} | {psnr:.2f} | {rmse:.2f} | {len(values)} |\n"
    return text


if __name__ == "__main__":
    main()
