"""What a group of tests hands back: checks, tables, pictures."""

import dataclasses
import math

BRIEF = "Domain brief 9.2"  # the list of acceptance tests
PROVISIONAL = BRIEF + " [P]"  # a threshold that started as a target


@dataclasses.dataclass(frozen=True)
class Check:
    """One number against its threshold. passed is None for what only informs.

    test: AT1 ...; name: what was measured; relation: ">=", "<=" or "" (informs); source: where the threshold stands.
    """

    test: str
    name: str
    profile: str
    preset: str
    value: float
    unit: str
    relation: str
    threshold: float | None
    source: str
    detail: str = ""

    @property
    def passed(self) -> bool | None:
        if not self.relation or self.threshold is None:
            return None
        if not math.isfinite(self.value):
            return False
        return self.value >= self.threshold if self.relation == ">=" else self.value <= self.threshold

    def asDict(self):
        """For JSON; a value that is not finite becomes null."""
        value = round(float(self.value), 6) if math.isfinite(self.value) else None
        return {**dataclasses.asdict(self), "value": value, "passed": self.passed}


@dataclasses.dataclass(frozen=True)
class Table:
    """Numbers below a title; cells are texts or numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple, ...]
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Picture:
    """A PNG with a title and one sentence on what to see."""

    title: str
    png: bytes
    caption: str = ""


@dataclasses.dataclass(frozen=True)
class GroupResult:
    """Everything of one group. notes: sentences; an error during the group is one of them and fails its tests."""

    title: str
    checks: tuple[Check, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()
