"""Pictures of the training simulation: object, lesions, every step of the acquisition, the components to be found.

    python Benchmarks/simulationPage.py --data ../shared/data --out Benchmarks/output [--scans 8] [--seed 7]

The first part takes one head through the chain step by step; the second shows random training samples as they come.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import torch
from validation.page import figure, wholePage
from validation.pictures import Picture, column, labelled, png, row, window

from DLEnhanceTraining.acquisition import Protocol, addNoise, scan
from DLEnhanceTraining.anatomy import AnatomySource, Crop, loadLabelMaps, loadRealHeads
from DLEnhanceTraining.pathology import addPathology
from DLEnhanceTraining.sampling import OBJECT_SIZE, makeSample, randomScan

ZOOM = 2
STEPS = {
    "k-space cut to 70 x 60 %": {"support": (1.0, 0.7, 0.6)},
    "ellipse of the phase axes": {"support": (0.8, 0.8, 1.0), "isElliptic": True},
    "partial Fourier 6/8": {"partialFourier": 0.75, "partialAxis": 1, "phaseCycles": 1.5},
    "raw filter (Hamming)": {"support": (1.0, 0.8, 0.8), "window": "hamming"},
    "T2 decay along the train": {"support": (1.0, 0.8, 0.8), "window": "decay"},
    "noise 6 %": {"sigma": 0.06},
    "noise 6 %, g-map": {"sigma": 0.06, "gSpread": 4.0},
    "noise 6 %, correlated by zero-filling": {"sigma": 0.06, "support": (1.0, 0.65, 0.6)},
    "4 channels, noise 8 %": {"sigma": 0.08, "channels": 4},
    "2D slices": {"sliceAxis": 0, "outFraction": (0.25, 1.0, 1.0), "sigma": 0.03},
    "masked air, 100 gray levels": {"sigma": 0.04, "isMasked": True, "quantisation": 0.01},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scans", type=int, default=8)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    source = AnatomySource(loadLabelMaps(options.data / "anatomy_synthseg", (1, 2)), loadRealHeads(options.data))
    pictures = [objects(source, options.seed), *steps(source, options.seed), samples(source, options)]
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "simulation.html"
    path.write_text(page(pictures), encoding="utf-8")
    print(f"{path} ({path.stat().st_size // 1024} kB)")


def page(pictures):
    text = (
        "Made by <code>make simulation-page</code> from the code that trains the network (Training/DLEnhanceTraining), "
        "with training anatomy. Every picture is the middle slice; differences are around mid-gray. From one object "
        "come four images: <b>noisy</b> (what the scanner stores), <b>ringing</b> (without noise), <b>full</b> (had "
        "k-space been filled up to the grid) and <b>clean</b> (full under a Gaussian, which hardly rings). The network "
        "learns the <b>noise</b> = noisy - ringing. <b>ringing</b> = ringing - clean and <b>blur</b> = full - clean "
        "are what k-space continued beyond its cut is to find; where k-space is full, the two are the same."
    )
    body = "".join(map(figure, pictures))
    return wholePage("DLEnhance: the simulation", f"<h1>The simulation, step by step</h1><p>{text}</p>{body}")


def objects(source, seed):
    """Crops of label maps with random contrast and of real heads, before and after lesions and vessels."""
    rng, rows = np.random.default_rng(seed), []
    for _ in range(5):
        crop = source.draw(OBJECT_SIZE, rng)
        before = crop.image.clone()
        coverage = addPathology(Crop(crop.image, crop.tissue), rng)
        k = _busiest(coverage, crop.image - before)
        high = float(crop.image.max().clamp_max(1.8))
        tiles = [window(x[k].numpy(), 0, high) for x in (before, crop.image)]
        tiles += [window((crop.image - before)[k].numpy(), -0.6, 0.6), window(coverage[k].numpy(), 0, 1)]
        rows.append(row(tiles))
    names = ("object", "with lesions, vessels", "added", "lesion coverage")
    caption = "Random contrast and texture on label maps, or real heads; lesions bright, dark, ringed, haloed; vessels."
    return Picture("Objects", png(labelled(column(rows), names, zoom=ZOOM)), caption)


def _busiest(*volumes):
    """The slice with the most lesion, else the most of what was added, else the middle one."""
    for volume in volumes:
        total = volume.abs().sum((1, 2))
        if float(total.max()) > 0:
            return int(total.argmax())
    return volumes[0].shape[0] // 2


def steps(source, seed):
    """One object through each step of the acquisition alone."""
    rng = np.random.default_rng(seed + 1)
    crop = max((source.draw(OBJECT_SIZE, rng) for _ in range(8)), key=lambda one: float(one.tissue.sum()))
    coverage = addPathology(crop, rng)
    high = float(crop.image.quantile(0.995)) if crop.image.numel() < 2**24 else 1.5
    for name, fields in STEPS.items():
        protocol = dataclasses.replace(Protocol(sigma=0.0), **fields)
        scanned = scan(crop.image, coverage, protocol, np.random.default_rng(seed))
        images = addNoise(scanned, protocol.sigma, torch.Generator().manual_seed(seed))
        picture, names = _chain(images, scanned, high)
        yield Picture(name, png(labelled(picture, names, zoom=ZOOM)), _words(protocol))


def _chain(images, scanned, high):
    """The k-space filter, the four images and the three components of the middle slice."""
    noisy, ringing, clean, full, sigma = (x.numpy() for x in images)
    k = noisy.shape[0] // 2
    mask = np.fft.fftshift(scanned.transfer.expand(scanned.measured.shape).numpy())[k]
    tiles = [window(mask, 0, 1), window(sigma[k], 0, max(float(sigma.max()), 1e-6))]
    tiles += [window(x[k], 0, high) for x in (noisy, ringing, full, clean)]
    tiles += [
        window(x[k], -reach, reach)
        for x, reach in ((noisy - ringing, 0.25), (ringing - clean, 0.12), (full - clean, 0.12))
    ]
    names = ("k-space filter", "noise SD", "noisy", "ringing", "full", "clean", "noise", "ringing", "blur")
    return row(tiles), names


def _words(protocol):
    standard = Protocol()
    changed = {
        field.name: getattr(protocol, field.name)
        for field in dataclasses.fields(protocol)
        if getattr(protocol, field.name) != getattr(standard, field.name)
    }
    return ", ".join(f"{name} {value}" for name, value in changed.items())


def samples(source, options):
    """Random training samples: what the network sees and what is to be found."""
    rng, rows = np.random.default_rng(options.seed + 2), []
    for _ in range(options.scans):
        sample = makeSample(randomScan(source, rng), rng)
        parts = {
            name: getattr(sample, name)[0, 0] for name in ("noisy", "sigmaGiven", "ringing", "clean", "full", "weight")
        }
        k = parts["noisy"].shape[0] // 2
        flat = {name: _square(part[k].numpy()) for name, part in parts.items()}
        high = max(float(np.percentile(flat["full"], 99.5)), 0.05)
        tiles = [window(flat["noisy"], 0, high), window(flat["full"], 0, high), window(flat["weight"], 1, 9)]
        tiles += [
            window(flat[a] - flat[b], -reach, reach)
            for a, b, reach in (("noisy", "ringing", 0.25), ("ringing", "clean", 0.12), ("full", "clean", 0.12))
        ]
        rows.append(row(tiles))
    names = ("input", "full", "lesion weight", "noise", "ringing", "blur")
    caption = "Random protocols, contrasts and orientations as training draws them."
    return Picture("Training samples", png(labelled(column(rows), names, zoom=ZOOM)), caption)


def _square(image):
    """Padded to the size of the largest sample, so that rows fit below each other."""
    return np.pad(image, [(0, max(0, OBJECT_SIZE - n)) for n in image.shape])


if __name__ == "__main__":
    main()
