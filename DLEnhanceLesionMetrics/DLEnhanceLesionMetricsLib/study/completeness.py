"""What a reading needs before it may be submitted."""

from .manifest import SIDE_BY_SIDE, Manifest
from .readings import Reading
from .scales import IMAGE, LESION, PAIR


def missingAnswers(reading: Reading, manifest: Manifest) -> list[str]:
    """Short sentences, in the order of the panel; empty when the reading is complete."""
    isPair = reading.mode == SIDE_BY_SIDE
    items = manifest.itemsOf(PAIR if isPair else IMAGE)
    found = [f"{item.title} has no score." for item in items if item.required and reading.score(item.id) is None]
    if manifest.detection and not isPair:
        found += _missingMarks(reading, manifest)
    if reading.suspectedFalse and not reading.comment.strip():
        found.append("Say in the comment what the suspected false structure is.")
    return found


def _missingMarks(reading, manifest):
    if not reading.marks and not reading.noLesion:
        return ["Place a mark, or answer 'no lesion'."]
    found = [f"Mark {mark.id} has no confidence." for mark in reading.marks if mark.confidence is None]
    if manifest.marks.diameterRequired:
        found += [f"Mark {mark.id} has no diameter." for mark in reading.marks if mark.diameterMm is None]
    for item in manifest.itemsOf(LESION):
        if item.required:
            found += [f"Mark {m.id} has no {item.title.lower()}." for m in reading.marks if m.score(item.id) is None]
    return found
