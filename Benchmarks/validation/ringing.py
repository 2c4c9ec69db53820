"""AT4 sharpness is not lost, AT5 truncation ringing goes and nothing happens where nothing rings."""

import dataclasses

import numpy as np

from DLEnhanceLib.strengths import PRESETS, Strengths

from .edgePhantom import phantom, profileOf, samplings, sharpness
from .heads import SCALE, makeHead, scanHead
from .pictures import comparisonPicture, curvePicture
from .results import BRIEF, PROVISIONAL, Check, GroupResult, Table

ALL_RINGING = "100/100/0"
STRENGTHS = {**PRESETS, ALL_RINGING: Strengths(1.0, 1.0, 0.0)}
CONDITIONS = {
    "white 2 %": {"sigma": 0.02},
    "white 6 %": {"sigma": 0.06},
    "zero-filled 70 x 62 %, 3 %": {"sigma": 0.03, "support": (1.0, 0.70, 0.62)},
    "truncation 70 x 62 %, 1 %": {"sigma": 0.01, "support": (1.0, 0.70, 0.62)},
}
TRUNCATION = "truncation 70 x 62 %, 1 %"
TRUNCATED_AXES = (1, 2)


@dataclasses.dataclass(frozen=True, eq=False)
class EdgeRow:
    """Sharpness of a structure in input and output of one strength."""

    condition: str
    structure: object
    profile: str
    preset: str
    before: object
    after: object


def judgeRinging(session) -> GroupResult:
    head = phantom()
    rows, pictures = [], []
    names = session.choose(tuple(CONDITIONS), ("white 2 %", TRUNCATION))
    for number, condition in enumerate(names):
        session.say(f"edge phantom, {condition}")
        case = scanHead(head, CONDITIONS[condition], seed=session.seed + number, name=condition)
        found = list(samplings(case.full.shape))
        before = [sharpness(case.noisy.voxels, one) for one in found]
        for profile in session.backends:
            outputs = session.outputs(case.noisy, profile, STRENGTHS)
            for preset, image in outputs.items():
                after = [sharpness(image, one) for one in found]
                rows += [
                    EdgeRow(condition, one, profile, preset, b, a)
                    for one, b, a in zip(found, before, after, strict=True)
                ]
            if condition == TRUNCATION:
                pictures += list(_pictures(case, profile, outputs, found))
    checks = []
    for profile in session.backends:
        for preset in STRENGTHS:
            own = [row for row in rows if (row.profile, row.preset) == (profile, preset)]
            checks += list(_checks(profile, preset, own))
        checks += list(_ringFree(session, profile))
    tables = [_table(profile, rows) for profile in session.backends]
    return GroupResult("Sharpness and ringing", tuple(checks), tuple(tables), tuple(pictures))


def _ratios(rows, name):
    values = np.array([(getattr(row.before, name), getattr(row.after, name)) for row in rows]).reshape(-1, 2)
    values = values[np.isfinite(values).all(axis=1)]
    return 100 * values[:, 1] / values[:, 0]


def _checks(profile, preset, rows):
    isPreset = preset in PRESETS
    edges, tubes = ([row for row in rows if row.structure.isTube is isTube] for isTube in (False, True))
    rise, width = _ratios(edges, "rise"), _ratios(tubes, "width")
    limits = ("<=", 105.0) if isPreset else ("", None)
    for name, ratios in (("ERD", rise), ("FWHM", width)):
        text = f"{len(ratios)} measured, {int((ratios <= 105).sum())} within 105 %, largest {ratios.max():.0f} %"
        yield Check("AT4", f"{name}, mean of output / input", profile, preset, float(ratios.mean()), "%", *limits,
                    PROVISIONAL, text)  # fmt: skip
    if STRENGTHS[preset].sharpen > 0:
        share = 100 * float((rise < 100).mean())
        source = BRIEF + "; K191688 and K203182"
        yield Check(
            "AT4",
            "share of edges with lower ERD",
            profile,
            preset,
            share,
            "%",
            ">=",
            90.0,
            source,
            f"{len(rise)} edges",
        )
    ringing = [row for row in edges if row.condition == TRUNCATION and row.structure.axis in TRUNCATED_AXES]
    yield from _ringingChecks(profile, preset, ringing, isPreset=isPreset)


def _ringingChecks(profile, preset, rows, *, isPreset):
    over = np.array([(row.before.overshoot, row.after.overshoot) for row in rows])
    over = over[np.isfinite(over).all(axis=1)]
    reduction = 100 * (1 - over[:, 1].mean() / over[:, 0].mean())
    text = f"{100 * over[:, 0].mean():.1f} % of the step in the input, {100 * over[:, 1].mean():.1f} % in the output"
    strengths = STRENGTHS[preset]
    if strengths.dering < 0.5:
        text += f"; de-ringing works at {100 * strengths.dering:.0f} % here and cannot take away half of it"
    limits = (">=", 50.0) if isPreset else ("", None)
    yield Check("AT5", "overshoot taken away", profile, preset, float(reduction), "%", *limits, PROVISIONAL, text)
    rise = _ratios(rows, "rise")
    limits = ("<=", 105.0) if isPreset else ("", None)
    yield Check("AT5", "ERD of ringing edges, output / input", profile, preset, float(rise.mean()), "%", *limits,
                PROVISIONAL, f"{len(rise)} edges")  # fmt: skip


def _ringFree(session, profile):
    """A head without ringing and with hardly any noise must stay as it is."""
    head = makeHead("ICBM152 T1", session.data, session.seed)
    case = scanHead(head, {"sigma": 0.001}, seed=session.seed, name="ring-free, 0.1 %")
    for preset, image in session.outputs(case.noisy, profile, STRENGTHS).items():
        change = 100 * float(np.abs(image - case.noisy.voxels)[case.mask].mean()) / SCALE
        limits = ("<=", 0.5) if preset in PRESETS else ("", None)
        yield Check("AT5", "mean |change| of a ring-free head", profile, preset, change, "% of tissue", *limits,
                    PROVISIONAL, "ICBM152 with 0.1 % noise")  # fmt: skip


def _table(profile, rows):
    lines = []
    own = [row for row in rows if row.profile == profile]
    for condition in dict.fromkeys(row.condition for row in own):
        for preset in STRENGTHS:
            part = [row for row in own if (row.condition, row.preset) == (condition, preset)]
            edges = [row for row in part if not row.structure.isTube]
            over = [np.nanmean([getattr(row, when).overshoot for row in edges]) for when in ("before", "after")]
            width = _ratios([row for row in part if row.structure.isTube], "width")
            rise = _ratios(edges, "rise")
            lines.append(
                (condition, preset, f"{rise.mean():.1f}", f"{width.mean():.1f}", *(f"{100 * o:.1f}" for o in over))
            )
    header = ("condition", "preset", "ERD, % of input", "FWHM, % of input", "overshoot in, %", "overshoot out, %")
    return Table(f"Edges and tubes of the phantom, {profile}", header, tuple(lines))


def _pictures(case, profile, outputs, found):
    edge = next(one for one in found if not one.isTube and one.axis == 2)

    def draw(axes):
        images = {"truth": case.full, "input": case.noisy.voxels, **outputs}
        for name, image in images.items():
            one = profileOf(image, edge)
            axes.plot(one.positions - one.positions.mean(), one.values, label=name, linewidth=1)
        axes.set_xlabel("mm from the edge")
        axes.legend(fontsize=7)

    caption = "An edge of the phantom across the axis of which 62 % of k-space are filled."
    yield curvePicture(f"Edge of a truncated scan, {profile}", draw, caption=caption)
    middle = case.full.shape[0] // 2
    images = [case.noisy.voxels[middle], case.full[middle], outputs["high"][middle]]
    yield comparisonPicture(f"Edge phantom, truncated, {profile}", images, ("input", "truth", "high"), low=0, zoom=2)
