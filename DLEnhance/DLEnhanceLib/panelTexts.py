"""What the DL Enhance panel says: plain sentences about a volume, its checks and the time left. No Qt."""

import html

from slicer.i18n import tr as _


def surveyText(description, survey) -> str:
    """Rich text, a row for each finding. description: VolumeDescription; survey: Survey."""
    rows = [
        (_("Grid"), _gridText(description)),
        (_("Sequence"), survey.sequence if survey.sequence != "unknown" else _("unknown")),
        (_("Noise"), _("{percent:.1f} % of the tissue signal").format(percent=survey.noisePercent)),
        (_("k-space"), _supportText(survey)),
        (_("Earlier AI"), _priorText(survey)),
        *((_("Note"), note) for note in survey.notes),
    ]
    return table(rows)


def surveyReasons(survey) -> str:
    """Why the sequence and earlier deep learning are believed to be so, for a tooltip."""
    return paragraphs([survey.sequenceReason, survey.priorDlReason])


def guardText(report) -> str:
    """Rich text: each warning, and how many checks passed. report: GuardReport."""
    warnings = [finding for finding in report.findings if not finding.passed]
    warning = _("Warning:")
    lines = [f"<b>{warning}</b> {html.escape(finding.sentence)}" for finding in warnings]
    passed = len(report.findings) - len(warnings)
    told = _("{count} other checks passed.") if warnings else _("All {count} checks passed.")
    return "<br>".join([*lines, told.format(count=passed)])


def guardDetails(report) -> str:
    """Every check with its sentence, for a tooltip."""
    marks = {True: _("Passed"), False: _("Warning")}
    return table([(marks[finding.passed], finding.sentence) for finding in report.findings])


def paragraphs(sentences) -> str:
    """Rich text with one sentence a line; markup inside the sentences is shown as it is written."""
    return "<br>".join(html.escape(sentence) for sentence in sentences if sentence)


def timeLeftText(secondsLeft) -> str:
    if secondsLeft is None:
        return ""
    if secondsLeft < 10:
        return _("a few seconds left")
    if secondsLeft < 90:
        return _("about {seconds} s left").format(seconds=int(round(secondsLeft, -1)))
    return _("about {minutes} min left").format(minutes=round(secondsLeft / 60))


def progressText(job) -> str:
    """What the job does now and how long it will take."""
    parts = [job.text or _("Starting"), timeLeftText(job.secondsLeft)]
    return ", ".join(part for part in parts if part)


def finishedText(run) -> str:
    """How a run went. run: EnhancementRun."""
    done = _("Enhanced in {seconds:.0f} s on {device}, model {model}.").format(
        seconds=max(1.0, run.seconds), device=run.backend["device"], model=run.backend["modelId"]
    )
    return " ".join([done, run.backend["note"]]).strip()


def table(rows) -> str:
    """Rich text with a title and a text a row; markup inside them is shown as it is written."""
    cell = "<td style='padding-right: 8px'>"
    lines = [f"<tr>{cell}{html.escape(title)}</td><td>{html.escape(text)}</td></tr>" for title, text in rows]
    return f"<table>{''.join(lines)}</table>"


def _gridText(description):
    size = " \N{MULTIPLICATION SIGN} ".join(str(size) for size in description.size)
    spacing = " \N{MULTIPLICATION SIGN} ".join(f"{spacing:.2f}" for spacing in description.spacing)
    planes = {"axial": _("axial"), "coronal": _("coronal"), "sagittal": _("sagittal")}
    return _("{size} voxels of {spacing} mm, {plane}").format(
        size=size, spacing=spacing, plane=planes[description.plane]
    )


def _supportText(survey):
    """Along i, j, k as the grid is given."""
    shares = [round(100 * share) for share in reversed(survey.support)]
    if min(shares) >= 99:
        return _("filled along all axes")
    times = " \N{MULTIPLICATION SIGN} "
    return _("{shares} % filled along {axes}").format(shares=times.join(map(str, shares)), axes=times.join("ijk"))


def _priorText(survey):
    if survey.priorDl == "yes":
        return _("yes: {reason}").format(reason=survey.priorDlReason)
    return {"no": _("none found")}.get(survey.priorDl, _("unknown"))
