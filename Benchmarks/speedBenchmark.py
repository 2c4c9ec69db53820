"""Time and memory of an enhancement from array to array, each case in a process of its own.

    python Benchmarks/speedBenchmark.py [--threads 2] [--device auto] [--sizes 180x256x256 360x512x512] [--filled 0.7]

On a busy machine look at the processor seconds: over the threads they are about the time on an idle one.
"""

import argparse
import itertools
import resource
import subprocess
import sys
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--sizes", nargs="+", default=["180x256x256"], help="k x j x i")
    parser.add_argument("--filled", type=float, default=1.0, help="share of k-space of the two last axes")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure(*options.one, options)
        return
    columns = ("size", "profile", "device", "survey s", "components s", "guard s", "all s", "processor s")
    print(f"| {' | '.join(columns)} | peak MB over the volume's own |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for size in options.sizes:
        for profile in ("fast", "full"):
            command = [sys.executable, __file__, "--one", size, profile, "--threads", str(options.threads)]
            subprocess.run([*command, "--device", options.device, "--filled", str(options.filled)], check=True)


def measure(size, profile, options):
    from DLEnhanceLib.enhancement import blend, computeComponents
    from DLEnhanceLib.guard import inspect
    from DLEnhanceLib.strengths import PRESETS
    from DLEnhanceLib.survey import survey
    from DLEnhanceLib.torchBackend import makeBackend

    volume = head([int(n) for n in size.split("x")], options.filled)
    backend = makeBackend(profile, options.device, threads=options.threads)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times, processor = [time.perf_counter()], time.process_time()
    found = survey(volume)
    times.append(time.perf_counter())
    components = computeComponents(volume, found, backend)
    blend(volume, components, PRESETS["medium"])
    times.append(time.perf_counter())
    inspect(volume, components, PRESETS["medium"], found)
    times.append(time.perf_counter())
    steps = [after - start for start, after in itertools.pairwise(times)]
    processor = time.process_time() - processor
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    cells = [size, profile, components.device, *(f"{s:.1f}" for s in [*steps, sum(steps), processor]), f"{peak:.0f}"]
    print(f"| {' | '.join(cells)} |", flush=True)


def head(shape, filled=1.0):
    """An ellipsoid that fills a third of the field of view, with folds inside and noise everywhere; int16.

    filled: share of k-space that is, along j and i; the rest is zero.
    """
    import numpy as np

    from DLEnhanceLib.volume import Volume

    k, j, i = np.ogrid[tuple(slice(-1, 1, n * 1j) for n in shape)]
    inside = (k / 0.85) ** 2 + (j / 0.85) ** 2 + (i / 0.8) ** 2 < 1
    image = inside * (800 + 200 * np.sin(9 * k + 7 * np.sin(6 * j)) * np.sin(8 * i))
    noise = np.random.default_rng(1).normal(0, 50, image.shape).astype(np.float32)
    scanned = (image + noise).astype(np.float32)
    if filled < 1:
        spectrum = np.fft.fft2(scanned)
        for axis, n in ((1, shape[1]), (2, shape[2])):
            beyond = np.abs(np.fft.fftfreq(n)) > filled / 2
            spectrum[(slice(None),) * axis + (beyond,)] = 0
        scanned = np.fft.ifft2(spectrum).real
    return Volume(np.abs(scanned).astype(np.int16), np.eye(4), "head")


if __name__ == "__main__":
    main()
