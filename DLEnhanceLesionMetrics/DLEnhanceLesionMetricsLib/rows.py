"""Measurement rows as CSV and JSON files, one header, UTF-8. A file appears whole or not at all."""

import contextlib
import csv
import dataclasses
import io
import json
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from DLEnhanceLib.errors import BadOption, CannotWrite

from .measurement import ChangeRow, MeasurementRow, Summary
from .measures import RegionStatistics

STATISTICS_COLUMNS = {
    "mean": "mean",
    "sd": "sd",
    "median": "median",
    "min": "minimum",
    "max": "maximum",
    "voxels": "count",
    "mm2": "mm2",
    "mm3": "mm3",
}
COLUMN_NAMES = {
    "method": "noise_method",
    "percentChange": "percent_change",
    "lowerQuartile": "lower_quartile",
    "upperQuartile": "upper_quartile",
}


def rowColumns(row: MeasurementRow | ChangeRow | Summary) -> dict[str, str | float | int | None]:
    """A row as flat columns: snake_case names as in the exported table, None where there is nothing."""
    columns = {}
    for field in dataclasses.fields(row):
        value = getattr(row, field.name)
        if field.name == "components":
            columns[field.name] = componentsText(value)
        elif field.name.endswith("Statistics"):
            columns |= _statisticsColumns(field.name.removesuffix("Statistics"), value)
        else:
            columns[COLUMN_NAMES.get(field.name, field.name)] = _plain(value)
    return columns


def componentsText(components) -> str:
    """ "step=312.5; position=4.25" for the components of a row."""
    return "; ".join(f"{name}={value:.6g}" for name, value in components)


def writeCsv(rows: Iterable, path) -> Path:
    """Write measurement, change or summary rows (one kind) as CSV. Raises CannotWrite; nothing is left then."""
    return writeAtomically(csvText(list(rows)), path)


def writeJson(rows: Iterable, path) -> Path:
    """Write rows as a JSON list of objects with the columns of the CSV. Raises CannotWrite; nothing is left then."""
    text = json.dumps([rowColumns(row) for row in rows], indent=1, ensure_ascii=False, allow_nan=False)
    return writeAtomically(text + "\n", path)


def csvText(rows: Sequence) -> str:
    """Rows as CSV text; empty cells where there is no value, numbers with all their digits."""
    table = [rowColumns(row) for row in rows]
    text = io.StringIO()
    names = list(table[0]) if table else [COLUMN_NAMES.get(f.name, f.name) for f in dataclasses.fields(MeasurementRow)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


def writeTable(rows: Iterable, path) -> Path:
    """Write rows as .csv, or as .json if the name ends so. Raises BadOption for another end, CannotWrite."""
    path = Path(path)
    writers = {".csv": writeCsv, ".json": writeJson}
    if path.suffix.lower() not in writers:
        raise BadOption(f"{path.name} must end in {' or '.join(writers)}.")
    return writers[path.suffix.lower()](rows, path)


def writeAtomically(content: str | bytes, path) -> Path:
    """Write bytes or a text (UTF-8) beside its place, then rename it. Raises CannotWrite with nothing left behind."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        reason = error.strerror or str(error)
        raise CannotWrite(f"{path} cannot be written ({reason}); choose another folder.") from error
    return path


def _statisticsColumns(role, statistics: RegionStatistics | None):
    return {
        f"{role}_{column}": None if statistics is None else _plain(getattr(statistics, name))
        for column, name in STATISTICS_COLUMNS.items()
    }


def _plain(value):
    return None if isinstance(value, float) and not math.isfinite(value) else value
