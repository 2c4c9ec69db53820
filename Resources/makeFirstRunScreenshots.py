"""Takes a picture of the panel in each state of a first run: what is missing, and the one button that helps.

    QT_QPA_PLATFORM=offscreen .venv/bin/python Resources/makeFirstRunScreenshots.py [FOLDER]

The panel is the real one in the host that stands in for Slicer's window (Testing/Host); what the machine has and what
its installers answer is pretended. Nothing is installed, no network is used. The pictures stand in Docs/first-run.md.
"""

import contextlib
import dataclasses
import importlib
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Testing" / "Host"))
PICTURES = ROOT / "Resources" / "Screenshots"
SIZE, MARGIN = (460, 1000), 8
COLORS = 64
COMPLETE = ("torch", "safetensors", "PyTorchUtils")


def leaveAlone(panel):
    """The panel as it opens."""


def press(panel):
    panel.ui.setupButton.click()


@dataclasses.dataclass(frozen=True)
class State:
    """found: what Python finds; act(panel): what the user does; answer: to questions; last: the lowest widget shown."""

    found: tuple[str, ...]
    act: Callable = leaveAlone
    answer: bool = True
    last: str = "enhanceInputsButton"


def startBrokenTorch(panel):
    """The library is there and fails at its import, as after an installation that was interrupted."""
    import slicer

    failure = ImportError("libcudnn.so.9: cannot open shared object file")
    panel.ui.inputSelector.setCurrentNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "T1"))
    panel.logic.startRun = mock.Mock(side_effect=failure)
    torch = sys.modules.pop("torch")
    panel.ui.applyButton.click()
    sys.modules["torch"] = torch


def openAdvanced(*, chosen=0, **machine):
    """Opens the list of devices on a pretended machine: what devices.py says of it is real."""

    def act(panel):
        with pretendedMachine(**machine):
            panel.ui.enhanceAdvancedButton.setCollapsed(False)
        panel.ui.deviceComboBox.setCurrentIndex(chosen)

    return act


@contextlib.contextmanager
def pretendedMachine(*, cuda, cards=(), working=(), capability=(8, 9)):
    """torch was built for this CUDA version; the working ones of the listed devices compute."""
    from DLEnhanceLib import devices

    torch = devices.torch
    environment = {key: value for key, value in devices.os.environ.items() if key != "CUDA_VISIBLE_DEVICES"}
    isApple = any(card[0] == "mps" for card in cards)
    hasCuda = any(card[0].startswith("cuda") for card in cards)
    with (
        mock.patch.dict(devices.os.environ, environment, clear=True),
        mock.patch.object(devices, "_listedDevices", return_value=[devices.Device(*card) for card in cards]),
        mock.patch.object(devices, "_works", working.__contains__),
        mock.patch.object(devices, "_hasNvidiaCard", return_value=not isApple),
        mock.patch.object(torch.version, "cuda", cuda),
        mock.patch.object(torch.cuda, "is_available", return_value=hasCuda),
        mock.patch.object(torch.cuda, "get_device_capability", return_value=capability),
        mock.patch.object(torch.cuda, "get_arch_list", return_value=["sm_75", "sm_80", "sm_86", "sm_90"]),
    ):
        yield


RTX, OLD = ("cuda:0", "NVIDIA RTX 4000", 20 * 2**30), ("cuda:0", "NVIDIA GeForce GTX 960", 4 * 2**30)
APPLE = ("mps", "Apple M2 Pro GPU", 11 * 2**30)
STATES = {
    "no-extension": State(()),
    "no-torch": State(("PyTorchUtils",)),
    "missing-package": State(("torch", "PyTorchUtils")),
    "declined": State(("PyTorchUtils",), press, answer=False),
    "no-network": State(("PyTorchUtils",), press),
    "no-server": State((), press),
    "pip-refused": State(("torch", "PyTorchUtils"), press),
    "broken-torch": State(COMPLETE, startBrokenTorch),
    "cpu-build": State(COMPLETE, openAdvanced(cuda=None), last="reportLabel"),
    "old-driver": State(COMPLETE, openAdvanced(cuda="12.8"), last="reportLabel"),
    "old-card": State(COMPLETE, openAdvanced(cuda="12.8", cards=[OLD], capability=(5, 2)), last="reportLabel"),
    "nvidia": State(COMPLETE, openAdvanced(cuda="12.8", cards=[RTX], working=["cuda:0"], chosen=1), last="reportLabel"),
    "apple": State(COMPLETE, openAdvanced(cuda=None, cards=[APPLE], working=["mps"], chosen=1), last="reportLabel"),
}


def main(folder=PICTURES):
    """What imports torch is imported before anything is pretended, once for all states."""
    sys.path.insert(0, str(ROOT / "DLEnhance"))
    importlib.import_module("DLEnhanceLib.devices")
    for name, state in STATES.items():
        sentence = takePicture(state, Path(folder) / f"first-run-{name}.png")
        sys.stdout.write(f"{name}: {sentence}\n")


def takePicture(state, path):
    """Writes the picture of one state. Returns what the box says and offers."""
    from DLEnhanceTestHost.session import startHost

    host = startHost()
    with pretendedInstallers(state):
        panel = host.openModule("DLEnhance")
        panel.setupBox.packages._isFound = state.found.__contains__
        panel.setupBox.update()
        state.act(panel)
        host.processEvents()
        host.grab(panel, str(path), size=SIZE)
        crop(path, bottomOf(panel, state.last))
        texts = (panel.ui.setupLabel.text, panel.ui.setupButton.text)
        isShown = not panel.ui.setupFrame.isHidden()
    host.takeSlotErrors()
    host.close()
    return f"{texts[0]} [{texts[1]}]" if isShown else "nothing is missing"


@contextlib.contextmanager
def pretendedInstallers(state):
    """pip and the extension of PyTorch fail as they do without a network; the user answers as the state says."""
    import slicer

    refuse = mock.Mock(side_effect=subprocess.CalledProcessError(1, "pip install"))
    logic = types.SimpleNamespace(installTorch=refuse)
    utils = types.SimpleNamespace(PyTorchUtilsLogic=lambda: logic)
    with (
        mock.patch.dict(sys.modules, {"PyTorchUtils": utils}),
        mock.patch.object(slicer.util, "confirmOkCancelDisplay", return_value=state.answer),
        mock.patch.object(slicer.util, "pip_install", refuse),
    ):
        yield


def bottomOf(panel, name):
    """The lower edge of a widget in the panel, in pixels from the top."""
    import qt

    widget = getattr(panel.ui, name)
    return widget.mapTo(panel.parent, qt.QPoint(0, widget.height)).y() + MARGIN


def crop(path, height):
    """Few colors make a small file; a panel has few."""
    from PIL import Image

    picture = Image.open(path).convert("RGB")
    picture.crop((0, 0, picture.width, min(height, picture.height))).quantize(COLORS).save(path, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
