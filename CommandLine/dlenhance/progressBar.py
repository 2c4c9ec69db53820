"""A progress bar on stderr when that is a terminal, and nothing otherwise."""

import contextlib
import sys


@contextlib.contextmanager
def progressBar(title: str):
    """Yield ``reportProgress(fraction, text)``, as the libraries call it."""
    if not sys.stderr.isatty():
        yield lambda _fraction, _text="": None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task(title, total=1.0)
        yield lambda fraction, text="": progress.update(
            task, completed=fraction, description=f"{title}: {text}" if text else title
        )


def portion(reportProgress, start: float, end: float, prefix: str = ""):
    """The report of one step that takes the share start..end of a longer job."""

    def report(fraction, text=""):
        reportProgress(start + fraction * (end - start), f"{prefix}{text}")

    return report
