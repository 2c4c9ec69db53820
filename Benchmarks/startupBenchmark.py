"""What both modules add to the start of Slicer: importing their files and constructing the two module classes.

    nice .venv/bin/python Benchmarks/startupBenchmark.py [RUNS]

Each run is a fresh process in which numpy, vtk, slicer and Slicer's Python modules are there already (the stand-in
host of Testing/Host supplies what needs the application), and the Python files are compiled, as after the first start
of an installed extension. The time is that of the processor, whatever else runs. Prints the fastest and the median
time, the slowest files, and the heavy packages that were imported: there must be none, else the exit status is 1.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = [str(ROOT / name) for name in ("Testing/Host", "DLEnhance", "DLEnhanceLesionMetrics")]
TARGET_MS = 30.0
HEAVY = {"torch", "scipy", "skimage", "pydicom", "SimpleITK", "pandas", "matplotlib", "statsmodels"}
PROGRAM = """
import json, os, sys, time, types
sys.path[:0] = json.loads(sys.argv[1])
from DLEnhanceTestHost.session import installSlicerSession
installSlicerSession()
import slicer, slicer.util, vtk.util.numpy_support, numpy
slicer.app = types.SimpleNamespace(connect=lambda signal, slot: True)
for name in [name for name in sys.modules if name.startswith(("DLEnhanceLib", "DLEnhanceLesionMetrics"))]:
    del sys.modules[name]
before = set(sys.modules)
start = time.process_time()
import DLEnhance, DLEnhanceLesionMetrics
imported = time.process_time()
for module, name in ((DLEnhance, "DLEnhance"), (DLEnhanceLesionMetrics, "DLEnhanceLesionMetrics")):
    getattr(module, name)(types.SimpleNamespace(path=module.__file__, icon=None))
constructed = time.process_time()
new = sorted(set(sys.modules) - before)
print(json.dumps({"imports": 1e3 * (imported - start), "classes": 1e3 * (constructed - imported), "new": new}))
sys.stdout.flush()
os._exit(0)
"""


def main(runs="15"):
    oneStart()  # compiles
    starts = [oneStart() for _ in range(int(runs))]
    together = [start["imports"] + start["classes"] for start in starts]
    heavy = sorted({name.split(".")[0] for name in starts[0]["new"]} & HEAVY)
    others = sorted({name.split(".")[0] for name in starts[0]["new"] if not name.startswith("DLEnhance")})
    sys.stdout.write(
        f"imports {min(start['imports'] for start in starts):.1f} ms, "
        f"classes {min(start['classes'] for start in starts):.2f} ms (fastest of {runs})\n"
        f"together: fastest {min(together):.1f} ms, median {statistics.median(together):.1f} ms, "
        f"target {TARGET_MS:.0f} ms\n"
        f"files imported: {len(starts[0]['new'])}, not of DL Enhance: {', '.join(others) or 'none'}\n"
        f"heavy packages imported: {', '.join(heavy) or 'none'}\n"
        f"slowest files by themselves:\n{slowestFiles()}"
    )
    return 1 if heavy else 0


def oneStart(*options):
    done = subprocess.run(
        [sys.executable, *options, "-c", PROGRAM, json.dumps(FOLDERS)], capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout)
    return {**result, "log": done.stderr}


def slowestFiles(count=6):
    """Of the files that a start adds, those that take longest, from -X importtime."""
    start = oneStart("-X", "importtime")
    rows = [line.removeprefix("import time:").split("|") for line in start["log"].splitlines() if "|" in line]
    own = sorted(((int(row[0]), row[2].strip()) for row in rows if row[2].strip() in start["new"]), reverse=True)
    return "".join(f"  {microseconds / 1e3:5.1f} ms  {name}\n" for microseconds, name in own[:count])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
