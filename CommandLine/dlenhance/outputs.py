"""The files of one run: checked before work starts, written beside their places, moved there together or not at all."""

import contextlib
import os
import shutil
import signal
import uuid
from pathlib import Path

from DLEnhanceLib.errors import BadOption, CannotWrite

STAGING_PREFIX = ".dlenhance-unfinished-"


class Outputs:
    """Use as a context manager around the run.

    ``addFile`` and ``addFolder`` refuse what cannot be written before anything is computed. Inside the block
    ``staged(path)`` is where to write. ``commit()`` moves everything to its place; leaving the block without it removes
    every trace.
    """

    def __init__(self, *, inputs=()):
        self._inputs = [Path(path) for path in inputs]
        self._files: list[Path] = []
        self._folders: list[Path] = []
        self._staging: dict[Path, Path] = {}

    def addFile(self, path, *, suffixes=(), option="the output") -> Path:
        """Plan one file. suffixes: the allowed ends of its name, empty for any."""
        path = absolute(path)
        if suffixes and not path.name.lower().endswith(tuple(suffixes)):
            raise BadOption(f"{path.name} ({option}) must end in {' or '.join(suffixes)}.")
        if path.is_dir():
            raise BadOption(f"{path} ({option}) is a folder; name a file.")
        self._refuseInputs(path)
        self._refuseTwice(path)
        self._stage(path)
        self._files.append(path)
        return path

    def addFolder(self, path, *, option="the output", replaceIfItHolds="") -> Path:
        """Plan one new folder with everything in it.

        A folder that holds something is refused, but one of an earlier run, known by a file in it, is replaced whole.
        """
        path = absolute(path)
        if path.exists() and not path.is_dir():
            raise BadOption(f"{path} ({option}) is a file; name a folder.")
        isEarlierRun = bool(replaceIfItHolds) and (path / replaceIfItHolds).is_file()
        if path.is_dir() and any(path.iterdir()) and not isEarlierRun:
            raise BadOption(f"The folder {path} ({option}) is not empty; name a new or an empty one.")
        self._refuseInputs(path)
        self._refuseTwice(path)
        self._stage(path)
        self._folders.append(path)
        return path

    def staged(self, path) -> Path:
        """Where to write the file or folder planned as path: the same name in a folder beside its place."""
        path = absolute(path)
        return self._staging[path.parent] / path.name

    def commit(self):
        """Move everything to its place; on failure put back what stood there before. Raises CannotWrite."""
        moved: list[tuple[Path, Path | None]] = []
        with interruptsIgnored():
            try:
                for path in (*self._folders, *self._files):
                    moved.append((path, self._setAside(path)))
                    self.staged(path).replace(path)
                self._moveCompanions()
            except OSError as problem:
                for place, earlier in reversed(moved):
                    restore(place, earlier)
                raise CannotWrite(f"{path} cannot be written ({problem.strerror}); choose another place.") from problem

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        with interruptsIgnored():
            for folder in self._staging.values():
                shutil.rmtree(folder, ignore_errors=True)

    def _setAside(self, path) -> Path | None:
        """Move what stands at path into the staging folder, for the case of a failure later on."""
        if not path.exists():
            return None
        folder = self._staging[path.parent] / f"earlier-{uuid.uuid4().hex}"
        folder.mkdir()
        return path.replace(folder / path.name)

    def _moveCompanions(self):
        """Second files of a format with two (.mhd with .raw) belong beside the first."""
        for parent, folder in self._staging.items():
            for companion in folder.iterdir():
                if companion.is_file():
                    companion.replace(parent / companion.name)

    def _refuseInputs(self, path):
        for source in self._inputs:
            if path.exists() and source.exists() and path.samefile(source):
                raise BadOption(f"{path} is the input, which is never changed; name another output.")
            if source.is_dir() and source.resolve() in path.resolve().parents:
                raise BadOption(f"{path} lies in the input folder, which is never changed; name another place.")

    def _refuseTwice(self, path):
        if any(path.resolve() == other.resolve() for other in (*self._files, *self._folders)):
            raise BadOption(f"{path} is named for two outputs; give each its own name.")

    def _stage(self, path):
        """Make the folder beside the output. This also proves that the place can be written."""
        parent = path.parent
        if parent in self._staging:
            return
        if not parent.is_dir():
            raise CannotWrite(f"The folder {parent} does not exist; create it or choose another.")
        # The name is noted before the folder exists: an interrupt at any moment finds it and removes it.
        self._staging[parent] = parent / f"{STAGING_PREFIX}{uuid.uuid4().hex}"
        try:
            self._staging[parent].mkdir()
        except OSError as problem:
            raise CannotWrite(
                f"The folder {parent} cannot be written to ({problem.strerror}); choose another."
            ) from problem


@contextlib.contextmanager
def interruptsIgnored():
    """Ctrl-C waits for nothing here: what is inside takes an instant and must not stop halfway."""
    try:
        earlier = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not in the main thread, where no interrupt arrives
        earlier = {}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def absolute(path) -> Path:
    """The path with a name at its end, also for "." and "..", links not followed."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps ".."


def restore(path: Path, earlier: Path | None):
    """Undo one move of a commit."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    if earlier:
        earlier.replace(path)
