"""The reference standard: which lesions there really are. Its own role, its own folder; no reading code imports it."""

import csv
import dataclasses
import io
from pathlib import Path

from .answerLog import OPENED, AnswerLog
from .caseList import readCases
from .errors import NotAllowed, StudyProblem
from .manifest import REFERENCE, readManifest
from .mergedLogs import MergedLogs, readLogs, seen

FOLDER = "reference"
LESION, WITHDRAWN, LESION_FREE = "lesion", "lesion-withdrawn", "lesion-free"
COLUMNS = ("case_id", "lesion_id", "r", "a", "s", "longest_diameter_mm", "evidence")


@dataclasses.dataclass(frozen=True)
class Lesion:
    """A lesion of the reference standard.

    ras: center in mm. longestDiameterMm: on the slice where it is greatest (RANO-BM); it fixes the size class for
    both conditions. mask and label: a label volume (path relative to the study) and its value, if there is one.
    evidence: what it rests on (consensus, follow-up, pathology), free text.
    """

    id: str
    caseId: str
    ras: tuple[float, float, float]
    longestDiameterMm: float
    evidence: str
    shortAxisMm: float | None = None
    maximumDiameter3dMm: float | None = None
    volumeMm3: float | None = None
    mask: str = ""
    label: int = 1
    author: str = ""

    @property
    def radiusMm(self) -> float:
        return self.longestDiameterMm / 2

    def sizeClass(self, limitMm: float) -> str:
        return f"<{limitMm:g} mm" if self.longestDiameterMm < limitMm else f">={limitMm:g} mm"


@dataclasses.dataclass(frozen=True)
class ReferenceStandard:
    """Lesions by case; a case without lesions stands there with none only if somebody said so."""

    lesions: dict[str, tuple[Lesion, ...]]
    logs: MergedLogs

    def of(self, caseId: str) -> tuple[Lesion, ...]:
        return self.lesions[caseId]

    def missing(self, caseIds) -> list[str]:
        return [caseId for caseId in caseIds if caseId not in self.lesions]


class ReferenceSession:
    """Enter the reference standard. The log is of the same kind as the readers': appended, chained, flushed.

    Raises NotAllowed for a person without the reference role.
    """

    def __init__(self, folder, author: str, *, clock=None, machine: str = "", durable: bool = True):
        self.folder = Path(folder)
        if REFERENCE not in readManifest(self.folder).person(author).roles:
            raise NotAllowed(f"{author} has no reference role in this study.")
        self.caseIds = {case.id for case in readCases(self.folder, checkPaths=False)}
        folder = self.folder / FOLDER
        self._log = AnswerLog(folder, author, machine=machine, clock=clock, durable=durable)
        self._log.append(OPENED, seen=seen(folder, author, self._log.path.name))

    def enter(self, lesion: Lesion) -> None:
        """Add a lesion, or replace the one of that case and id; the earlier line stays in the log."""
        problem = _lesionProblem(lesion, self.caseIds)
        if problem:
            raise StudyProblem(problem)
        self._log.append(LESION, **{**dataclasses.asdict(lesion), "author": self._log.reader})

    def withdraw(self, caseId: str, lesionId: str, *, reason: str) -> None:
        self._log.append(WITHDRAWN, caseId=caseId, id=lesionId, reason=reason)

    def confirmLesionFree(self, caseId: str, *, evidence: str) -> None:
        """State that a case has no lesion: not the same as a case that nobody looked at."""
        if caseId not in self.caseIds:
            raise StudyProblem(f"There is no case {caseId!r}.")
        self._log.append(LESION_FREE, caseId=caseId, evidence=evidence)

    def close(self) -> None:
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.close()


def _lesionProblem(lesion, caseIds):
    if lesion.caseId not in caseIds:
        return f"Lesion {lesion.id}: there is no case {lesion.caseId!r}."
    if not 0 < lesion.longestDiameterMm < 300:
        return f"Lesion {lesion.id} of {lesion.caseId}: the longest diameter must be a positive number of millimetres."
    if not lesion.evidence.strip():
        return f"Lesion {lesion.id} of {lesion.caseId}: say in evidence what it rests on."
    return ""


def readReference(folder: Path) -> ReferenceStandard:
    """The standard as it stands now, all authors together; a later line about a lesion replaces an earlier one."""
    logs = readLogs(Path(folder) / FOLDER)
    cases: dict[str, dict[str, Lesion]] = {}
    for entry in logs.entries:
        if entry.kind == LESION:
            fields = {**entry.data, "ras": tuple(entry.data["ras"])}
            cases.setdefault(fields["caseId"], {})[fields["id"]] = Lesion(**fields)
        elif entry.kind == WITHDRAWN:
            cases.get(entry.data["caseId"], {}).pop(entry.data["id"], None)
        elif entry.kind == LESION_FREE:
            cases[entry.data["caseId"]] = {}
    return ReferenceStandard({case: tuple(lesions.values()) for case, lesions in cases.items()}, logs)


def enterTable(session: ReferenceSession, text: str) -> int:
    """Enter a CSV table with the columns COLUMNS (and short_axis_mm, mask, label if wanted); a row without
    lesion_id states that the case has no lesion. Returns the number of rows.

    Raises StudyProblem that names every wrong row; then nothing was entered.
    """
    rows, problems = _rowsOf(text, session.caseIds)
    if problems:
        raise StudyProblem(f"The reference table has {len(problems)} problem(s): " + " ".join(problems))
    for row in rows:
        if isinstance(row, Lesion):
            session.enter(row)
        else:
            session.confirmLesionFree(row[0], evidence=row[1])
    return len(rows)


def _rowsOf(text, caseIds):
    table = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    missing = [name for name in COLUMNS if name not in (table.fieldnames or [])]
    if missing:
        return [], [f"The columns {', '.join(missing)} are missing."]
    rows, problems, known = [], [], set()
    for values in table:
        row, problem = _rowOf({name: (value or "").strip() for name, value in values.items() if name}, caseIds)
        key = (values["case_id"], values["lesion_id"])
        if not problem and key in known:
            problem = f"The lesion {key[1] or '(none)'} of {key[0]} stands twice."
        known.add(key)
        rows.append(row)
        problems += [f"Line {table.line_num}: {problem}"] if problem else []
    return rows, problems


def _rowOf(values, caseIds):
    if not values["lesion_id"]:
        unknown = "" if values["case_id"] in caseIds else f"There is no case {values['case_id']!r}."
        return (values["case_id"], values["evidence"]), unknown
    try:
        lesion = Lesion(
            values["lesion_id"],
            values["case_id"],
            tuple(float(values[axis]) for axis in "ras"),
            float(values["longest_diameter_mm"]),
            values["evidence"],
            shortAxisMm=float(values["short_axis_mm"]) if values.get("short_axis_mm") else None,
            mask=values.get("mask", ""),
            label=int(values.get("label") or 1),
        )
    except ValueError as error:
        return None, f"a number cannot be read ({error})."
    return lesion, _lesionProblem(lesion, caseIds)
