"""Runs the acceptance tests AT1 to AT16 and AT22 with the released weights and writes one HTML page and its JSON.

    python Benchmarks/validate.py --data ../shared/data --out Benchmarks/output [--quick] [--only lesions ringing]

--quick takes minutes on one core, the whole about 25 minutes on two. Both pages are written after every group of tests,
so that a run that is cut short leaves what it found. A group that cannot run fails its tests and the rest goes on.
"""

import argparse
import dataclasses
import datetime as dt
import platform
import shutil
import subprocess
import time
import traceback
from pathlib import Path

import torch
from validation.artefacts import judgeArtefacts
from validation.awkward import judgeAwkward
from validation.detection import judgeDetection
from validation.fidelity import judgeFidelity
from validation.hallucination import judgeHallucination
from validation.headStudy import caseRows
from validation.invariance import judgeInvariance
from validation.learning import learningCurves
from validation.lesions import judgeLesions
from validation.page import summary, writeJson, writePage
from validation.realData import judgeRealData
from validation.referenceLevels import judgeReferenceLevels
from validation.results import Check, GroupResult
from validation.ringing import judgeRinging
from validation.session import Session

from DLEnhanceLib.torchBackend import makeBackend


def judgeHeads(session):
    """AT1, 2, 3, 7, 8, 9: one pass over the same scans."""
    rows, pictures = caseRows(session)
    return judgeFidelity(session, rows, pictures), judgeHallucination(session, rows)


GROUPS = {
    "heads": (judgeHeads, ("AT1", "AT2", "AT3", "AT7", "AT8", "AT9")),
    "lesions": (judgeLesions, ("AT6",)),
    "ringing": (judgeRinging, ("AT4", "AT5")),
    "artefacts": (judgeArtefacts, ("AT10",)),
    "invariance": (judgeInvariance, ("AT11", "AT12", "AT13", "AT14", "AT16")),
    "awkward": (judgeAwkward, ("AT15",)),
    "detection": (judgeDetection, ("Observer",)),
    "reference": (judgeReferenceLevels, ("AT22",)),
    "real": (judgeRealData, ()),
    "learning": (learningCurves, ()),
}


@dataclasses.dataclass
class ValidationRun:
    """groups: what was found so far; about: date, commit, machine; models: profile to card."""

    groups: list
    about: dict
    models: dict


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="fewer cases of each kind; not for release")
    parser.add_argument("--only", nargs="+", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--profiles", nargs="+", choices=("full", "fast"), default=["full", "fast"])
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--threads", type=int)
    parser.add_argument(
        "--device", default="cpu", help="cpu unless you say otherwise: the same numbers on every machine"
    )
    parser.add_argument("--keep", type=Path, help="folder that receives copies of page and JSON of a whole run")
    options = parser.parse_args(arguments)
    backends = {profile: makeBackend(profile, options.device, threads=options.threads) for profile in options.profiles}
    session = Session(backends, options.data, seed=options.seed, isQuick=options.quick)
    run = ValidationRun([], about(options), {name: backend.model.card for name, backend in backends.items()})
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        session.say(f"== {name}")
        run.groups += runGroup(name, session)
        run.about["seconds"] = round(time.monotonic() - session.started)
        writeJson(run, options.out / "validation.json")
        writePage(run, options.out / "validation.html")
    if options.keep and isWhole(options):
        options.keep.mkdir(parents=True, exist_ok=True)
        for file in ("validation.json", "validation.html"):
            shutil.copyfile(options.out / file, options.keep / file)
    tell(run, session)


def isWhole(options):
    """Only a run of everything stands for the release."""
    return not options.quick and set(options.only) == set(GROUPS) and set(options.profiles) == {"full", "fast"}


def runGroup(name, session):
    """The results of a group; an error in it becomes failed checks, so that the other groups still run."""
    function, tests = GROUPS[name]
    try:
        found = function(session)
    except Exception as error:  # whatever it is: it belongs on the page, and the run goes on
        traceback.print_exc()
        text = f"the test could not run: {type(error).__name__}: {error}"
        checks = [
            Check(test, "could not run", profile, "all", float("nan"), "", "<=", 0.0, "", text)
            for test in tests
            for profile in session.backends
        ]
        return [GroupResult(name, tuple(checks), notes=(text,))]
    return list(found) if isinstance(found, tuple) else [found]


def about(options):
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    return {
        "made": dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "command": "make validate" + (' OPTIONS="--quick"' if options.quick else ""),
        "quick": options.quick,
        "seed": options.seed,
        "commit": commit.strip() or "unknown",
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "PyTorch": torch.__version__,
        "device": options.device,
    }


def tell(run, session):
    """The result on the terminal."""
    checks = [check for group in run.groups for check in group.checks]
    for profile in run.models:
        for test, states in summary(checks, profile).items():
            print(f"{profile:5} {test:9}", *(f"{preset}: {state}" for preset, state in states.items()), sep="  ")
    failed = sum(check.passed is False for check in checks)
    session.say(f"{len(checks)} numbers, {failed} miss their threshold")


if __name__ == "__main__":
    main()
