"""The reading session: a state machine without any window. Every answer is in the log when a method returns."""

import dataclasses
import math
from datetime import datetime, timedelta
from pathlib import Path

from . import readings as kinds
from .answerLog import FOLDER, OPENED, AnswerLog, Clock
from .caseList import casesDigest, readCases
from .completeness import missingAnswers
from .errors import NotAllowed
from .manifest import COORDINATOR, INDEPENDENT, READER, SIDE_BY_SIDE, readManifest
from .mergedLogs import readLogs, seen
from .readingOrder import Task, tasksFor
from .readings import Reading, ReadingBook
from .stopwatch import Stopwatch
from .wording import wordingDigest


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a reader is; opensAt is when the next reading leaves its washout (None: now, or all done)."""

    done: int
    total: int
    opensAt: datetime | None = None


class ReadingSession:
    """One reader, one mode, one machine. The order, the washout and the lock are enforced here, not in the panel.

    ::

        with ReadingSession(folder, "r1") as session:
            while session.openNext():
                session.score("noise", 4)
                session.placeMark((12.0, -30.5, 44.0), confidence=4, diameterMm=5.2)
                session.submit()

    Raises StudyProblem for a broken study, NotAllowed for what the rules forbid, CannotWrite when the disk refuses.
    """

    def __init__(self, folder, reader, *, mode=INDEPENDENT, clock=None, machine="", durable=True, checkPaths=True):
        self.folder = Path(folder)
        self.manifest = readManifest(self.folder)
        self.cases = {case.id: case for case in readCases(self.folder, checkPaths=checkPaths)}
        self.reader, self.mode = reader, mode
        self._refuseWrongRole()
        self.clock = clock or Clock()
        self.tasks = tasksFor(reader, self.cases, seed=self.manifest.seed, mode=mode)
        answers = self.folder / FOLDER
        self._log = AnswerLog(answers, reader, machine=machine, clock=self.clock, durable=durable)
        merged = readLogs(answers, reader)
        self.findings = merged.findings
        self._book = ReadingBook(merged.entries)
        self._lastTime = max((entry.time for entry in merged.entries), default=None)
        self._stopwatch = Stopwatch(self.clock)
        self._currentId = ""
        try:
            self._refuseMixedModes()
        except NotAllowed:
            self.close()
            raise
        self._append(
            OPENED,
            mode=mode,
            cases=casesDigest(self.cases.values()),
            scales=self.manifest.scalesVersion,
            software=self.manifest.software,
            plan=self.manifest.analysis.digest,
            wording=wordingDigest(self.manifest.items),
            seen=seen(answers, reader, self._log.path.name),
        )

    def _refuseWrongRole(self):
        person = self.manifest.person(self.reader)
        if READER not in person.roles:
            raise NotAllowed(f"{self.reader} is not a reader of this study.")
        if self.mode not in self.manifest.modes:
            raise NotAllowed(f"This study has no {self.mode} readings; its modes are {', '.join(self.manifest.modes)}.")

    def _refuseMixedModes(self):
        """Seeing both images side by side would unblind independent readings still to be made."""
        if self.mode != SIDE_BY_SIDE or INDEPENDENT not in self.manifest.modes:
            return
        total = 2 * len(self.cases)
        done = sum(reading.mode == INDEPENDENT for reading in self._book.latest())
        if done < total:
            raise NotAllowed(f"Side-by-side reading opens after all independent readings; {done} of {total} are done.")

    # What is to be read

    @property
    def setAside(self):
        """The file that holds a half-written line of an earlier crash, or None."""
        return self._log.setAside

    @property
    def current(self) -> Reading | None:
        """The reading that is open, with its answers."""
        return self._book.find(self.reader, self._currentId)

    @property
    def currentTask(self) -> Task | None:
        reading = self.current
        return next((task for task in self.tasks if reading and _keyOf(task) == reading.key[1:]), None)

    @property
    def isPaused(self) -> bool:
        return self.current is not None and not self._stopwatch.isRunning

    @property
    def activeSeconds(self) -> float:
        return self._stopwatch.seconds

    def progress(self) -> Progress:
        """Readings done of all, and when the next one opens if all the others wait."""
        done = self._submittedKeys()
        waiting = [task for task in self.tasks if _keyOf(task) not in done]
        opensAt = None
        if waiting and not self._openTasks(waiting):
            opening = self._openingTimes()
            opensAt = min(opening[task.caseId] for task in waiting)
        return Progress(len(self.tasks) - len(waiting), len(self.tasks), opensAt)

    def openNext(self) -> bool:
        """Open the unfinished reading, else the next one of the order. False: all are done, or wait for washout."""
        if self.current is not None:
            return True
        unfinished = self._unfinished()
        if unfinished is not None:
            self._resumeReading(unfinished)
            return True
        done = self._submittedKeys()
        openTasks = self._openTasks([task for task in self.tasks if _keyOf(task) not in done])
        if openTasks:
            self._start(openTasks[0])
        return bool(openTasks)

    def waitingText(self) -> str:
        """A sentence for the reader when openNext() returned False."""
        progress = self.progress()
        if progress.opensAt is None:
            return "All readings are done. Thank you."
        return f"The next reading opens on {progress.opensAt.astimezone():%Y-%m-%d %H:%M}, after the washout."

    def _openTasks(self, waiting):
        """In period 2 only cases whose washout is over, and none before period 1 is complete."""
        if not waiting or waiting[0].period == 1:
            return waiting[:1]
        now, opening = self._now(), self._openingTimes()
        return [task for task in waiting if self._isOverridden(task.caseId) or opening[task.caseId] <= now]

    def _openingTimes(self):
        """Case to the moment at which its second condition opens, for cases read once."""
        firsts = {}
        for reading in self._book.submitted():
            if reading.mode == INDEPENDENT and reading.period == 1:
                firsts[reading.caseId] = min(reading.submitted, firsts.get(reading.caseId, reading.submitted))
        return {case: first + timedelta(days=self.manifest.washoutDays) for case, first in firsts.items()}

    def _isOverridden(self, caseId):
        return any(entry.data["case"] in (caseId, "*") for entry in self._book.overrides)

    def _now(self):
        """A clock that was set back does not close what was open, nor does it shorten a washout."""
        now = self.clock.now()
        return max(now, self._lastTime) if self._lastTime else now

    def _submittedKeys(self):
        return {reading.key[1:] for reading in self._book.submitted()}

    def _unfinished(self):
        done = self._submittedKeys()
        for reading in self._book.readings:
            isOpen = reading.submitted is None and reading.mode == self.mode
            if isOpen and (reading.version > 1 or reading.key[1:] not in done):
                return reading
        return None

    def _start(self, task):
        self._stopwatch.start()
        self._currentId = self._newId(task.key, 1)
        overridden = task.period == 2 and self._openingTimes()[task.caseId] > self._now()
        self._append(
            kinds.START,
            reading=self._currentId,
            mode=task.mode,
            case=task.caseId,
            condition=task.condition,
            number=task.number,
            period=task.period,
            left=task.left,
            washoutOverridden=overridden,
        )

    def _newId(self, key, version):
        """Unique across machines: the place of its first line in the logs is part of it."""
        return f"{key}#{version}@{self._log.machine}.{self._log.nextSequence}"

    def _resumeReading(self, reading):
        self._currentId = reading.id
        self._stopwatch.start(reading.activeSeconds)
        self._answer(kinds.RESUME)

    # Answers

    def score(self, itemId: str, value: int, *, markId: str | None = None) -> None:
        """Score the image, or with markId the lesion at a mark. Raises NotAllowed for a value off the scale."""
        item = next((item for item in self.manifest.items if item.id == itemId), None)
        if item is None or value not in item.scores:
            allowed = f"{item.scores[0]} to {item.best}" if item else "items of this study"
            raise NotAllowed(f"{itemId} cannot be {value}; allowed are {allowed}.")
        if (markId is not None) != (item.unit == "lesion"):
            raise NotAllowed(f"{item.title} is scored for each {item.unit}.")
        if markId is not None:
            self._mark(markId)
        self._answer(kinds.SCORE, item=itemId, value=int(value), mark=markId)

    def placeMark(self, ras, *, confidence: int | None = None, diameterMm: float | None = None) -> str:
        """Put a mark at ras (mm) and return its id; confidence may follow, but before submit."""
        number = 1 + max((int(mark.id) for mark in self._open().marks), default=0)
        if self.current.noLesion:
            raise NotAllowed("'No lesion' is set; take it back before placing a mark.")
        return self._storeMark(str(number), ras, confidence, diameterMm)

    def changeMark(self, markId: str, *, ras=None, confidence=None, diameterMm=None) -> None:
        """Change what is given of a mark and keep the rest."""
        mark = self._mark(markId)
        ras = mark.ras if ras is None else ras
        confidence = mark.confidence if confidence is None else confidence
        self._storeMark(markId, ras, confidence, mark.diameterMm if diameterMm is None else diameterMm)

    def removeMark(self, markId: str) -> None:
        self._mark(markId)
        self._answer(kinds.UNMARK, mark=markId)

    def answerNoLesion(self, value: bool = True) -> None:
        """State that the image shows no lesion: not the same as not having looked."""
        if value and self._open().marks:
            raise NotAllowed("There are marks; remove them before answering 'no lesion'.")
        self._answer(kinds.NO_LESION, value=bool(value))

    def comment(self, text: str) -> None:
        self._answer(kinds.COMMENT, text=text)

    def suspectFalseStructure(self, value: bool, *, ras=None) -> None:
        """Whether something in the image looks invented, altered or vanished; ras says where, in mm."""
        self._answer(kinds.FALSE_STRUCTURE, value=bool(value), ras=None if ras is None else _plain(ras))

    def _storeMark(self, markId, ras, confidence, diameterMm):
        levels = self.manifest.marks.confidenceLevels
        if not self.manifest.detection:
            raise NotAllowed("This study has no marks.")
        if confidence is not None and confidence not in range(1, levels + 1):
            raise NotAllowed(f"The confidence runs from 1 to {levels}.")
        if diameterMm is not None and not 0 < diameterMm < 300:
            raise NotAllowed("The diameter must be a positive number of millimetres.")
        diameter = None if diameterMm is None else float(diameterMm)
        sure = None if confidence is None else int(confidence)
        self._answer(kinds.MARK, mark=markId, ras=_plain(ras), confidence=sure, diameter=diameter)
        return markId

    def _mark(self, markId):
        for mark in self._open().marks:
            if mark.id == markId:
                return mark
        raise NotAllowed(f"There is no mark {markId!r}.")

    # Time, end, corrections

    def pause(self) -> None:
        """Stop the reading time; answers wait for resume()."""
        self._answer(kinds.PAUSE)
        self._stopwatch.pause()

    def resume(self) -> None:
        if self.isPaused:
            self._stopwatch.resume()
            self._answer(kinds.RESUME)

    def missing(self) -> list[str]:
        """What the open reading still needs before it can be submitted, as short sentences."""
        return missingAnswers(self.current, self.manifest) if self.current else []

    def submit(self) -> Reading:
        """Lock the reading. Raises NotAllowed naming what is missing."""
        missing = missingAnswers(self._open(), self.manifest)
        if missing:
            raise NotAllowed("Not complete: " + " ".join(missing))
        self._answer(kinds.SUBMIT)
        locked, self._currentId = self.current, ""
        self._stopwatch.pause()
        return locked

    def amend(self, readingId: str, *, reason: str) -> None:
        """Open a new version of a submitted reading of this session's reader; the old version stays."""
        before = self._book.find(self.reader, readingId)
        if self.current is not None:
            raise NotAllowed("Submit the open reading before amending another.")
        if before is None or before.submitted is None or before.mode != self.mode:
            raise NotAllowed("Only a submitted reading of this mode can be amended.")
        if any(reading.amends == readingId for reading in self._book.readings):
            raise NotAllowed("This version was amended already; amend the newest one.")
        if not reason.strip():
            raise NotAllowed("An amendment needs a reason.")
        self._currentId = self._newId(readingId.rpartition("#")[0], before.version + 1)
        self._stopwatch.start(before.activeSeconds)
        self._append(kinds.AMEND, reading=self._currentId, of=readingId, reason=reason.strip())

    def submittedReadings(self) -> list[Reading]:
        """Newest versions of what this reader has locked in this mode, for amendments."""
        return [reading for reading in self._book.latest() if reading.mode == self.mode]

    def overrideWashout(self, coordinator: str, *, reason: str, caseId: str = "*") -> None:
        """Waive the washout of a case, or of all with '*'; who and why are logged."""
        if COORDINATOR not in self.manifest.person(coordinator).roles:
            raise NotAllowed(f"{coordinator} is no coordinator of this study and cannot waive the washout.")
        if not reason.strip():
            raise NotAllowed("Waiving the washout needs a reason.")
        self._append(kinds.OVERRIDE, case=caseId, by=coordinator, reason=reason.strip())

    def _open(self):
        if self.current is None:
            raise NotAllowed("No reading is open; submitted readings are locked and can only be amended.")
        if self.isPaused:
            raise NotAllowed("The reading is paused; resume it first.")
        return self.current

    def _answer(self, kind, **data):
        self._open()
        self._append(kind, reading=self._currentId, active=round(self._stopwatch.seconds, 2), **data)

    def _append(self, kind, **data):
        entry = self._log.append(kind, **data)
        self._lastTime = max(entry.time, self._lastTime) if self._lastTime else entry.time
        self._book.apply(entry)

    def close(self) -> None:
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.close()


def _keyOf(task):
    return (task.mode, task.caseId, task.condition)


def _plain(ras):
    place = [round(float(value), 3) for value in ras]
    if len(place) != 3 or not all(math.isfinite(value) for value in place):
        raise NotAllowed("A mark needs three finite coordinates.")
    return place
