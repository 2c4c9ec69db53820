"""Runs all tests of the extension inside a given Slicer and takes pictures of its window on the way.

    Slicer --no-splash --python-script Testing/run-in-slicer.py [FOLDER FOR THE PICTURES]

Needs no installation: the modules of this clone are loaded if the Slicer does not have them. Ends Slicer with exit
code 0 when everything passed, 1 otherwise; the last line is ``N passed, N failed``. ASCII only: Slicer reads this file
in the encoding of the machine.
"""

import contextlib
import sys
import traceback
import unittest
from pathlib import Path

import qt
import slicer

ROOT = Path(__file__).resolve().parents[1]
MODULES = ("DLEnhance", "DLEnhanceLesionMetrics")


def main():
    pictures = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "slicer-screenshots"
    pictures.mkdir(parents=True, exist_ok=True)
    loadModules()
    sys.path.insert(0, str(ROOT / "Testing" / "Slicer"))
    import DLEnhanceSelfTest

    DLEnhanceSelfTest.DLEnhanceSelfTest.pictures = pictures
    names = ["DLEnhanceSelfTest", *(test for name in MODULES for test in (f"{name}SlicerTest", f"{name}.{name}Test"))]
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    for name in MODULES:
        takePicture(name, pictures / f"{name}.png")
    failed = len(result.failures) + len(result.errors)
    passed = result.testsRun - failed - len(result.skipped)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 0 if passed and not failed else 1


def loadModules():
    """From this clone, unless the extension is installed; the same calls as Slicer's Extension Wizard makes."""
    factory = slicer.app.moduleManager().factoryManager()
    missing = [name for name in MODULES if not hasattr(slicer.modules, name.lower())]
    for name in missing:
        sys.path.insert(0, str(ROOT / name))
        factory.registerModule(qt.QFileInfo(str(ROOT / name / f"{name}.py")))
    factory.loadModules(missing)


def takePicture(name, path):
    """The main window with the module shown; nothing without a main window."""
    window = slicer.util.mainWindow()
    if window is None:
        return
    with contextlib.suppress(Exception):
        slicer.util.selectModule(name)
        slicer.app.processEvents()
        window.grab().save(str(path))


if __name__ == "__main__":
    code = 1
    try:
        code = main()
    except Exception:
        traceback.print_exc()
        print("0 passed, 1 failed", flush=True)
    slicer.util.exit(code)
