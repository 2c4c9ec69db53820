"""Noise by pseudo-replicas against the noise of many simulated acquisitions, for a linear filter and for the enhancer.

    python Benchmarks/pseudoReplicaBenchmark.py [--profile fast|full] [--draws 40] [--images 2] [--out TABLE.md]

The ICBM152 head (from the nilearn package) is scanned with complex noise and surveyed; a part of it, with lesions, is
scanned again and again with new noise. Every acquisition is enhanced; the SD over them is the true noise.
Pseudo-replicas see one acquisition. Printed: error of the replicas' noise in percent, mean over a few acquisitions.
"known" is the noise of the simulation, "surveyed" what the survey of the whole head says, as in every use.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from DLEnhanceLesionMetricsLib.coloredNoise import ColoredNoise
from DLEnhanceLesionMetricsLib.enhancerNoise import EVERYWHERE, enhancerNoise, surveyOfPart
from DLEnhanceLesionMetricsLib.pseudoReplica import pseudoReplica
from DLEnhanceLib.enhancement import blendChange, computeComponents
from DLEnhanceLib.strengths import PRESETS
from DLEnhanceLib.survey import Survey, survey
from DLEnhanceLib.torchBackend import makeBackend
from DLEnhanceLib.volume import Volume
from DLEnhanceTraining.acquisition import Protocol, addNoise, scan
from DLEnhanceTraining.case import _template
from DLEnhanceTraining.pathology import Lesion, drawLesion

WHOLE = np.s_[20:180, 20:220, 14:184]  # of the template, (k, j, i)
PART = np.s_[40:104, 50:130, 36:116]  # of the whole
TISSUE = 1000.0
BORDER = 8  # voxels at the cut faces that do not count
LIMIT = 5.0  # percent
PROTOCOLS = {
    "white noise, 2 %": Protocol(sigma=0.02, phaseCycles=0.5),
    "white noise, 6 %": Protocol(sigma=0.06, phaseCycles=0.5),
    "parallel imaging (g-map), 6 %": Protocol(sigma=0.06, gSpread=2.5, phaseCycles=0.5),
    "interpolated (75 x 70 % of k-space), 6 %": Protocol(sigma=0.06, support=(1.0, 0.75, 0.7), phaseCycles=0.5),
}


class Spread:
    """SD over arrays that come one by one (Welford)."""

    def __init__(self):
        self._count, self._mean, self._squares = 0, 0.0, 0.0

    def add(self, array):
        self._count += 1
        apart = array.astype(np.float64) - self._mean
        self._mean = self._mean + apart / self._count
        self._squares = self._squares + apart * (array - self._mean)

    @property
    def sd(self):
        return np.sqrt(self._squares / (self._count - 1))


@dataclasses.dataclass(frozen=True, eq=False)
class Scanner:
    """One object under one protocol; acquire() gives the next magnitude image."""

    scanned: object
    generator: torch.Generator
    masks: dict
    survey: Survey

    def acquire(self) -> Volume:
        return asVolume(addNoise(self.scanned, self.scanned.protocol.sigma, self.generator)[0])

    @property
    def sigma(self):
        """The SD of the noise of every voxel that the simulation used."""
        return (self.scanned.gMap.numpy() * self.scanned.protocol.sigma * TISSUE).astype(np.float32)


def makeScanner(protocol, seed=1) -> Scanner:
    head, white, _ = _template()
    whole = torch.from_numpy(np.ascontiguousarray(np.clip(head[WHOLE], 0, None), dtype=np.float32))
    deep = ndimage.binary_erosion(white[WHOLE][PART] > 0.9)
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    scanned = scan(whole, torch.zeros_like(whole), protocol, rng)
    found = survey(asVolume(addNoise(scanned, protocol.sigma, generator)[0]))
    gMap = scanned.gMap[PART].clone()
    image = whole[PART].clone()
    lesions = drawLesions(image, deep, rng)
    scanned = dataclasses.replace(scan(image, torch.zeros_like(image), protocol, rng), gMap=gMap)
    return Scanner(scanned, generator, masksOf(image.numpy(), deep, lesions), surveyOfPart(found, PART))


def asVolume(image) -> Volume:
    return Volume((image.numpy() * TISSUE).astype(np.float32), np.eye(4))


def drawLesions(image, deep, rng):
    """Twelve lesions of 3 to 6 mm, 40 % brighter than white matter; where they are."""
    lesions, places = np.zeros(image.shape, bool), np.argwhere(ndimage.binary_erosion(deep))
    for radius in np.linspace(1.5, 3.0, 12):
        place = tuple(places[rng.integers(len(places))].astype(float))
        slices, coverage = drawLesion(image, Lesion(place, (radius,) * 3, 0.4))
        lesions[slices] |= (coverage > 0.5).numpy()
    return lesions


def masksOf(image, deep, lesions):
    inner = np.zeros(image.shape, bool)
    inner[(slice(BORDER, -BORDER),) * 3] = True
    return {
        "brain": (image > 0.3) & inner,
        "white matter": deep & inner & ~ndimage.binary_dilation(lesions, iterations=2),
        "lesions": lesions & inner,
        "edges": (ndimage.gaussian_gradient_magnitude(image, 1) > 0.08) & inner,
    }


def linear(volume, _found=None):
    return ndimage.gaussian_filter(volume.voxels, 0.8)


def errors(noise, true, masks):
    """Percent, region by region, of the root mean square."""
    rms = [np.sqrt((np.square([noise, true])[:, mask]).mean(axis=1)) for mask in masks.values()]
    return np.array([100 * (found / wanted - 1) for found, wanted in rms])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="fast", choices=("fast", "full"))
    parser.add_argument("--draws", type=int, default=40, help="acquisitions that give the true noise")
    parser.add_argument("--images", type=int, default=2, help="acquisitions whose noise is estimated")
    parser.add_argument("--replicas", type=int, default=20)
    parser.add_argument("--out", type=Path, help="write the table to this file too")
    options = parser.parse_args()
    torch.set_num_threads(1)
    backend = makeBackend(options.profile, "cpu")
    lines = heading(options, backend)
    print("\n".join(lines))
    for name in PROTOCOLS:
        for row in rowsOf(name, backend, options):
            lines.append(row)
            print(row, flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def heading(options, backend):
    return [
        f"Error of the noise in percent; {options.draws} acquisitions give the true noise, {options.replicas} replicas "
        f"each of {options.images} images; model {backend.modelId}.",
        "",
        f"| acquisition | process | replicas | noise | brain | white matter | lesions | edges | within {LIMIT:g} % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]


def rowsOf(name, backend, options):
    scanner = makeScanner(PROTOCOLS[name])
    presets = {f"enhancer, {preset}": PRESETS[preset] for preset in ("medium", "high")}
    spreads = {process: Spread() for process in ("linear filter", *presets)}
    for _ in range(options.draws):
        volume = scanner.acquire()
        spreads["linear filter"].add(linear(volume))
        components = computeComponents(volume, scanner.survey, backend)
        for process, strengths in presets.items():
            spreads[process].add(volume.voxels + blendChange(components, strengths, EVERYWHERE))
    found = {}
    for number in range(options.images):
        volume = scanner.acquire()
        for key, noise in estimates(volume, scanner, presets, backend, options.replicas, 100 * number):
            found.setdefault(key, []).append(errors(noise, spreads[key[0]].sd, scanner.masks))
    for (process, method, noise), values in found.items():
        mean = np.mean(values, axis=0)
        cells = " | ".join(f"{value:+.1f}" for value in mean)
        verdict = "yes" if np.abs(mean).max() <= LIMIT else "no"
        yield f"| {name} | {process} | {method} | {noise} | {cells} | {verdict} |"


def estimates(volume, scanner, presets, backend, replicas, seed):
    """((process, kind of replicas, which noise), noise map) for one acquisition."""
    known = scanner.survey
    draw = ColoredNoise(known.noise.color, volume.voxels.shape)
    fields = {"replicas": replicas, "seed": seed, "makeNoise": draw}
    own = computeComponents(volume, known, backend).noise
    for noise, sigma in (("known", scanner.sigma), ("surveyed", known.noise.full())):
        filtered = pseudoReplica(volume.voxels, lambda array: linear(volume.withVoxels(array)), sigma, **fields)
        yield ("linear filter", "added", noise), filtered.noise
        for process, strengths in presets.items():

            def enhance(array, strengths=strengths):
                components = computeComponents(volume.withVoxels(array), known, backend)
                return array + blendChange(components, strengths, EVERYWHERE)

            if strengths is presets["enhancer, medium"]:
                yield (process, "added", noise), pseudoReplica(volume.voxels, enhance, sigma, **fields).noise
            if noise == "known":
                exchanged = pseudoReplica(volume.voxels, enhance, sigma, ownNoise=own, **fields).noise
            else:
                exchanged = enhancerNoise(volume, backend, strengths, replicas=replicas, priorSurvey=known).enhanced
            yield (process, "exchanged", noise), exchanged


if __name__ == "__main__":
    main()
