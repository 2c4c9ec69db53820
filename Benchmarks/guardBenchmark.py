"""How often each finding of the guard fires: on the network's own results, and on results that were harmed on purpose.

    python Benchmarks/guardBenchmark.py --data ../shared/data [--count 6] [--profile fast] [--out Benchmarks/output]

Simulated heads are SynthSeg's 19 and 20, which training never saw, beside the four glioma heads of the peers. Each scan
is judged untouched at three presets (a finding that fires there is a false alarm), and at the medium preset with: a
lesion of 3 or 5 mm taken out of the input as if it were noise, one put in, and everything smoothed. To be run again
whenever the weights change; the limits in guard.py stand above what harmless results reach here.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from scipy import ndimage

from DLEnhanceLib.components import Components
from DLEnhanceLib.enhancement import computeComponents
from DLEnhanceLib.guard import inspect
from DLEnhanceLib.strengths import PRESETS
from DLEnhanceLib.survey import survey
from DLEnhanceLib.torchBackend import makeBackend
from DLEnhanceLib.volume import Volume

CONDITIONS = ("white 3 %", "white 6 %", "zero-filled 70 x 62 %, 6 %", "near clean, 1 %")
HEIGHTS = (6.0, 10.0)  # of the lesions, in SDs of the noise


@dataclasses.dataclass(frozen=True, eq=False)
class Scan:
    """A noisy volume; places (k,j,i) in tissue where a lesion can be put."""

    name: str
    volume: Volume


def simulatedScans(data, count):
    """Held-out label maps with random contrast, as in validation."""
    from DLEnhanceTraining.validation import validationSamples

    for number, sample in enumerate(validationSamples(data, "cpu", count)):
        voxels = (sample.noisy[0, 0].numpy() * 1000).astype(np.float32)
        yield Scan(f"SynthSeg {number}", Volume(voxels, np.eye(4)))


def realScans(data, heads):
    from benchmarkCases import makeCases

    for case in makeCases(data, heads, CONDITIONS):
        yield Scan(f"{case.head}, {case.condition}", case.noisy)


def lesion(volume, found, height, diameter, seed):
    """A smooth spot of this diameter in mm in the middle of tissue, float32 (k,j,i)."""
    rng = np.random.default_rng(seed)
    inside = np.argwhere(ndimage.binary_erosion(found.head, iterations=8))
    center = inside[rng.integers(len(inside))] if len(inside) else np.array(found.head.shape) // 2
    spot = np.zeros(found.head.shape, np.float32)
    grids = np.ogrid[tuple(slice(-c, n - c) for c, n in zip(center, spot.shape, strict=True))]
    radius = np.sqrt(sum((grid * mm) ** 2 for grid, mm in zip(grids, volume.spacing[::-1], strict=True)))
    return height * found.noise.median * np.clip((diameter / 2 - radius) + 0.5, 0, 1).astype(np.float32)


def results(scan, backend):
    """(kind, GuardReport) of every variant of one scan."""
    found = survey(scan.volume)
    plain = computeComponents(scan.volume, found, backend)
    for preset, strengths in PRESETS.items():
        yield f"untouched, {preset}", inspect(scan.volume, plain, strengths, found)
    medium = PRESETS["medium"]
    smooth = ndimage.gaussian_filter(scan.volume.voxels, 1.0)
    blurred = Components.of((scan.volume.voxels - smooth) / medium.denoise, plain.ringing * 0, plain.blur * 0)
    yield "smoothed", inspect(scan.volume, blurred, medium, found)
    for height in HEIGHTS:
        for diameter in (3.0, 5.0):
            spot = lesion(scan.volume, found, height, diameter, seed=7)
            name = f"{diameter:g} mm, {height:g} SD"
            invented = Components.of(plain.noise - spot / medium.denoise, plain.ringing, plain.blur)
            yield f"invented {name}", inspect(scan.volume, invented, medium, found)
            with_ = scan.volume.withVoxels(scan.volume.voxels + spot)
            removed = Components.of(plain.noise + spot / medium.denoise, plain.ringing, plain.blur)
            yield f"removed {name}", inspect(with_, removed, medium, found)


def table(rows):
    """Share of scans in which each finding fired, and its largest and median value, for each kind of result."""
    ids = list(dict.fromkeys(f.id for _, report in rows for f in report.findings if not f.id.startswith("scope")))
    text = "| result | scans | any warning | " + " | ".join(ids) + " |\n|" + "---|" * (len(ids) + 3) + "\n"
    for kind in dict.fromkeys(kind for kind, _ in rows):
        reports = [report for k, report in rows if k == kind]
        cells = []
        for name in ids:
            each = [f for report in reports for f in report.findings if f.id == name]
            values = [f.value for f in each]
            fired = sum(not f.passed for f in each)
            cells.append(f"{fired} ({np.median(values):.2f}, {max(values):.2f})" if each else "")
        changed = [any(not f.passed for f in r.findings if not f.id.startswith("scope")) for r in reports]
        text += f"| {kind} | {len(reports)} | {sum(changed)} | " + " | ".join(cells) + " |\n"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--count", type=int, default=6, help="simulated scans")
    parser.add_argument("--heads", nargs="*", default=["T1 post-contrast", "FLAIR"])
    parser.add_argument("--profile", default="fast")
    options = parser.parse_args()
    backend = makeBackend(options.profile, "cpu", threads=1)
    rows = []
    for scan in (*simulatedScans(options.data, options.count), *realScans(options.data, options.heads)):
        rows += results(scan, backend)
        print(scan.name, flush=True)
    text = f"# Findings of the guard, profile {options.profile}, {backend.modelId}\n\n"
    text += "Scans in which a finding fired (median and largest value). Made by `Benchmarks/guardBenchmark.py`.\n\n"
    text += table(rows)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / f"guard-{options.profile}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
