"""From log lines to readings: what a reader answered on one case in one condition, version by version."""

import dataclasses
from datetime import datetime

from .answerLog import OPENED, Entry

START, SCORE, MARK, UNMARK, NO_LESION = "start", "score", "mark", "unmark", "no-lesion"
FALSE_STRUCTURE, COMMENT, PAUSE, RESUME = "false-structure", "comment", "pause", "resume"
SUBMIT, AMEND, OVERRIDE = "submit", "amend", "override"


@dataclasses.dataclass(frozen=True)
class Mark:
    """A place that a reader takes for a lesion. ras: mm; diameterMm: longest diameter, None without one."""

    id: str
    ras: tuple[float, float, float]
    confidence: int | None = None
    diameterMm: float | None = None
    scores: tuple[tuple[str, int], ...] = ()

    def score(self, itemId: str) -> int | None:
        return dict(self.scores).get(itemId)


@dataclasses.dataclass(frozen=True)
class Reading:
    """One version of one reading. noLesion and suspectedFalse are None until answered; submitted is None until locked.

    wordings: version of the scales' wording under which each item (or item/mark) was last answered.
    activeSeconds: reading time without pauses; after a crash the time since the last answer is not in it.
    """

    id: str
    reader: str
    machine: str
    mode: str
    caseId: str
    condition: str
    number: int
    period: int = 1
    version: int = 1
    left: str = ""
    scores: tuple[tuple[str, int], ...] = ()
    marks: tuple[Mark, ...] = ()
    noLesion: bool | None = None
    suspectedFalse: bool | None = None
    suspectedAt: tuple[float, float, float] | None = None
    comment: str = ""
    activeSeconds: float = 0.0
    pauses: int = 0
    started: datetime | None = None
    submitted: datetime | None = None
    amends: str = ""
    reason: str = ""
    washoutOverridden: bool = False
    wordings: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The same for all versions of a reading and for readings that were made twice."""
        return (self.reader, self.mode, self.caseId, self.condition)

    def wordingOf(self, itemId: str, markId: str | None = None) -> str:
        return dict(self.wordings).get(_wordingKey(itemId, markId), "")

    @property
    def place(self) -> tuple[str, str]:
        """Unique in the study: the ids of two readers at one machine can be equal."""
        return (self.reader, self.id)

    def score(self, itemId: str) -> int | None:
        return dict(self.scores).get(itemId)


class ReadingBook:
    """All readings of a log, kept up to date line by line. ``overrides`` are the waived washouts."""

    def __init__(self, entries=()):
        self._byPlace: dict[tuple[str, str], Reading] = {}
        self.overrides: list[Entry] = []
        self._versions: dict[tuple[str, str], str] = {}
        for entry in entries:
            self.apply(entry)

    def apply(self, entry: Entry) -> None:
        """Take one line; lines of kinds that change no reading are passed over."""
        if entry.kind == OVERRIDE:
            self.overrides.append(entry)
        elif entry.kind == OPENED:
            self._versions[entry.reader, entry.machine] = entry.data.get("scales", "")
        elif entry.kind == START:
            self._byPlace[entry.reader, entry.data["reading"]] = self._started(entry)
        elif entry.kind == AMEND:
            self._byPlace[entry.reader, entry.data["reading"]] = self._amended(entry)
        elif (entry.reader, entry.data.get("reading")) in self._byPlace:
            before = self._byPlace[entry.reader, entry.data["reading"]]
            changed = _CHANGES[entry.kind](before, entry) if entry.kind in _CHANGES else before
            if entry.kind == SCORE:
                changed = self._bound(changed, entry)
            seconds = max(before.activeSeconds, entry.data.get("active", 0.0))
            self._byPlace[before.place] = dataclasses.replace(changed, activeSeconds=seconds)

    def _bound(self, reading, entry):
        """The score with the version of the wording that this reader saw on this machine."""
        version = self._versions.get((entry.reader, entry.machine), "")
        key = _wordingKey(entry.data["item"], entry.data.get("mark"))
        return dataclasses.replace(reading, wordings=_with(reading.wordings, key, version))

    def _started(self, entry):
        data = entry.data
        return Reading(
            data["reading"],
            entry.reader,
            entry.machine,
            data["mode"],
            data["case"],
            data["condition"],
            data["number"],
            data["period"],
            left=data.get("left", ""),
            started=entry.time,
            washoutOverridden=data.get("washoutOverridden", False),
        )

    def _amended(self, entry):
        before = self._byPlace[entry.reader, entry.data["of"]]
        return dataclasses.replace(
            before,
            id=entry.data["reading"],
            machine=entry.machine,
            version=before.version + 1,
            submitted=None,
            started=entry.time,
            amends=before.id,
            reason=entry.data["reason"],
        )

    def find(self, reader: str, readingId: str) -> Reading | None:
        return self._byPlace.get((reader, readingId))

    @property
    def readings(self) -> list[Reading]:
        return list(self._byPlace.values())

    def submitted(self) -> list[Reading]:
        return [reading for reading in self._byPlace.values() if reading.submitted]

    def latest(self) -> list[Reading]:
        """The last submitted version of each reading. Of one made twice on two machines: the one begun first."""
        versions = {}
        for reading in self.submitted():
            versions.setdefault(_root(reading, self._byPlace), []).append(reading)
        lines = sorted((max(v, key=lambda r: r.version) for v in versions.values()), key=lambda r: r.started)
        chosen = {}
        for reading in lines:
            chosen.setdefault(reading.key, reading)
        return list(chosen.values())

    def madeTwice(self) -> list[Reading]:
        """First versions of readings of which another one, submitted too, is the one that counts."""
        counted = {_root(reading, self._byPlace) for reading in self.latest()}
        return [r for r in self.submitted() if r.version == 1 and r.place not in counted]


def _root(reading, byPlace):
    while reading.amends:
        reading = byPlace[reading.reader, reading.amends]
    return reading.place


def _wordingKey(itemId, markId):
    return f"{itemId}/{markId}" if markId else itemId


def _scored(reading, entry):
    item, value, mark = entry.data["item"], entry.data["value"], entry.data.get("mark")
    if mark is None:
        return dataclasses.replace(reading, scores=_with(reading.scores, item, value))
    marks = tuple(
        dataclasses.replace(m, scores=_with(m.scores, item, value)) if m.id == mark else m for m in reading.marks
    )
    return dataclasses.replace(reading, marks=marks)


def _with(pairs, key, value):
    return tuple((dict(pairs) | {key: value}).items())


def _marked(reading, entry):
    data = entry.data
    before = {mark.id: mark for mark in reading.marks}
    old = before.get(data["mark"])
    new = Mark(data["mark"], tuple(data["ras"]), data["confidence"], data["diameter"], old.scores if old else ())
    return dataclasses.replace(reading, marks=tuple((before | {new.id: new}).values()))


def _unmarked(reading, entry):
    return dataclasses.replace(reading, marks=tuple(m for m in reading.marks if m.id != entry.data["mark"]))


def _suspected(reading, entry):
    at = entry.data.get("ras")
    return dataclasses.replace(
        reading, suspectedFalse=entry.data["value"], suspectedAt=tuple(at) if at is not None else None
    )


_CHANGES = {
    SCORE: _scored,
    MARK: _marked,
    UNMARK: _unmarked,
    NO_LESION: lambda reading, entry: dataclasses.replace(reading, noLesion=entry.data["value"]),
    FALSE_STRUCTURE: _suspected,
    COMMENT: lambda reading, entry: dataclasses.replace(reading, comment=entry.data["text"]),
    PAUSE: lambda reading, _: dataclasses.replace(reading, pauses=reading.pauses + 1),
    SUBMIT: lambda reading, entry: dataclasses.replace(reading, submitted=entry.time),
}
