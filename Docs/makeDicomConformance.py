"""Print Docs/dicom-conformance.md from its template and the table that the DICOM writer obeys.

Run this file after changing either; a test compares.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("DLEnhance", "DLEnhanceLesionMetrics", "Testing/Python")]


def page() -> str:
    """The whole page in Markdown."""
    template = (HERE / "dicom-conformance.template.md").read_text(encoding="utf-8")
    parts = {"{attributes}": attributes(), "{reportCodes}": reportCodes(), "{oddFiles}": oddFiles()}
    for place, lines in parts.items():
        template = template.replace(place, "\n".join(lines))
    return template


def attributes():
    """The rows of the writer's table."""
    from DLEnhanceLib.dicomAttributes import TABLE

    yield "| attribute | action | value | objects | reason |"
    yield "|---|---|---|---|---|"
    for row in TABLE:
        yield f"| {row.keyword}{tagOf(row.keyword)} | {row.action} | {row.what} | {row.objects} | {row.reason} |"


def reportCodes():
    """The codes of measurements in structured reports, by what they say."""
    from DLEnhanceLesionMetricsLib import reportCodes as codes

    yield "| what | code | scheme | meaning |"
    yield "|---|---|---|---|"
    single = {"title": codes.REPORT_TITLE, "finding": codes.LESION, "signal": codes.SIGNAL_INTENSITY}
    derivations = {f"signal, {name}": entry for name, entry in codes.DERIVATIONS.items()}
    for name, entry in (single | derivations | codes.METRICS | codes.SIZES).items():
        yield f"| {name} | {entry[0]} | {entry[1]} | {entry[2]} |"


def tagOf(keyword):
    from pydicom.datadict import tag_for_keyword

    tag = tag_for_keyword(keyword)
    return "" if tag is None else f" ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def oddFiles():
    """The outcomes that Testing/Python/oddFilesTest.py checks."""
    from oddFiles import OUTCOMES

    yield "| package | file | outcome |"
    yield "|---|---|---|"
    for (package, name), outcome in OUTCOMES.items():
        yield f"| {package} | `{name}` | {outcome} |"


if __name__ == "__main__":
    (HERE / "dicom-conformance.md").write_text(page(), encoding="utf-8")
