"""How long a preview of one slice takes once the survey is there, and how far it is from the whole run.

    python Benchmarks/previewBenchmark.py [--size 48x512x512] [--threads 2] [--device auto] [--whole]

The panel shows the first, quick look, then the second. The target is 1 s on two cores for a slice of 512 x 512. On a
busy machine look at the CPU seconds: over the threads they are the time on an idle one. --whole also computes the whole
volume, to compare with.
"""

import argparse
import time

import numpy as np
from speedBenchmark import head

from DLEnhanceLib.enhancement import computeComponents
from DLEnhanceLib.preview import Previewer
from DLEnhanceLib.strengths import PRESETS
from DLEnhanceLib.survey import survey
from DLEnhanceLib.torchBackend import makeBackend


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="48x512x512", help="k x j x i")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    volume = head([int(n) for n in options.size.split("x")])
    found = survey(volume)
    print("| profile | axis | look | wall s | CPU s | slider s | RMS difference to the whole run, noise SD |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for profile in ("fast", "full"):
        backend = makeBackend(profile, options.device, threads=options.threads)
        whole = computeComponents(volume, found, backend) if options.whole else None
        previewer = Previewer.of(volume, found, backend)
        previewer.compute(0, 0)  # the first pass of a process is slower
        for axis in (0,) if min(volume.voxels.shape) < 100 else range(3):
            for isQuick in (True, False):
                print(row(previewer, profile, axis, whole, isQuick), flush=True)


def row(previewer, profile, axis, whole, isQuick):
    index = previewer.volume.voxels.shape[axis] // 2
    wall, cpu = time.perf_counter(), time.process_time()
    preview = previewer.compute(axis, index, isQuick=isQuick)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    slider = time.process_time()
    preview.at(PRESETS["high"])
    slider = time.process_time() - slider
    apart = f"{difference(previewer, preview, whole):.4f}" if whole is not None else ""
    look = "first" if isQuick else "second"
    return f"| {profile} | {'kji'[axis]} | {look} | {wall:.2f} | {cpu:.2f} | {slider:.3f} | {apart} |"


def difference(previewer, preview, whole):
    """RMS over the three components, in the head."""
    core = slice(preview.index - 1, preview.index + 2)
    place = tuple(core if a == preview.axis else slice(0, n) for a, n in enumerate(whole.shape))
    apart = preview.components.at(tuple(slice(0, n) for n in preview.source.voxels.shape)) - whole.at(place)
    inside = previewer.survey.head[place]
    return float(np.sqrt((apart[:, inside] ** 2).mean())) / previewer.survey.noise.median


if __name__ == "__main__":
    main()
