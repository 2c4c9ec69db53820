"""Validation against training time of every run at hand: has the training converged?"""

import csv
import dataclasses
from pathlib import Path

import numpy as np

from DLEnhanceLib.modelFiles import PROFILE_NAMES, findModel

from .pictures import curvePicture
from .results import GroupResult, Table

RUNS = Path(__file__).resolve().parents[2] / "Training" / "runs"
SKIPPED = ("step", "minutes")
CONVERGED_DB = 0.02  # gained in the last fifth of the time: what remains to be won is small
MAIN = "denoiseHigh"
ANNEALING = (
    "The learning rate falls to nothing at the end of a run, which flattens any curve: flat means that this run is "
    "used up, not that a longer one would gain nothing."
)


@dataclasses.dataclass(frozen=True)
class Curve:
    """name: of the run; columns: score to one value a row, step and minutes among them."""

    name: str
    columns: dict


def curves(runs: Path | None = RUNS):
    """Curves of the released models from their cards, then of the runs' folders that are not the same."""
    cards = {profile: findModel(profile).card for profile in PROFILE_NAMES}
    found = [_curve(f"released {profile}", card.get("curve", [])) for profile, card in cards.items()]
    if runs is not None:
        found += [_curve(path.parent.name, _read(path)) for path in sorted(runs.glob("*/curve.csv"))]
    unique = {one.columns["minutes"][-1]: one for one in reversed([one for one in found if one is not None])}
    return list(reversed(unique.values()))


def _read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _curve(name, rows):
    """Columns of numbers; rows that a crash cut short are left out."""
    names = [key for key in (rows[0] if rows else {}) if key]
    table = []
    for row in rows:
        try:
            table.append([float(row[key]) for key in names])
        except (TypeError, ValueError):
            continue
    if not table or "minutes" not in names:
        return None
    return Curve(name, dict(zip(names, np.array(table).T, strict=True)))


def lastGain(curve, score=MAIN):
    """What the score still gained in the last fifth of the training time."""
    minutes, values = curve.columns["minutes"], curve.columns.get(score)
    if values is None or len(values) < 3:
        return float("nan")
    return float(values[-1] - np.interp(minutes[-1] * 0.8, minutes, values))


def learningPicture(found):
    """All scores against minutes of training, a line a run and score."""

    def draw(axes):
        styles = ("-", "--", ":", "-.")
        scores = [name for name in found[0].columns if name not in (*SKIPPED, "loss", "kept")]
        for number, curve in enumerate(found):
            for color, score in enumerate(scores):
                if score in curve.columns:
                    label = f"{curve.name} {score}"
                    axes.plot(curve.columns["minutes"], curve.columns[score], styles[number % 4], color=f"C{color}",
                              label=label, linewidth=1.1)  # fmt: skip
        axes.set_xlabel("minutes of training")
        axes.set_ylabel("gain over the input, dB")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=6, ncols=2)

    caption = f"Gains on heads that training never sees. {ANNEALING}"
    return curvePicture("Validation against training time", draw, caption=caption, size=(8, 4))


def learningTable(found):
    """First, middle and last scores of every run, and whether its main score still rises."""
    scores = [name for name in found[0].columns if name not in SKIPPED]
    rows = []
    for curve in found:
        count = len(curve.columns["minutes"])
        for index in sorted({0, count // 4, count // 2, 3 * count // 4, count - 1}):
            cells = [f"{curve.columns[s][index]:.3f}" if s in curve.columns else "" for s in scores]
            rows.append(
                (curve.name, f"{curve.columns['step'][index]:.0f}", f"{curve.columns['minutes'][index]:.1f}", *cells)
            )
    return Table("Learning curves", ("run", "step", "minutes", *scores), tuple(rows), "; ".join(map(conclusion, found)))


def conclusion(curve):
    gain = lastGain(curve)
    if not np.isfinite(gain):
        return f"{curve.name}: too short to judge"
    word = "is flat" if abs(gain) < CONVERGED_DB else "still rises" if gain > 0 else "falls"
    return f"{curve.name}: {MAIN} gained {gain:+.3f} dB in the last fifth of the time: the curve {word}"


def learningCurves(_session=None) -> GroupResult:
    """For the validation page."""
    found = curves(None)
    if not found:
        return GroupResult("Learning curves", notes=("No training run and no curve in the model cards.",))
    return GroupResult("Learning curves", tables=(learningTable(found),), pictures=(learningPicture(found),))
