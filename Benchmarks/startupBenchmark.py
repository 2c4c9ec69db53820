"""What both modules add to the start of Slicer: importing their files and constructing the two module classes.

    nice .venv/bin/python Benchmarks/startupBenchmark.py [RUNS]

Each run is a fresh process in which numpy, vtk, slicer and Slicer's Python modules are there already (Testing/Host
supplies what needs the application), and the Python files are compiled, as after the first start of an installed
extension. The time is that of the processor, whatever else runs. What the modules do once Slicer is up (samples and
the plugin of Segment Statistics are registered) is timed by itself. Prints the fastest and the median time, the
slowest files, and the heavy packages that were imported: there must be none, else the exit status is 1.
Testing/Python/startupTest.py checks what is imported; no test checks the time.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = [str(ROOT / name) for name in ("Testing/Host", "DLEnhance", "DLEnhanceLesionMetrics")]
TARGET_MS = 30.0
STEPS = ("importFiles", "makeClasses", "runSlots")
HEAVY = {"torch", "scipy", "skimage", "pydicom", "SimpleITK", "pandas", "matplotlib", "statsmodels"}
PROGRAM = """
import json, os, sys, time, types
sys.path[:0] = json.loads(sys.argv[1])
from DLEnhanceTestHost.slicerModules import installSlicerModules
installSlicerModules()
import slicer, slicer.util, vtk.util.numpy_support, numpy, logging, unittest, pathlib
slots = []
slicer.app = types.SimpleNamespace(connect=lambda signal, slot: slots.append(slot))
class Anything(types.ModuleType):  # Slicer's own modules, there already when ours start
    def __getattr__(self, name):
        return type(name, (), {"__init__": lambda self, *a: None, "keys": (), "__getattr__": lambda self, n: []})
for name in ("SampleData", "SegmentStatistics", "SegmentStatisticsPlugins"):
    sys.modules[name] = Anything(name)
class SampleDataLogic:
    registerCustomSampleDataSource = staticmethod(lambda **fields: None)
    sampleDataSourcesByCategory = staticmethod(lambda category=None: [])
sys.modules["SampleData"].SampleDataLogic = SampleDataLogic
sys.modules["SegmentStatistics"].SegmentStatisticsLogic = types.SimpleNamespace(registerPlugin=lambda plugin: None)
for name in [name for name in sys.modules if name.startswith(("DLEnhanceLib", "DLEnhanceLesionMetrics"))]:
    del sys.modules[name]

def step(action):
    known, start = set(sys.modules), time.process_time()
    action()
    return {"ms": 1e3 * (time.process_time() - start), "new": sorted(set(sys.modules) - known)}

def importFiles():
    import DLEnhance, DLEnhanceLesionMetrics

def makeClasses():  # and the look-ups that Slicer makes with PyObject_HasAttrString, setPythonSource in its sources
    for name in ("DLEnhance", "DLEnhanceLesionMetrics"):
        module = sys.modules[name]
        getattr(module, name)(types.SimpleNamespace(path=module.__file__, icon=None))
        assert hasattr(module, name + "Widget")
        assert not any(hasattr(module, name + kind) for kind in ("FileDialog", "FileReader", "FileWriter"))

def runSlots():
    assert len(slots) == 2
    for slot in slots:
        slot()

print(json.dumps({action.__name__: step(action) for action in (importFiles, makeClasses, runSlots)}))
sys.stdout.flush()
os._exit(0)
"""


def main(runs="15"):
    oneStart()  # compiles
    starts = [oneStart() for _ in range(int(runs))]
    together = [start["importFiles"]["ms"] + start["makeClasses"]["ms"] for start in starts]
    new = newModules(starts[0])
    heavy = sorted({name.split(".")[0] for name in new} & HEAVY)
    others = sorted({name.split(".")[0] for name in new if not name.startswith("DLEnhance")})
    sys.stdout.write(
        f"fastest of {runs}: imports {fastest(starts, 'importFiles'):.2f} ms, "
        f"classes {fastest(starts, 'makeClasses'):.2f} ms, when Slicer is up {fastest(starts, 'runSlots'):.2f} ms\n"
        f"imports and classes together: fastest {min(together):.1f} ms, median {statistics.median(together):.1f} ms, "
        f"target {TARGET_MS:.0f} ms\n"
        f"files imported: {len(new)}, not of DL Enhance: {', '.join(others) or 'none'}\n"
        f"heavy packages imported: {', '.join(heavy) or 'none'}\n"
        f"slowest files by themselves:\n{slowestFiles()}"
    )
    return 1 if heavy else 0


def fastest(starts, step):
    return min(start[step]["ms"] for start in starts)


def newModules(start):
    """Names of all modules that one start imported."""
    return [name for step in STEPS for name in start[step]["new"]]


def oneStart(*options):
    """{step: {"ms": time of the processor, "new": modules imported}} of a fresh process, and its "log"."""
    done = subprocess.run(
        [sys.executable, *options, "-c", PROGRAM, json.dumps(FOLDERS)], capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout)
    return {**result, "log": done.stderr}


def slowestFiles(count=6):
    """Of the files that a start adds, those that take longest, from -X importtime."""
    start = oneStart("-X", "importtime")
    new = newModules(start)
    rows = [line.removeprefix("import time:").split("|") for line in start["log"].splitlines() if "|" in line]
    own = sorted(((int(row[0]), row[2].strip()) for row in rows if row[2].strip() in new), reverse=True)
    return "".join(f"  {microseconds / 1e3:5.1f} ms  {name}\n" for microseconds, name in own[:count])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
