"""Figures of the report, each as SVG text. Standard is blue, enhanced orange, everywhere."""

import dataclasses
import io
import math

import numpy as np

from .analysis import Analysis
from .detectionComparisons import ALL_READERS, ratingsOf
from .freeResponse import frocCurve
from .manifest import CONDITIONS, ENHANCED, STANDARD
from .optionalPackages import package
from .scoreComparisons import READER_MEAN
from .valueComparisons import patientPairs

COLORS = {STANDARD: "#2b6ca3", ENHANCED: "#d9730d"}
SCORE_COLORS = ("#7a1f1f", "#d98c6a", "#d9d9d9", "#8fb8d9", "#1f4e79")


@dataclasses.dataclass(frozen=True)
class Figure:
    """svg: a whole SVG document. caption: what is drawn, in one or two sentences."""

    id: str
    title: str
    caption: str
    svg: str


def reportFigures(analysis: Analysis) -> list[Figure]:
    """All figures for which there are data."""
    made = (
        _scoreFigure(analysis),
        _frocFigure(analysis),
        _forestFigure(analysis),
        _slopeFigure(analysis),
        _blandAltmanFigure(analysis),
    )
    return [figure for figure in made if figure]


def newFigure(width: float, height: float):
    """A matplotlib figure without the global state of pyplot; inches."""
    return package("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")


def svgText(figure) -> str:
    stream = io.StringIO()
    matplotlib = package("matplotlib")
    with matplotlib.rc_context({"svg.hashsalt": "dlenhance", "svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def plain(axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8)


def _scoreFigure(analysis):
    rows = [row for row in analysis.overall.scores if row.reader != READER_MEAN]
    if not rows:
        return None
    items = list(dict.fromkeys(row.item.id for row in rows))
    figure = newFigure(8.2, 0.5 + 0.42 * len(rows) + 0.35 * len(items))
    grid = figure.subplots(len(items), 1, squeeze=False, sharex=True)[:, 0]
    for axes, item in zip(grid, items, strict=True):
        _scoreBars(axes, [row for row in rows if row.item.id == item])
    grid[-1].set_xlabel("share of readings, %", fontsize=8)
    handles = [package("matplotlib.patches").Patch(color=_scoreColor(k, 5), label=str(k + 1)) for k in range(5)]
    figure.legend(handles=handles, loc="outside upper center", ncols=5, fontsize=8, frameon=False, title="score")
    caption = "Scores of each reader in standard (S) and enhanced (E) images; the highest score is the best."
    return Figure("scores", "Score distributions", caption, svgText(figure))


def _scoreColor(place, levels):
    return SCORE_COLORS[round(place * (len(SCORE_COLORS) - 1) / max(levels - 1, 1))]


def _scoreBars(axes, rows):
    labels, position = [], 0
    for row in rows:
        for condition in (0, 1):
            counts = np.array(row.counts[condition], float)
            shares = 100 * counts / max(counts.sum(), 1)
            starts = np.concatenate([[0], np.cumsum(shares)[:-1]])
            for place, (start, share) in enumerate(zip(starts, shares, strict=True)):
                axes.barh(position, share, left=start, color=_scoreColor(place, len(shares)), height=0.8)
                if share >= 8:
                    dark = place in (0, len(shares) - 1)
                    axes.text(
                        start + share / 2,
                        position,
                        f"{share:.0f}",
                        ha="center",
                        va="center",
                        fontsize=7,
                        color="white" if dark else "black",
                    )
            labels.append(f"{row.reader}  {'SE'[condition]}")
            position += 1
        position += 0.4
    ticks = [k + 0.4 * (k // 2) for k in range(len(labels))]
    axes.set_yticks(ticks, labels)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_title(rows[0].item.title, fontsize=9, loc="left")
    plain(axes)


def _frocFigure(analysis):
    data = analysis.overall.data
    if not data.hits:
        return None
    figure = newFigure(3.1 * len(data.readers) + 0.6, 3.4)
    grid = figure.subplots(1, len(data.readers), squeeze=False, sharey=True)[0]
    reach = 0.1
    for axes, reader in zip(grid, data.readers, strict=True):
        for condition in CONDITIONS:
            x, y = frocCurve(ratingsOf(data, reader, condition))
            axes.plot(x, y, marker="o", markersize=3, color=COLORS[condition], label=condition)
            reach = max(reach, x.max())
        axes.set_title(reader, fontsize=9)
        axes.set_xlabel("false marks per case", fontsize=8)
        plain(axes)
    for axes in grid:
        axes.set_xlim(0, 1.05 * reach)
        axes.set_ylim(0, 1)
    grid[0].set_ylabel("share of lesions found", fontsize=8)
    grid[0].legend(fontsize=8, frameon=False, loc="lower right")
    caption = "Empirical free-response curves, one point a confidence level; all cases count for the false marks."
    return Figure("froc", "Free-response curves", caption, svgText(figure))


def _forestFigure(analysis):
    rates = [rate for rate in analysis.overall.rates if rate.question == "sensitivity"]
    if not any(rate.model.term("condition") for rate in rates):
        return None
    figure = newFigure(8.4, 0.9 + 0.3 * len(rates))
    axes = figure.subplots()
    for place, rate in enumerate(rates):
        _forestRow(axes, place, rate)
    axes.axvline(1, color="#888888", lw=0.8, ls="--")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(package("matplotlib.ticker").FormatStrFormatter("%g"))
    axes.set_yticks(range(len(rates)), [f"{r.stratum}, {r.reader} (n = {r.units})" for r in rates])
    axes.set_ylim(len(rates) - 0.5, -0.5)
    axes.set_xlabel("odds ratio of finding a lesion, enhanced to standard", fontsize=8)
    plain(axes)
    caption = "Sensitivity by size class: odds ratio with 95 % interval (GEE by patient) and the observed shares."
    return Figure("forest", "Sensitivity by size", caption, svgText(figure))


def _forestRow(axes, place, rate):
    term = rate.model.term("condition")
    text = f"{100 * rate.raw[0]:.0f} → {100 * rate.raw[1]:.0f} %   "
    if term:
        isAll = rate.reader == ALL_READERS
        value, low, high = term.ratio
        axes.plot([low, high], [place, place], color="#333333", lw=1.6 if isAll else 0.9)
        axes.plot(value, place, "D" if isAll else "o", color=COLORS[ENHANCED], markersize=7 if isAll else 4.5)
        text += f"OR {value:.2f} ({low:.2f} to {high:.2f})"
    else:
        text += "no estimate"
    axes.text(1.02, place, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8)


def _slopeFigure(analysis):
    data = analysis.overall.data
    wanted = [row for row in analysis.overall.values if row.metric in ("snr", "cnr")]
    if not wanted:
        return None
    figure = newFigure(2.9 * len(wanted) + 0.4, 3.4)
    for axes, row in zip(figure.subplots(1, len(wanted), squeeze=False)[0], wanted, strict=True):
        standard, enhanced = patientPairs(data, _pairs(data, row))
        for pair in zip(standard, enhanced, strict=True):
            axes.plot([0, 1], pair, color="#999999", lw=0.6, alpha=0.7)
        axes.plot([0, 1], [row.standard[0], row.enhanced[0]], color="#111111", lw=2.2)
        for x, values, condition in ((0, standard, STANDARD), (1, enhanced, ENHANCED)):
            axes.scatter(np.full(len(values), x), values, s=9, color=COLORS[condition], zorder=3)
        axes.set_xticks([0, 1], CONDITIONS)
        axes.set_xlim(-0.2, 1.2)
        axes.set_title(f"{row.metric.upper()} ({row.method})\ngain {row.gain[0]:+.0f} %", fontsize=9)
        plain(axes)
    caption = "One line a patient (median of the lesions); the black line joins the medians."
    return Figure("slopes", "SNR and CNR", caption, svgText(figure))


def _pairs(data, row):
    lesions: dict = {}
    for value in data.values:
        if (value.metric, value.method) == (row.metric, row.method):
            lesions.setdefault((value.case, value.lesion), {})[value.condition] = value.value
    return {key: (p[STANDARD], p[ENHANCED]) for key, p in lesions.items() if len(p) == 2}


def _blandAltmanFigure(analysis):
    rows = [row for row in analysis.sizes if row.what == f"{ENHANCED} minus {STANDARD}"]
    if not rows:
        return None
    figure = newFigure(3.1 * len(rows) + 0.6, 3.2)
    for axes, row in zip(figure.subplots(1, len(rows), squeeze=False, sharey=True)[0], rows, strict=True):
        first, second = np.array(row.pairs).T
        axes.scatter((first + second) / 2, second - first, s=12, color="#555555", alpha=0.8)
        for level, style in ((row.result.bias, "-"), (row.result.lower, "--"), (row.result.upper, "--")):
            if math.isfinite(level):
                axes.axhline(level, color=COLORS[ENHANCED], ls=style, lw=1)
                axes.annotate(
                    f"{level:+.2f}", (1, level), xycoords=("axes fraction", "data"), fontsize=7, va="bottom", ha="right"
                )
        axes.set_title(row.reader, fontsize=9)
        axes.set_xlabel("mean of both diameters, mm", fontsize=8)
        plain(axes)
    figure.axes[0].set_ylabel("enhanced − standard, mm", fontsize=8)
    caption = "Diameters of lesions that a reader measured in both conditions: bias and 95 % limits of agreement."
    return Figure("bland_altman", "Agreement of diameters", caption, svgText(figure))
