"""``dlenhance doctor``: is everything here that the command needs? Each line is proved, not assumed."""

import dataclasses
import importlib.metadata
import json
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from DLEnhanceLib.version import VERSION


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing to find out. find: returns what was found, raises when it is not usable. remedy: what to do then."""

    title: str
    find: Callable[[], str]
    remedy: str
    isRequired: bool = True


@dataclasses.dataclass(frozen=True)
class Finding:
    """state: "ok", "failed" (the command does not work) or "absent" (a part of it does not)."""

    title: str
    state: str
    text: str


def addParser(subParsers):
    parser = subParsers.add_parser(
        "doctor",
        help="check Python, torch, devices, models, Slicer's rendering",
        description="Check what the command needs: each device by an operation, each model by its hash.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.set_defaults(run=run)


def run(options) -> int:
    findings = [examined(check) for check in CHECKS]
    if options.json:
        json.dump([dataclasses.asdict(finding) for finding in findings], sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write("".join(f"{finding.state:7s} {finding.title:18s} {finding.text}\n" for finding in findings))
    return int(any(finding.state == "failed" for finding in findings))


def examined(check: Check) -> Finding:
    """Whatever goes wrong inside a check is its finding."""
    try:
        return Finding(check.title, "ok", check.find())
    except Exception as problem:
        reason = " ".join(f"{problem}".split()) or type(problem).__name__
        return Finding(check.title, "failed" if check.isRequired else "absent", f"{reason} -> {check.remedy}")


def program() -> str:
    return f"dlenhance {VERSION}, Python {platform.python_version()} on {platform.system()} {platform.machine()}"


def corePackages() -> str:
    import numpy as np
    import pydicom
    import scipy
    import SimpleITK

    return (
        f"numpy {np.__version__}, scipy {scipy.__version__}, "
        f"SimpleITK {SimpleITK.Version.VersionString()}, pydicom {pydicom.__version__}"
    )


def torchPackage() -> str:
    import torch

    return f"torch {torch.__version__}, {torch.get_num_threads()} threads"


def devices() -> str:
    """The devices that computed something just now."""
    from DLEnhanceLib.devices import chooseDevice, usableDevices

    proved = [f"{device.id} ({device.label})" for device in usableDevices()]
    return f"{', '.join(proved)}; auto takes {chooseDevice('auto').id}"


def model(profile: str) -> str:
    """The model loads, computes, and its weights are those its card names."""
    from DLEnhanceLib.torchBackend import makeBackend

    backend = makeBackend(profile=profile, device="cpu")
    weights = f"SHA-256 {backend.modelHash[:12]}..." if backend.modelHash else "no weights"
    return f"{backend.modelId}, {weights}"


def slicerCore() -> str:
    import slicer  # noqa: F401

    return f"slicer-core {importlib.metadata.version('slicer-core')}"


def rendering() -> str:
    """An off-screen window draws red."""
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    window, renderer = vtk.vtkRenderWindow(), vtk.vtkRenderer()
    window.SetOffScreenRendering(1)
    window.SetSize(8, 8)
    renderer.SetBackground(1.0, 0.0, 0.0)
    window.AddRenderer(renderer)
    window.Render()
    grabber = vtk.vtkWindowToImageFilter()
    grabber.SetInput(window)
    grabber.Update()
    pixels = vtk_to_numpy(grabber.GetOutput().GetPointData().GetScalars())
    if not (pixels[:, 0] == 255).all():
        raise RuntimeError("the off-screen window stays black")
    return f"off-screen pictures by {window.GetClassName()}"


def writableFolders() -> str:
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"dlenhance")
    return f"{Path.cwd()} and {tempfile.gettempdir()} can be written"


REINSTALL = "install dlenhance again"
FIGURES = "needed for figures and the demo only: pip install 'dlenhance[figures]'"
CHECKS = (
    Check("program", program, REINSTALL),
    Check("packages", corePackages, REINSTALL),
    Check("PyTorch", torchPackage, "pip install torch"),
    Check("devices", devices, "install a PyTorch that fits this machine"),
    Check("model full", lambda: model("full"), REINSTALL),
    Check("model fast", lambda: model("fast"), REINSTALL),
    Check("slicer-core", slicerCore, FIGURES, isRequired=False),
    Check("rendering", rendering, "install the system's libEGL and Mesa, see README.md", isRequired=False),
    Check("folders", writableFolders, "change to a folder that you may write to", isRequired=False),
)
