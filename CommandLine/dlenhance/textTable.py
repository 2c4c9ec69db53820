"""Aligned columns of text for the terminal, and numbers at a readable length."""


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


def isNumber(cell: str) -> bool:
    try:
        float(cell.removesuffix("%"))
    except ValueError:
        return False
    return True


def shortNumber(value: float | None) -> str:
    """Four significant digits, as a reader of a table wants them; the files hold all digits."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def signedPercent(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{round(value, 1) + 0.0:+.1f} %"  # adding zero makes -0.0 a plain 0.0
