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


def test_an_old_card_is_explained(twoCards):
    assert "Old card" in devices.unusedGpuReason()


def test_the_cpu_build_on_a_machine_with_a_card_is_explained(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(devices.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    assert "CPU build" in devices.unusedGpuReason()
    monkeypatch.setattr(devices.shutil, "which", lambda name: None)
    assert devices.unusedGpuReason() == ""
