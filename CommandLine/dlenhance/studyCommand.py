"""``dlenhance study``: set a reader study up, see where it stands, analyse it. The study package does the work."""

import json
import sys
from pathlib import Path

from DLEnhanceLib.errors import BadOption

from .outputs import Outputs
from .progressBar import progressBar
from .textTable import textTable

DONE, PROBLEMS = 0, 2


def addParser(subparsers):
    parser = subparsers.add_parser(
        "study",
        help="blinded reader study: new, reference, status, override, wording, analyse, simulate",
        description="Set up a blinded reader study in a folder of plain files, follow it and analyse it.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _addNew(actions)
    _addReference(actions)
    _addStatus(actions)
    _addOverride(actions)
    _addWording(actions)
    _addAnalyse(actions)
    _addSimulate(actions)


def run(options) -> int:
    """Carry out the chosen action; returns its exit code. Expected failures raise DLEnhanceError."""
    return options.run(options)


def _action(actions, name, function, text):
    parser = actions.add_parser(name, help=text, description=text)
    parser.add_argument("folder", metavar="DIR", type=Path, help="the study folder")
    parser.set_defaults(run=function)
    return parser


def _addNew(actions):
    parser = _action(actions, "new", newStudy, "make a study folder from a case list")
    parser.add_argument(
        "--cases", metavar="CSV", type=Path, required=True, help="columns case_id, standard, enhanced and covariates"
    )
    parser.add_argument("--title", default="Reader study", help="title of the study (not exported)")
    parser.add_argument("--preset", default="oh2025", help="oh2025, park2025 or custom (default oh2025)")
    parser.add_argument(
        "--reader", metavar="ID", action="append", required=True, help="code of a reader, never a name; repeat it"
    )
    parser.add_argument("--reference-reader", metavar="ID", action="append", default=[], help="who enters the truth")
    parser.add_argument("--coordinator", metavar="ID", action="append", default=[], help="who may waive the washout")
    parser.add_argument("--seed", type=int, help="seed of all orders (default: random, stored)")
    parser.add_argument("--washout-days", metavar="D", type=float, default=28.0, help="default 28; warns under 14")
    parser.add_argument("--side-by-side", action="store_true", help="add a preference reading after all others")
    parser.add_argument(
        "--bonferroni", action="store_true", help="correct families of tests by Bonferroni instead of Holm"
    )
    parser.add_argument(
        "--non-inferiority-margin", metavar="POINTS", type=float, help="test image scores for non-inferiority"
    )
    parser.add_argument(
        "--negative-binomial", action="store_true", help="model of false marks that vary more than Poisson counts"
    )


def newStudy(options) -> int:
    from DLEnhanceLesionMetricsLib.study.caseList import adoptedCases, writeCases
    from DLEnhanceLesionMetricsLib.study.manifest import writeManifest

    manifest = _manifest(options)
    with Outputs(inputs=[options.cases]) as outputs:
        folder = outputs.addFolder(options.folder, option="DIR")
        cases = adoptedCases(options.cases, folder)
        writeManifest(manifest, outputs.staged(folder))
        writeCases(cases, outputs.staged(folder))
        outputs.commit()
    for warning in manifest.warnings():
        sys.stderr.write(f"dlenhance: {warning}\n")
    readings = 2 * len(cases)
    sys.stdout.write(f"{folder}: {len(cases)} cases, {len(manifest.readers)} readers, {readings} readings each.\n")
    return DONE


def _manifest(options):
    from DLEnhanceLesionMetricsLib.study import manifest as m
    from DLEnhanceLesionMetricsLib.study.scales import PREFERENCE, presetNamed

    _refuseRepeated(options.reader, "reader")
    roles: dict[str, list[str]] = {}
    for ids, role in (
        (options.reader, m.READER),
        (options.reference_reader, m.REFERENCE),
        (options.coordinator, m.COORDINATOR),
    ):
        for personId in ids:
            roles.setdefault(personId, []).append(role)
    people = [m.Person(personId, tuple(dict.fromkeys(given))) for personId, given in roles.items()]
    items = presetNamed(options.preset).items
    modes = (m.INDEPENDENT, m.SIDE_BY_SIDE) if options.side_by_side else (m.INDEPENDENT,)
    return m.newManifest(
        options.title,
        people,
        preset=options.preset,
        seed=options.seed,
        washoutDays=options.washout_days,
        modes=modes,
        analysis=_plan(options),
        items=(*items, PREFERENCE) if options.side_by_side else items,
    )


def _plan(options):
    from DLEnhanceLesionMetricsLib.study import analysisPlan as p

    return p.AnalysisPlan(
        multiplicity=p.BONFERRONI if options.bonferroni else p.HOLM,
        nonInferiorityMargin=options.non_inferiority_margin,
        falseMarks=p.NEGATIVE_BINOMIAL if options.negative_binomial else p.POISSON,
    )


def _refuseRepeated(ids, role):
    repeated = sorted({personId for personId in ids if ids.count(personId) > 1})
    if repeated:
        raise BadOption(f"Two {role}s have the id {repeated[0]}; give each an own one.")


def _addReference(actions):
    parser = _action(actions, "reference", enterReference, "enter the reference standard from a CSV table")
    parser.add_argument(
        "table", metavar="CSV", type=Path, help="case_id, lesion_id, r, a, s, longest_diameter_mm, evidence"
    )
    parser.add_argument("--author", metavar="ID", required=True, help="a person with the reference role")


def enterReference(options) -> int:
    from DLEnhanceLesionMetricsLib.study.reference import ReferenceSession, enterTable

    if not options.table.is_file():
        raise BadOption(f"The table {options.table} does not exist.")
    with ReferenceSession(options.folder, options.author) as session:
        count = enterTable(session, options.table.read_text(encoding="utf-8-sig"))
    sys.stdout.write(f"{count} rows entered by {options.author}.\n")
    return DONE


def _addStatus(actions):
    parser = _action(actions, "status", status, "readings done by every reader, and everything that is wrong")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument(
        "--seal", action="store_true", help="note the end of every log, so that lost lines are seen later"
    )


def status(options) -> int:
    """Exit code 2 when a log is damaged: answers may not be what the readers gave."""
    from DLEnhanceLesionMetricsLib.study.answerLog import FOLDER
    from DLEnhanceLesionMetricsLib.study.mergedLogs import seal
    from DLEnhanceLesionMetricsLib.study.progress import studyState

    state = studyState(options.folder)
    if options.json:
        _writeJson(state)
    else:
        _writeStatus(state)
    if options.seal:
        sys.stdout.write(f"Sealed: {seal(options.folder / FOLDER)}\n")
    return PROBLEMS if state.damage else DONE


def _writeStatus(state):
    heading = f"{state.manifest.title}: {len(state.cases)} cases, seed {state.manifest.seed}\n"
    rows = [
        (row.reader, row.mode, f"{row.done}/{row.total}", str(row.amended), f"{row.medianMinutes:.1f}", row.lastAnswer)
        for row in state.readers
    ]
    header = ("reader", "mode", "done", "amended", "min/reading", "last submitted")
    sys.stdout.write(heading + textTable(header, rows))
    for finding in state.findings:
        sys.stdout.write(f"{'DAMAGE' if finding.isDamage else 'note'}: {finding.sentence}\n")


def _writeJson(state):
    import dataclasses

    rows = [dataclasses.asdict(row) for row in state.readers]
    findings = [dataclasses.asdict(finding) for finding in state.findings]
    text = json.dumps({"cases": len(state.cases), "readers": rows, "findings": findings}, indent=2)
    sys.stdout.write(text + "\n")


def _addOverride(actions):
    parser = _action(
        actions, "override", overrideWashout, "open the second readings of a reader before the washout ends"
    )
    parser.add_argument("--reader", metavar="ID", required=True)
    parser.add_argument("--coordinator", metavar="ID", required=True, help="a person with the coordinator role")
    parser.add_argument("--reason", required=True, help="stored in the log and counted in the report")
    parser.add_argument("--case", metavar="ID", default="*", help="one case only (default: all)")


def overrideWashout(options) -> int:
    from DLEnhanceLesionMetricsLib.study.session import ReadingSession

    with ReadingSession(options.folder, options.reader, checkPaths=False) as session:
        session.overrideWashout(options.coordinator, reason=options.reason, caseId=options.case)
    sys.stdout.write(f"The washout of {options.reader} is waived; the log and the report say so.\n")
    return DONE


def _addWording(actions):
    text = "print the wording of the scales, or with --file change it as a new version; earlier answers keep theirs"
    parser = _action(actions, "wording", changeWording, text)
    parser.add_argument("--file", metavar="JSON", type=Path, help="items with id, title and anchors")
    parser.add_argument("--coordinator", metavar="ID", default="", help="a person with the coordinator role")
    parser.add_argument("--reason", default="", help="stored in study.json")


def changeWording(options) -> int:
    from DLEnhanceLesionMetricsLib.study.manifest import readManifest, writeManifest
    from DLEnhanceLesionMetricsLib.study.wording import reworded, wordingText

    manifest = readManifest(options.folder)
    if options.file is None:
        sys.stdout.write(wordingText(manifest))
        return DONE
    if not options.file.is_file():
        raise BadOption(f"The file {options.file} does not exist.")
    if not options.coordinator:
        raise BadOption("Say who changes the wording with --coordinator, and why with --reason.")
    text = options.file.read_text(encoding="utf-8-sig")
    changed = reworded(manifest, text, coordinator=options.coordinator, reason=options.reason)
    writeManifest(changed, options.folder)
    sys.stdout.write(f"The wording is now version {changed.scalesVersion}; give every reader the new study.json.\n")
    return DONE


def _addAnalyse(actions):
    parser = _action(actions, "analyse", analyseStudy, "statistics, report and tables for R, RJafroc and iMRMC")
    parser.add_argument("--out", metavar="OUT", type=Path, help="new folder for the results (default DIR/analysis)")
    parser.add_argument("--first-versions", action="store_true", help="count what was submitted before amendments")
    parser.add_argument("--accept-damage", metavar="REASON", default="", help="analyse damaged logs all the same")
    parser.add_argument("--ordinal", action="store_true", help="add the ordinal model of the scores")
    parser.add_argument("--with-comments", action="store_true", help="export the readers' free text as well")


def analyseStudy(options) -> int:
    from DLEnhanceLesionMetricsLib.study.adjudication import writeAdjudication
    from DLEnhanceLesionMetricsLib.study.analysis import analyse
    from DLEnhanceLesionMetricsLib.study.htmlReport import writeReport
    from DLEnhanceLesionMetricsLib.study.studyData import FIRST, LATEST, studyData

    versions = FIRST if options.first_versions else LATEST
    data = studyData(options.folder, versions=versions, acceptDamage=options.accept_damage)
    if not data.readings:
        raise BadOption(f"Nothing has been submitted yet in {options.folder}; there is nothing to analyse.")
    with Outputs() as outputs:
        folder = outputs.addFolder(options.out or options.folder / "analysis", replaceIfItHolds="report.html")
        staged = outputs.staged(folder)
        staged.mkdir(parents=True)
        with progressBar("analysing") as reportProgress:
            writeReport(analyse(data, ordinal=options.ordinal, reportProgress=reportProgress), staged)
        _writeExports(data, staged, withComments=options.with_comments)
        outputs.commit()
    adjudication = writeAdjudication(options.folder, [(row.reading, row.match) for row in data.doubtful])
    if adjudication and data.doubtful:
        sys.stdout.write(f"{len(data.doubtful)} marks in doubt: decide in {adjudication} and analyse again.\n")
    sys.stdout.write(f"{folder / 'report.html'}\n")
    return DONE


def _writeExports(data, folder, *, withComments):
    from DLEnhanceLesionMetricsLib.study.exports import writeImrmc, writeRjafroc, writeTables

    writeTables(data, folder / "data", withComments=withComments)
    if data.hasReference:
        writeRjafroc(data, folder / "data" / "rjafroc.xlsx")
        writeImrmc(data, folder / "data" / "study.imrmc")


def _addSimulate(actions):
    parser = _action(actions, "simulate", simulate, "a complete SIMULATED study (no humans): tutorial and self-test")
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--preset", default="oh2025")
    parser.add_argument("--no-effect", action="store_true", help="put no difference between the conditions in")


def simulate(options) -> int:
    from DLEnhanceLesionMetricsLib.study.simulatedReaders import ReaderModel
    from DLEnhanceLesionMetricsLib.study.simulatedStudy import Cohort, simulateStudy

    if not 2 <= options.cases <= 2000 or not 1 <= options.readers <= 20:
        raise BadOption("Simulate 2 to 2000 cases and 1 to 20 readers.")
    model = ReaderModel().withoutEffect() if options.no_effect else ReaderModel()
    cohort = Cohort(options.cases, options.readers, model, noiseKept=1.0 if options.no_effect else 1 / 1.5)
    with Outputs() as outputs:
        folder = outputs.addFolder(options.folder, option="DIR")
        simulateStudy(outputs.staged(folder), cohort, seed=options.seed, preset=options.preset)
        outputs.commit()
    sys.stdout.write(f"{folder}: SIMULATED study; next: dlenhance study analyse {folder}\n")
    return DONE
