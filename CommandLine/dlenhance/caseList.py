"""The case list of ``dlenhance measure --cases``: one line a case, checked as a whole before anything is computed."""

import csv
import dataclasses
import io
import re
from pathlib import Path

from DLEnhanceLib.errors import BadOption

REQUIRED = ("case", "standard", "enhanced", "rois")
PATHS = ("standard", "enhanced", "rois", "standard_repeat", "enhanced_repeat", "enhance_report")
OPTIONAL = ("standard_repeat", "enhanced_repeat", "enhance_report", "series")
ALIASES = {"case_id": "case"}  # as the case lists of reading studies say
UNUSABLE_IN_NAMES = re.compile(r'[/\\:*?"<>|\x00-\x1f]|^\.|[. ]$')


@dataclasses.dataclass(frozen=True)
class CaseInput:
    """The files of one case. line: in the case list, None for the case of the command line."""

    name: str
    standard: Path
    enhanced: Path
    rois: Path
    standardRepeat: Path | None = None
    enhancedRepeat: Path | None = None
    enhanceReport: Path | None = None
    series: str | None = None
    line: int | None = None

    @property
    def paths(self) -> list[Path]:
        every = (
            self.standard,
            self.enhanced,
            self.rois,
            self.standardRepeat,
            self.enhancedRepeat,
            self.enhanceReport,
        )
        return [path for path in every if path is not None]


@dataclasses.dataclass(frozen=True)
class CaseList:
    """unused: columns that mean nothing to us, which the user is told."""

    cases: tuple[CaseInput, ...]
    unused: tuple[str, ...] = ()


def readCaseList(path) -> CaseList:
    """The cases of a CSV file (comma or semicolon); relative paths are relative to the file.

    Raises BadOption that names every bad line: missing columns and values, cases named twice, files that do not exist.
    """
    path = Path(path)
    reader = _reader(path)
    columns = [_columnName(name) for name in reader.fieldnames or []]
    if missing := [name for name in REQUIRED if name not in columns]:
        raise BadOption(
            f"{path.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; its first line must "
            f"name {', '.join(REQUIRED)} and, where needed, {', '.join(OPTIONAL)}."
        )
    reader.fieldnames = columns
    cases, problems = [], []
    for row in reader:
        values = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
        if any(values.values()):
            case = _case(values, path.parent, reader.line_num)
            cases.append(case)
            problems += [(case, text) for text in _problems(case, values, row, cases)]
    if problems:
        raise BadOption(problemText(path.name, problems))
    if not cases:
        raise BadOption(f"{path.name} holds no case; write one line a case below the names of the columns.")
    return CaseList(tuple(cases), tuple(name for name in columns if name and name not in (*REQUIRED, *OPTIONAL)))


def problemText(listName: str, problems) -> str:
    """One sentence for pairs of a case and what is wrong with it."""
    told = "; ".join(f"line {case.line} ({case.name or 'no name'}): {text.rstrip('.')}" for case, text in problems)
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return f"{listName} has {count}: {told}. Nothing was written."


def _reader(path):
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadOption(f"{path.name} is not a text in UTF-8; save the case list as CSV UTF-8.") from error
    except OSError as error:
        raise BadOption(f"The case list {path} cannot be read ({error.strerror}).") from error
    header = text.split("\n", 1)[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    return csv.DictReader(io.StringIO(text), delimiter=delimiter)


def _columnName(name):
    name = name.strip().lower()
    return ALIASES.get(name, name)


def _case(values, folder, line):
    paths = {name: folder / values[name] if values.get(name) else None for name in PATHS}
    return CaseInput(
        name=values["case"],
        standard=paths["standard"],
        enhanced=paths["enhanced"],
        rois=paths["rois"],
        standardRepeat=paths["standard_repeat"],
        enhancedRepeat=paths["enhanced_repeat"],
        enhanceReport=paths["enhance_report"],
        series=values.get("series") or None,
        line=line,
    )


def _problems(case, values, row, cases):
    if None in row:
        yield "there are more values than columns"
    yield from (f"the column {name} is empty" for name in REQUIRED if not values[name])
    if case.name and UNUSABLE_IN_NAMES.search(case.name):
        yield "the case cannot be the name of a file; use letters, digits, spaces, - and _"
    earlier = next((one for one in cases[:-1] if one.name.lower() == case.name.lower()), None)
    if earlier is not None and case.name:
        yield f"the case stands already in line {earlier.line}"
    yield from (f"{path} does not exist" for path in case.paths if not path.exists())
