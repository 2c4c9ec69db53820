"""How long a drag step of a region takes in a real MRML scene: masks, measurement of both volumes, table, outline.

    python Benchmarks/dragBenchmark.py [--steps 100]

512 x 512 x 200 voxels, five lesions, a reference and air. Prints median and 95th percentile; the target is 50 ms.
"""

import argparse
import time

import numpy as np

from dlenhance.headlessSlicer import HeadlessSlicer

SHAPE = (200, 512, 512)
TARGET = 50.0


def liveLogic(slicer):
    """A live logic with its regions placed, and the first lesion."""
    from DLEnhanceLesionMetricsLib.logic import DLEnhanceLesionMetricsLogic, PlainParameters

    ijkToRAS = np.diag([0.5, 0.5, 1.0, 1.0])
    ijkToRAS[:3, 3] = (-128, -128, -100)
    voxels = np.random.default_rng(0).normal(400, 20, SHAPE).astype(np.int16)
    pair = [slicer.util.addVolumeFromArray(array, ijkToRAS, name) for array, name in ((voxels, "a"), (voxels, "b"))]
    logic = DLEnhanceLesionMetricsLogic(parameters=PlainParameters())
    logic.startLive()
    logic.setVolumes(*pair)
    lesions = [logic.addRegion("lesion", (10 * n, 5, 3), 8) for n in range(5)]
    logic.addRegion("reference", (0, 30, 3), 10)
    logic.addRegion("air", (-100, -100, 3), 15)
    return logic, lesions[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100)
    steps = parser.parse_args().steps
    headless = HeadlessSlicer()
    import slicer

    logic, lesion = liveLogic(slicer)
    durations = []
    for step in range(steps):
        begin = time.perf_counter()
        lesion.node.SetCenter(0.3 * step, 5, 3)
        durations.append(1000 * (time.perf_counter() - begin))
    median, high = np.percentile(durations, (50, 95))
    verdict = "within" if high <= TARGET else "above"
    print(f"drag step: median {median:.1f} ms, 95th percentile {high:.1f} ms ({verdict} the target of {TARGET:.0f} ms)")
    logic.release()
    del headless


if __name__ == "__main__":
    main()
