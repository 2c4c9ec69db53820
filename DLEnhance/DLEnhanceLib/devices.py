"""Devices that torch can compute on, each proved by an operation. Imports torch; import it lazily."""

import dataclasses
import logging
import os
import platform
import shutil
import subprocess

import torch

from .errors import BadOption

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Device:
    """id as torch writes it; label for people; memory in bytes, 0 where it is not a device's own."""

    id: str
    label: str
    memory: int = 0


CPU = Device("cpu", "CPU")


def usableDevices() -> list[Device]:
    """The devices on which an operation gave the right result; graphics cards first, the CPU always last."""
    return [device for device in _listedDevices() if _works(device.id)] + [CPU]


def chooseDevice(wish: str = "auto") -> Device:
    """The device for auto, cpu, cuda, cuda:N or mps. Raises BadOption when it does not exist or does not work."""
    if wish == "cpu":
        return CPU
    devices = usableDevices()
    if wish == "auto":
        return devices[0]
    found = [d for d in devices if d.id == wish or (wish == "cuda" and d.id.startswith("cuda"))]
    if not found:
        names = ", ".join(d.id for d in devices)
        raise BadOption(f"The device {wish} cannot be used here ({_whyNot(wish)}); choose one of: {names}.")
    return found[0]


def unusedGpuReason() -> str:
    """Why a graphics card of this machine is not in the list: one sentence with the remedy, empty when all is well."""
    broken = [device for device in _listedDevices() if not _works(device.id)]
    if broken:
        return (
            f"{broken[0].label} is found, but this PyTorch has no program for it: uninstall PyTorch in the module "
            f"PyTorch Utils, restart Slicer, and install {_fittingBuild(broken[0].id)}; the CPU is used until then."
        )
    if torch.cuda.is_available() or os.environ.get("CUDA_VISIBLE_DEVICES") is not None or not _hasNvidiaCard():
        return ""
    if torch.version.cuda is None:
        return (
            "There is an NVIDIA card, but the installed PyTorch is the CPU build: uninstall it in the module PyTorch "
            "Utils, restart Slicer, and install the build for your card."
        )
    return (
        f"There is an NVIDIA card, but its driver does not work with this PyTorch (CUDA {torch.version.cuda}): update "
        "the driver, or install PyTorch for an older CUDA in the module PyTorch Utils."
    )


def _hasNvidiaCard():
    """nvidia-smi comes with the driver; it also lies in systems without a card, where it lists none."""
    program = shutil.which("nvidia-smi")
    return program is not None and "GPU 0" in _outputOf(program, "-L")


def _outputOf(*command):
    """Standard output, empty when the program fails; no console window flashes up on Windows."""
    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=10, check=False, creationflags=hidden
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _fittingBuild(name):
    """Programs are built for compute capabilities; an old card lies below all of them, a new one above."""
    if not name.startswith("cuda"):
        return "a newer build"
    major, minor = torch.cuda.get_device_capability(name)
    built = [int(kind[3:].rstrip("af")) for kind in torch.cuda.get_arch_list() if kind.startswith("sm_")]
    return "an older build (the card is old)" if built and 10 * major + minor < min(built) else "a newer build"


def _listedDevices():
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(number)
            yield Device(f"cuda:{number}", properties.name, properties.total_memory)
    if torch.backends.mps.is_available():
        yield Device("mps", f"{_appleChip()} GPU", _appleMemory())


def _appleChip():
    """For example "Apple M2 Pro"."""
    if platform.system() != "Darwin":
        return "Apple"
    return _outputOf("/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string").strip() or "Apple"


def _appleMemory():
    """What macOS lets the GPU use of the common memory; older torch does not tell."""
    tell = getattr(torch.mps, "recommended_max_memory", None)
    return tell() if tell else 0


def _works(name):
    """A wheel without kernels for the card lists it all the same and fails at the first operation."""
    try:
        probe = torch.ones(4, 4, device=name)
        return float((probe @ probe).sum().item()) == 64.0
    except Exception:  # missing kernels and broken drivers show up as errors of many kinds
        logger.info("Device %s is listed but does not work", name)
        return False


def _whyNot(wish):
    if wish.startswith("cuda") and torch.version.cuda is None:
        return "the installed PyTorch is the CPU build; reinstall it for your graphics card"
    if wish.startswith("cuda"):
        return "PyTorch finds no working NVIDIA card of that number"
    return "PyTorch does not offer it"
