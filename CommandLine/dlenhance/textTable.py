"""Aligned columns of text for the terminal, and numbers at a readable length."""

from DLEnhanceLesionMetricsLib.numberTexts import isNumber, shortNumber, signedPercent

__all__ = ["isNumber", "shortNumber", "signedPercent", "textTable"]


def textTable(header, rows) -> str:
    """Columns as wide as their longest cell; the first one flush left, numbers flush right."""
    table = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    return "".join(
        "  ".join(
            cell.rjust(width) if isNumber(cell) else cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        + "\n"
        for row in table
    )
