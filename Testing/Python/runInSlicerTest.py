"""The tests that run inside Slicer, run in the stand-in host by the script that runs them in Slicer."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PySide6", reason="the stand-in host is made of PySide6")
pytest.importorskip("slicer", reason="the stand-in host needs slicer-core")

ROOT = Path(__file__).resolve().parents[2]
# As Slicer does (executeFile in CTK): run in __main__ with __file__ set, the arguments in sys.argv.
PROGRAM = """
import sys
root, folder, prepare = sys.argv[1:]
sys.path[:0] = [root + "/Testing/Host"]
from DLEnhanceTestHost.session import startHost
host = startHost()
script = root + "/Testing/run-in-slicer.py"
sys.argv = [script, folder]
exec(prepare)
exec(compile(open(script, encoding="ascii").read(), script, "exec"), {"__name__": "__main__", "__file__": script})
host.takeSlotErrors()
sys.stdout.flush()
import os
os._exit(host.exitCode)
"""


def run(folder, prepare=""):
    command = [sys.executable, "-c", PROGRAM, str(ROOT), str(folder), prepare]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()[-1] if done.stdout else "", done.stdout + done.stderr


def test_everything_passes_and_pictures_are_taken(tmp_path):
    code, last, output = run(tmp_path)
    passed = re.fullmatch(r"(\d+) passed, 0 failed", last)
    assert passed, output
    assert int(passed.group(1)) >= 10
    assert "views without a window" in output  # the one test that only Slicer can run
    assert output.count("skipped") == 2, output
    assert code == 0
    pictures = {"1-enhanced", "2-compared", "3-measured", "DLEnhance", "DLEnhanceLesionMetrics"}
    assert {path.stem for path in tmp_path.glob("*.png")} == pictures


def test_a_failure_is_counted_and_ends_with_1(tmp_path):
    broken = (
        "import DLEnhanceLesionMetricsLib.logic as logic, DLEnhanceLib.logic as enhance\n"
        "logic.DLEnhanceLesionMetricsLogic.measure = lambda self: []\n"
        "enhance.DLEnhanceLogic.startRun = enhance.DLEnhanceLogic.enhance = None\n"
    )
    code, last, output = run(tmp_path, broken)
    assert last.endswith(" failed"), output
    assert not last.endswith(" 0 failed"), output
    assert code == 1
