"""Which step of the installation comes next, and what pressing its button does, against stand-ins of the installers."""

import subprocess
import sys
import types

import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from DLEnhanceTestHost.slicerModules import installSlicerModules  # noqa: E402

installSlicerModules()

from DLEnhanceLib import packages  # noqa: E402 - needs slicer
from DLEnhanceLib.errors import MissingPackage  # noqa: E402


class Answers:
    """The user: answers every question alike and remembers them."""

    def __init__(self, answer):
        self.answer, self.questions = answer, []

    def __call__(self, question):
        self.questions.append(question)
        return self.answer


def machineWith(*found):
    return lambda name: name in found


def setupOn(*found, answer=True, requirements=()):
    user = Answers(answer)
    return packages.Packages(askUser=user, requirements=requirements, isFound=machineWith(*found)), user


@pytest.fixture
def torchUtils(monkeypatch):
    """The module of the PyTorch extension; ``installed`` keeps the calls, ``failure`` is raised when set."""
    module = types.ModuleType("PyTorchUtils")
    module.installed, module.failure, module.result = [], None, object()

    class PyTorchUtilsLogic:
        def installTorch(self, askConfirmation=False, torchVersionRequirement=None):
            if module.failure is not None:
                raise module.failure
            module.installed.append(torchVersionRequirement)
            return module.result

    module.PyTorchUtilsLogic = PyTorchUtilsLogic
    monkeypatch.setitem(sys.modules, "PyTorchUtils", module)
    return module


@pytest.fixture
def extensionManager(monkeypatch):
    manager = types.SimpleNamespace(installed=[], works=True, restarts=[])
    manager.isExtensionInstalled = lambda name: name in manager.installed

    def install(name, restart=True):
        manager.restarts.append(restart)
        return manager.works and not manager.installed.append(name)

    manager.installExtensionFromServer = install
    app = types.SimpleNamespace(extensionsManagerModel=lambda: manager)
    monkeypatch.setattr(slicer, "app", app, raising=False)
    return manager


@pytest.fixture
def newPackaging(monkeypatch):
    """slicer.packaging of Slicer 5.11 and later."""
    module = types.ModuleType("slicer.packaging")
    module.present, module.ensured = set(), []
    module.pip_check = lambda requirements: set(requirements) <= module.present

    def ensure(requirements, **options):
        module.ensured.append((requirements, options))
        module.present.update(requirements)

    module.pip_ensure = ensure
    monkeypatch.setitem(sys.modules, "slicer.packaging", module)
    monkeypatch.setattr(slicer, "packaging", module, raising=False)
    return module


def test_nothing_to_do_when_torch_is_there():
    setup, _user = setupOn("torch")
    assert setup.nextStep() is None


def test_torch_is_offered_where_its_extension_is():
    setup, _user = setupOn("PyTorchUtils")
    step = setup.nextStep()
    assert (step.id, step.button) == ("torch", "Install PyTorch...")


def test_extension_is_offered_first_where_it_is_missing():
    setup, _user = setupOn()
    assert setup.nextStep().id == "extension"


def test_torch_is_installed_through_the_extension_after_asking(torchUtils):
    setup, user = setupOn("PyTorchUtils")
    assert setup.perform(setup.nextStep()) is True
    assert torchUtils.installed == [">=2.1.2"]
    assert "several minutes" in user.questions[0]


def test_nothing_is_installed_when_the_user_declines(torchUtils):
    setup, _user = setupOn("PyTorchUtils", answer=False)
    assert setup.perform(setup.nextStep()) is False
    assert torchUtils.installed == []


def test_failure_of_the_download_becomes_one_sentence_with_a_remedy(torchUtils):
    torchUtils.failure = subprocess.CalledProcessError(1, "pip")
    setup, _user = setupOn("PyTorchUtils")
    with pytest.raises(MissingPackage, match=r"pip ended with code 1; .* HTTPS_PROXY") as caught:
        setup.perform(setup.nextStep())
    assert isinstance(caught.value.__cause__, subprocess.CalledProcessError)
    assert "\n" not in str(caught.value)


def test_restart_is_the_step_after_the_extension(extensionManager):
    setup, _user = setupOn()
    assert setup.perform(setup.nextStep()) is True
    assert extensionManager.installed == ["PyTorch"]
    assert extensionManager.restarts == [False]  # the default would restart Slicer before the data are saved
    assert setup.nextStep().id == "restart"


def test_extension_that_cannot_be_fetched_is_explained(extensionManager):
    extensionManager.works = False
    setup, _user = setupOn()
    with pytest.raises(MissingPackage, match="network"):
        setup.perform(setup.nextStep())
    assert setup.nextStep().id == "extension"


def test_restart_asks_first(monkeypatch, extensionManager):
    restarts = []
    monkeypatch.setattr(slicer.util, "restart", lambda: restarts.append(1), raising=False)
    setup, user = setupOn()
    setup.perform(setup.nextStep())
    user.answer = False
    assert setup.perform(setup.nextStep()) is False
    user.answer = True
    assert setup.perform(setup.nextStep()) is True
    assert restarts == [1]


def test_broken_torch_is_repaired_in_its_own_module(monkeypatch):
    selected = []
    monkeypatch.setattr(slicer.util, "selectModule", selected.append, raising=False)
    setup, _user = setupOn("torch", "PyTorchUtils")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert setup.isTorchToBlame(ImportError("libc10.so: cannot open\nmore lines"))
    step = setup.nextStep()
    assert step.id == "repair"
    assert "libc10.so: cannot open)" in step.sentence
    setup.perform(step)
    assert selected == ["PyTorchUtils"]


def test_broken_torch_without_its_module_leads_to_the_extension(monkeypatch):
    setup, _user = setupOn("torch")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert setup.isTorchToBlame(ImportError("libc10.so: cannot open"))
    step = setup.nextStep()
    assert "libc10.so: cannot open" in step.sentence
    assert (step.id, step.button) == ("extension", "Install PyTorch extension...")


def test_unused_card_is_advice_that_blocks_nothing(monkeypatch):
    selected = []
    monkeypatch.setattr(slicer.util, "selectModule", selected.append, raising=False)
    setup, _user = setupOn("torch", "PyTorchUtils")
    setup.reportUnusedGpu("There is an NVIDIA card, but PyTorch is the CPU build.")
    step = setup.nextStep()
    assert (step.sentence, step.button) == (
        "There is an NVIDIA card, but PyTorch is the CPU build.",
        "Open PyTorch Utils",
    )
    assert not step.blocks
    setup.perform(step)
    assert selected == ["PyTorchUtils"]
    setup.reportUnusedGpu("")
    assert setup.nextStep() is None


def test_what_is_missing_comes_before_the_advice():
    setup, _user = setupOn("PyTorchUtils")
    setup.reportUnusedGpu("The card is not used.")
    assert setup.nextStep().id == "torch"


def test_other_failed_imports_are_not_blamed_on_torch(monkeypatch):
    setup, _user = setupOn("torch")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert not setup.isTorchToBlame(ImportError("no survey", name="DLEnhanceLib.survey"))
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    assert not setup.isTorchToBlame(OSError("disk"))
    assert setup.nextStep() is None


def test_new_slicer_installs_packages_through_slicer_packaging(newPackaging):
    setup, user = setupOn("torch", requirements=["scikit-image>=0.22", "other"])
    newPackaging.present.add("other")
    assert setup.nextStep().id == "packages"
    assert setup.perform(setup.nextStep()) is True
    assert newPackaging.ensured == [(["scikit-image>=0.22"], {"requester": "DLEnhance", "prompt_install": False})]
    assert "scikit-image" in user.questions[0]


def test_slicer_5_10_installs_packages_with_pip(monkeypatch):
    monkeypatch.delattr(slicer, "packaging", raising=False)
    calls, found = [], {"torch", "present_one"}

    def install(requirements):
        calls.append(requirements)
        found.add("absent_one")

    monkeypatch.setattr(slicer.util, "pip_install", install, raising=False)
    setup = packages.Packages(
        askUser=Answers(True), requirements=["present-one>=1", "absent-one~=2"], isFound=found.__contains__
    )
    assert setup.perform(setup.nextStep()) is True
    assert calls == [["absent-one~=2"]]
    assert setup.nextStep() is None


def test_package_that_is_absent_after_its_installation_is_told(monkeypatch):
    monkeypatch.delattr(slicer, "packaging", raising=False)
    monkeypatch.setattr(slicer.util, "pip_install", lambda requirements: None, raising=False)
    setup, _user = setupOn("torch", requirements=["absent"])
    with pytest.raises(MissingPackage, match="absent cannot be found after the installation"):
        setup.perform(setup.nextStep())


def test_packages_are_not_installed_when_the_user_declines(monkeypatch):
    calls = []
    monkeypatch.setattr(slicer.util, "pip_install", calls.append, raising=False)
    setup, _user = setupOn("torch", requirements=["absent"], answer=False)
    assert setup.perform(setup.nextStep()) is False
    assert calls == []


def test_refused_pip_is_explained(monkeypatch):
    def refuse(requirements):
        raise subprocess.CalledProcessError(1, "pip install")

    monkeypatch.setattr(slicer.util, "pip_install", refuse, raising=False)
    setup, _user = setupOn("torch", requirements=["absent"])
    with pytest.raises(MissingPackage, match="absent could not be installed"):
        setup.perform(setup.nextStep())


def test_unknown_modules_are_not_importable():
    assert packages.isImportable("json")
    assert not packages.isImportable("no_such_package.inside")
