"""The result as a DICOM series: from the images a volume was loaded from, into a folder and Slicer's database."""

import hashlib

import numpy as np
import pydicom
import pytest
from dicomDatabaseSteps import installDatabase, loadSeries
from dicomPhantom import MR, writeEnhanced, writeSeries
from enhanceSteps import BackendMaker, SmoothingBackend, addPhantom, phantomVoxels

from DLEnhanceLib.dicomDerivation import DerivedSeriesOptions
from DLEnhanceLib.errors import BadOption, CannotWrite, UnsupportedVolume
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.strengths import Strengths

SHAPE = (6, 32, 28)


@pytest.fixture
def series(tmp_path):
    """The folder of a classic series."""
    writeSeries(tmp_path / "series", phantomVoxels(SHAPE).astype(np.uint16))
    return tmp_path / "series"


@pytest.fixture
def logic(aSlicerScene):
    from DLEnhanceLib.logic import DLEnhanceLogic

    return DLEnhanceLogic(makeBackend=BackendMaker(SmoothingBackend()))


@pytest.fixture
def database(aSlicerScene, monkeypatch):
    return installDatabase(monkeypatch)


def arrayOf(node):
    import slicer

    return slicer.util.arrayFromVolume(node)


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def assertOverlays(found, source):
    assert found.isOnGridOf(readVolume(source), 1e-4)


# The logic


@pytest.mark.parametrize("isReversed", [False, True])
def test_exported_series_holds_the_result_at_its_source(logic, database, series, tmp_path, isReversed):
    before = hashes(series)
    output = logic.enhance(loadSeries(database, series, isReversed=isReversed))
    written = logic.exportDerivedSeries(tmp_path / "out")
    found = readVolume(tmp_path / "out")
    assertOverlays(found, series)
    assert np.array_equal(found.voxels, arrayOf(output)[:: -1 if isReversed else 1])
    assert len(written.files) == SHAPE[0]
    assert hashes(series) == before


def test_each_image_names_the_image_it_was_made_from(logic, database, series, tmp_path):
    logic.enhance(loadSeries(database, series))
    for path in logic.exportDerivedSeries(tmp_path / "out").files:
        image = pydicom.dcmread(path)
        source = pydicom.dcmread(database.fileForInstance(image.SourceImageSequence[0].ReferencedSOPInstanceUID))
        assert image.ImagePositionPatient == source.ImagePositionPatient
        assert image.StudyInstanceUID == source.StudyInstanceUID
        assert "smoothing-1" in image.DerivationDescription
        assert "0" * 64 in image.DerivationDescription


def test_strengths_of_the_moment_are_exported(logic, database, series, tmp_path):
    output = logic.enhance(loadSeries(database, series))
    logic.reblend(Strengths(denoise=0.4, dering=0.0, sharpen=0.0))
    written = logic.exportDerivedSeries(tmp_path / "out")
    assert written.seriesDescription.endswith("DL-ENH D40")
    assert np.array_equal(readVolume(tmp_path / "out").voxels, arrayOf(output))


def test_options_reach_the_writer(logic, database, tmp_path):
    writeEnhanced(tmp_path / "enhanced" / "all.dcm", phantomVoxels(SHAPE).astype(np.uint16))
    logic.enhance(loadSeries(database, tmp_path / "enhanced"))
    options = DerivedSeriesOptions(seriesNumber=55, objects="classic")
    files = logic.exportDerivedSeries(tmp_path / "out", options=options).files
    images = [pydicom.dcmread(path) for path in files]
    assert {(image.SOPClassUID, image.SeriesNumber) for image in images} == {(MR, 55)}
    assert len(logic.exportDerivedSeries(tmp_path / "same").files) == 1


def test_database_lists_the_series_when_asked(logic, database, series, tmp_path):
    logic.enhance(loadSeries(database, series))
    assert not database.filesForSeries(logic.exportDerivedSeries(tmp_path / "out").seriesUID)
    listed = logic.exportDerivedSeries(tmp_path / "listed", addToDatabase=True)
    assert len(database.filesForSeries(listed.seriesUID)) == SHAPE[0]


def test_closed_database_is_told_before_anything_is_written(logic, database, series, tmp_path):
    logic.enhance(loadSeries(database, series))
    database.isOpen = False
    with pytest.raises(CannotWrite, match="open the DICOM module once"):
        logic.exportDerivedSeries(tmp_path / "out", addToDatabase=True)
    assert not (tmp_path / "out").exists()


def test_series_that_the_database_does_not_take_is_told_and_kept(logic, series, tmp_path, monkeypatch):
    logic.enhance(loadSeries(installDatabase(monkeypatch, takesImports=False), series))
    with pytest.raises(CannotWrite, match=r"is complete in .*out"):
        logic.exportDerivedSeries(tmp_path / "out", addToDatabase=True)
    assert len(list((tmp_path / "out").iterdir())) == SHAPE[0]


def test_volume_without_dicom_images_is_told_what_to_do(logic, database, tmp_path):
    logic.enhance(addPhantom())
    with pytest.raises(UnsupportedVolume, match=r"T1 post was not loaded .* load the series and enhance"):
        logic.exportDerivedSeries(tmp_path / "out")


def test_moved_files_are_told(logic, database, series, tmp_path):
    logic.enhance(loadSeries(database, series))
    next(series.iterdir()).unlink()
    with pytest.raises(UnsupportedVolume, match="1 of the 6 DICOM files"):
        logic.exportDerivedSeries(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_edited_copy_is_not_passed_off_as_its_source(logic, database, series, tmp_path):
    """Slicer's clone of a volume keeps the instance UIDs, whatever is done to its voxels."""
    node = loadSeries(database, series)
    arrayOf(node)[3, 10:20, 10:20] += 40
    logic.enhance(node)
    with pytest.raises(UnsupportedVolume, match="no longer holds the voxels"):
        logic.exportDerivedSeries(tmp_path / "out")


def test_moved_grid_is_refused(logic, database, series, tmp_path):
    node = loadSeries(database, series)
    node.SetOrigin(0, 0, 0)
    logic.enhance(node)
    with pytest.raises(CannotWrite, match="not on the grid"):
        logic.exportDerivedSeries(tmp_path / "out")


def test_export_needs_a_finished_run(logic, database, tmp_path):
    with pytest.raises(BadOption, match="press Apply first"):
        logic.exportDerivedSeries(tmp_path / "out")


# The panel


@pytest.fixture
def panel(aHost):
    widget = aHost.openModule("DLEnhance")
    widget.logic.makeBackend = BackendMaker(SmoothingBackend())
    return widget


def run(host, panel, node):
    panel.ui.inputSelector.setCurrentNode(node)
    panel.ui.applyButton.click()
    host.waitUntil(lambda: not panel.runView.isBusy)


def chooses(panel, path):
    """The user's answer to the question for a path; what was proposed is in the list."""
    asked = []

    def askPath(title, name, nameFilter):
        asked.append(name)
        return str(path) if path else ""

    panel.askPath = askPath
    return asked


def test_button_writes_the_series_and_lists_it(aHost, panel, monkeypatch, series, tmp_path):
    database = installDatabase(monkeypatch)
    run(aHost, panel, loadSeries(database, series))
    asked = chooses(panel, tmp_path / "out")
    panel.ui.exportSeriesButton.click()
    assert asked == ["4-t1-post-DL-ENH"]
    assertOverlays(readVolume(tmp_path / "out"), series)
    uid = str(pydicom.dcmread(next((tmp_path / "out").iterdir())).SeriesInstanceUID)
    assert len(database.filesForSeries(uid)) == SHAPE[0]
    status = panel.ui.enhanceStatusLabel.text
    assert f"6 files in {tmp_path / 'out'}" in status
    assert "keep the folder" in status
    assert not aHost.messages


def test_database_is_left_alone_when_not_wanted(aHost, panel, monkeypatch, series, tmp_path):
    database = installDatabase(monkeypatch)
    run(aHost, panel, loadSeries(database, series))
    chooses(panel, tmp_path / "out")
    panel.ui.addToDatabaseCheckBox.setChecked(False)
    panel.ui.exportSeriesButton.click()
    uid = str(pydicom.dcmread(next((tmp_path / "out").iterdir())).SeriesInstanceUID)
    assert not database.filesForSeries(uid)
    assert "keep the folder" not in panel.ui.enhanceStatusLabel.text


def test_button_says_why_it_is_disabled(aHost, panel, monkeypatch, series):
    button, checkBox = panel.ui.exportSeriesButton, panel.ui.addToDatabaseCheckBox
    assert "Enhance a volume first" in button.toolTip
    run(aHost, panel, addPhantom())
    assert not button.enabled
    assert not checkBox.enabled
    assert "not loaded through Slicer's DICOM module" in button.toolTip
    database = installDatabase(monkeypatch)
    panel.ui.outputSelector.setCurrentNode(None)
    run(aHost, panel, loadSeries(database, series))
    assert button.enabled
    assert checkBox.enabled
    assert "new DICOM series" in button.toolTip


def test_folder_in_use_is_told(aHost, panel, monkeypatch, series):
    run(aHost, panel, loadSeries(installDatabase(monkeypatch), series))
    before = hashes(series)
    chooses(panel, series)
    panel.ui.exportSeriesButton.click()
    assert "not an empty folder" in aHost.messages[-1][1]
    assert hashes(series) == before


def test_nothing_is_written_without_a_folder(aHost, panel, monkeypatch, series, tmp_path):
    run(aHost, panel, loadSeries(installDatabase(monkeypatch), series))
    chooses(panel, "")
    panel.ui.exportSeriesButton.click()
    assert list(tmp_path.iterdir()) == [series]
    assert not aHost.messages
