"""How numbers, shares, p values and intervals are written in the report, and the table that holds them."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Table:
    """id: also the name of its CSV file. rows: text cells, as many as columns. strong: rows that carry the result."""

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    strong: frozenset[int] = frozenset()


def number(value: float, digits: int = 2) -> str:
    if not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def percent(value: float) -> str:
    return "–" if not math.isfinite(value) else f"{100 * value:.0f} %"


def pText(p: float) -> str:
    if not math.isfinite(p):
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def interval(value: float, low: float, high: float, *, digits: int = 2) -> str:
    if not math.isfinite(value):
        return "–"
    return f"{number(value, digits)} ({number(low, digits)} to {number(high, digits)})"
