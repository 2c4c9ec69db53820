"""The case list ``cases.csv``: which images belong together, of whom, from where."""

import csv
import dataclasses
import hashlib
import io
import os
from pathlib import Path

from .errors import StudyProblem
from .manifest import CONDITIONS, writeWhole

CASES_NAME = "cases.csv"
REQUIRED = ("case_id", "standard", "enhanced")
COVARIATES = ("institution", "sequence", "vendor", "field_strength", "prior_dl")
PRIOR_DL = ("yes", "no", "unknown")


@dataclasses.dataclass(frozen=True)
class Case:
    """A reading unit. Paths are as written in the list: absolute, or relative to the study folder.

    patientId: the cluster of the statistics; the case itself where the list does not name patients.
    covariates: column name to text, for strata; ``prior_dl`` is yes, no or unknown.
    """

    id: str
    standard: str
    enhanced: str
    patientId: str
    covariates: tuple[tuple[str, str], ...] = ()

    def covariate(self, name: str) -> str:
        return dict(self.covariates).get(name, "")

    def path(self, condition: str, folder: Path) -> Path:
        """File or folder of the image of a condition."""
        return Path(folder) / getattr(self, condition)


def readCases(folder: Path, *, checkPaths: bool = True) -> list[Case]:
    """The cases of a study folder in the order of the list.

    Raises StudyProblem that names every duplicate case, missing condition, wrong path and wrong value by line.
    checkPaths=False leaves the images alone: statistics run where the images are not.
    """
    return _checkedCases(Path(folder) / CASES_NAME, checkPaths=checkPaths)


def adoptedCases(listPath: Path, folder: Path) -> list[Case]:
    """The cases of a list that lies anywhere, its paths relative to itself; in the result relative to the folder.

    Images on another drive keep their absolute path. Raises StudyProblem as readCases.
    """
    return [
        dataclasses.replace(
            case, **{condition: _relativePath(case, condition, listPath, folder) for condition in CONDITIONS}
        )
        for case in _checkedCases(Path(listPath), checkPaths=True)
    ]


def _relativePath(case, condition, listPath, folder):
    place = os.path.abspath(case.path(condition, Path(listPath).parent))  # noqa: PTH100 - must keep links
    try:
        return Path(os.path.relpath(place, folder)).as_posix()
    except ValueError:
        return Path(place).as_posix()


def _checkedCases(path, *, checkPaths):
    cases, problems = casesFromText(_text(path))
    if checkPaths:
        problems += [
            f"{case.id}: the {condition} image {getattr(case, condition)!r} does not exist."
            for case in cases
            for condition in CONDITIONS
            if getattr(case, condition) and not case.path(condition, path.parent).exists()
        ]
    if problems:
        raise StudyProblem(f"{path.name} has {len(problems)} problem(s): " + " ".join(problems))
    return cases


def casesFromText(text: str) -> tuple[list[Case], list[str]]:
    """Cases and findings; a semicolon instead of a comma (spreadsheets of many countries) is understood."""
    header = text.split("\n", 1)[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    columns = [name.strip() for name in reader.fieldnames or []]
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        return [], [f"The columns {', '.join(missing)} are missing; the first line must name the columns."]
    reader.fieldnames = columns
    cases, problems, lines = [], [], {}
    for row in reader:
        if not any((value or "").strip() for value in row.values() if isinstance(value, str)):
            continue
        case, found = _caseFromRow(row, reader.line_num)
        problems += found
        if case.id in lines:
            problems.append(f"Line {reader.line_num}: the case {case.id!r} stands already in line {lines[case.id]}.")
            continue
        lines[case.id] = reader.line_num
        cases.append(case)
    if not cases and not problems:
        problems.append("The list holds no case.")
    return cases, problems


def _caseFromRow(row, line):
    values = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    problems = [f"Line {line}: the column {name} is empty." for name in REQUIRED if not values[name]]
    if None in row:
        problems.append(f"Line {line}: there are more values than columns.")
    if values["standard"] and values["standard"] == values["enhanced"]:
        problems.append(f"Line {line}: standard and enhanced are the same image.")
    prior = values.get("prior_dl", "") or "unknown"
    if prior not in PRIOR_DL:
        problems.append(f"Line {line}: prior_dl is {prior!r}; write yes, no or unknown.")
    covariates = {k: v for k, v in values.items() if k not in (*REQUIRED, "patient_id")} | {"prior_dl": prior}
    case = Case(
        values["case_id"],
        values["standard"],
        values["enhanced"],
        values.get("patient_id") or values["case_id"],
        tuple(covariates.items()),
    )
    return case, problems


def writeCases(cases, folder: Path) -> Path:
    """Write cases.csv whole or not at all; every covariate of the first case becomes a column."""
    names = [name for name, _ in cases[0].covariates]
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["case_id", "patient_id", "standard", "enhanced", *names])
    for case in cases:
        table.writerow([case.id, case.patientId, case.standard, case.enhanced, *(case.covariate(n) for n in names)])
    return writeWhole(Path(folder) / CASES_NAME, stream.getvalue())


def casesDigest(cases) -> str:
    """Fingerprint of ids and images; it stands in every log, so a list changed after the first answer is seen."""
    text = "\n".join(f"{case.id}\t{case.standard}\t{case.enhanced}" for case in sorted(cases, key=lambda c: c.id))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _text(path):
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise StudyProblem(f"{path} does not exist; it needs the columns {', '.join(REQUIRED)}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise StudyProblem(f"{path} cannot be read ({error}); save it as CSV with UTF-8 encoding.") from error
