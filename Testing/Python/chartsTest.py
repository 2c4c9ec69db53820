"""Paired slope charts: which lines and panels, drawn true to scale, as SVG and PNG that other programs read."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from DLEnhanceLesionMetricsLib import charts, drawing
from DLEnhanceLesionMetricsLib.measurement import ChangeRow
from DLEnhanceLesionMetricsLib.pngFile import pngBytes
from DLEnhanceLib.errors import BadOption, CannotWrite

SVG = "{http://www.w3.org/2000/svg}"


def change(lesion, standard, enhanced, *, metric="cnr", method="tissue_sd", case="p1"):
    known = None not in (standard, enhanced)
    percent = 100 * (enhanced - standard) / standard if known else None
    return ChangeRow(case, lesion, metric, method, "1", standard, enhanced, percent, "")


ROWS = [
    change("small", 10.0, 20.0),
    change("large", 30.0, 27.0),
    change("lost", None, 5.0),
    change("small", 0.30, 0.31, metric="cr", method="none"),
]
DIAMETERS = {("p1", "small"): 4.9, ("p1", "large"): 5.0}


def dots(panelDrawing):
    return [item for item in panelDrawing.items if isinstance(item, drawing.Dot)]


def test_each_metric_and_method_has_a_chart_of_its_lesions():
    found = charts.slopeCharts([*ROWS, change("small", 5.0, 6.0, method="air_sd")])
    assert [chart.title for chart in found] == ["CNR, tissue_sd", "CR", "CNR, air_sd"]
    assert [line.lesion for line in found[0].panels[0].lines] == ["small", "large"]
    assert found[0].unmeasured == 1


def test_each_size_class_has_a_panel_and_5_mm_belongs_to_the_larger():
    panels = charts.slopeCharts(ROWS, DIAMETERS)[0].panels
    assert [(panel.title, [line.lesion for line in panel.lines]) for panel in panels] == [
        ("all lesions", ["small", "large"]),
        ("< 5 mm", ["small"]),
        (">= 5 mm", ["large"]),
    ]


def test_lesions_of_one_class_or_of_unknown_size_share_one_panel():
    assert [panel.title for panel in charts.slopeCharts(ROWS)[0].panels] == ["all lesions"]
    (panel,) = charts.slopeCharts(ROWS[:1], DIAMETERS)[0].panels
    assert panel.title == "all lesions (< 5 mm)"


def test_heights_are_true_to_scale_and_the_axis_contains_zero():
    chart = charts.slopeCharts(ROWS)[0]
    drawn = charts.chartDrawing(chart)
    heights = [dot.center[1] for dot in dots(drawn)]  # small before and after, large before and after
    perUnit = (heights[0] - heights[1]) / 10.0
    assert heights[0] - heights[2] == pytest.approx(20.0 * perUnit)
    zero = next(item for item in drawn.items if isinstance(item, drawing.Text) and item.text == "0")
    assert zero.place[1] - 4.0 - heights[0] == pytest.approx(10.0 * perUnit)


def test_a_lesion_that_falls_is_dashed_also_a_dark_one():
    dark = [change("fades", -8.0, -5.0), change("stands out", -5.0, -8.0)]
    (chart,) = charts.slopeCharts(dark)
    lines = [item for item in charts.chartDrawing(chart).items if isinstance(item, drawing.Line)]
    slopes = [line for line in lines if line.color in (charts.LINE_COLOR, charts.FALLING_COLOR)]
    assert [bool(line.dash) for line in slopes] == [True, False]


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.33), (0.0, 117.0), (-30.7, 12.0), (0.0, 0.0), (0.0, 1e6)])
def test_axes_have_a_few_round_ticks_around_the_values(low, high):
    ticks = charts.axisTicks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 8
    assert 0.0 in ticks
    np.testing.assert_allclose(np.diff(ticks), ticks[1] - ticks[0])


def test_names_that_would_overlap_are_moved_apart_and_stay_in_order():
    assert charts.apart([10, 12, 13, 60], 12, 100) == [10, 22, 34, 60]
    assert charts.apart([95, 99, 100], 12, 100) == [76, 88, 100]


def test_lines_of_several_cases_are_named_by_case():
    rows = [change("lesion", 1.0, 2.0, case="p1"), change("a", 2.0, 3.0, case="p2"), change("b", 3.0, 4.0, case="p2")]
    (chart,) = charts.slopeCharts(rows)
    texts = {item.text for item in charts.chartDrawing(chart).items if isinstance(item, drawing.Text)}
    assert {"p1", "p2 a", "p2 b"} <= texts


def test_the_svg_is_well_formed_whatever_the_lesion_is_called(tmp_path):
    found = charts.slopeCharts([change('\x07<script> & "L1" left', 10.0, 20.0)])
    path = charts.writeCharts(found, tmp_path / "chart.svg", title="Müller <1>")
    root = ET.parse(path).getroot()
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert "<script> & …" in texts
    assert "Müller <1>" in texts
    assert len(list(root.iter(f"{SVG}circle"))) == 2
    assert any("Research use only" in text for text in texts)


def test_the_png_shows_the_same_dots_as_the_drawing(tmp_path):
    found = charts.slopeCharts(ROWS[:1])
    picture = np.asarray(Image.open(charts.writeCharts(found, tmp_path / "chart.png")))
    whole = charts.chartsDrawing(found)
    assert picture.shape == (round(2 * whole.height), round(2 * whole.width), 3)
    for dot, color in zip(dots(whole), (charts.STANDARD_COLOR, charts.ENHANCED_COLOR), strict=True):
        x, y = (round(2 * value) for value in dot.center)
        assert "#{:02x}{:02x}{:02x}".format(*picture[y, x]) == color


def test_a_chart_without_values_or_of_another_format_is_refused(tmp_path):
    with pytest.raises(BadOption, match="nothing to draw"):
        charts.writeCharts(charts.slopeCharts(ROWS[2:3]), tmp_path / "chart.svg")
    with pytest.raises(BadOption, match=r"\.svg or \.png"):
        charts.writeCharts(charts.slopeCharts(ROWS), tmp_path / "chart.pdf")
    with pytest.raises(CannotWrite):
        charts.writeCharts(charts.slopeCharts(ROWS), tmp_path / "none" / "chart.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_chart_of_hundreds_of_lesions_stays_small():
    (chart,) = charts.slopeCharts([change(f"L{n}", 10.0 + n, 12.0 + n) for n in range(300)])
    drawn = charts.chartsDrawing([chart])
    assert drawn.width < 1200
    assert not any(item.text.startswith("L1") for item in drawn.items if isinstance(item, drawing.Text))


@pytest.mark.parametrize("shape", [(5, 7), (4, 3, 3), (1, 1)])
def test_png_bytes_come_back_from_another_reader(shape, tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    (tmp_path / "x.png").write_bytes(pngBytes(picture))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "x.png")), picture)
