"""A folder that appears whole or not at all."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from .errors import CannotWrite


@contextlib.contextmanager
def wholeFolder(outFolder: Path, sources):
    """A temporary folder beside outFolder that takes its place when the block ends well; on failure nothing is left.

    outFolder must be new or empty and must not hold any of the files in sources. Raises CannotWrite.
    """
    _refuse(outFolder, sources)
    folder = None
    try:
        folder = Path(tempfile.mkdtemp(prefix=".dlenhance-", dir=outFolder.parent))
        yield folder
        folder.chmod(0o777 & ~_umask())  # mkdtemp makes it private
        if outFolder.is_dir():
            outFolder.rmdir()
        folder.replace(outFolder)
    except OSError as error:
        raise CannotWrite(f"'{outFolder}' cannot be written: {error.strerror or error}.") from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _refuse(outFolder, sources):
    if outFolder.exists() and (not outFolder.is_dir() or any(outFolder.iterdir())):
        raise CannotWrite(f"'{outFolder}' exists and is not an empty folder; name a new one.")
    if any(outFolder.resolve() in (path.resolve(), *path.resolve().parents) for path in sources):
        raise CannotWrite(f"'{outFolder}' holds the source; name a new folder.")


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
