"""New wording of the scales while a study runs: a new version; earlier answers stay bound to theirs."""

import dataclasses
import hashlib
import json
from datetime import datetime, timezone

from .errors import NotAllowed, StudyProblem
from .manifest import COORDINATOR, Manifest, Wording
from .scales import ScoreItem


def wordingDigest(items) -> str:
    """A code of everything that readers see of the items."""
    text = json.dumps([dataclasses.asdict(item) for item in items], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def wordingText(manifest: Manifest) -> str:
    """The present wording as JSON to be edited and given back to ``reworded``."""
    items = [{"id": item.id, "title": item.title, "anchors": item.anchors} for item in manifest.items]
    return json.dumps({"version": manifest.scalesVersion, "items": items}, indent=2, ensure_ascii=False) + "\n"


def reworded(manifest: Manifest, text: str, *, coordinator: str, reason: str) -> Manifest:
    """The manifest with the titles and anchors of the JSON text, as a new version; the present one is kept beside.

    Items that the text does not name stay. Raises NotAllowed when coordinator has no such role or reason is empty,
    StudyProblem for text that cannot be used. Number and order of the steps cannot change: a score would then mean
    something else, which needs another study.
    """
    if COORDINATOR not in manifest.person(coordinator).roles:
        raise NotAllowed(f"{coordinator} is no coordinator of this study and cannot change the wording.")
    if not reason.strip():
        raise NotAllowed("New wording needs a reason.")
    items = _newItems(manifest, text)
    if items == manifest.items:
        raise StudyProblem("The file holds the present wording; nothing was changed.")
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    old = Wording(manifest.scalesVersion, manifest.items, now, coordinator, reason.strip())
    earlier = (*manifest.earlierWordings, old)
    return dataclasses.replace(manifest, items=items, scalesVersion=_nextVersion(earlier), earlierWordings=earlier)


def _nextVersion(earlier):
    """One more than the highest whole number used, so that no version comes twice."""
    numbers = [int(wording.version) for wording in earlier if wording.version.isdecimal()]
    return str(max([*numbers, len(earlier)]) + 1)


def _newItems(manifest, text):
    try:
        given = json.loads(text)
        changes = {entry["id"]: entry for entry in (given["items"] if isinstance(given, dict) else given)}
    except (ValueError, KeyError, TypeError) as error:
        raise StudyProblem(
            "The wording must be JSON with items that have id, title and anchors, as 'dlenhance study wording DIR' "
            f"prints it ({error})."
        ) from error
    unknown = sorted(set(changes) - {item.id for item in manifest.items})
    if unknown:
        raise StudyProblem(f"This study has no item {', '.join(unknown)}; wording cannot add items.")
    return tuple(_newItem(item, changes.get(item.id, {})) for item in manifest.items)


def _newItem(item: ScoreItem, change) -> ScoreItem:
    strange = sorted(set(change) - {"id", "title", "anchors"})
    if strange:
        raise StudyProblem(f"{item.id}: only title and anchors can change, not {', '.join(strange)}.")
    title, anchors = change.get("title", item.title), change.get("anchors", item.anchors)
    isText = isinstance(title, str) and isinstance(anchors, list | tuple) and all(isinstance(a, str) for a in anchors)
    if not isText or not title.strip() or len(anchors) != len(item.anchors):
        raise StudyProblem(f"{item.id} needs a title and {len(item.anchors)} anchors, as many as its scale has steps.")
    return dataclasses.replace(item, title=title, anchors=tuple(anchors))
