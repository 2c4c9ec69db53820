"""Where a study stands: readings done by every reader, and everything that must be named."""

import dataclasses
from pathlib import Path

from .answerLog import FOLDER, OPENED, Finding
from .caseList import casesDigest, readCases
from .manifest import INDEPENDENT, Manifest, readManifest
from .mergedLogs import MergedLogs, readLogs
from .readings import ReadingBook
from .wording import wordingDigest


@dataclasses.dataclass(frozen=True)
class ReaderProgress:
    """Counts of one reader in one mode; minutes are the median reading time of the submitted readings."""

    reader: str
    mode: str
    done: int
    total: int
    amended: int
    overrides: int
    medianMinutes: float
    lastAnswer: str


@dataclasses.dataclass(frozen=True)
class StudyState:
    """The study as it lies on the disk."""

    manifest: Manifest
    cases: tuple
    logs: MergedLogs
    book: ReadingBook
    readers: tuple[ReaderProgress, ...]
    findings: tuple[Finding, ...]

    @property
    def damage(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.isDamage)


def studyState(folder: Path, *, checkPaths: bool = True) -> StudyState:
    """Read manifest, cases and all logs. Raises StudyProblem when manifest or case list cannot be used."""
    manifest = readManifest(folder)
    cases = tuple(readCases(folder, checkPaths=checkPaths))
    logs = readLogs(Path(folder) / FOLDER)
    book = ReadingBook(logs.entries)
    findings = (
        *logs.findings,
        *_strangers(manifest, logs),
        *_changedCases(cases, logs),
        *_changedPlan(manifest, logs),
        *_changedWording(manifest, logs),
        *_twice(book),
    )
    readers = tuple(_readerProgress(r, m, cases, book) for r in manifest.readers for m in manifest.modes)
    return StudyState(manifest, cases, logs, book, readers, findings)


def _readerProgress(reader, mode, cases, book):
    own = [r for r in book.latest() if r.reader == reader and r.mode == mode]
    seconds = sorted(reading.activeSeconds for reading in own)
    last = max((reading.submitted for reading in own), default=None)
    return ReaderProgress(
        reader,
        mode,
        len(own),
        len(cases) * (2 if mode == INDEPENDENT else 1),
        sum(reading.version > 1 for reading in own),
        sum(entry.reader == reader for entry in book.overrides),
        seconds[len(seconds) // 2] / 60 if seconds else 0.0,
        last.isoformat(timespec="minutes") if last else "",
    )


def _strangers(manifest, logs):
    known = set(manifest.readers)
    for content in logs.contents:
        reader = content.name.split(".")[0]
        if reader not in known:
            yield Finding("unknown-reader", content.name, 0, f"{content.name} is of {reader}, who is no reader.", True)


def _changedCases(cases, logs):
    now = casesDigest(cases)
    digests = {entry.data.get("cases") for entry in logs.entries if entry.kind == OPENED}
    if digests - {now}:
        yield Finding("cases-changed", "cases.csv", 0, "The case list was changed after the first reading.")


def _changedPlan(manifest, logs):
    digests = {entry.data.get("plan") for entry in logs.entries if entry.kind == OPENED} - {None}
    if digests - {manifest.analysis.digest}:
        sentence = "The plan of the analysis in study.json was changed after the first reading session."
        yield Finding("plan-changed", "study.json", 0, sentence)


def _changedWording(manifest, logs):
    """Readers saw words that study.json does not hold under the version they saw."""
    known = {version: wordingDigest(items) for version, items in manifest.wordings.items()}
    opened = [entry.data for entry in logs.entries if entry.kind == OPENED and "wording" in entry.data]
    for version in sorted({data["scales"] for data in opened if known.get(data["scales"]) != data["wording"]}):
        sentence = (
            f"Readers saw a wording of version {version} that study.json does not hold; restore study.json, and change "
            "wording with 'dlenhance study wording'."
        )
        yield Finding("wording-changed", "study.json", 0, sentence)


def _twice(book):
    for reading in book.madeTwice():
        sentence = (
            f"{reading.reader} read {reading.caseId} ({reading.condition or reading.mode}) twice; "
            f"the one of {reading.machine} is kept but does not count."
        )
        yield Finding("read-twice", f"{reading.reader}.{reading.machine}", 0, sentence)
