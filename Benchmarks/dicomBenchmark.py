"""How long a 512 x 512 x 360 MR series takes to read and to write as a derived series, and how much memory.

    python Benchmarks/dicomBenchmark.py [--slices 360] [--size 512] [--folder FOLDER]

Each step runs in a process of its own, so that its peak memory is its own. The noise volume is the worst case for size;
times do not depend on the content. Nothing is left behind.
"""

import argparse
import dataclasses
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "DLEnhance"), str(HERE.parent / "Testing" / "Python")]


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds on the clock, seconds of processor, peak resident memory in megabytes, of which beyond the imports."""

    wall: float
    processor: float
    peak: float
    beyondImports: float


def makeSource(folder, size, slices):
    import numpy as np
    from dicomPhantom import writeSeries

    voxels = np.random.default_rng(0).integers(0, 4096, (slices, size, size), np.uint16)
    writeSeries(folder / "source", voxels, BitsStored=12, HighBit=11)


def read(folder):
    from DLEnhanceLib.reading import readVolume

    return readVolume(folder / "source")


def write(folder, volume):
    from DLEnhanceLib.dicomWriting import writeDerivedSeries
    from DLEnhanceLib.strengths import Strengths

    writeDerivedSeries(volume, folder / "source", folder / "derived", strengths=Strengths(), modelId="benchmark")


def writeNifti(folder, volume):
    from DLEnhanceLib.writing import writeVolume

    writeVolume(volume, folder / "volume.nii.gz")


def importAll():
    import DLEnhanceLib.dicomWriting
    import DLEnhanceLib.reading
    import DLEnhanceLib.writing  # noqa: F401


def measured(step, folder):
    """Run one step in this process; for the writers the reading before them is not counted in the times."""
    importAll()
    before = peakMegabytes()
    volume = None if step == "read" else read(folder)
    wall, processor = time.perf_counter(), time.process_time()
    if step == "read":
        read(folder)
    else:
        {"write derived series": write, "write .nii.gz": writeNifti}[step](folder, volume)
    cost = Cost(time.perf_counter() - wall, time.process_time() - processor, peakMegabytes(), peakMegabytes() - before)
    return dataclasses.asdict(cost)


def peakMegabytes():
    """Of this program alone; ru_maxrss would carry over the peak of the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024


def main():
    options = parsed()
    if options.step:
        print(json.dumps(measured(options.step, Path(options.folder))))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        makeSource(Path(folder), options.size, options.slices)
        megabytes = options.size**2 * options.slices * 2 / 2**20
        size = f"{options.size} x {options.size} x {options.slices}"
        print(f"{size}, {megabytes:.0f} MB of pixels, {os.cpu_count()} cores\n")
        print("| step | wall s | processor s | peak MB | beyond imports MB |\n|---|---|---|---|---|")
        for step in ("read", "write derived series", "write .nii.gz"):
            command = [sys.executable, __file__, "--step", step, "--folder", folder]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            cost = Cost(**json.loads(done.stdout))
            print(f"| {step} | {cost.wall:.1f} | {cost.processor:.1f} | {cost.peak:.0f} | {cost.beyondImports:.0f} |")


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=360)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--folder", help="where the temporary series is written (default: the system's folder)")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
