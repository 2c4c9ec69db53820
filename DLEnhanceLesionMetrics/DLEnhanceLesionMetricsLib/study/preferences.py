"""Side-by-side preference: left or right, turned into standard or enhanced, and tested against no preference."""

import dataclasses

import numpy as np

from .manifest import SIDE_BY_SIDE, STANDARD
from .pairedTests import WilcoxonResult, byCluster, wilcoxonTest
from .resampling import Interval, ratioDifference
from .scales import PAIR, ScoreItem
from .scoreComparisons import READER_MEAN
from .studyData import StudyData


@dataclasses.dataclass(frozen=True)
class PreferenceRow:
    """One answer. preference: steps from the middle of the scale, positive for enhanced; answered: as it was given."""

    reader: str
    case: str
    item: str
    preference: float
    answered: int
    left: str
    wording: str = ""


@dataclasses.dataclass(frozen=True)
class PreferenceComparison:
    """Preferences of one reader, or of the mean of the readers, for an item.

    answers: how many; shares: of the answers that prefer enhanced, neither, standard; net: share enhanced minus share
    standard, BCa by patient; leftShare: of the answers with a preference, that for the left image (0.5: no habit).
    test: signed-rank against 0 with one value a patient, the median of the patient's cases.
    """

    item: ScoreItem
    reader: str
    answers: int
    cases: int
    patients: int
    shares: tuple[float, float, float]
    net: Interval
    leftShare: float
    mean: float
    test: WilcoxonResult


def preferenceRows(data: StudyData) -> list[PreferenceRow]:
    """All side-by-side answers, unblinded. A scale from -2 to 2 has its middle at 0, one from 1 to 5 at 3."""
    found = []
    for reading in data.readings:
        for item in data.manifest.itemsOf(PAIR) if reading.mode == SIDE_BY_SIDE else ():
            answered = reading.score(item.id)
            if answered is not None:
                towardsRight = answered - (item.scores[0] + item.best) / 2
                preference = (towardsRight if reading.left == STANDARD else -towardsRight) + 0.0  # never -0
                place = (reading.reader, reading.caseId, item.id)
                found.append(PreferenceRow(*place, preference, answered, reading.left, reading.wordingOf(item.id)))
    return found


def preferenceComparisons(data: StudyData) -> list[PreferenceComparison]:
    """Every item, first pooled (the mean of the readers of a case), then reader by reader."""
    found = []
    everything = preferenceRows(data)
    for item in data.manifest.itemsOf(PAIR):
        rows = [row for row in everything if row.item == item.id]
        if rows:
            found.append(_comparison(data, item, READER_MEAN, rows))
            own = {reader: [row for row in rows if row.reader == reader] for reader in data.readers}
            found += [_comparison(data, item, reader, mine) for reader, mine in own.items() if mine]
    return found


def _comparison(data, item, reader, rows):
    values = np.array([row.preference for row in rows])
    perPatient = np.array(list(_patientValues(data, rows).values()))
    shares = tuple(float(np.mean(part)) for part in (values > 0, values == 0, values < 0))
    towardsLeft = [(row.preference < 0) == (row.left == STANDARD) for row in rows if row.preference]
    return PreferenceComparison(
        item,
        reader,
        len(rows),
        len({row.case for row in rows}),
        len(perPatient),
        shares,
        _net(data, rows),
        float(np.mean(towardsLeft)) if towardsLeft else float("nan"),
        float(values.mean()),
        wilcoxonTest(np.zeros(len(perPatient)), perPatient),
    )


def _patientValues(data, rows):
    """Mean of the readers for each case, then the median of the cases of each patient."""
    cases: dict[str, list[float]] = {}
    for row in rows:
        cases.setdefault(row.case, []).append(row.preference)
    return byCluster([float(np.mean(values)) for values in cases.values()], [data.patient(case) for case in cases])


def _net(data, rows):
    """Patients are drawn with all their cases and readers."""
    sums: dict = {}
    for row in rows:
        counts = sums.setdefault(data.patient(row.case), np.zeros(3))
        counts += (row.preference < 0, row.preference > 0, 1)
    table = np.array(list(sums.values()))
    return ratioDifference(table[:, :2], table[:, [2, 2]], seed=data.manifest.seed)
