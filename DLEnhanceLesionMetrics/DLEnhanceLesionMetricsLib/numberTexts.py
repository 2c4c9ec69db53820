"""Measured numbers as short text, alike in the terminal, in reports and in charts."""


def isNumber(cell: str) -> bool:
    """Whether a cell of a table holds a number, also one in percent."""
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
