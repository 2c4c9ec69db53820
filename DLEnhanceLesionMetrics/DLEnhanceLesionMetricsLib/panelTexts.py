"""Measured values in words for the panel: names, rounded numbers, and how a value came about. No Qt."""

from slicer.i18n import tr as _

from .measurement import NO_METHOD, ChangeRow, summarise
from .measures import NOISE_METHODS

MAIN_METRICS = ("snr", "cnr", "cr", "conspicuity", "noise_frequency", "erd", "fwhm")
DASH = "\N{EN DASH}"
WARNING = "\N{WARNING SIGN}"


def metricTitle(metric):
    """The short name of a metric."""
    titles = {
        "snr": _("SNR"),
        "cnr": _("CNR"),
        "cr": _("CR"),
        "reference_snr": _("SNR of reference"),
        "contrast_ratio": _("Contrast ratio"),
        "percent_contrast": _("Contrast"),
        "cjv": _("Joint variation (CJV)"),
        "conspicuity": _("Conspicuity"),
        "noise_frequency": _("Noise frequency"),
        "erd": _("Edge rise (ERD)"),
        "ers": _("Edge slope (ERS)"),
        "overshoot": _("Overshoot"),
        "fwhm": _("Width (FWHM)"),
    }
    return titles.get(metric, metric)


def metricMeaning(metric):
    """One line on what a metric says."""
    meanings = {
        "snr": _("Signal-to-noise ratio of the lesion"),
        "cnr": _("Contrast-to-noise ratio of lesion and reference; negative for a darker lesion"),
        "cr": _("(S_L - S_R) / (S_L + S_R): free of noise, should hardly move when only noise is removed"),
        "reference_snr": _("Signal-to-noise ratio of the reference tissue"),
        "contrast_ratio": _("S_L / S_R: lesion-to-background ratio"),
        "percent_contrast": _("100 (S_L - S_R) / S_R"),
        "cjv": _("(SD_L + SD_R) / |S_L - S_R|: lower is better"),
        "conspicuity": _("Edge slope of the lesion over the mean gradient around it; noise and vessels hide a lesion"),
        "noise_frequency": _("Mean frequency of the noise; below 70 % of the standard's it looks like plastic"),
        "erd": _("Distance in which the edge rises from 10 to 90 %; lower is sharper"),
        "ers": _("Slope between 10 and 90 % over the height of the edge; higher is sharper"),
        "overshoot": _("First peak beyond the edge over its height; about 9 % with plain truncation"),
        "fwhm": _("Full width of the target at half of its height; lower is sharper"),
    }
    return meanings.get(metric, "")


def shownResults(results, *, allMetrics):
    """The results for the table: SNR, CNR and CR, or all."""
    return [result for result in results if allMetrics or result.standard.metric in MAIN_METRICS]


def valueText(row):
    """Three or four digits, which is more than the noise allows; a dash where nothing could be measured."""
    if row is None or row.value is None:
        return DASH
    return _rounded(row.value) + ("" if row.unit == "1" else f" {row.unit}")


def changeText(percentChange):
    if percentChange is None:
        return DASH
    text = f"{percentChange:+.1f}" if abs(percentChange) < 99.95 else f"{percentChange:+.0f}"
    return "0.0 %" if text in ("-0.0", "+0.0") else f"{text} %"


def _rounded(value):
    size = abs(value)
    if size >= 1000:
        return f"{value:.0f}"
    if size >= 100:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 10 else f"{value:.3f}"


def signalText(value):
    """Four digits, without exponent."""
    if value is None:
        return DASH
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def summaryText(results, *, allMetrics):
    """Median change of each shown metric, when there is more than one lesion with an enhanced value."""
    rows = [
        ChangeRow("", *result.key, "", None, None, result.percentChange, "")
        for result in shownResults(results, allMetrics=allMetrics)
    ]
    parts = [
        _("{metric} {change}").format(metric=metricTitle(item.metric), change=changeText(item.median))
        for item in summarise(rows)
        if item.lesions > 1
    ]
    if not parts:
        return ""
    count = max(item.lesions for item in summarise(rows))
    return _("Median change over {count} lesions: {changes}").format(count=count, changes=", ".join(parts))


def detailText(result):
    """How a value came about in both images, with the warnings: several lines."""
    lines = [
        f"{result.standard.lesion}, {metricTitle(result.standard.metric)}: {metricMeaning(result.standard.metric)}"
    ]
    if result.standard.method != NO_METHOD and result.standard.metric.endswith(("snr", "cnr")):
        lines.append(_("Noise: {formula}").format(formula=NOISE_METHODS[result.standard.method].formula))
    if result.standard.lesionStatistics is not None:
        lines.append(_("Standard: {parts}").format(parts=_componentsText(result.standard)))
    if result.enhanced is not None and result.enhanced.lesionStatistics is not None:
        lines.append(_("Enhanced: {parts}").format(parts=_componentsText(result.enhanced)))
    lines += [_partsText(title, row) for title, row in _conditions(result) if row is not None and row.components]
    if result.warning:
        lines.append(f"{WARNING} {result.warning}")
    return "\n".join(lines)


def _conditions(result):
    return ((_("Standard"), result.standard), (_("Enhanced"), result.enhanced))


def _partsText(title, row):
    """What a value without region statistics is made of: "Standard: step 412, position 6.2 (60 voxels)"."""
    parts = ", ".join(f"{name.replace('_', ' ')} {signalText(value)}" for name, value in row.components)
    count = "" if row.voxels is None else _(" ({count} voxels)").format(count=row.voxels)
    return f"{title}: {parts}{count}"


def _componentsText(row):
    usesAir = row.method != NO_METHOD and "SD_A" in NOISE_METHODS[row.method].formula
    regions = (
        (row.lesion, row.lesionStatistics),
        (row.reference, row.referenceStatistics),
        (row.air, row.airStatistics if usesAir else None),
    )
    parts = [_regionText(name, statistics) for name, statistics in regions if statistics is not None]
    return "; ".join(parts)


def _regionText(name, statistics):
    return _("{name} {mean} ± {sd} ({count} voxels, {volume} mm³)").format(
        name=name,
        mean=signalText(statistics.mean),
        sd=signalText(statistics.sd),
        count=statistics.count,
        volume=signalText(statistics.mm3),
    )


def roleTitle(role):
    return {"lesion": _("Lesion"), "reference": _("Reference"), "air": _("Air"), "edge": _("Edge line")}.get(role, role)


def stepText(step):
    """What a step of the history did, with the names of at most three regions."""
    texts = {
        "place": _("place {names}"),
        "outline": _("outline {names}"),
        "move": _("drag {names}"),
        "resize": _("resize {names}"),
        "rename": _("rename {names}"),
        "role": _("change the role of {names}"),
        "lock": _("lock or unlock {names}"),
        "remove": _("delete {names}"),
    }
    names = ", ".join(step.names[:3]) + (" ..." if len(step.names) > 3 else "")
    return texts[step.kind].format(names=names)


def sizeText(sizes, *, isRound):
    """Diameter of a sphere, length of a line, else the edge lengths in mm that are not zero; empty when unknown."""
    sizes = [size for size in sizes if size >= 0.05]
    if not sizes:
        return ""
    if max(sizes) - min(sizes) < 0.05:
        return f"\N{DIAMETER SIGN} {sizes[0]:.1f}" if isRound else f"{sizes[0]:.1f}"
    return " \N{MULTIPLICATION SIGN} ".join(f"{size:.1f}" for size in sizes)


def lockedText(sizes):
    """A size, with the word that its region is locked."""
    return _("{size} (locked)").format(size=sizes).strip()


def lesionSizeText(size):
    """Diameters, volume and size class of a lesionSize.LesionSize."""
    if size is None:
        return ""
    parts = _("Longest {longest} mm, across {across} mm, 3D {solid} mm; {volume} mm³").format(
        longest=f"{size.longestDiameter:.1f}",
        across=f"{size.perpendicularDiameter:.1f}",
        solid=f"{size.diameter3D:.1f}",
        volume=signalText(size.volume),
    )
    border = _("It touches the border of the image.")
    return f"{parts}. {border}" if size.touchesBorder else parts
