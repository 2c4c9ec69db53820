"""What the DL Enhance panel says: plain sentences about a volume, its checks and the time left. No Qt."""

import html

from slicer.i18n import tr as _


def surveyText(description, survey) -> str:
    """Rich text, a paragraph for each finding. description: VolumeDescription; survey: Survey."""
    sentences = [
        _gridSentence(description),
        _sequenceSentence(survey),
        _noiseSentence(survey),
        _supportSentence(survey),
        _priorSentence(survey),
        *survey.notes,
    ]
    return paragraphs(sentences)


def guardText(report) -> str:
    """Rich text, a line for each finding, warnings first. report: GuardReport."""
    ordered = sorted(report.findings, key=lambda finding: finding.passed)
    marks = {True: _("Passed"), False: _("Warning")}
    lines = [f"<b>{marks[finding.passed]}:</b> {html.escape(finding.sentence)}" for finding in ordered]
    return "<br>".join(lines)


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
    return _("Enhanced in {seconds:.0f} s on {device}, model {model}.").format(
        seconds=max(1.0, run.seconds), device=run.backend["device"], model=run.backend["modelId"]
    )


def _gridSentence(description):
    size = " \N{MULTIPLICATION SIGN} ".join(str(size) for size in description.size)
    spacing = " \N{MULTIPLICATION SIGN} ".join(f"{spacing:.2f}" for spacing in description.spacing)
    return _("{size} voxels of {spacing} mm, {plane}.").format(
        size=size, spacing=spacing, plane=_planes()[description.plane]
    )


def _planes():
    return {"axial": _("axial"), "coronal": _("coronal"), "sagittal": _("sagittal")}


def _sequenceSentence(survey):
    if survey.sequence == "unknown":
        return _("The sequence is unknown: {reason}.").format(reason=_withoutStop(survey.sequenceReason))
    return _("Sequence: {sequence} ({reason}).").format(
        sequence=survey.sequence, reason=_withoutStop(survey.sequenceReason)
    )


def _noiseSentence(survey):
    return _("Noise is {percent:.1f} % of the tissue signal.").format(percent=survey.noisePercent)


def _supportSentence(survey):
    shares = [round(100 * share) for share in reversed(survey.support)]
    if min(shares) >= 99:
        return _("k-space is filled along all axes: the voxels are as small as they were measured.")
    text = " \N{MULTIPLICATION SIGN} ".join(f"{share} %" for share in shares)
    return _("k-space is filled to {shares}: the scanner interpolated the image.").format(shares=text)


def _priorSentence(survey):
    reason = _withoutStop(survey.priorDlReason)
    if survey.priorDl == "yes":
        return _("Deep learning was applied to it before ({reason}): compare carefully.").format(reason=reason)
    if survey.priorDl == "no":
        return _("No deep learning was applied to it before ({reason}).").format(reason=reason)
    return _("Whether deep learning was applied to it before is unknown ({reason}).").format(reason=reason)


def _withoutStop(text):
    return text.rstrip(". ")
