"""What each step of noise removal adds: real heads with 6 % noise, all steps and all but one of them.

    python Benchmarks/stepsBenchmark.py --data ../shared/data --out Benchmarks/results/steps.md [--profile fast]

Like peerBenchmark.py, whose heads and scores these are; the noise level is surveyed, all of the noise is removed.
"""

import argparse
import contextlib
from pathlib import Path
from unittest import mock

import numpy as np
from benchmarkCases import HEADS, makeCases
from benchmarkMetrics import scores
from peerBenchmark import lappedFilter

from DLEnhanceLib import faint, groups, similar
from DLEnhanceLib.enhancement import blend, computeComponents
from DLEnhanceLib.strengths import Strengths
from DLEnhanceLib.survey import survey
from DLEnhanceLib.torchBackend import makeBackend

STEPS = {
    "faint structure": (faint, "noiseWithoutStructure", lambda noise, *_, **__: noise),
    "windows that look alike": (groups, "noiseOfGroups", lambda _image, noise, *_, **__: noise),
    "values that look alike": (similar, "noiseOfSimilar", lambda _image, noise, *_, **__: noise),
}
VARIANTS = {
    "the network alone": tuple(STEPS),
    "network, faint structure and like values": ("windows that look alike",),
    "network, faint structure and like windows": ("values that look alike",),
    "network, like windows and like values": ("faint structure",),
    "all": (),
}


def denoised(case, backend, left):
    """The volume with all of its noise removed, by all steps but those left out."""
    with contextlib.ExitStack() as stack:
        for module, name, unchanged in (STEPS[step] for step in left):
            stack.enter_context(mock.patch.object(module, name, unchanged))
        components = computeComponents(case.noisy, survey(case.noisy), backend)
    return blend(case.noisy, components, Strengths(1, 0, 0)).voxels


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--heads", nargs="+", default=list(HEADS), choices=list(HEADS))
    parser.add_argument("--profile", default="fast", choices=("full", "fast"))
    options = parser.parse_args()
    backend, table = makeBackend(options.profile, "cpu"), {}
    for case in makeCases(options.data, options.heads, ["white 6 %"]):
        images = {
            "input": case.noisy.voxels,
            "fixed filter alone": lappedFilter(case.noisy.voxels, float(np.median(case.sigma[case.mask]))),
            **{name: denoised(case, backend, left) for name, left in VARIANTS.items()},
        }
        for name, image in images.items():
            table.setdefault(name, []).append(scores(case, image))
            print(case.head, name, table[name][-1], flush=True)
    options.out.write_text(summary(table, options.profile, options.heads), encoding="utf-8")


def summary(table, profile, heads):
    columns = list(next(iter(table.values()))[0])
    text = f"# What each step of noise removal adds\n\nReal heads ({', '.join(heads)}) with 6 % white noise, profile "
    text += f"{profile}, all of the noise removed;\nmeans over the heads. Made by `Benchmarks/stepsBenchmark.py`.\n\n"
    text += f"| steps | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}\n"
    for name, rows in table.items():
        text += f"| {name} | {' | '.join(f'{np.mean([row[c] for row in rows]):.3f}' for c in columns)} |\n"
    return text


if __name__ == "__main__":
    main()
