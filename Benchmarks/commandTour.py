"""Runs every sub-command on every folder of real data and prints exit code, wall time and peak memory.

    .venv/bin/python Benchmarks/commandTour.py [--data DIR] [--all] [--only WORD] [--profile fast] [--table FILE.md]

The volumes are those of ``shared/data`` (or DLENHANCE_DATA). Outputs go to a temporary folder and are thrown away.
"""

import argparse
import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MASKS = {
    "postcontrast_t1_axial_brain1/brain1_image.nrrd": ("brain1_label.nrrd", "1"),
    "glioma_upenn_00001/00001_t1c.nii.gz": ("seg-BraTS23_1.nii.gz", "3"),
}
NOT_IMAGES = ("label", "seg")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One run of the command; seconds on the wall clock, peak resident memory in MB, the last line it printed."""

    command: str
    place: str
    exitCode: int
    seconds: float
    cpuSeconds: float
    megabytes: float
    remark: str


def main():
    options = parsedOptions()
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="dlenhance-tour-") as scratch:
        for arguments, place in commands(options, Path(scratch)):
            outcome = timed(arguments, place)
            outcomes.append(outcome)
            print(row(outcome), flush=True)
    if options.table:
        options.table.write_text(table(outcomes), encoding="utf-8")
    sys.exit(any(outcome.exitCode not in (0, 2) for outcome in outcomes))


def parsedOptions():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = ROOT.parent / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("DLENHANCE_DATA", beside)))
    parser.add_argument("--all", action="store_true", help="every volume, not only the first of each folder")
    parser.add_argument("--only", default="", help="only volumes whose path holds this word")
    parser.add_argument("--profile", default="fast", choices=("fast", "full"))
    parser.add_argument("--threads", default=str(os.cpu_count() or 1))
    parser.add_argument("--table", type=Path, help="write the table here too")
    return parser.parse_args()


def commands(options, scratch):
    """(arguments of dlenhance, what it is about), in the order of the folders."""
    yield ["doctor"], ""
    for place in volumes(options.data, onlyFirst=not options.all):
        name = str(place.relative_to(options.data))
        if options.only not in name:
            continue
        yield ["info", str(place)], name
        enhanced = scratch / "enhanced.nii.gz"
        computing = ["--profile", options.profile, "--threads", options.threads]
        yield ["enhance", str(place), str(enhanced), *computing, "--report", str(scratch / "report.json")], name
        if name in MASKS:
            mask, label = MASKS[name]
            pair = ["--standard", str(place), "--enhanced", str(enhanced)]
            regions = ["--rois", str(place.parent / mask), "--lesion-label", label]
            pictures = ["--out", str(scratch / "table.csv"), "--figure", str(scratch / "figure.png")]
            yield ["measure", *pair, *regions, *pictures], name
        if place.is_dir():
            yield ["enhance", str(place), str(scratch / f"{place.name}-series"), *computing], f"{name} to a series"


def volumes(data, *, onlyFirst):
    """The image files of each folder, or the first; a folder of DICOM slices counts as one volume."""
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        files = sorted(path for path in folder.iterdir() if not any(word in path.name for word in NOT_IMAGES))
        slices = [path for path in files if path.suffix == ".dcm"]
        found = [folder] if slices else files or sorted(folder.iterdir())[:1]
        yield from found[:1] if onlyFirst else found


def timed(arguments, place) -> Outcome:
    """Run the command of this clone in a process of its own and ask the system what it used."""
    command = [sys.executable, "-m", "dlenhance.commandLine", *arguments]
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        lines = output.read().decode(errors="replace").strip().splitlines()
    remark = lines[-1] if process.returncode and lines else ""
    scale = 1e6 if sys.platform == "darwin" else 1e3
    cpuSeconds = usage.ru_utime + usage.ru_stime
    return Outcome(arguments[0], place, process.returncode, seconds, cpuSeconds, usage.ru_maxrss / scale, remark)


def row(outcome):
    times = f"{outcome.seconds:.1f} | {outcome.cpuSeconds:.1f} | {outcome.megabytes:.0f}"
    return f"| {outcome.command} | {outcome.place} | {outcome.exitCode} | {times} | {outcome.remark} |"


def table(outcomes):
    head = "| command | volume | exit | wall s | CPU s | peak MB | remark |\n|---|---|---|---|---|---|---|\n"
    return head + "".join(row(outcome) + "\n" for outcome in outcomes)


if __name__ == "__main__":
    main()
