"""How long one live update takes while a region is dragged: 512 x 512 x 200 voxels, standard and enhanced.

    python Benchmarks/measureBenchmark.py [--updates 50]

Prints the median and the 95th percentile in milliseconds for several numbers and kinds of regions. The target is 50 ms.
"""

import argparse
import platform
import time

import numpy as np

from DLEnhanceLesionMetricsLib import measurement, regions
from DLEnhanceLesionMetricsLib.lesionSize import lesionSize
from DLEnhanceLib.volume import Volume

SHAPE = (200, 512, 512)
METHODS = ("tissue_sd", "roi_sd", "air_sd", "air_rayleigh", "pooled_sd", "pooled_sd_sum", "pooled_sd_sum_air")
TARGET = 50.0


def volumes():
    """Two int16 volumes on an oblique anisotropic grid."""
    random = np.random.default_rng(0)
    angle = np.radians(12)
    matrix = np.eye(4)
    matrix[:3, :3] = [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    matrix[:3, :3] *= [0.45, 0.45, 0.9]
    voxels = random.integers(380, 460, SHAPE, dtype=np.int16)
    return Volume(voxels, matrix), Volume(voxels + np.int16(3), matrix)


def regionsAt(volume, shift, *, lesions, kind):
    """Lesions of 5 mm (or drawn ones of 25 mm) with a reference each, moved by a shift in mm, and air."""
    center = (volume.ijkToRAS @ [256, 256, 100, 1])[:3] + np.array([shift, 0, 0])
    found = [regions.Region("air", "air", regions.Box(regions.translation(center - [70, 60, 20]), (15, 15, 15)))]
    for number in range(lesions):
        place = center + np.array([0, 4 * number - 20, 3 * number - 10])
        shape = regions.circle(place, [0, 0.2, 1], 5) if kind == "circle" else regions.sphere(place, 5)
        if kind == "drawn":
            inside = regions.sphereMask(volume, place, 25)
            shape = regions.maskRegion("x", "lesion", inside.toArray(), volume).shape
        found.append(regions.Region(f"L{number}", "lesion", shape))
        found.append(regions.Region(f"R{number}", "reference", regions.sphere(place + np.array([30, 0, 0]), 8)))
    return found


def milliseconds(work, prepared):
    """Median and 95th percentile of the wall time and median of the CPU time, the first argument left out.

    The work has one thread, so on an idle machine both medians agree; under load only the CPU time means something.
    """
    times = []
    for argument in prepared:
        wall, cpu = time.perf_counter(), time.process_time()
        work(argument)
        times.append([1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)])
    wall, cpu = np.array(times[1:]).T
    return np.median(wall), np.percentile(wall, 95), np.median(cpu)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=50)
    updates = parser.parse_args().updates
    standard, enhanced = volumes()

    def update(current):
        rows = measurement.measurePair(standard, enhanced, current, noiseMethods=METHODS)
        measurement.changes(rows)

    def size(current):
        for region in current:
            if region.role == "lesion":
                lesionSize(region.maskOn(standard), standard)

    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    print(f"{' x '.join(map(str, SHAPE[::-1]))} int16, {len(METHODS)} noise methods, both conditions, percent changes")
    print(f"{'regions':<38}{'wall ms':>9}{'95 %':>9}{'CPU ms':>9}{'sizes, CPU ms':>15}")
    for lesions, kind in ((1, "sphere"), (1, "circle"), (5, "sphere"), (10, "sphere"), (1, "drawn")):
        count = updates if kind != "drawn" else 6
        prepared = [regionsAt(standard, 0.3 * step, lesions=lesions, kind=kind) for step in range(count)]
        wall, high, cpu = milliseconds(update, prepared)
        sizes = milliseconds(size, prepared)[2]
        label = f"{lesions} {kind} lesion{'s' if lesions > 1 else ''}, {lesions} reference, air"
        verdict = "" if cpu < TARGET else f"  over {TARGET:.0f} ms"
        print(f"{label:<38}{wall:>9.1f}{high:>9.1f}{cpu:>9.1f}{sizes:>15.1f}{verdict}")


if __name__ == "__main__":
    main()
