"""The reader study against independent implementations, in time, and over many simulated studies.

Usage: python Benchmarks/studyBenchmark.py [geepack|rjafroc|speed|kill|null|power ...] [--out FOLDER] [--studies N]
Without names everything runs. R parts are skipped with a sentence where Rscript or the R package is missing
(Debian: r-base-core r-cran-geepack). Results go to OUT/studyBenchmark.json and OUT/power.png.
"""

import argparse
import csv
import io
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from DLEnhanceLesionMetricsLib.study import clusteredModels
from DLEnhanceLesionMetricsLib.study.analysis import analyse
from DLEnhanceLesionMetricsLib.study.answerLog import readLog
from DLEnhanceLesionMetricsLib.study.detectionComparisons import figureComparisons
from DLEnhanceLesionMetricsLib.study.exports import writeImrmc, writeRjafroc, writeTables
from DLEnhanceLesionMetricsLib.study.freeResponse import CaseRatings, compareReaders, figureOfMerit
from DLEnhanceLesionMetricsLib.study.htmlReport import writeReport
from DLEnhanceLesionMetricsLib.study.pairedTests import mcNemar, wilcoxonTest
from DLEnhanceLesionMetricsLib.study.simulatedReaders import ReaderModel, SimulatedReader, simulatedCases
from DLEnhanceLesionMetricsLib.study.simulatedStudy import Cohort, simulateStudy
from DLEnhanceLesionMetricsLib.study.studyData import studyData

HERE = Path(__file__).resolve().parent
BRIEF_LESIONS = "01 11 11|00|11 11|01 01 11 11|11|10 11|11 01|01 00 11|11|01 11 11"
BRIEF_FALSE = "0/1 1/1 0/0 2/1 0/0 1/2 0/0 0/1 1/0 0/0"
TESTS = ("sensitivity GEE", "false marks GEE", "specificity GEE", "scores Wilcoxon", "wAFROC cases")


def geepack(out, _options):
    """Our GEE against R's geepack on the brief's fixtures and five simulated cohorts."""
    tables = {"brief_hits": briefHits(), "brief_false": briefFalseMarks()}
    for seed in range(5):
        study = drawStudy(40, 2, ReaderModel(), seed)
        tables[f"simulated_hits_{seed}"] = study["hits"]
        tables[f"simulated_false_{seed}"] = study["falseMarks"]
    paths = [writeLong(out / f"{name}.csv", rows) for name, rows in tables.items()]
    answer = runR("geepack.R", *paths)
    if isinstance(answer, str):
        return {"skipped": answer}
    worst = {"estimate": 0.0, "se": 0.0, "estimate with our divisor": 0.0, "se with our divisor": 0.0}
    for row in answer:
        rows = tables[row["table"].removesuffix(".csv")]
        for corrected, suffix in ((False, ""), (True, " with our divisor")):
            ours = fitted(rows, row, correctedMoments=corrected)
            for kind, value in (("estimate", ours.estimate), ("se", ours.standardError)):
                worst[kind + suffix] = max(worst[kind + suffix], abs(value - float(row[kind])))
    return {"models": len({(r["table"], r["correlation"]) for r in answer}), "largest absolute difference": worst}


def briefHits():
    return [
        (int(lesion[condition]), condition, 0, patient)
        for patient, lesions in enumerate(BRIEF_LESIONS.split("|"))
        for lesion in lesions.split()
        for condition in (0, 1)
    ]


def briefFalseMarks():
    return [
        (int(count), condition, 0, patient)
        for patient, pair in enumerate(BRIEF_FALSE.split())
        for condition, count in enumerate(pair.split("/"))
    ]


def writeLong(path, rows):
    """y, condition, reader2, cluster; sorted by cluster, as geepack wants it."""
    lines = [",".join(map(str, row)) for row in sorted(rows, key=lambda row: row[3])]
    path.write_text("\n".join(["y,condition,reader2,cluster", *lines]) + "\n")
    return path


def fitted(rows, wanted, *, correctedMoments):
    y, condition, reader, cluster = map(np.array, zip(*sorted(rows, key=lambda row: row[3]), strict=True))
    terms = {"condition": condition} | ({"reader2": reader} if len(set(reader)) > 1 else {})
    result = clusteredModels.fitGee(
        y,
        terms,
        cluster,
        family=wanted["family"],
        correlation=wanted["correlation"],
        standardErrors="robust",
        correctedMoments=correctedMoments,
    )
    return result.term(wanted["term"].replace("(Intercept)", "intercept"))


def runR(script, *arguments):
    """Rows of the CSV that an R script prints, or why it did not run."""
    if not shutil.which("Rscript"):
        return "Rscript is not installed"
    done = subprocess.run(["Rscript", HERE / script, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[0] if done.stderr.strip() else "R failed"
    return list(csv.DictReader(io.StringIO(done.stdout)))


def rjafroc(out, _options):
    """Our figures of merit and exports against RJafroc, which reads the exported files."""
    data = studyData(simulateStudy(out / "froc", Cohort(cases=60, readers=3, withImages=False), seed=8))
    answer = runR("rjafroc.R", writeRjafroc(data, out / "froc.xlsx"), writeImrmc(data, out / "froc.imrmc"))
    if isinstance(answer, str):
        return {"skipped": answer}
    ours = {(row.figure, row.generalizesTo): row for row in figureComparisons(data)}
    names = {"wAFROC": "wAFROC", "AFROC": "JAFROC", "FRRC": "cases", "RRRC": "readers and cases"}
    worst = 0.0
    for row in answer:
        if row["figure"] == "iMRMC":
            continue
        mine = ours[names[row["figure"]], names[row["population"]]]
        pairs = ((np.mean(mine.standard), "mean0"), (np.mean(mine.enhanced), "mean1"), (mine.difference, "difference"))
        worst = max(worst, *(abs(value - float(row[name])) for value, name in (*pairs, (mine.standardError, "se"))))
    return {"rows": len(answer), "largest absolute difference": worst}


def speed(out, _options):
    """300 cases x 3 readers x 2 conditions: reading the logs, all statistics, report, exports; seconds."""
    start = time.perf_counter()
    folder = simulateStudy(out / "large", Cohort(cases=300, readers=3, withImages=False), seed=1)
    simulated = time.perf_counter()
    cpu = time.process_time()
    data = studyData(folder)
    read = time.perf_counter()
    result = analyse(data)
    analysed = time.perf_counter()
    writeReport(result, out / "report")
    writeTables(data, out / "tables")
    writeRjafroc(data, out / "tables" / "froc.xlsx")
    end = time.perf_counter()
    return {
        "simulate": simulated - start,
        "read": read - simulated,
        "analyse": analysed - read,
        "report and exports": end - analysed,
        "all but simulate": end - simulated,
        "processor seconds": time.process_time() - cpu,
        "load average": os.getloadavg()[0],
    }


KILLED = """
import sys
sys.path.insert(0, sys.argv[2])
from studySteps import answerAll
from DLEnhanceLesionMetricsLib.study.session import ReadingSession
with ReadingSession(sys.argv[1], "r1", checkPaths=False) as session:
    while session.openNext():
        for mark in session.current.marks:  # of a reading that was cut off
            session.removeMark(mark.id)
        answerAll(session)
        print(session.progress().done, flush=True)
"""


def kill(out, _options):
    """kill -9 at 100 random moments of a reading session: every acknowledged submission is there afterwards."""
    steps = HERE.parent / "Testing" / "Python"
    sys.path.insert(0, str(steps))
    from studySteps import studyFolder

    from DLEnhanceLesionMetricsLib.study.progress import studyState

    folder = studyFolder(out / "killed", cases=2000, washoutDays=0.0)
    chance, lost, setAside = random.Random(2), 0, 0
    for _ in range(100):
        process = subprocess.Popen([sys.executable, "-c", KILLED, folder, steps], stdout=subprocess.PIPE, text=True)
        first = process.stdout.readline()
        time.sleep(chance.uniform(0, 0.12))
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split("\n")[:-1]
        process.wait()
        acknowledged = int((rest or [first])[-1])
        state = studyState(folder, checkPaths=False)
        lost += len(state.book.latest()) < acknowledged or bool(state.damage)
    logs = readLog(next((folder / "answers").glob("*.jsonl")))
    setAside = len(list((folder / "answers").glob("*.fragment-*")))
    return {"runs": 100, "runs that lost an answer": lost, "lines": len(logs.entries), "half lines set aside": setAside}


def drawStudy(cases, readers, model, seed):
    """A study as plain rows, without files: what each primary test needs."""
    chance = np.random.default_rng(seed)
    cohort = simulatedCases(cases, model, chance)
    study = {"hits": [], "falseMarks": [], "specific": [], "scores": [[], []], "ratings": [[], []]}
    for number in range(readers):
        reader = SimulatedReader(model, chance)
        for condition in (0, 1):
            scores, ratings = [], []
            for place, case in enumerate(cohort):
                ratings.append(drawReading(study, reader, case, (condition, number, place)))
                scores.append(reader.score(case, bool(condition)))
            study["scores"][condition].append(scores)
            study["ratings"][condition].append(ratings)
    return study


def drawReading(study, reader, case, place):
    condition, number, patient = place
    marks = reader.marks(case, bool(condition))
    found = {mark.lesion: float(mark.confidence) for mark in marks if mark.lesion}
    false = tuple(float(mark.confidence) for mark in marks if not mark.lesion)
    study["hits"] += [(int(lesion.id in found), condition, number, patient) for lesion in case.lesions]
    study["falseMarks"].append((len(false), condition, number, patient))
    if not case.lesions:
        study["specific"].append((int(not false), condition, number, patient))
    return CaseRatings(case.id, tuple(found.get(x.id, -math.inf) for x in case.lesions), false)


def primaryPs(study):
    """The p of every primary test; NaN where a model has no estimate."""
    values = []
    for name, family in (("hits", "logistic"), ("falseMarks", "poisson"), ("specific", "logistic")):
        y, condition, reader, cluster = map(np.array, zip(*study[name], strict=True))
        fit = clusteredModels.fitGee(y, {"condition": condition, "reader": reader}, cluster, family=family)
        values.append(fit.term("condition").p if fit.term("condition") else math.nan)
    standard, enhanced = (np.mean(scores, axis=0) for scores in study["scores"])
    values.append(wilcoxonTest(standard, enhanced).p)
    figures = [[figureOfMerit(cases) for cases in side] for side in study["ratings"]]
    values.append(compareReaders(*figures)[0].p)
    return values


def singleReaderMcNemar(study):
    first = [[row[0] for row in study["hits"] if row[1:3] == (condition, 0)] for condition in (0, 1)]
    return mcNemar(*first).midP


def null(_out, options):
    """Type I error at 5 % of the primary tests over null studies (60 cases, 2 readers), with the binomial limits."""
    from scipy.stats import binom

    model = ReaderModel(visibility=0.6).withoutEffect()
    ps, mid = [], []
    for seed in range(options.studies):
        study = drawStudy(60, 2, model, 10_000 + seed)
        ps.append(primaryPs(study))
        mid.append(singleReaderMcNemar(study))
    table = np.array(ps)
    rates = {name: float(np.nanmean(table[:, k] < 0.05)) for k, name in enumerate(TESTS)}
    rates["McNemar mid-P (ignores clusters)"] = float(np.mean(np.array(mid) < 0.05))
    limits = [float(binom.ppf(q, options.studies, 0.05) / options.studies) for q in (0.005, 0.995)]
    failed = {name: int(np.isnan(table[:, k]).sum()) for k, name in enumerate(TESTS)}
    return {"studies": options.studies, "99 % binomial limits": limits, "rejected": rates, "no estimate": failed}


def power(out, options):
    """Power of the primary tests against the detection and score effects put in (60 cases, 2 readers); a figure."""
    effects, count = (0.0, 0.4, 0.8, 1.2), max(options.studies // 5, 20)
    curves = []
    for effect in effects:
        model = ReaderModel(visibility=0.6, detectionEffect=effect, scoreEffect=effect / 4)
        ps = np.array([primaryPs(drawStudy(60, 2, model, 50_000 + seed)) for seed in range(count)])
        curves.append([float(np.nanmean(ps[:, k] < 0.05)) for k in range(len(TESTS))])
    drawPower(out / "power.png", effects, curves, count)
    return {
        "effects (log odds; score effect is a quarter)": effects,
        "power": dict(zip(TESTS, zip(*curves, strict=True), strict=True)),
    }


def drawPower(path, effects, curves, count):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4), layout="constrained", dpi=150)
    axes = figure.subplots()
    for name, values in zip(TESTS, np.transpose(curves), strict=True):
        axes.plot(effects, values, marker="o", label=name)
    axes.axhline(0.05, color="#999999", ls="--", lw=0.8)
    axes.set_xlabel("detection effect put in, log odds (score effect: a quarter of it)")
    axes.set_ylabel("share of studies with p < 0.05")
    axes.set_ylim(0, 1)
    axes.set_title(f"SIMULATED: 60 cases, 2 readers, {count} studies a point", fontsize=10)
    axes.legend(fontsize=8, frameon=False)
    figure.savefig(path)


PARTS = {part.__name__: part for part in (geepack, rjafroc, speed, kill, null, power)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--out", type=Path, default=None, help="default: a temporary folder")
    parser.add_argument("--studies", type=int, default=500)
    options = parser.parse_args()
    out = options.out or Path(tempfile.mkdtemp(prefix="studyBenchmark"))
    out.mkdir(parents=True, exist_ok=True)
    results = {}
    for name in options.parts or PARTS:
        with tempfile.TemporaryDirectory() as work:
            results[name] = PARTS[name](Path(work) if name != "power" else out, options)
        print(name, json.dumps(results[name], indent=2), flush=True)
    (out / "studyBenchmark.json").write_text(json.dumps(results, indent=2) + "\n")
    print(out)


if __name__ == "__main__":
    main()
