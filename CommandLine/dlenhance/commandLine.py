"""Entry point of ``dlenhance``: options, the border where errors become one line, exit codes. No computation."""

import argparse
import contextlib
import errno
import logging
import os
import re
import signal
import sys
import traceback
import warnings

from DLEnhanceLib.errors import BadOption, DLEnhanceError, EnhancementCanceled
from DLEnhanceLib.version import LABEL, VERSION

from . import demoCommand, doctorCommand, enhanceCommand, infoCommand, measureCommand, studyCommand
from .outputs import STAGING_PREFIX

COMMANDS = (infoCommand, enhanceCommand, measureCommand, demoCommand, doctorCommand, studyCommand)
DEBUG_VARIABLE = "DLENHANCE_DEBUG"
DONE, OUR_FAULT, BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141


class OneLineParser(argparse.ArgumentParser):
    """argparse prints its usage in front of an error; here an error is one line."""

    def error(self, message):
        raise BadOption(f"{message}; see '{self.prog} --help'.")


def makeParser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="dlenhance",
        description="Enhance MR volumes with a deep-learning model and measure what it did to lesions.",
        epilog=f"{LABEL} Nothing leaves this machine. {DEBUG_VARIABLE}=1 shows tracebacks and libraries' messages.",
    )
    parser.add_argument("--version", action="version", version=f"dlenhance {VERSION}")
    subParsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.addParser(subParsers)
    return parser


def main(arguments=None) -> int:
    """Run one command and return its exit code: 0 done, 1 our fault, 2 wrong input or options, 130 interrupted."""
    with quietLibraries(), terminationAsInterrupt():
        try:
            options = makeParser().parse_args(arguments)
            exitCode = options.run(options)
            sys.stdout.flush()
        except (Exception, KeyboardInterrupt) as problem:
            return reportProblem(problem)
    return exitCode or DONE


def reportProblem(problem) -> int:
    """Tell the user in one line on stderr; return the exit code."""
    exitCode, text = explained(problem)
    if isDebugging():
        traceback.print_exception(problem)
    if exitCode == PIPE_CLOSED:
        # Otherwise the interpreter complains about stdout when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exitCode
    sys.stderr.write(f"dlenhance: {oneLine(text)}\n")
    return exitCode


def oneLine(text: str) -> str:
    """Without line breaks, and naming the place a file was meant for instead of where it was being made."""
    return re.sub(rf"[/\\]{re.escape(STAGING_PREFIX)}[0-9a-f]+", "", " ".join(text.split()))


def explained(problem) -> tuple[int, str]:
    """Exit code and the sentence for the user."""
    if isinstance(problem, KeyboardInterrupt | EnhancementCanceled):
        return INTERRUPTED, "Stopped; nothing was written."
    if isinstance(problem, DLEnhanceError):
        return BAD_INPUT, str(problem)
    if isinstance(problem, BrokenPipeError):
        return PIPE_CLOSED, ""
    if isinstance(problem, MemoryError):
        return BAD_INPUT, "There is not enough memory for this volume; close other programs or use --profile fast."
    if isinstance(problem, OSError) and problem.errno in EXPECTED_FILE_PROBLEMS:
        place = problem.filename or "An output"
        return BAD_INPUT, f"{place}: {EXPECTED_FILE_PROBLEMS[problem.errno]} Nothing was written."
    return OUR_FAULT, (
        f"An error in dlenhance itself, not in your input ({type(problem).__name__}: {problem}). Nothing was written. "
        f"Run it again with {DEBUG_VARIABLE}=1 and report the traceback."
    )


EXPECTED_FILE_PROBLEMS = {
    errno.ENOSPC: "the disk is full; free some space or choose another folder.",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another folder.",
    errno.EACCES: "permission denied; choose a file or folder that you may use.",
    errno.EPERM: "permission denied; choose a file or folder that you may use.",
    errno.EROFS: "the disk is read-only; choose another folder.",
    errno.EFBIG: "the file would be larger than the disk allows; choose another folder.",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one.",
}


def isDebugging() -> bool:
    return os.environ.get(DEBUG_VARIABLE, "") not in ("", "0")


@contextlib.contextmanager
def quietLibraries():
    """Keep warnings and the C++ libraries' own messages off the terminal, so that an error is one line.

    ITK, NIfTI and VTK write to file descriptor 2 past Python: it leads nowhere during the run, while
    ``sys.stderr`` keeps the terminal. Tests that replace ``sys.stderr`` are left alone.
    """
    if isDebugging() or sys.stderr is not sys.__stderr__ or sys.stderr is None:
        yield
        return
    original, terminal = sys.stderr, os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    logging.getLogger().addHandler(logging.NullHandler())
    with warnings.catch_warnings(), os.fdopen(terminal, "w", buffering=1, errors="replace") as ours:
        warnings.simplefilter("ignore")
        sys.stderr = ours
        os.dup2(nowhere, 2)
        try:
            yield
        finally:
            sys.stderr = original
            os.dup2(terminal, 2)
            os.close(nowhere)


@contextlib.contextmanager
def terminationAsInterrupt():
    """A polite kill cleans up like Ctrl-C. Only the main thread may set handlers."""

    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    try:
        previous = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


if __name__ == "__main__":
    sys.exit(main())
