"""The list of doubtful matches for a human, and the decisions that come back. Conditions are not shown in it."""

import csv
import dataclasses
import hashlib
import io
from pathlib import Path

from .errors import StudyProblem
from .manifest import writeWhole
from .matching import LL, NL, SURPLUS, MatchedMark
from .readings import Reading

NAME = "adjudication.csv"
COLUMNS = ("mark_code", "case_id", "r", "a", "s", "doubt", "proposed", "lesion_id", "decision", "decided_by")


def markCode(reading: Reading, markId: str) -> str:
    """A code that names a mark without telling reader or condition."""
    return hashlib.sha256(f"{reading.id}/{reading.reader}/{markId}".encode()).hexdigest()[:10]


def readDecisions(folder: Path) -> dict[str, tuple[str, str]]:
    """Mark code to (verdict, lesion id) for every row with a decision. Raises StudyProblem for unknown words."""
    path = Path(folder) / NAME
    if not path.exists():
        return {}
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    wrong = [row["mark_code"] for row in rows if row["decision"].strip() not in ("", LL, NL, SURPLUS)]
    wrong += [row["mark_code"] for row in rows if row["decision"].strip() in (LL, SURPLUS) and not row["lesion_id"]]
    if wrong:
        raise StudyProblem(f"{NAME}: write LL or surplus with a lesion_id, or NL, in the rows {', '.join(wrong)}.")
    return {row["mark_code"]: (row["decision"].strip(), row["lesion_id"].strip()) for row in rows if row["decision"]}


def decided(reading: Reading, matched, decisions) -> tuple[MatchedMark, ...]:
    """The matches with the human decisions put in. A lesion decided to one mark is taken from any other."""
    given = {m.mark.id: decisions.get(markCode(reading, m.mark.id)) for m in matched}
    claimed = {lesion for decision in given.values() if decision for verdict, lesion in [decision] if verdict == LL}
    return tuple(_withDecision(match, given[match.mark.id], claimed) for match in matched)


def _withDecision(match, decision, claimed):
    if decision:
        verdict, lesion = decision
        return dataclasses.replace(match, verdict=verdict, lesionId="" if verdict == NL else lesion, doubt="")
    if match.verdict == LL and match.lesionId in claimed:
        return dataclasses.replace(match, verdict=SURPLUS)
    return match


def writeAdjudication(folder: Path, doubtful) -> Path | None:
    """Write the list of (reading, matched mark) in doubt, keeping rows that carry a decision; None without any."""
    path = Path(folder) / NAME
    kept = _keptRows(path)
    rows = [_row(reading, match) for reading, match in doubtful]
    rows = list(kept.values()) + [row for row in rows if row["mark_code"] not in kept]
    if not rows:
        return None
    stream = io.StringIO()
    table = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(sorted(rows, key=lambda row: (row["case_id"], row["mark_code"])))
    return writeWhole(path, stream.getvalue())


def _keptRows(path):
    if not path.exists():
        return {}
    rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    return {row["mark_code"]: {name: row.get(name, "") for name in COLUMNS} for row in rows if row["decision"].strip()}


def _row(reading, match):
    r, a, s = match.mark.ras
    code = markCode(reading, match.mark.id)
    values = (code, reading.caseId, r, a, s, match.doubt, match.verdict, match.lesionId, "", "")
    return dict(zip(COLUMNS, values, strict=True))
