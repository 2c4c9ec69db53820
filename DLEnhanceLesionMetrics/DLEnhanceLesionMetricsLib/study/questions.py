"""The open reading as a list of questions, one row each: what a panel shows and the number keys answer. No Qt."""

import dataclasses
from collections.abc import Callable

from .manifest import SIDE_BY_SIDE
from .scales import IMAGE, LESION, PAIR
from .session import ReadingSession


@dataclasses.dataclass(frozen=True)
class Question:
    """id: stable while the reading is open. value: the answer so far or None; nothing is ever preselected."""

    id: str
    title: str
    scores: tuple[int, ...]
    anchors: tuple[str, ...]
    value: int | None
    answer: Callable[[int], None]


def questionsOf(session: ReadingSession) -> list[Question]:
    """Image items, then for each mark its confidence and its lesion items; empty when no reading is open."""
    reading = session.current
    if reading is None:
        return []
    isPair = reading.mode == SIDE_BY_SIDE
    found = [_item(session, item, reading, None) for item in session.manifest.itemsOf(PAIR if isPair else IMAGE)]
    for mark in reading.marks:
        found.append(_confidence(session, mark))
        found += [_item(session, item, mark, mark.id) for item in session.manifest.itemsOf(LESION)]
    return found


def _item(session, item, holder, markId):
    def answer(value):
        session.score(item.id, value, markId=markId)

    title = item.title if markId is None else f"Mark {markId}: {item.title.lower()}"
    return Question(f"{item.id}/{markId or ''}", title, tuple(item.scores), item.anchors, holder.score(item.id), answer)


def _confidence(session, mark):
    def answer(value):
        session.changeMark(mark.id, confidence=value)

    levels = tuple(range(1, session.manifest.marks.confidenceLevels + 1))
    anchors = tuple("" if level not in (1, levels[-1]) else ("least sure", "surest")[level != 1] for level in levels)
    return Question(f"confidence/{mark.id}", f"Mark {mark.id}: confidence", levels, anchors, mark.confidence, answer)


def firstOpen(questions, after: str = "") -> str:
    """The id of the next question without an answer, looking on from one id and then from the start; "" when none."""
    ids = [question.id for question in questions]
    start = ids.index(after) + 1 if after in ids else 0
    for question in [*questions[start:], *questions[:start]]:
        if question.value is None:
            return question.id
    return ""
