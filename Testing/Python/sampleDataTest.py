"""Sample volumes as offered to Slicer's Sample Data module, against a recording stand-in of its logic."""

import hashlib
import subprocess
import sys
import types
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from DLEnhanceLesionMetricsLib.regionFiles import readRegions
from DLEnhanceLib import sampleData
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.sampleData import CATEGORY, SAMPLES, registerSamples
from DLEnhanceLib.survey import survey

ROOT = Path(__file__).resolve().parents[2]
FETCHED = [sample for sample in SAMPLES if not sample.isShipped]
GUIDE = (ROOT / "Docs" / "user-guide.md").read_text(encoding="utf-8")


class LogicOfSlicer510:
    """SampleDataLogic with the argument names and the checks of Slicer 5.10; it keeps what was registered."""

    def __init__(self):
        self.sources = {}

    def registerCustomSampleDataSource(self, *, category, sampleName, uris, fileNames, nodeNames, checksums, **others):
        assert set(others) <= {
            "customDownloader",
            "thumbnailFileName",
            "loadFileType",
            "loadFiles",
            "loadFileProperties",
        }
        assert len(uris) == len(fileNames) == len(nodeNames) == len(checksums) == len(others["loadFileType"])
        fields = {"uris": uris, "fileNames": fileNames, "nodeNames": nodeNames, "checksums": checksums, **others}
        source = types.SimpleNamespace(sampleName=sampleName, sampleDescription=sampleName, **fields)
        self.sources.setdefault(category, []).append(source)

    def sampleDataSourcesByCategory(self, category=None):
        return self.sources.get(category, [])


class LogicOfSlicer512(LogicOfSlicer510):
    def __init__(self):
        super().__init__()
        self.titles = {}

    def registerCustomSampleDataCategory(self, category, title=None):
        self.titles[category] = title


@pytest.fixture(params=[LogicOfSlicer510, LogicOfSlicer512], ids=["5.10", "5.12"])
def logic(request, monkeypatch):
    """The stand-in as module SampleData; every network access fails."""
    module = types.ModuleType("SampleData")
    module.SampleDataLogic = request.param()
    monkeypatch.setitem(sys.modules, "SampleData", module)
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr(urllib.request, "urlretrieve", refuse)
    return module.SampleDataLogic


def refuse(*arguments, **options):
    raise AssertionError("something was fetched before the click")


def test_every_sample_is_registered_in_our_section(logic):
    assert registerSamples("Titel")
    assert [source.sampleName for source in logic.sources[CATEGORY]] == [sample.name for sample in SAMPLES]
    assert list(logic.sources) == [CATEGORY]
    assert getattr(logic, "titles", {CATEGORY: "Titel"}) == {CATEGORY: "Titel"}


def test_files_are_given_by_commit_and_hash(logic):
    registerSamples()
    source = next(source for source in logic.sources[CATEGORY] if source.sampleName == "PostContrastT1")
    assert source.uris == [
        "https://raw.githubusercontent.com/AIM-Harvard/pyradiomics/8ed579383b44806651c463d5e691f3b2b57522ab/data/"
        f"brain1_{part}.nrrd"
        for part in ("image", "label")
    ]
    assert source.loadFileType == ["VolumeFile", "SegmentationFile"]
    assert all(len(checksum) == len("SHA256:") + 64 for checksum in source.checksums)
    assert source.fileNames == ["DLEnhance-PostContrastT1.nrrd", "DLEnhance-PostContrastT1-lesion.nrrd"]


def test_the_button_names_the_license(logic):
    registerSamples()
    for source, sample in zip(logic.sources[CATEGORY], SAMPLES, strict=True):
        assert source.sampleDescription == f"{sample.title}\n({sample.licence})"


def test_registering_twice_adds_nothing(logic):
    registerSamples()
    registerSamples()
    assert len(logic.sources[CATEGORY]) == len(SAMPLES)


def test_without_the_module_nothing_happens(monkeypatch):
    monkeypatch.setitem(sys.modules, "SampleData", None)
    assert registerSamples() is False


def test_names_are_unique_in_scene_cache_and_module():
    files = [(sample, file) for sample in SAMPLES for file in sample.files]
    assert len({sample.name for sample in SAMPLES}) == len(SAMPLES)
    assert len({file.nodeName for _sample, file in files}) == len(files)
    assert len({sample.cacheName(file) for sample, file in files}) == len(files)


def test_hashes_are_those_of_the_real_files(realData):
    found = {hashlib.sha256(path.read_bytes()).hexdigest() for path in realData.glob("*/*.n*")}
    for sample in FETCHED:
        for file in sample.files:
            assert file.sha256 in found, file.nodeName


def test_origins_are_those_that_the_sources_name(realData):
    sources = (realData / "SOURCES.md").read_text(encoding="utf-8")
    for sample in FETCHED:
        origin = next(line for line in sources.splitlines() if f"Origin: {sample.repository}," in line)
        assert sample.commit in origin


# The sample that needs no network


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """The shipped sample's files under their names in Slicer's cache, copied as SampleDataLogic.downloadFile does."""
    folder = tmp_path_factory.mktemp("RemoteIO with a space")
    (sample,) = [sample for sample in SAMPLES if sample.isShipped]
    paths = [folder / sample.cacheName(file) for file in sample.files]
    for path, file in zip(paths, sample.files, strict=True):
        urllib.request.urlretrieve(sample.uri(file), path)
    return dict(zip(("noisy", "truth", "regions"), paths, strict=True))


def test_shipped_sample_is_copied_whole_without_a_network(copied):
    (sample,) = [sample for sample in SAMPLES if sample.isShipped]
    assert all(sample.uri(file).startswith("file:///") for file in sample.files)
    found = [hashlib.sha256(path.read_bytes()).hexdigest() for path in copied.values()]
    assert found == [file.sha256 for file in sample.files]
    assert copied["regions"].name.endswith(".seg.nrrd")


def test_shipped_sample_is_small(copied):
    assert sum(path.stat().st_size for path in copied.values()) < 4e6


def test_shipped_volume_is_its_truth_with_noise(copied):
    noisy, truth = (readVolume(copied[name]) for name in ("noisy", "truth"))
    assert noisy.voxels.shape == truth.voxels.shape == (48, 240, 204)
    assert np.array_equal(noisy.ijkToRAS, truth.ijkToRAS)
    tissue = truth.voxels > 150
    difference = noisy.voxels[tissue].astype(float) - truth.voxels[tissue]
    assert 0.05 < difference.std() / np.median(truth.voxels[tissue]) < 0.09


def test_shipped_regions_are_known_lesions_and_a_reference(copied):
    truth = readVolume(copied["truth"])
    regions = readRegions(copied["regions"], truth)
    lesions = [region for region in regions if region.role == "lesion"]
    assert len(lesions) == 12
    assert [(region.name, region.role) for region in regions if region not in lesions] == [
        ("white matter", "reference")
    ]
    for region in lesions:
        voxels = region.shape.maskOn(truth).values(truth.voxels)
        diameter = float(region.name.split(",")[1].removesuffix("mm"))
        assert voxels.max() > 1.15 * 250, region.name
        assert len(voxels) == pytest.approx(np.pi / 6 * diameter**3, rel=0.25, abs=3), region.name


def test_survey_finds_the_empty_part_of_k_space(copied):
    support = survey(readVolume(copied["noisy"])).support
    assert support == pytest.approx((1.0, 0.75, 0.7), abs=0.02)


def test_shipped_regions_keep_their_roles_in_a_scene(copied, aSlicerScene):
    from DLEnhanceLesionMetricsLib.sceneRegions import regionsOf

    storage = aSlicerScene.scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    node = aSlicerScene.scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    storage.SetFileName(str(copied["regions"]))
    assert storage.ReadData(node)
    found = regionsOf(aSlicerScene.scene)
    assert [region.role for region in found] == ["lesion"] * 12 + ["reference"]
    assert found[0].name == "lesion 1, 2 mm"


def test_shipped_lesions_are_measured_as_soon_as_they_are_loaded(copied, aSlicerScene):
    from DLEnhanceLesionMetricsLib.logic import DLEnhanceLesionMetricsLogic

    storage = aSlicerScene.scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(copied["regions"]))
    assert storage.ReadData(aSlicerScene.scene.AddNewNodeByClass("vtkMRMLSegmentationNode"))
    logic = DLEnhanceLesionMetricsLogic()
    logic.setVolumes(*(aSlicerScene.addVolume(readVolume(copied[name]), name) for name in ("noisy", "truth")))
    cnr = {(row.lesion, row.condition): row.value for row in logic.measure() if row.metric == "cnr"}
    logic.release()
    lesions = {lesion for lesion, _condition in cnr}
    assert len(lesions) == 12
    assert all(cnr[lesion, "enhanced"] > 3 * cnr[lesion, "standard"] > 3 for lesion in lesions)


def test_notice_of_the_anatomy_is_shipped():
    text = (sampleData.FOLDER / "SimulatedHead.md").read_text(encoding="utf-8")
    assert "Louis Collins, McConnell Brain Imaging Centre" in text
    assert "above copyright notice appear in all copies" in " ".join(text.replace("> ", "").split())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_each_sample_has_a_thumbnail_of_slicers_size(sample):
    from PIL import Image

    assert Image.open(sample.thumbnail).size == (260, 280)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_user_guide_names_license_and_author(sample):
    row = next(line for line in GUIDE.splitlines() if line.startswith(f"| `{sample.name}` |"))
    assert f"| {sample.licence} | {sample.attribution} |" in row


def test_the_module_registers_them_after_start_up(logic, aHost):
    aHost.loadModule("DLEnhance")
    assert len(logic.sources[CATEGORY]) == len(SAMPLES)


def test_importing_it_pulls_in_nothing_heavy():
    program = (
        "import sys, DLEnhanceLib.sampleData\n"
        "heavy = {'numpy', 'scipy', 'torch', 'SimpleITK', 'pydicom', 'slicer', 'urllib.request', 'PIL'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    path = str(Path(sampleData.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], env={"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
