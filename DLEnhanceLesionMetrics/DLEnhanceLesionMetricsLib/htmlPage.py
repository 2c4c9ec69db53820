"""Self-contained HTML pages: style inside, pictures as data URIs, no script, nothing from the network."""

import base64
import dataclasses
import html
from collections.abc import Sequence

from .numberTexts import isNumber

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2530; background: #fff; max-width: 1280px; margin: 0 auto;
  padding: 24px; }
h1 { font-size: 1.7em; margin: 0 0 4px; }
h2 { font-size: 1.3em; margin: 40px 0 8px; border-top: 1px solid #d5dbe3; padding-top: 20px; }
h3 { font-size: 1em; margin: 20px 0 4px; }
p { margin: 6px 0 12px; }
.label { background: #7a1f1f; color: #fff; padding: 8px 14px; border-radius: 4px; font-weight: 600; }
.muted { color: #5a6675; font-size: 0.9em; }
.note { color: #8a4b00; }
figure { margin: 12px 0; }
figure img { display: block; width: 100%; border-radius: 4px; }
figure.natural img { width: auto; max-width: 100%; background: #fff; }
figcaption { color: #5a6675; font-size: 0.9em; padding: 6px 0; }
.row { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); gap: 6px; }
.row div { color: #5a6675; font-size: 0.85em; }
.blocks { display: grid; grid-template-columns: repeat(auto-fill, minmax(500px, 1fr)); gap: 4px 24px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 6px 0 14px; font-size: 0.92em; }
th, td { padding: 4px 14px 4px 0; text-align: left; border-bottom: 1px solid #e4e8ee; vertical-align: top; }
td { overflow-wrap: anywhere; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.passed { color: #1d6b3a; }
td.failed { color: #a02020; font-weight: 600; }
code { font-size: 0.9em; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) {
  body { background: #14181d; color: #dde3ea; }
  h2 { border-color: #333c47; }
  th, td { border-color: #2b333d; }
  .muted, .row div, figcaption { color: #93a0b0; }
  .note { color: #e0a860; }
  td.passed { color: #6cc38d; }
  td.failed { color: #f08080; }
}
@media print { body { padding: 0; font-size: 11px; } figure, tr { break-inside: avoid; } }
"""


@dataclasses.dataclass(frozen=True)
class Table:
    """Cells as text; explanation stands below it."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    explanation: str = ""


def page(title: str, body: Sequence[str]) -> str:
    """A complete HTML document of parts of HTML."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )


def escaped(text) -> str:
    return html.escape(str(text))


def paragraph(text: str, kind: str = "") -> str:
    """kind: "label", "muted" or "note"; nothing for an empty text."""
    name = f' class="{kind}"' if kind else ""
    return f"<p{name}>{escaped(text)}</p>" if text else ""


def tableHtml(table: Table) -> str:
    numbers = [_isNumeric(table.rows, column) for column in range(len(table.header))]
    head = "".join(
        f"<th{_numberClass(number)}>{escaped(name)}</th>" for name, number in zip(table.header, numbers, strict=True)
    )
    rows = "\n".join(f"<tr>{''.join(map(cellHtml, row, numbers))}</tr>" for row in table.rows)
    heading = f"<h3>{escaped(table.title)}</h3>\n" if table.title else ""
    return (
        f'{heading}<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>'
        f"{paragraph(table.explanation, 'muted')}"
    )


def cellHtml(cell: str, isNumeric=False) -> str:
    if cell in ("passed", "failed"):
        return f'<td class="{cell}">{cell}</td>'
    return f"<td{_numberClass(isNumeric and (isNumber(cell) or cell == '-'))}>{escaped(cell)}</td>"


def _isNumeric(rows, column):
    """Whether a column holds numbers, with dashes where there are none."""
    cells = [row[column] for row in rows if row[column] not in ("-", "")]
    return bool(cells) and all(map(isNumber, cells))


def _numberClass(isNumeric):
    return ' class="number"' if isNumeric else ""


def pictureHtml(content: bytes, description: str, *, kind="png") -> str:
    """An image in the page itself. kind: "png" or "svg+xml"."""
    data = base64.b64encode(content).decode("ascii")
    return f'<img alt="{escaped(description)}" src="data:image/{kind};base64,{data}">'


def figureHtml(inside: str, caption: str, *, isNatural=False) -> str:
    """isNatural: at the picture's own size instead of the width of the page."""
    name = ' class="natural"' if isNatural else ""
    return f"<figure{name}>{inside}<figcaption>{escaped(caption)}</figcaption></figure>"
