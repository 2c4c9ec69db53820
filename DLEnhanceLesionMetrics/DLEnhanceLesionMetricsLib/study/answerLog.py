"""Append-only answer logs: one JSON-lines file for each reader and machine.

Every answer is one line, flushed to the disk before the call returns, so a killed process loses at most the line it
was writing. Each line carries the hash of the line before it: an edit, a removed or an inserted line is seen.
Nobody ever writes to another's file, so folders of several machines merge by copying files. The chain guards against
accidents and quiet edits by hand; it is no signature against somebody who recomputes it.
"""

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import platform
import time
import uuid
from datetime import datetime, timezone
from pathlib import Path

from DLEnhanceLib.errors import CannotWrite

from .errors import NotAllowed

FOLDER = "answers"
SUFFIX = ".jsonl"
OPENED = "opened"
CLOCK_TOLERANCE_SECONDS = 2.0


class Clock:
    """Wall clock in UTC and a clock that never goes back; simulations and tests pass their own."""

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def steady(self) -> float:
        """Seconds since an arbitrary moment."""
        return time.monotonic()


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line of a log. data: the answer itself, by kind; hash: over this line and the hash before it."""

    sequence: int
    time: datetime
    reader: str
    machine: str
    kind: str
    data: dict
    hash: str


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that must be named: id, the file, its line (0 = the whole file) and a sentence.

    isDamage: the answers may not be what the reader gave; otherwise a remark.
    """

    id: str
    file: str
    line: int
    sentence: str
    isDamage: bool = False


@dataclasses.dataclass(frozen=True)
class LogContents:
    """What a file holds: its entries in order, findings, and the bytes of a half-written last line."""

    name: str
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    fragment: bytes = b""
    size: int = 0


def machineId() -> str:
    """A short code of this machine that gives neither its name nor its owner away."""
    text = f"{platform.node()}/{uuid.getnode()}"
    return "m" + hashlib.sha256(text.encode()).hexdigest()[:8]


def logPath(folder: Path, reader: str, machine: str) -> Path:
    return Path(folder) / f"{reader}.{machine}{SUFFIX}"


def readLog(path: Path) -> LogContents:
    """All whole lines of a log, with a finding for each line that is not what was written.

    A line that cannot be read is named and skipped; the lines after it are kept.
    """
    raw = path.read_bytes()
    whole, _, fragment = raw.rpartition(b"\n")
    if fragment and _isJson(fragment):
        whole, fragment = raw, b""  # only the line end is missing: the answer itself is complete
    entries, findings, previous = [], [], ""
    for number, line in enumerate(whole.split(b"\n") if whole else [], start=1):
        if not line.strip():
            continue
        entry, expected = _parse(line, previous)
        if entry is None:
            findings.append(_damage("unreadable", path, number, "cannot be read"))
            previous = ""
            continue
        if entry.hash != expected:
            findings.append(_damage("edited", path, number, "or the one before it was changed after it was written"))
        elif entries and entry.sequence != entries[-1].sequence + 1:
            findings.append(_damage("gap", path, number, "does not follow the line before it"))
        findings += _clockFinding(path, number, entries[-1] if entries else None, entry)
        entries.append(entry)
        previous = entry.hash
    if fragment:
        sentence = f"The last line of {path.name} was not finished when the program ended; no other answer is affected."
        findings.append(Finding("half-written", path.name, len(entries) + 1, sentence))
    return LogContents(path.name, tuple(entries), tuple(findings), fragment, len(raw) - len(fragment))


def _isJson(line):
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _parse(line, previous):
    try:
        fields = json.loads(line)
        given = fields.pop("hash")
        expected = _digest(fields, previous)
        entry = Entry(
            int(fields["seq"]),
            datetime.fromisoformat(fields["time"]),
            fields["reader"],
            fields["machine"],
            fields["kind"],
            fields["data"],
            given,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, ""
    return entry, expected


def _digest(fields, previous):
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def _damage(findingId, path, line, what):
    return Finding(findingId, path.name, line, f"Line {line} of {path.name} {what}.", isDamage=True)


def _clockFinding(path, line, before, entry):
    if before is None:
        return []
    back = (before.time - entry.time).total_seconds()
    if back <= CLOCK_TOLERANCE_SECONDS:
        return []
    sentence = f"The clock of machine {entry.machine} went back by {back:.0f} s before line {line} of {path.name}."
    return [Finding("clock-back", path.name, line, sentence)]


class AnswerLog:
    """The log of one reader on this machine, open for appending. Close it, or use it as a context manager.

    A half-written last line is moved to ``<log>.fragment-<hash>.txt`` before the first append; ``setAside`` names it.
    Raises NotAllowed when another program holds the log, CannotWrite when the disk refuses.
    """

    def __init__(self, folder: Path, reader: str, *, machine: str = "", clock=None, durable: bool = True):
        """durable=False skips the flush to the disk: for simulations only."""
        self.machine = machine or machineId()
        self.reader = reader
        self.clock = clock or Clock()
        self.durable = durable
        self.path = logPath(folder, reader, self.machine)
        self.setAside: Path | None = None
        self._stream = self._open()
        contents = readLog(self.path)
        self._setAsideFragment(contents)
        self._size = self.path.stat().st_size
        self._sequence = contents.entries[-1].sequence if contents.entries else 0
        self._hash = contents.entries[-1].hash if contents.entries else ""
        self.lastTime = contents.entries[-1].time if contents.entries else None

    def _open(self):
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            isNew = not self.path.exists()
            stream = self.path.open("r+b" if not isNew else "x+b", buffering=0)
            if isNew:
                _flushFolder(self.path.parent)
        except OSError as error:
            raise CannotWrite(
                f"The answers of {self.reader} cannot be stored in {self.path.parent} ({error.strerror})."
            ) from error
        if not _lock(stream):
            stream.close()
            raise NotAllowed(f"The answers of {self.reader} are open in another window or program; close it first.")
        return stream

    def _setAsideFragment(self, contents):
        if contents.fragment:
            code = hashlib.sha256(contents.fragment).hexdigest()[:8]
            self.setAside = self.path.with_name(f"{self.path.name}.fragment-{code}.txt")
            with self.setAside.open("wb") as stream:
                stream.write(contents.fragment)
                stream.flush()
                os.fsync(stream.fileno())
            self._stream.truncate(contents.size)
        self._stream.seek(0, os.SEEK_END)
        if contents.size and not self.path.read_bytes().endswith(b"\n"):
            self._stream.write(b"\n")

    @property
    def nextSequence(self) -> int:
        return self._sequence + 1

    def append(self, kind: str, **data) -> Entry:
        """Write one line and flush it to the disk; when this returns the answer survives a crash."""
        now = self.clock.now()
        fields = {
            "seq": self.nextSequence,
            "time": now.isoformat(timespec="milliseconds"),
            "reader": self.reader,
            "machine": self.machine,
            "kind": kind,
            "data": data,
        }
        digest = _digest(json.loads(json.dumps(fields)), self._hash)
        line = json.dumps(fields | {"hash": digest}, ensure_ascii=False, separators=(",", ":")) + "\n"
        self._write(line.encode())
        self._sequence, self._hash = self.nextSequence, digest
        self.lastTime = max(now, self.lastTime) if self.lastTime else now
        return Entry(self._sequence, now, self.reader, self.machine, kind, data, digest)

    def _write(self, line):
        try:
            written = self._stream.write(line)
            if written != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if self.durable:
                os.fsync(self._stream.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._stream.truncate(self._size)
                self._stream.seek(self._size)
            raise CannotWrite(f"The answer was not stored ({error.strerror}); free space and answer again.") from error
        self._size += len(line)

    def close(self):
        self._stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.close()


def _lock(stream) -> bool:
    """Hold the file until it is closed or the process dies; True where the file system knows no locks."""
    try:
        import fcntl
    except ImportError:
        return _lockOnWindows(stream)
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def _lockOnWindows(stream):
    import msvcrt

    stream.seek(2**30)  # a byte far behind the text, so that others can still read it
    try:
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True


def _flushFolder(folder):
    """Make the new name itself survive a crash; Windows cannot and need not."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
