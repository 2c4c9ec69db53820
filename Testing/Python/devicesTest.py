"""Devices are offered only when they compute; what is missing is explained."""

import pytest
import torch

from DLEnhanceLib import devices
from DLEnhanceLib.errors import BadOption


@pytest.fixture
def twoCards(monkeypatch):
    """Two listed cards, of which only the first computes."""
    cards = [devices.Device("cuda:0", "Good card", 8 * 2**30), devices.Device("cuda:1", "Old card", 4 * 2**30)]
    monkeypatch.setattr(devices, "_listedDevices", lambda: iter(cards))
    monkeypatch.setattr(devices, "_works", lambda name: name == "cuda:0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def test_the_processor_is_always_offered_and_works():
    assert devices.usableDevices()[-1] == devices.CPU
    assert devices._works("cpu")


def test_a_device_that_does_not_exist_does_not_work():
    assert not devices._works("cuda:77")


def test_only_cards_that_compute_are_offered(twoCards):
    assert [device.id for device in devices.usableDevices()] == ["cuda:0", "cpu"]
    assert devices.chooseDevice("auto").id == "cuda:0"
    assert devices.chooseDevice("cuda").id == "cuda:0"


def test_a_card_that_cannot_compute_is_refused_with_the_choices(twoCards):
    with pytest.raises(BadOption, match="cuda:0, cpu"):
        devices.chooseDevice("cuda:1")


@pytest.mark.parametrize(("capability", "build"), [((3, 5), "an older build"), ((12, 0), "a newer build")])
def test_a_card_that_this_torch_was_not_built_for_is_explained(twoCards, monkeypatch, capability, build):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda name: capability)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_50", "sm_90a", "compute_90"])
    reason = devices.unusedGpuReason()
    assert reason.startswith("Old card")
    assert build in reason
    assert "PyTorch Utils" in reason


@pytest.fixture
def machineWithCard(tmp_path, monkeypatch):
    """torch without CUDA beside a driver that lists a card."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA RTX 4000 (UUID: GPU-1)'\n")
    program.chmod(0o755)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return program


def test_the_cpu_build_on_a_machine_with_a_card_is_explained(machineWithCard):
    assert "CPU build" in devices.unusedGpuReason()


def test_a_driver_that_does_not_fit_is_explained(machineWithCard, monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    assert "driver does not work with this PyTorch (CUDA 12.8)" in devices.unusedGpuReason()


def test_no_card_and_a_card_hidden_on_purpose_need_no_explanation(machineWithCard, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices.unusedGpuReason() == ""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    machineWithCard.write_text("#!/bin/sh\necho 'No devices found'\nexit 6\n")
    assert devices.unusedGpuReason() == ""
    machineWithCard.unlink()
    monkeypatch.setenv("PATH", str(machineWithCard.parent))
    assert devices.unusedGpuReason() == ""


def test_an_apple_gpu_is_offered_by_name_with_its_memory(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 12 * 2**30, raising=False)
    monkeypatch.setattr(devices, "_appleChip", lambda: "Apple M2 Pro")
    assert list(devices._listedDevices()) == [devices.Device("mps", "Apple M2 Pro GPU", 12 * 2**30)]
