"""Charts in the plot views: the nodes, alive while regions move, saved with the scene, and the layout given back."""

import math

import numpy as np
import pydicom
import pytest
from dicomDatabaseSteps import installDatabase, loadSeries
from dicomPhantom import writeSeries

slicer = pytest.importorskip("slicer", reason="the scene floor is tested with slicer-core")

from DLEnhanceLib.dicomWriting import writeDerivedSeries  # noqa: E402
from DLEnhanceLib.errors import BadOption  # noqa: E402
from DLEnhanceLib.reading import readVolume  # noqa: E402
from DLEnhanceLib.strengths import Strengths  # noqa: E402

SHAPE, IJK_TO_RAS = (24, 64, 64), np.array([[1, 0, 0, -32], [0, 1, 0, -32], [0, 0, 2, -24], [0, 0, 0, 1.0]])
LARGE, SMALL, REFERENCE = (10, 5, 0), (10, -15, 0), (-10, 5, 0)


def addHead(name, noise):
    """A head of 400 with lesions of 800 and normal noise."""
    k, j, i = np.mgrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    ras = np.stack([i - 32, j - 32, 2 * k - 24], axis=-1)
    image = np.where(np.linalg.norm(ras, axis=-1) < 26, 400.0, 0.0)
    for place, radius in ((LARGE, 6), (SMALL, 3)):
        image[np.linalg.norm(ras - np.array(place), axis=-1) < radius] = 800.0
    voxels = image + np.random.default_rng(0).normal(0, noise, SHAPE)
    return slicer.util.addVolumeFromArray(voxels.astype(np.float32), IJK_TO_RAS, name)


def makeLogic():
    from DLEnhanceLesionMetricsLib.logic import DLEnhanceLesionMetricsLogic, PlainParameters

    return DLEnhanceLesionMetricsLogic(parameters=PlainParameters())


def addRegions(logic):
    logic.addRegion("lesion", LARGE, 10)
    logic.addRegion("lesion", SMALL, 3)
    logic.addRegion("reference", REFERENCE, 10)


@pytest.fixture
def logic(aSlicerScene):
    """A live logic with a pair, a large and a small lesion and a reference."""
    logic = makeLogic()
    logic.startLive()
    logic.setVolumes(addHead("T1", 20.0), addHead("T1 enhanced", 10.0))
    addRegions(logic)
    yield logic
    logic.release()


def columns(chartNode):
    """Column name to values of the table behind a chart."""
    table = chartNode.GetNthPlotSeriesNode(0).GetTableNode().GetTable()
    names = [table.GetColumnName(n) for n in range(table.GetNumberOfColumns())]
    return {name: [table.GetColumnByName(name).GetValue(n) for n in range(table.GetNumberOfRows())] for name in names}


def series(chartNode):
    return [chartNode.GetNthPlotSeriesNode(n) for n in range(chartNode.GetNumberOfPlotSeriesNodes())]


def value(logic, lesion, condition):
    rows = (row for row in logic.outcome.rows if (row.lesion, row.condition, row.metric) == (lesion, condition, "cnr"))
    return next(rows).value


def test_the_chart_has_a_line_a_lesion_in_a_series_a_size_class(logic):
    chart = logic.showChart()
    assert chart.GetTitle() == "CNR, tissue_sd"
    assert [node.GetName() for node in series(chart)] == ["< 5 mm", ">= 5 mm"]
    assert all(node.GetPlotType() == node.PlotTypeScatter for node in series(chart))
    found = columns(chart)
    assert found["image"] == [0, 1, 1, 0, 1, 1]
    assert found["lesion"] == ["L1"] * 3 + ["L2"] * 3
    large, small = found[">= 5 mm"], found["< 5 mm"]
    assert large[:2] == [value(logic, "L1", "standard"), value(logic, "L1", "enhanced")]
    assert small[3:5] == [value(logic, "L2", "standard"), value(logic, "L2", "enhanced")]
    assert all(math.isnan(number) for number in (*large[2:], *small[:3], small[5]))


def test_the_axis_holds_every_value_and_zero(logic):
    low, high = logic.showChart().GetYAxisRange()
    assert low <= 0
    assert high >= max(value(logic, lesion, "enhanced") for lesion in ("L1", "L2"))


def test_every_measured_metric_has_a_chart_to_choose_in_the_plot_view(logic, aSlicerScene):
    logic.showChart("cr")
    nodes = slicer.util.getNodesByClass("vtkMRMLPlotChartNode")
    assert [node.GetName() for node in nodes] == ["SNR, tissue_sd", "CNR, tissue_sd", "CR"]


def test_the_chart_follows_a_region_that_is_dragged(logic):
    chart = logic.showChart()
    logic.regions("lesion")[0].node.SetCenter(-5, -5, 0)
    assert columns(chart)[">= 5 mm"][0] == value(logic, "L1", "standard")
    assert abs(value(logic, "L1", "standard")) < 2


def test_a_lesion_that_grows_changes_its_series(logic):
    chart = logic.showChart()
    logic.resizeRegion(logic.regions("lesion")[1], 8)
    assert [node.GetName() for node in series(chart)] == [">= 5 mm"]
    assert len(slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode")) == 3  # one for each of the three metrics


def test_a_metric_without_values_leaves_its_chart_empty_until_it_has_some(logic):
    from DLEnhanceLesionMetricsLib.lesionNoise import Noise

    chart = logic.showChart()
    logic.parameters.noise = Noise.ROI_SD
    logic.update()
    assert columns(chart)["image"] == []
    logic.parameters.noise = Noise.POOLED_SD
    logic.update()
    assert chart.GetTitle() == "CNR, pooled_sd"
    assert len(columns(chart)["image"]) == 6


def test_removing_a_volume_empties_the_chart(logic, aSlicerScene):
    chart = logic.showChart()
    aSlicerScene.scene.RemoveNode(logic.parameters.enhancedVolume)
    assert columns(chart)["image"] == []


def test_without_charts_nothing_is_added_to_the_scene(logic):
    assert slicer.util.getNodesByClass("vtkMRMLPlotChartNode") == []


def test_without_a_value_in_both_images_there_is_no_chart(aSlicerScene):
    logic = makeLogic()
    logic.setVolumes(addHead("T1", 20.0), addHead("T1 enhanced", 10.0))
    logic.addRegion("reference", REFERENCE, 10)
    with pytest.raises(BadOption):
        logic.showChart()
    logic.release()


def test_a_saved_scene_comes_back_with_chart_and_table_alive(logic, aSlicerScene, tmp_path):
    scene, bundle = aSlicerScene.scene, str(tmp_path / "case.mrb")
    before = columns(logic.showChart())
    assert scene.WriteToMRB(bundle)
    logic.release()
    scene.Clear(False)
    assert scene.ReadFromMRB(bundle, True)
    chart = slicer.util.getNode("CNR, tissue_sd")
    after = columns(chart)
    assert after["lesion"] == before["lesion"]
    for name in ("< 5 mm", ">= 5 mm"):
        np.testing.assert_allclose(after[name], before[name], rtol=1e-5)
    again = makeLogic()
    again.startLive()
    again.setVolumes(slicer.util.getNode("T1"), slicer.util.getNode("T1 enhanced"))
    again.regions("lesion")[0].node.SetCenter(-5, -5, 0)
    assert columns(chart)[">= 5 mm"][0] == value(again, "L1", "standard")
    assert len(slicer.util.getNodesByClass("vtkMRMLPlotChartNode")) == 3
    again.release()


def test_files_are_made_by_script_and_the_report_names_how_the_image_was_made(logic, tmp_path):
    node = logic.parameters.enhancedVolume
    for name, text in (("Model", "DLEnhance-full-12"), ("ModelHash", "cd" * 32), ("DenoisePercent", "75")):
        node.SetAttribute(f"DLEnhance.{name}", text)
    text = logic.exportReport(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "DLEnhance-full-12" in text
    assert "cd" * 32 in text
    assert "denoise 75 %" in text
    metrics = {row.metric for row in logic.outcome.rows}
    svg = logic.exportChart(tmp_path / "chart.svg").read_text(encoding="utf-8")
    assert svg.count("<circle") == 2 * 4 * len(metrics)  # two lesions, each among all and in its class
    assert logic.exportChart(tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    assert logic.exportTable(tmp_path / "table.json").read_text(encoding="utf-8").startswith("[")
    with pytest.raises(BadOption, match=r"\.csv or \.json"):
        logic.exportTable(tmp_path / "table.xls")


def test_volumes_that_are_not_dicom_are_told_so_before_a_structured_report(logic, tmp_path):
    assert "T1 is not DICOM" in logic.structuredReportObstacle()
    with pytest.raises(BadOption, match="T1 is not DICOM"):
        logic.exportStructuredReport(tmp_path / "report.dcm")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_volumes_loaded_from_dicom_give_a_structured_report_of_their_images(aSlicerScene, monkeypatch, tmp_path):
    pytest.importorskip("highdicom")
    database = installDatabase(monkeypatch)
    voxels = np.random.default_rng(0).normal(400, 20, (12, 40, 40)).astype(np.uint16)
    writeSeries(tmp_path / "series", voxels)
    writeDerivedSeries(
        readVolume(tmp_path / "series"),
        tmp_path / "series",
        tmp_path / "derived",
        strengths=Strengths(),
        modelId="M",
        modelHash="ab",
    )
    standard, enhanced = (loadSeries(database, tmp_path / name) for name in ("series", "derived"))
    logic = makeLogic()
    logic.setVolumes(standard, enhanced)
    bounds = [0.0] * 6
    standard.GetRASBounds(bounds)
    middle = np.array(bounds).reshape(3, 2).mean(axis=1)
    logic.addRegion("lesion", tuple(middle), 6)
    logic.addRegion("reference", tuple(middle + np.array((8, 0, 0))), 6)
    assert logic.structuredReportObstacle() == ""
    report = pydicom.dcmread(logic.exportStructuredReport(tmp_path / "report.dcm", reader="R1"))
    series = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert sorted(len(one.ReferencedSOPSequence) for one in series) == [12, 12]
    assert "ELLIPSOID" in str(report)
    page = logic.exportReport(tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(str(one.SeriesInstanceUID) in page for one in series)
    logic.release()


@pytest.fixture
def panel(aHost):
    """The open panel with a pair, two lesions and a reference."""
    standard, enhanced = addHead("T1", 20.0), addHead("T1 enhanced", 10.0)
    enhanced.SetNodeReferenceID("DLEnhance.Source", standard.GetID())
    panel = aHost.openModule("DLEnhanceLesionMetrics")
    addRegions(panel.logic)
    aHost.processEvents()
    return panel


def arrangement(host):
    return host.scene.GetFirstNodeByClass("vtkMRMLLayoutNode").GetViewArrangement()


def test_the_button_shows_the_chart_and_gives_the_layout_back(aHost, panel):
    before = arrangement(aHost)
    panel.ui.showChartButton.click()
    assert arrangement(aHost) != before
    assert panel.ui.showChartButton.isChecked()
    assert panel.ui.showChartButton.text == "Leave chart"
    panel.ui.showChartButton.click()
    assert arrangement(aHost) == before
    assert panel.ui.showChartButton.text == "Show chart"


def test_choosing_another_layout_leaves_the_chart_and_keeps_that_layout(aHost, panel):
    panel.ui.showChartButton.click()
    aHost.scene.GetFirstNodeByClass("vtkMRMLLayoutNode").SetViewArrangement(6)
    assert not panel.ui.showChartButton.isChecked()
    panel.logic.hideChart()
    assert arrangement(aHost) == 6


def test_chart_and_comparison_do_not_keep_each_others_layout(aHost, panel):
    before = arrangement(aHost)
    panel.ui.showChartButton.click()
    panel.logic.showComparison()
    assert not panel.logic.isChartShown
    panel.ui.showChartButton.click()
    assert not panel.logic.isComparisonShown
    panel.ui.showChartButton.click()
    assert arrangement(aHost) == before


def test_leaving_the_module_hides_the_chart_and_entering_shows_it_again(aHost, panel):
    before = arrangement(aHost)
    panel.ui.showChartButton.click()
    panel.exit()
    assert arrangement(aHost) == before
    panel.enter()
    assert panel.logic.isChartShown


@pytest.mark.parametrize(
    ("button", "name"), [("exportReportButton", "report.html"), ("exportChartButton", "chart.svg")]
)
def test_each_export_button_writes_its_file_and_says_where(panel, tmp_path, button, name):
    panel.reportBox.askPath = lambda *_arguments: str(tmp_path / name)
    getattr(panel.ui, button).click()
    assert (tmp_path / name).stat().st_size > 1000
    assert name in panel.ui.lesionStatusLabel.text


def test_the_dicom_report_is_offered_only_for_dicom_and_the_tip_says_why(panel):
    assert not panel.ui.exportStructuredReportButton.isEnabled()
    assert "not DICOM" in panel.ui.exportStructuredReportButton.toolTip


def test_a_name_without_an_ending_gets_the_proposed_one():
    from DLEnhanceLesionMetricsLib.panelExport import withSuffix

    assert withSuffix("/data.d/report", "lesion-report.html") == "/data.d/report.html"
    assert withSuffix("/data/report.png", "chart.svg") == "/data/report.png"
    assert withSuffix("", "chart.svg") == ""
