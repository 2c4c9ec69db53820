"""Which kind of MR sequence made a volume, from its DICOM tags, with the reason in words."""

import re

BLACK_BLOOD = r"black.?blood|\bbb\b|dante|msde|imsde|motsa|vista|\bcube\b|\bspace\b"
CONTRAST = r"\bgd\b|gado|\bce\b|\bkm\b|\+c\b|post.?(contrast|gd|gad|con)|t1.{0,4}ce\b|t1c\b|\+\s?gd"


def guessSequence(tags) -> tuple[str, str]:
    """(kind, reason): "T1", "T1 post-contrast", "T1 black-blood", "T2", "FLAIR" or "unknown"."""
    if not tags:
        return "unknown", "There are no DICOM tags to tell the sequence from."
    text = " ".join(str(tags.get(key, "")) for key in ("SeriesDescription", "ProtocolName", "SequenceName")).lower()
    kind, reason = namedWeighting(text)
    if kind is None:
        kind, reason = timedWeighting(tags)
    if kind != "T1":
        return kind, reason
    return refinedT1(tags, text, reason)


def namedWeighting(text):
    """The weighting that the description names, or (None, "")."""
    if re.search(r"flair|dark.?fluid|tirm", text):
        return "FLAIR", "The series description names FLAIR."
    if re.search(r"t2\*|t2.?star|swi|epi|dwi|diff|bold|asl|perf", text):
        return "unknown", "The series description names a sequence that the model was not made for."
    if re.search(r"mp.?rage|\bt1|[^a-z0-9]t1|bravo|t1w|spgr|mp2rage|\btfl", text):
        return "T1", "The series description names a T1 weighting."
    if re.search(r"\bt2|[^a-z0-9]t2|t2w", text):
        return "T2", "The series description names a T2 weighting."
    return None, ""


def timedWeighting(tags):
    """The weighting from repetition, echo and inversion times in ms."""
    repetition, echo, inversion = (number(tags.get(key)) for key in ("RepetitionTime", "EchoTime", "InversionTime"))
    if repetition is None or echo is None:
        return "unknown", "Neither a description nor the times of the sequence say what it is."
    times = f"TR {repetition:g} ms and TE {echo:g} ms"
    techniques = str(tags.get("ScanningSequence", "")).upper()
    if echo >= 70 and inversion is not None and inversion >= 1500:
        return "FLAIR", f"{times} with an inversion time of {inversion:g} ms."
    if "EP" in techniques:
        return "unknown", "The sequence is echo-planar, which the model was not made for."
    if echo >= 60 and repetition >= 2000:
        return "T2", f"{times}."
    isInversionGradient = "GR" in techniques and "IR" in techniques
    if echo <= 30 and (repetition <= 1000 or isInversionGradient or inversion):
        return "T1", f"{times}."
    return "unknown", f"{times} fit no sequence that the model knows."


def refinedT1(tags, text, reason):
    """T1 with the contrast agent or the blood suppression that the tags tell."""
    agent = str(tags.get("ContrastBolusAgent", "")).strip()
    isSpinEcho = "SE" in str(tags.get("ScanningSequence", "")).upper()
    if re.search(BLACK_BLOOD, text) and (isSpinEcho or re.search(r"black|\bbb\b|msde|dante", text)):
        return "T1 black-blood", reason + " It also names a blood suppression."
    if agent and agent.lower() not in ("none", "no", "n/a"):
        return "T1 post-contrast", reason + " A contrast agent is given in the tags."
    if re.search(CONTRAST, text):
        return "T1 post-contrast", reason + " It also names contrast agent."
    return "T1", reason


def number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
