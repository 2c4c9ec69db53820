"""What the panels of both modules share: telling the user of a failure, and dropping a package before a reload."""

import importlib
import logging
import sys

from slicer.i18n import tr as _

from .errors import DLEnhanceError, EnhancementCanceled

_log = logging.getLogger(__name__)


def runGuarded(action, title, *, showStatus, showError):
    """Run an action of the user; a failure is shown in a sentence instead of a traceback. title: the module's name."""
    try:
        action()
    except EnhancementCanceled as canceled:
        showStatus(str(canceled))
    except DLEnhanceError as error:
        showError(str(error))
    except Exception as error:
        _log.exception("%s failed", title)
        showError(_("{module} failed: {problem}. The error log has the details.").format(module=title, problem=error))


def forgetPackage(package):
    """Reload imports the module file only; without its package in sys.modules that is imported anew with it."""
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]
    importlib.invalidate_caches()
