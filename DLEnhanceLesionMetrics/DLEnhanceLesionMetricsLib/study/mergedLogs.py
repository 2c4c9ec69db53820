"""All logs of a folder read together: order, damage, and machines that wrote without knowing of each other."""

import dataclasses
import json
from itertools import pairwise
from pathlib import Path

from .answerLog import OPENED, SUFFIX, Entry, Finding, LogContents, readLog
from .errors import StudyProblem
from .manifest import writeWhole

SEALS_NAME = "seals.json"


@dataclasses.dataclass(frozen=True)
class MergedLogs:
    """Entries of all files by time (within a file always in the order of writing) and everything found."""

    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    contents: tuple[LogContents, ...]

    @property
    def damage(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.isDamage)


def readLogs(folder: Path, reader: str = "") -> MergedLogs:
    """The logs of a reader, or of everybody. An absent folder is an empty study."""
    pattern = f"{reader or '*'}.*{SUFFIX}"
    contents = tuple(readLog(path) for path in sorted(Path(folder).glob(pattern)))
    findings = [finding for content in contents for finding in content.findings]
    findings += [finding for content in contents for finding in _wrongOwner(content)]
    findings += _concurrentSessions(contents)
    findings += _sealFindings(Path(folder), contents, reader)
    return MergedLogs(_inOrder(contents), tuple(findings), contents)


def seen(folder: Path, reader: str, ownName: str) -> dict[str, int]:
    """Last sequence number of every other log of the reader: what a session that opens now knows of."""
    others = (readLog(path) for path in sorted(Path(folder).glob(f"{reader}.*{SUFFIX}")) if path.name != ownName)
    return {content.name: content.entries[-1].sequence for content in others if content.entries}


def seal(folder: Path) -> Path:
    """Note the present end of every log, so that lines removed from an end are seen later."""
    ends = {
        content.name: {"sequence": content.entries[-1].sequence, "hash": content.entries[-1].hash}
        for content in readLogs(folder).contents
        if content.entries
    }
    return writeWhole(Path(folder) / SEALS_NAME, json.dumps(ends, indent=2) + "\n")


def _sealFindings(folder, contents, reader):
    path = folder / SEALS_NAME
    if not path.exists():
        return []
    try:
        seals = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StudyProblem(f"{path} cannot be read as JSON; restore it or delete it.") from error
    hashes = {content.name: {entry.hash for entry in content.entries} for content in contents}
    return [
        Finding("shortened", name, 0, f"{name} no longer holds the line {end['sequence']} that was sealed.", True)
        for name, end in seals.items()
        if (not reader or name.startswith(f"{reader}.")) and end["hash"] not in hashes.get(name, ())
    ]


def _wrongOwner(content):
    expected = content.name[: -len(SUFFIX)]
    strangers = sorted({f"{e.reader}.{e.machine}" for e in content.entries} - {expected})
    return [
        Finding("wrong-owner", content.name, 0, f"{content.name} holds answers of {stranger}.", True)
        for stranger in strangers
    ]


def _inOrder(contents):
    """By time across files; a clock that went back must not reorder a file, so times only grow within it."""
    keyed = []
    for content in contents:
        latest = None
        for entry in content.entries:
            latest = entry.time if latest is None else max(latest, entry.time)
            keyed.append((latest, content.name, entry.sequence, entry))
    return tuple(entry for *_, entry in sorted(keyed, key=lambda key: key[:3]))


@dataclasses.dataclass(frozen=True)
class _Session:
    file: str
    reader: str
    machine: str
    first: int
    last: int
    seen: dict


def _sessions(content):
    starts = [i for i, entry in enumerate(content.entries) if entry.kind == OPENED]
    for start, end in pairwise([*starts, len(content.entries)]):
        opened, last = content.entries[start], content.entries[end - 1]
        known = opened.data.get("seen", {})
        yield _Session(content.name, opened.reader, opened.machine, opened.sequence, last.sequence, known)


def _concurrentSessions(contents):
    """Two sessions of one reader on two machines, neither of which knew the whole of the other.

    This needs no clocks: each session names the last line it knew of every other log.
    """
    sessions = [session for content in contents for session in _sessions(content)]
    findings = []
    for index, a in enumerate(sessions):
        for b in sessions[index + 1 :]:
            if a.reader != b.reader or a.file == b.file:
                continue
            if a.seen.get(b.file, 0) < b.last and b.seen.get(a.file, 0) < a.last:
                sentence = (
                    f"{a.reader} read on two machines without one knowing of the other: {a.machine} lines "
                    f"{a.first}-{a.last} and {b.machine} lines {b.first}-{b.last}; cases read twice keep both readings."
                )
                findings.append(Finding("two-machines", b.file, b.first, sentence))
    return findings
