"""What DL Enhance needs installed inside Slicer, and how it gets there. The question to the user is injected; no Qt.

PyTorch comes from the extension of that name, which picks the build that fits the graphics card; small packages come
through slicer.packaging (Slicer 5.11 and later) or slicer.util.pip_install (5.10). Nothing is installed or imported
before the user presses the button. Main thread only.
"""

import contextlib
import dataclasses
import importlib.util
import logging
import sys

import slicer
from slicer.i18n import tr as _

from .errors import MissingPackage

_log = logging.getLogger(__name__)

REQUIREMENTS = ("safetensors>=0.4",)
"""What neither Slicer nor the PyTorch extension brings: safetensors reads the weights."""
TORCH_REQUIREMENT = ">=2.1.2"
EXTENSION = "PyTorch"


@dataclasses.dataclass(frozen=True)
class SetupStep:
    """The one thing to do next: its id, what is missing in a sentence, and the text and tooltip of its button.

    blocks: nothing can be enhanced before it is done; otherwise it is advice.
    """

    id: str
    sentence: str
    button: str
    toolTip: str
    blocks: bool = True


def isImportable(name: str) -> bool:
    """Whether a module would be found, without importing it."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


class Packages:
    """Says which step comes next and performs it.

    askUser(question) -> bool asks before anything is downloaded; the default asks through Slicer.
    """

    def __init__(self, *, askUser=None, requirements=REQUIREMENTS, isFound=None):
        self._askUser = askUser or slicer.util.confirmOkCancelDisplay
        self._requirements, self._isFound = list(requirements), isFound or isImportable
        self._needsRestart, self._torchProblem, self._unusedGpu = False, "", ""

    def nextStep(self) -> SetupStep | None:
        """None when everything is there. Cheap enough for each time the panel is shown: nothing is imported."""
        if self._needsRestart:
            return _restartStep()
        if self._torchProblem:
            return self._throughTorchModule(_repairStep(self._torchProblem))
        if not self._isFound("torch"):
            return _torchStep() if self._isFound("PyTorchUtils") else _extensionStep()
        if self._missingRequirements():
            return _packagesStep(self._missingRequirements())
        return self._throughTorchModule(_deviceStep(self._unusedGpu)) if self._unusedGpu else None

    def perform(self, step: SetupStep) -> bool:
        """Do the step. False when the user declined. Raises MissingPackage, with the remedy, when it failed."""
        return _ACTIONS[step.id](self)

    def isTorchToBlame(self, problem: Exception) -> bool:
        """Whether the problem is that PyTorch was found but could not be imported; the next step is then to repair it.

        A module whose import fails does not stay in sys.modules.
        """
        if "torch" in sys.modules or (getattr(problem, "name", None) or "").startswith("DLEnhance"):
            return False
        self._torchProblem = _firstLine(problem)
        _log.warning("PyTorch cannot be imported: %s", problem)
        return True

    def reportUnusedGpu(self, reason: str):
        """Advise the remedy for a graphics card that PyTorch cannot use; an empty reason withdraws the advice."""
        self._unusedGpu = reason

    def installExtension(self) -> bool:
        question = _("Install the extension {name}? Slicer must be restarted afterwards.").format(name=EXTENSION)
        if not self._askUser(question):
            return False
        model = slicer.app.extensionsManagerModel()
        # The second argument: Slicer must not restart before the user has saved and asked for it
        if not model.isExtensionInstalled(EXTENSION) and not model.installExtensionFromServer(EXTENSION, False):
            raise MissingPackage(
                _(
                    "The extension {name} could not be installed: check the network connection, or install it in the "
                    "Extensions Manager, and restart Slicer."
                ).format(name=EXTENSION)
            )
        self._needsRestart = True
        return True

    def installTorch(self) -> bool:
        question = _(
            "DL Enhance needs PyTorch. Download and install it now? It takes 2 to 3 GB and several minutes, during "
            "which the window does not respond."
        )
        if not self._askUser(question):
            return False
        with _failuresExplained("PyTorch"):
            import PyTorchUtils

            logic = PyTorchUtils.PyTorchUtilsLogic()
            installed = logic.installTorch(askConfirmation=False, torchVersionRequirement=TORCH_REQUIREMENT)
        importlib.invalidate_caches()
        return installed is not None

    def installRequirements(self) -> bool:
        missing = self._missingRequirements()
        names = _joinedNames(missing)
        if not self._askUser(_("Install the Python packages {names} now?").format(names=names)):
            return False
        with _failuresExplained(names):
            if _hasPackaging():
                from slicer import packaging

                packaging.pip_ensure(missing, requester="DLEnhance", prompt_install=False)
            else:
                slicer.util.pip_install(missing)
        importlib.invalidate_caches()
        self._requireInstalled(names)
        return True

    def openTorchModule(self) -> bool:
        slicer.util.selectModule("PyTorchUtils")
        return True

    def restart(self) -> bool:
        if not self._askUser(_("Restart Slicer now? Save your data first.")):
            return False
        slicer.util.restart()
        return True

    def _throughTorchModule(self, step):
        """The step as it is where the module exists that does it, else the installation of its extension."""
        if self._isFound("PyTorchUtils"):
            return step
        extension = _extensionStep()
        return dataclasses.replace(step, id=extension.id, button=extension.button, toolTip=extension.toolTip)

    def _requireInstalled(self, names):
        """pip may end without an error and without the package, as in Slicer's testing mode."""
        if self._missingRequirements():
            raise MissingPackage(
                _("{names} cannot be found after the installation: restart Slicer and try again.").format(names=names)
            )

    def _missingRequirements(self):
        return [text for text in self._requirements if not self._isSatisfied(text)]

    def _isSatisfied(self, requirement):
        if _hasPackaging():
            from slicer import packaging

            return packaging.pip_check([requirement])
        return self._isFound(_importName(requirement))


_ACTIONS = {
    "extension": Packages.installExtension,
    "torch": Packages.installTorch,
    "packages": Packages.installRequirements,
    "repair": Packages.openTorchModule,
    "device": Packages.openTorchModule,
    "restart": Packages.restart,
}


def _extensionStep():
    return SetupStep(
        "extension",
        _("The Slicer extension PyTorch is missing. It installs the deep-learning library that fits this computer."),
        _("Install PyTorch extension..."),
        _("Install the extension through Slicer's Extensions Manager, then restart Slicer."),
    )


def _torchStep():
    return SetupStep(
        "torch",
        _("PyTorch, the deep-learning library, is not installed yet."),
        _("Install PyTorch..."),
        _("Download PyTorch (2 to 3 GB) and install it in Slicer; takes several minutes."),
    )


def _packagesStep(missing):
    return SetupStep(
        "packages",
        _("These Python packages are missing: {names}.").format(names=_joinedNames(missing)),
        _("Install packages..."),
        _("Download the packages and install them in Slicer's Python."),
    )


def _repairStep(problem):
    return SetupStep(
        "repair",
        _(
            "PyTorch is installed but does not start ({problem}). Uninstall it in the module PyTorch Utils, restart "
            "Slicer, and install it again."
        ).format(problem=problem),
        _("Open PyTorch Utils"),
        _("Switch to the module where PyTorch can be uninstalled and installed."),
    )


def _deviceStep(reason):
    return SetupStep(
        "device",
        reason,
        _("Open PyTorch Utils"),
        _("Switch to the module where PyTorch can be uninstalled and installed. The CPU works meanwhile."),
        blocks=False,
    )


def _restartStep():
    return SetupStep(
        "restart",
        _("The extension is installed and will be used after a restart of Slicer."),
        _("Restart Slicer..."),
        _("Close Slicer and start it again."),
    )


@contextlib.contextmanager
def _failuresExplained(what):
    """Turns whatever an installer raises into one sentence; the installer's own error is its cause."""
    try:
        yield
    except Exception as error:
        raise MissingPackage(
            _(
                "{what} could not be installed ({problem}). Check the network connection and, behind a proxy, the "
                "settings HTTPS_PROXY and PIP_CERT, then try again."
            ).format(what=what, problem=_firstLine(error))
        ) from error


def _firstLine(error):
    if hasattr(error, "returncode"):  # subprocess.CalledProcessError, whose own text is the whole command
        return _("pip ended with code {code}; the Python console shows why").format(code=error.returncode)
    return (str(error).splitlines() or [type(error).__name__])[0]


def _hasPackaging():
    return isImportable("slicer.packaging") or hasattr(slicer, "packaging")


def _importName(requirement):
    return _projectName(requirement).replace("-", "_")


def _joinedNames(requirements):
    return ", ".join(_projectName(requirement) for requirement in requirements)


def _projectName(requirement):
    for sign in "<>=!~[; ":
        requirement = requirement.split(sign)[0]
    return requirement
