"""AT7 no invented structure, AT9 scanning Fourier ring correlation, and volumes that hold nothing but noise."""

import numpy as np

from DLEnhanceLib.errors import DLEnhanceError
from DLEnhanceLib.strengths import PRESETS
from DLEnhanceLib.volume import Volume

from .blobs import countBlobs
from .heads import SCALE
from .results import BRIEF, PROVISIONAL, Check, GroupResult, Table

LEVELS = (0.0, 2.0, 20.0)  # SDs of the noise that the flat signal of an empty volume has
RING_SOURCE = "Brief 9.2; patches below 1/7 after arXiv 2603.04673 and Rosenthal and Henderson 2003"


def judgeHallucination(session, rows) -> GroupResult:
    """Checks of the rows of headStudy.caseRows and of pure noise."""
    checks, lines, notes = [], [], []
    for profile in session.backends:
        empty, declined = _noiseOnly(session, profile)
        notes += declined
        for preset in PRESETS:
            part = [row for row in rows if (row.profile, row.preset) == (profile, preset)]
            checks += list(_blobChecks(profile, preset, part))
            if empty:
                checks += list(_emptyChecks(profile, preset, empty[preset]))
            checks.append(_ringCheck(profile, preset, part))
        own = [row for row in rows if (row.profile, row.preset) == (profile, "medium")]
        lines += [
            (r.case, profile, r.blobs.before, r.blobs.after, r.blobs.new, f"{r.lostPatches} of {r.judgedPatches}")
            for r in own
        ]
    header = ("case, medium preset", "profile", "blobs in", "blobs out", "new", "patches lost")
    table = Table("Blobs in the error and patches by ring correlation", header, tuple(lines))
    return GroupResult("Invented structure", tuple(checks), (table,), notes=tuple(dict.fromkeys(notes)))


def _blobChecks(profile, preset, rows):
    worst = max(rows, key=lambda row: row.blobs.after - row.blobs.before)
    more = worst.blobs.after - worst.blobs.before
    text = f"{sum(r.blobs.after <= r.blobs.before for r in rows)} of {len(rows)} scans; worst: {worst.case}"
    yield Check(
        "AT7", "blobs above 4 SD of the error, output less input", profile, preset, more, "", "<=", 0, BRIEF, text
    )
    worst = max(rows, key=lambda row: row.blobs.new)
    text = f"0 in {sum(r.blobs.new == 0 for r in rows)} of {len(rows)} lesion-free scans; worst: {worst.case}"
    yield Check(
        "AT7", "new lesion-like blobs in one volume", profile, preset, worst.blobs.new, "", "<=", 0, PROVISIONAL, text
    )


def _ringCheck(profile, preset, rows):
    lost, judged = sum(r.lostPatches for r in rows), sum(r.judgedPatches for r in rows)
    worst = max(rows, key=lambda row: row.lostPatches)
    text = f"of {judged} patches; most in: {worst.case}" if lost else f"of {judged} patches"
    return Check("AT9", "patches that only the input shows", profile, preset, lost, "", "<=", 0, RING_SOURCE, text)


def _emptyChecks(profile, preset, found):
    """found: pairs of signal level and BlobCount."""
    counts = [count for _, count in found]
    text = "signal " + ", ".join(f"{level:g} SD: {c.before} to {c.after} blobs, {c.new} new" for level, c in found)
    more = max(count.after - count.before for count in counts)
    yield Check("AT7", "noise only: blobs, output less input", profile, preset, more, "", "<=", 0, BRIEF, text)
    new = max(count.new for count in counts)
    yield Check("AT7", "noise only: new blobs in one volume", profile, preset, new, "", "<=", 0, PROVISIONAL, text)


def _noiseOnly(session, profile):
    """Preset to pairs (level, BlobCount) of magnitude noise on flat signals of so many SD; why one is declined."""
    found, notes = {preset: [] for preset in PRESETS}, []
    for number, level in enumerate(LEVELS):
        sigma = 0.05 * SCALE
        random = session.random("noise only", number)
        shape = (48, 80, 80)
        parts = random.standard_normal((2, *shape)) * sigma
        noisy = np.hypot(parts[0] + level * sigma, parts[1]).astype(np.float32)
        volume = Volume(noisy, np.eye(4), "noise only")
        try:
            outputs = session.outputs(volume, profile)
        except DLEnhanceError as error:
            notes.append(f"Noise on a signal of {level:g} SD is declined: {error}")
            continue
        mask = np.zeros(shape, bool)
        mask[6:-6, 6:-6, 6:-6] = True
        for preset, output in outputs.items():
            count = countBlobs(noisy, output, noisy[mask].mean(), np.full(shape, sigma), mask)
            found[preset].append((level, count))
    return (found if found["low"] else None), notes
