"""What each step of noise removal adds: real heads with 6 % noise, all steps and all but one of them.

    python Benchmarks/stepsBenchmark.py --data ../shared/data --out Benchmarks/results/steps.md

Like peerBenchmark.py, whose heads and scores these are; the noise level is surveyed, all of the noise is removed.
"""

import argparse
import contextlib
from pathlib import Path
from unittest import mock

import numpy as np
from benchmarkCases import HEADS, makeCases
from benchmarkMetrics import scores

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
    "first estimate alone": tuple(STEPS),
    "without like windows": ("windows that look alike",),
    "without like values": ("values that look alike",),
    "without faint structure": ("faint structure",),
    "all": (),
}
PROFILES = {"fast": "fixed filter", "full": "network"}


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
    options = parser.parse_args()
    backends, table = {profile: makeBackend(profile, "cpu") for profile in PROFILES}, {}
    for case in makeCases(options.data, options.heads, ["white 6 %"]):
        images = {"input": case.noisy.voxels}
        for profile, first in PROFILES.items():
            for name, left in VARIANTS.items():
                images[f"{profile} ({first}), {name}"] = denoised(case, backends[profile], left)
        for name, image in images.items():
            table.setdefault(name, []).append(scores(case, image))
            print(case.head, name, table[name][-1], flush=True)
    options.out.write_text(summary(table, options.heads), encoding="utf-8")


def summary(table, heads):
    columns = list(next(iter(table.values()))[0])
    text = f"# What each step of noise removal adds\n\nReal heads ({', '.join(heads)}) with 6 % white noise, all of "
    text += "the noise removed;\nmeans over the heads. Made by `Benchmarks/stepsBenchmark.py`.\n\n"
    text += f"| steps | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}\n"
    for name, rows in table.items():
        text += f"| {name} | {' | '.join(f'{np.mean([row[c] for row in rows]):.3f}' for c in columns)} |\n"
    return text


if __name__ == "__main__":
    main()
