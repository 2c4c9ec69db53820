"""Fixed samples from anatomy that training never sees, and what a network gains on them."""

import importlib.resources
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch

from .anatomy import AnatomySource, loadLabelMaps
from .sampling import makeSample, randomScan

VALIDATION_MAPS = (19, 20)
SEED = 20251
FLOOR = 1e-6  # errors below 0.1 % of tissue count as equal


def icbm152():
    """The ICBM152 2009a symmetric T1 template of the nilearn package: float32 (k, j, i), 1 mm, tissue near 1, air 0."""
    name = "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
    with importlib.resources.as_file(importlib.resources.files("nilearn.datasets.data") / name) as path:
        voxels = sitk.GetArrayFromImage(sitk.ReadImage(str(path))).astype(np.float32)
    return voxels / np.percentile(voxels[voxels > 0], 98)


def validationSamples(dataFolder: Path, device, count=32):
    """Samples drawn with their own seed from held-out heads."""
    maps = loadLabelMaps(dataFolder / "anatomy_synthseg", VALIDATION_MAPS)
    source = AnatomySource(maps, [icbm152()], device)
    rng = np.random.default_rng(SEED)
    return [makeSample(randomScan(source, rng), rng) for _ in range(count)]


@torch.no_grad()
def validationScores(network, samples):
    """Mean gains over the input in dB, and the lesion contrast kept; the network is used in full precision.

    denoiseLow/High: noise removed, below and above 3 % noise. kept: regression slope of output on truth in lesions.
    """
    network.eval()
    gains = {"denoiseLow": [], "denoiseHigh": [], "kept": []}
    for sample in samples:
        with torch.autocast(sample.noisy.device.type, dtype=torch.bfloat16):
            output = sample.noisy - network(sample.noisy, sample.sigmaGiven, sample.conditions).float()
        level = "denoiseLow" if float(sample.sigma.mean()) < 0.03 else "denoiseHigh"
        gains[level].append(_gain(sample.noisy, output, sample.ringing))
        lesion = sample.weight > 2
        if int(lesion.sum()) > 20:
            gains["kept"].append(float(_slope(output[lesion], sample.ringing[lesion])))
    network.train()
    return {name: round(float(np.nanmean(values)), 3) for name, values in gains.items() if values}


def _gain(before, after, truth):
    errorBefore, errorAfter = ((x - truth).square().mean().clamp_min(FLOOR) for x in (before, after))
    return float(10 * torch.log10(errorBefore / errorAfter))


def _slope(output, truth):
    centred = truth - truth.mean()
    return (centred * output).sum() / centred.square().sum().clamp_min(1e-9)
