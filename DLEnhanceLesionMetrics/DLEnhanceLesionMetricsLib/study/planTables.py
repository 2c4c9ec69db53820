"""Tables of the report that a study has only when its plan or its reading modes ask for them."""

from .analysis import PREFERENCE, Analysis
from .scoreComparisons import READER_MEAN
from .tableTexts import Table, interval, number, percent, pText


def preferenceTable(analysis: Analysis) -> Table:
    """Side-by-side preference; strata follow with the mean of readers only."""
    plan = analysis.overall.data.manifest.analysis
    columns = ("Item", "Subset", "Reader", "Answers, cases (patients)", "Prefer enhanced", "No preference")
    columns += ("Prefer standard", "Net, points (95 % CI)", "Left of the preferred", "Shift (95 % CI)", "Effect r", "p")
    columns += (f"p ({plan.multiplicityTitle})",)
    rows, strong, family = [], set(), analysis.family(PREFERENCE)
    for stratum in analysis.strata:
        isOverall = stratum is analysis.overall
        for row in stratum.preferences:
            isPooled = row.reader == READER_MEAN
            strong |= {len(rows)} if isPooled and isOverall else set()
            corrected = family.corrected(row.item.title) if isPooled and isOverall else float("nan")
            if isPooled or isOverall:
                rows.append((row.item.title, stratum.name, *_preferenceCells(row), pText(corrected)))
    zeros = analysis.overall.preferences[0].test.zeroHandling if rows else ""
    note = (
        "Shares of all answers. Net: share for enhanced minus share for standard, BCa bootstrap by patient. Wilcoxon "
        f"signed-rank against no preference; zeros: {zeros}. One value a patient enters it: the mean of the readers "
        "for each case, then the median of the patient's cases. Shift: Hodges-Lehmann, in steps of the scale, positive "
        "for enhanced. Left of the preferred: 50 % when no reader favors a side. Subsets are exploratory."
    )
    return Table("preference", "Side-by-side preference", columns, tuple(rows), note, frozenset(strong))


def _preferenceCells(row):
    net = row.net
    return (
        row.reader,
        f"{row.answers}, {row.cases} ({row.patients})",
        *map(percent, row.shares),
        interval(100 * net.value, 100 * net.low, 100 * net.high, digits=1),
        percent(row.leftShare),
        interval(row.test.shift, row.test.low, row.test.high),
        number(row.test.effectSize),
        pText(row.test.p),
    )


def marginTable(analysis: Analysis) -> Table:
    """Non-inferiority of the image scores; empty without a margin in the plan."""
    margin = analysis.overall.data.manifest.analysis.nonInferiorityMargin or 0.0
    columns = ("Item", "Reader", "Cases (patients)", "Mean difference (90 % CI)", "Margin", "p, not inferior")
    columns += ("p, equivalent (TOST)", "Not inferior at 5 %")
    rows = []
    for row in analysis.margins:
        test = row.test
        answer = test.failure or ("yes" if test.p < 0.05 else "no")
        cells = (f"{row.cases} ({test.patients})", interval(test.difference, test.low, test.high), f"−{margin:g}")
        rows.append((row.item.title, row.reader, *cells, pText(test.p), pText(test.equivalenceP), answer))
    strong = frozenset(place for place, row in enumerate(rows) if row[1] == READER_MEAN)
    note = (
        f"Margin {margin:g} score points, stated in study.json. Two one-sided paired t tests on one value a patient "
        "(mean of readers and cases): scores are taken as numbers with equal steps. The 90 % interval decides each "
        "test at 5 %. Not corrected: a claim for several items needs every one of them."
    )
    return Table("non_inferiority", "Non-inferiority of the image scores", columns, tuple(rows), note, strong)


def ordinalTable(analysis: Analysis) -> Table:
    """Cumulative odds ratios; empty unless asked for."""
    columns = ("Item", "Cases (patients)", "Readings", "Cumulative odds ratio (95 % CI)", "p", "Fit")
    rows = []
    for row in analysis.ordinal:
        term, model = row.condition, row.model
        result = (interval(*term.ratio), pText(term.p)) if term else ("–", "–")
        fit = "; ".join(filter(None, [model.failure or f"converged, {model.standardErrors}", *model.notes]))
        rows.append((row.item.title, f"{row.cases} ({row.patients})", str(model.observations), *result, fit))
    note = (
        "Proportional-odds GEE, cluster patient, working independence, terms condition and reader: odds of a higher "
        "score in enhanced, the same at every step. A second look at the scores, outside the families."
    )
    return Table("ordinal", "Image scores, ordinal model", columns, tuple(rows), note)
