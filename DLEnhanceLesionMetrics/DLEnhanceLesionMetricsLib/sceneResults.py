"""Measurements of a pair of volumes side by side, and the table node of the scene that holds them."""

import dataclasses
import math
from collections.abc import Sequence

import vtk

from .measurement import STANDARD, MeasurementRow, changes
from .rows import rowColumns

# Columns of a measurement that belong to the row as a whole; all others are components of one condition.
ROW_COLUMNS = (
    *("case", "lesion", "condition", "metric", "noise_method"),
    *("value", "unit", "warning", "reference", "air", "components"),
)


@dataclasses.dataclass(frozen=True)
class ResultRow:
    """One value of one lesion in both images; enhanced and percentChange are None without an enhanced image."""

    standard: MeasurementRow
    enhanced: MeasurementRow | None
    percentChange: float | None
    warning: str

    @property
    def key(self):
        return self.standard.lesion, self.standard.metric, self.standard.method


def resultRows(rows: Sequence[MeasurementRow]) -> list[ResultRow]:
    """The two conditions of every value side by side, in the order in which they were measured."""
    changed = {(change.lesion, change.metric, change.method): change for change in changes(rows)}
    enhanced = {(row.lesion, row.metric, row.method): row for row in rows if row.condition != STANDARD}
    found = []
    for row in (row for row in rows if row.condition == STANDARD):
        key = row.lesion, row.metric, row.method
        change = changed.get(key)
        found.append(
            ResultRow(
                standard=row,
                enhanced=enhanced.get(key),
                percentChange=change.percentChange if change else None,
                warning=change.warning if change else row.warning,
            )
        )
    return found


def fillTable(tableNode, results: Sequence[ResultRow]):
    """Replace the content of a table node: one row a value, with both conditions and all components of each.

    Numbers that could not be measured are NaN. The table keeps its columns when there are no rows.
    """
    records = [tableColumns(result) for result in results]
    table = vtk.vtkTable()
    for name in records[0] if records else tableColumns(None):
        table.AddColumn(_column(name, [record[name] for record in records]))
    tableNode.SetLocked(True)
    tableNode.SetUseColumnTitleAsColumnHeader(True)
    tableNode.SetAndObserveTable(table)


def tableColumns(result: ResultRow | None) -> dict:
    """A result as flat columns; only their names matter when there is no result."""
    if result is None:
        return dict.fromkeys(("lesion", "metric", "noise_method", "unit"), "") | _values(None) | {"warning": ""}
    standard = rowColumns(result.standard)
    columns = {name: standard[name] for name in ("lesion", "metric", "noise_method", "unit")}
    columns |= _values(result)
    columns |= {name: standard[name] for name in ("reference", "air")} | {"warning": result.warning}
    enhanced = rowColumns(result.enhanced) if result.enhanced else dict.fromkeys(standard)
    for condition, row in (("standard", standard), ("enhanced", enhanced)):
        columns |= {f"{condition}_{name}": _number(row[name]) for name in standard if name not in ROW_COLUMNS}
    return columns


def _values(result):
    values = (None,) * 3
    if result is not None:
        enhanced = result.enhanced.value if result.enhanced else None
        values = (result.standard.value, enhanced, result.percentChange)
    return dict(zip(("standard", "enhanced", "percent_change"), map(_number, values), strict=True))


def _number(value):
    return math.nan if value is None else float(value)


def _column(name, values):
    isText = bool(values) and isinstance(values[0], str)
    column = vtk.vtkStringArray() if isText or not values else vtk.vtkDoubleArray()
    column.SetName(name)
    for value in values:
        column.InsertNextValue(value)
    return column


def galleryCaptions(results: Sequence[ResultRow]) -> dict:
    """By lesion name: its name, with CNR before and after where they were measured."""
    captions = {result.standard.lesion: result.standard.lesion for result in results}
    for result in results:
        if result.standard.metric == "cnr" and result.percentChange is not None:
            values = f"{result.standard.value:.1f} to {result.enhanced.value:.1f} ({result.percentChange:+.0f} %)"
            captions[result.standard.lesion] += f": CNR {values}, {result.standard.method}"
    return captions
