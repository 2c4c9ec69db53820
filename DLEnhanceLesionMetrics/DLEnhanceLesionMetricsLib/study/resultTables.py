"""The analysis as tables of text, laid out as the tables of the two papers: rows are items, columns the conditions."""

import math

from .analysis import DETECTION, IMAGE_SCORES, MEASUREMENTS, Analysis
from .clusteredModels import NEGATIVE_BINOMIAL, OVERDISPERSED
from .planTables import marginTable, ordinalTable, preferenceTable
from .scoreComparisons import READER_MEAN
from .tableTexts import Table, interval, number, percent, pText


def resultTables(analysis: Analysis) -> list[Table]:
    """All tables that have rows, in the order of the report."""
    made = (
        _scoreTable(analysis),
        ordinalTable(analysis),
        marginTable(analysis),
        preferenceTable(analysis),
        _detectionTable(analysis),
        _figureTable(analysis),
        _valueTable(analysis),
        _stratumScoreTable(analysis),
        _stratumDetectionTable(analysis),
        _stratumValueTable(analysis),
        _agreementTable(analysis),
        _sizeTable(analysis),
        _timeTable(analysis),
        _familyTable(analysis),
    )
    return [table for table in made if table.rows]


def _plan(analysis):
    return analysis.overall.data.manifest.analysis


def _correctedTitle(analysis):
    return f"p ({_plan(analysis).multiplicityTitle})"


def _scoreTable(analysis):
    columns = ("Item", "Reader", "Cases (patients)", "Standard, mean ± SD", "Enhanced, mean ± SD")
    columns += ("Best score, standard", "Best score, enhanced", "Shift (95 % CI)", "Effect r", "p")
    columns += (
        _correctedTitle(analysis),
        "Odds ratio of the best score (95 % CI), p",
    )
    rows, strong = [], set()
    for row in analysis.overall.scores:
        isMean = row.reader == READER_MEAN
        corrected = analysis.family(IMAGE_SCORES).corrected(row.item.title) if isMean else math.nan
        strong |= {len(rows)} if isMean else set()
        rows.append((row.item.title, row.reader, *_scoreCells(row), pText(corrected), _oddsText(row.bestModel)))
    note = (
        "Wilcoxon signed-rank on cases (lesion items: patient medians); zeros: "
        f"{_zeroText(analysis)}. Shift: Hodges-Lehmann. r: matched-pairs rank-biserial. "
        f"{_plan(analysis).multiplicityTitle} within the family 'image scores' (mean of readers). Odds ratio: logistic "
        "GEE clustered by patient."
    )
    return Table("scores", "Image scores, standard against enhanced", columns, tuple(rows), note, frozenset(strong))


def _zeroText(analysis):
    return analysis.overall.scores[0].test.zeroHandling if analysis.overall.scores else ""


def _scoreCells(row):
    cells = [f"{row.cases} ({row.patients})"]
    cells += [f"{number(row.means[side])} ± {number(row.sds[side])}" for side in (0, 1)]
    cells += [percent(row.bestShares[side]) for side in (0, 1)]
    test = row.test
    return (*cells, interval(test.shift, test.low, test.high), number(test.effectSize), pText(test.p))


def _oddsText(model):
    term = model.term("condition") if model else None
    if term is None:
        return model.failure if model else ""
    return f"{interval(*term.ratio)}, p {pText(term.p)}"


def _detectionTable(analysis):
    columns = ("Question", "Subset", "Reader", "Units (patients)", "Standard (95 % CI)", "Enhanced (95 % CI)")
    columns += ("Ratio (95 % CI)", "p (GEE)", _correctedTitle(analysis), "McNemar mid-P or Wilcoxon p", "Gained / lost")
    columns += ("Bootstrap difference, points",)
    rows, strong, seen = [], set(), set()
    for rate in analysis.overall.rates:
        isFirst = rate.question not in seen
        seen.add(rate.question)
        strong |= {len(rows)} if isFirst else set()
        corrected = analysis.family(DETECTION).corrected(rate.question) if isFirst else math.nan
        rows.append(_rateCells(rate, corrected))
    interaction = next((rate.interactionP for rate in analysis.overall.rates), math.nan)
    models = {rate.model.standardErrors for rate in analysis.overall.rates}
    note = (
        "Units are lesions, lesion-free cases or cases. Logistic (shares) or count GEE, cluster patient, "
        f"exchangeable, terms condition and reader; standard errors: {', '.join(sorted(models))}. Ratio: odds or rate "
        "ratio. McNemar (shares) ignores the clustering of lesions; Wilcoxon (counts) is on cases. "
        "Bootstrap: raw difference, BCa by patient. "
        f"Condition x size class: p {pText(interaction)}. {_countText(analysis)}"
    )
    return Table("detection", "Lesion detection", columns, tuple(rows), note, frozenset(strong))


def _countText(analysis):
    """Which model the false marks have, and how much more they vary than Poisson counts."""
    model = next((rate.model for rate in analysis.overall.rates if rate.model.isCount), None)
    if model is None or math.isnan(model.dispersion):
        return ""
    varies = f"False marks (all readers): Pearson dispersion {number(model.dispersion)} under Poisson"
    if model.family == NEGATIVE_BINOMIAL:
        return f"{varies}; negative-binomial GEE, alpha {number(model.alpha, 3)} (maximum likelihood)."
    if model.dispersion <= OVERDISPERSED:
        return f"{varies}; Poisson GEE."
    return f"{varies}: over-dispersed; Poisson GEE, whose robust standard errors allow for it."


def _rateCells(rate, corrected):
    isCount = rate.model.isCount
    term = rate.model.term("condition")
    cells = [rate.question, rate.stratum, rate.reader, f"{rate.units} ({rate.patients})"]
    cells += [_marginalText(rate.raw[side], rate.marginals[side], isCount=isCount) for side in (0, 1)]
    cells += [interval(*term.ratio), pText(term.p)] if term else [rate.model.failure, "–"]
    paired = rate.paired
    cells += [pText(corrected), _pairedText(rate), f"{paired.gained} / {paired.lost}" if paired else ""]
    boot = rate.bootstrap
    return (*cells, _differenceText(boot) if boot else "")


def _pairedText(rate):
    """The test of a single reader that needs no model."""
    if rate.paired:
        return pText(rate.paired.midP)
    return pText(rate.wilcoxon.p) if rate.wilcoxon else ""


def _differenceText(boot):
    return interval(100 * boot.value, 100 * boot.low, 100 * boot.high, digits=1)


def _marginalText(raw, marginal, *, isCount):
    """The observed share or rate, with the interval of the model."""
    if isCount:
        return f"{number(raw)} ({number(marginal.low)} to {number(marginal.high)})"
    return f"{percent(raw)} ({percent(marginal.low)} to {percent(marginal.high)})"


def _figureTable(analysis):
    readers = analysis.overall.data.readers
    columns = ("Figure of merit", "Generalizes to", "Standard", "Enhanced", "Difference (95 % CI)", "p", "By reader")
    rows = []
    for row in analysis.overall.figures:
        means = [sum(side) / len(side) for side in (row.standard, row.enhanced)]
        each = "; ".join(
            f"{reader} {number(a, 3)} → {number(b, 3)}"
            for reader, a, b in zip(readers, row.standard, row.enhanced, strict=True)
        )
        difference = interval(row.difference, row.low, row.high, digits=3)
        rows.append((row.figure, row.generalizesTo, *(number(m, 3) for m in means), difference, pText(row.p), each))
    note = "Obuchowski-Rockette with jackknife over cases and Hillis' degrees of freedom."
    return Table("froc", "Free-response figures of merit", columns, tuple(rows), note)


def _valueTable(analysis):
    columns = ("Measure (noise method)", "Lesions (patients)", "Standard, median (IQR)", "Enhanced, median (IQR)")
    columns += ("Gain %, median (IQR)", "Difference (95 % CI)", "p", _correctedTitle(analysis))
    family = analysis.family(MEASUREMENTS)
    rows = []
    for row in analysis.overall.values:
        name = f"{row.metric} ({row.method})"
        rows.append((name, *_valueCells(row), pText(family.corrected(name))))
    note = "Wilcoxon on patient medians; difference: Hodges-Lehmann. Gain: 100 (enhanced − standard) / standard."
    return Table("measurements", "Signal, contrast and sharpness", columns, tuple(rows), note)


def _valueCells(row):
    test = row.test
    digits = 2 if abs(row.standard[0]) >= 3 else 3
    return (
        f"{row.lesions} ({row.patients})",
        interval(*row.standard, digits=digits),
        interval(*row.enhanced, digits=digits),
        interval(*row.gain, digits=1),
        interval(test.shift, test.low, test.high, digits=digits),
        pText(test.p),
    )


def _stratumScoreTable(analysis):
    columns = ("Stratum", "Item", "Cases (patients)", "Standard, mean ± SD", "Enhanced, mean ± SD")
    columns += ("Best score, standard", "Best score, enhanced", "Shift (95 % CI)", "Effect r", "p")
    rows = tuple(
        (stratum.name, row.item.title, *_scoreCells(row))
        for stratum in analysis.strata[1:]
        for row in stratum.scores
        if row.reader == READER_MEAN
    )
    note = "Mean of readers. Exploratory: not corrected."
    return Table("scores_by_stratum", "Image scores by stratum", columns, rows, note)


def _stratumDetectionTable(analysis):
    columns = (
        "Stratum",
        "Question",
        "Units (patients)",
        "Standard (95 % CI)",
        "Enhanced (95 % CI)",
        "Ratio (95 % CI)",
        "p",
    )
    rows = []
    for stratum in analysis.strata[1:]:
        seen = set()
        for rate in stratum.rates:
            if rate.question not in seen:
                cells = _rateCells(rate, math.nan)
                rows.append((stratum.name, cells[0], *cells[3:8]))
                seen.add(rate.question)
    note = "All readers, all sizes. Exploratory: not corrected."
    return Table("detection_by_stratum", "Lesion detection by stratum", columns, tuple(rows), note)


def _stratumValueTable(analysis):
    columns = ("Stratum", "Measure (noise method)", "Lesions (patients)", "Standard, median (IQR)")
    columns += ("Enhanced, median (IQR)", "Gain %, median (IQR)", "Difference (95 % CI)", "p")
    rows = tuple(
        (stratum.name, f"{row.metric} ({row.method})", *_valueCells(row))
        for stratum in analysis.strata[1:]
        for row in stratum.values
    )
    note = "Oh 2025 measured only series that were not DL-reconstructed before: the stratum prior_dl = no."
    return Table("measurements_by_stratum", "Signal and contrast by stratum", columns, rows, note)


def _agreementTable(analysis):
    columns = ("Item", "Condition", "Readers", "n", "Weighted kappa or ICC(2,1) (95 % CI)", "Gwet AC1 (95 % CI)")
    rows = []
    for row in analysis.agreement:
        ac1 = interval(row.ac1.value, row.ac1.low, row.ac1.high) if row.ac1 else ""
        kappa = f"{row.kappa.name} {interval(row.kappa.value, row.kappa.low, row.kappa.high)}"
        rows.append((row.item, row.condition, row.readers, str(row.kappa.n), kappa, ac1))
    note = "AC1 stays meaningful where one score dominates and kappa collapses."
    return Table("agreement", "Agreement between readers", columns, tuple(rows), note)


def _sizeTable(analysis):
    columns = (
        "Longest diameter, mm",
        "Reader",
        "Lesions",
        "Bias (95 % CI)",
        "Lower limit (95 % CI)",
        "Upper limit (95 % CI)",
    )
    rows = tuple(
        (
            row.what,
            row.reader,
            str(row.result.n),
            interval(row.result.bias, *row.result.biasInterval),
            interval(row.result.lower, *row.result.lowerInterval),
            interval(row.result.upper, *row.result.upperInterval),
        )
        for row in analysis.sizes
    )
    return Table("diameters", "Diameters (Bland-Altman)", columns, rows, "95 % limits of agreement.")


def _timeTable(analysis):
    columns = ("Reader", "Cases", "Standard, median s (IQR)", "Enhanced, median s (IQR)", "Difference s (95 % CI)", "p")
    rows = tuple(
        (
            row.method,
            str(row.patients),
            interval(*row.standard, digits=0),
            interval(*row.enhanced, digits=0),
            interval(row.test.shift, row.test.low, row.test.high, digits=1),
            pText(row.test.p),
        )
        for row in analysis.times
    )
    return Table("times", "Reading time", columns, rows, "Without pauses.")


def _familyTable(analysis):
    rows = tuple(
        (family.name, member.name, pText(member.p), pText(member.corrected))
        for family in analysis.families
        for member in family.members
    )
    method = _plan(analysis).multiplicityTitle
    columns = ("Family", "Test", "p", _correctedTitle(analysis))
    return Table("families", f"Families of tests ({method})", columns, rows)
