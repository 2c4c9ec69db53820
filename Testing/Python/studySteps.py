"""Steps that the study tests share: a small study folder, a clock that can be turned, a reader that answers."""

from datetime import datetime, timedelta, timezone

from DLEnhanceLesionMetricsLib.study.caseList import Case, writeCases
from DLEnhanceLesionMetricsLib.study.manifest import Person, newManifest, writeManifest
from DLEnhanceLesionMetricsLib.study.session import ReadingSession

PEOPLE = (Person("r1"), Person("r2"), Person("ref", ("reference",)), Person("coord", ("coordinator",)))


class TurnableClock:
    def __init__(self):
        self.wall = datetime(2026, 3, 1, 8, 0, tzinfo=timezone.utc)
        self.seconds = 0.0

    def now(self):
        return self.wall

    def steady(self):
        return self.seconds

    def pass_(self, *, seconds=0.0, days=0.0):
        self.wall += timedelta(days=days, seconds=seconds)
        self.seconds += seconds + days * 86400


def studyFolder(folder, *, cases=4, **decisions):
    """A study of n cases with (empty) image files, two readers, a reference reader and a coordinator."""
    folder.mkdir(exist_ok=True)
    made = []
    for number in range(cases):
        for condition in ("a", "b"):
            (folder / f"{number}{condition}.nii").touch()
        covariates = (("institution", "AB"[number % 2]), ("prior_dl", "no"))
        made.append(Case(f"c{number}", f"{number}a.nii", f"{number}b.nii", f"p{number}", covariates))
    writeCases(made, folder)
    decisions = {"preset": "oh2025", "seed": 7, "readers": PEOPLE} | decisions
    writeManifest(newManifest("A study", decisions.pop("readers"), **decisions), folder)
    return folder


def openSession(folder, reader="r1", **options):
    return ReadingSession(folder, reader, **({"durable": False} | options))


def answerAll(session, *, score=4):
    """Fill what is missing and submit."""
    for item in session.manifest.itemsOf("image"):
        session.score(item.id, score)
    if session.manifest.detection:
        mark = session.placeMark((1.0, 2.0, 3.0), confidence=4, diameterMm=6.0)
        session.score("lesion_conspicuity", score, markId=mark)
    return session.submit()


def readPeriod(session, clock, count):
    for _ in range(count):
        assert session.openNext()
        clock.pass_(seconds=30)
        answerAll(session)
