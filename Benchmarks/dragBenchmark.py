"""How long a drag step of a region takes in a real MRML scene: masks, measurement of both volumes, table, outline.

    python Benchmarks/dragBenchmark.py [--steps 100]

512 x 512 x 200 voxels, five lesions, a reference, air and an edge line; plain, and with conspicuity and noise texture,
which wait until nothing moves. Prints median and 95th percentile of the wall time and the mean CPU time of a step (on a
busy machine only the CPU time means something), and how long the rest takes. The target is 50 ms a step.
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
    logic.addLine([(-20, 5, 3), (20, 5, 3)])
    return logic, lesions[0]


def tellSteps(title, lesion, steps):
    durations, cpu = [], time.process_time()
    for step in range(steps):
        begin = time.perf_counter()
        lesion.node.SetCenter(0.3 * step, 5, 3)
        durations.append(1000 * (time.perf_counter() - begin))
    cpu = 1000 * (time.process_time() - cpu) / steps
    median, high = np.percentile(durations, (50, 95))
    verdict = "within" if cpu <= TARGET else "above"
    print(f"{title}: median {median:.1f} ms, 95 % {high:.1f} ms, CPU {cpu:.1f} ms ({verdict} {TARGET:.0f} ms)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100)
    steps = parser.parse_args().steps
    headless = HeadlessSlicer()
    import slicer

    logic, lesion = liveLogic(slicer)
    tellSteps("plain", lesion, steps)
    logic.parameters.conspicuity = logic.parameters.noiseSpectrum = True
    logic.update()
    tellSteps("with measures of the surround", lesion, steps)
    begin = time.perf_counter()
    logic.settle()
    print(f"at rest: {1000 * (time.perf_counter() - begin):.0f} ms once, for five lesions in both images")
    logic.release()
    del headless


if __name__ == "__main__":
    main()
