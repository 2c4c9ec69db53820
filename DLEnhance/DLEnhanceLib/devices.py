"""Devices that torch can compute on, each proved by an operation. Imports torch; import it lazily."""

import dataclasses
import logging
import shutil

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
    if torch.cuda.is_available():
        broken = [device.label for device in _listedDevices() if not _works(device.id)]
        if not broken:
            return ""
        return (
            f"{broken[0]} is found, but this PyTorch has no program for it: update the PyTorch extension or the driver."
        )
    if torch.version.cuda is None and shutil.which("nvidia-smi"):
        return (
            "There is an NVIDIA card, but the installed PyTorch is the CPU build: uninstall it in module PyTorch, "
            "restart, and install the build for your card."
        )
    return ""


def _listedDevices():
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(number)
            yield Device(f"cuda:{number}", properties.name, properties.total_memory)
    if torch.backends.mps.is_available():
        yield Device("mps", "Apple GPU")


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
