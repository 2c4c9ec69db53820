"""What a start of Slicer imports of ours, in a fresh process: the cost without a clock."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("slicer", reason="the module files are run with slicer-core")

ROOT = Path(__file__).resolve().parents[2]


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def benchmark():
    return loaded(ROOT / "Benchmarks" / "startupBenchmark.py")


@pytest.fixture(scope="module")
def start(benchmark):
    """Both module files imported, their classes made and looked up as Slicer does, its start-up slots called."""
    return benchmark.oneStart()


def test_only_the_two_module_files_are_imported(start):
    assert start["importFiles"]["new"] == ["DLEnhance", "DLEnhanceLesionMetrics"]


def test_making_and_looking_up_the_classes_imports_nothing(start):
    assert start["makeClasses"]["new"] == []


def test_registering_imports_two_small_files(start):
    assert start["runSlots"]["new"] == [
        "DLEnhanceLesionMetricsLib",
        "DLEnhanceLesionMetricsLib.sceneSegmentStatistics",
        "DLEnhanceLib",
        "DLEnhanceLib.sampleData",
    ]


def test_nothing_heavy_is_imported(benchmark, start):
    assert not {name.split(".")[0] for name in benchmark.newModules(start)} & benchmark.HEAVY


@pytest.mark.parametrize("name", ["DLEnhance", "DLEnhanceLesionMetrics"])
def test_the_opened_module_gives_the_real_panel_and_logic(aHost, name):
    panel = aHost.openModule(name)
    python = importlib.import_module(name)
    library = {part: importlib.import_module(f"{name}Lib.{part}") for part in ("panel", "logic")}
    assert type(panel) is getattr(library["panel"], f"{name}Widget")
    assert getattr(python, f"{name}Logic") is getattr(library["logic"], f"{name}Logic")
    assert isinstance(panel.logic, getattr(python, f"{name}Logic"))
    assert panel.moduleName == name


@pytest.mark.parametrize("name", ["DLEnhance", "DLEnhanceLesionMetrics"])
def test_an_unknown_name_is_an_attribute_error(aHost, name):
    python = aHost.loadModule(name).python
    with pytest.raises(AttributeError, match=f"{name}FileReader"):
        getattr(python, f"{name}FileReader")


@pytest.mark.parametrize("name", ["DLEnhance", "DLEnhanceLesionMetrics"])
def test_reload_gives_a_panel_of_the_files_as_they_are_now(oldModulesBack, aHost, name):
    """The logic's class of the reloaded module file, of the panel and of its library is one class, and a new one."""
    panel = aHost.openModule(name)
    panel.onReload()
    fresh = aHost.openModule(name)
    assert type(fresh) is not type(panel)
    assert type(fresh.logic) is getattr(importlib.import_module(name), f"{name}Logic")
    assert type(fresh.logic) is not type(panel.logic)
