"""Who reads what when: random per reader from the stored seed, half of the cases standard-first.

Orders are sorted SHA-256 values of seed, reader and case, so they are the same on every machine, in every Python
version and can be recomputed in any language; no generator state is kept.
"""

import dataclasses
import hashlib

from .manifest import ENHANCED, INDEPENDENT, SIDE_BY_SIDE, STANDARD


@dataclasses.dataclass(frozen=True)
class Task:
    """One reading to be made. ``label`` is all that a reader may see of it.

    period: 1 or 2, the first or second condition of the case. For side-by-side readings condition is empty and
    left names the condition on the left.
    """

    number: int
    caseId: str
    mode: str
    condition: str = ""
    period: int = 1
    left: str = ""
    total: int = 0

    @property
    def key(self) -> str:
        return f"{self.mode}/{self.caseId}/{self.condition}"

    @property
    def label(self) -> str:
        return f"Reading {self.number} of {self.total}"


def tasksFor(reader: str, caseIds, *, seed: int, mode: str) -> list[Task]:
    """All readings of a reader in one mode, in order. caseIds: any iterable of distinct ids."""
    build = _sideBySide if mode == SIDE_BY_SIDE else _crossed
    tasks = build(reader, sorted(caseIds), seed)
    return [dataclasses.replace(t, number=n, total=len(tasks)) for n, t in enumerate(tasks, start=1)]


def standardFirst(reader: str, caseIds, seed: int) -> frozenset[str]:
    """The half of the cases (the larger one for an odd number and an even code) seen first in the standard image."""
    ordered = _shuffled(caseIds, seed, reader, "first condition")
    half = (len(ordered) + _code(seed, reader, "odd") % 2) // 2
    return frozenset(ordered[:half])


def _crossed(reader, caseIds, seed):
    early = standardFirst(reader, caseIds, seed)
    other = {STANDARD: ENHANCED, ENHANCED: STANDARD}
    first = {case: STANDARD if case in early else ENHANCED for case in caseIds}
    tasks = [Task(0, c, INDEPENDENT, first[c], 1) for c in _shuffled(caseIds, seed, reader, "period 1")]
    return tasks + [Task(0, c, INDEPENDENT, other[first[c]], 2) for c in _shuffled(caseIds, seed, reader, "period 2")]


def _sideBySide(reader, caseIds, seed):
    onLeft = frozenset(_shuffled(caseIds, seed, reader, "left side")[: len(caseIds) // 2])
    return [
        Task(0, case, SIDE_BY_SIDE, left=STANDARD if case in onLeft else ENHANCED)
        for case in _shuffled(caseIds, seed, reader, "side by side")
    ]


def _shuffled(caseIds, seed, *purpose):
    return sorted(caseIds, key=lambda case: _code(seed, *purpose, case))


def _code(*parts):
    return int(hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest(), 16)
