"""The sources of the widgets: what fails only in Slicer, and the names that Python and .ui files must share."""

import ast
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from DLEnhanceTestHost.sourceCheck import pythonQtProblems

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("DLEnhance", "DLEnhanceLesionMetrics")
WIDGET_FILES = sorted(
    path
    for name in MODULES
    for path in [ROOT / name / f"{name}.py", *(ROOT / name / f"{name}Lib").glob("panel*.py")]
    if path.is_file()
)
UI_FILES = [path for name in MODULES for path in sorted((ROOT / name / "Resources" / "UI").glob("*.ui"))]
# Names of inner widgets of composite widgets, which childWidgetVariables() collects too (guide 3.2)
INNER_NAMES = {"DeleteButton", "Slider", "SpinBox", "MoreButton", "ColorButton", "label_Message", "ComboBox"}


def everyFile(files):
    return pytest.mark.parametrize("path", files, ids=[path.name for path in files])


@everyFile(WIDGET_FILES)
def test_no_line_would_act_differently_in_slicer(path):
    assert pythonQtProblems(path) == []


@everyFile(WIDGET_FILES)
def test_recently_removed_names_of_qt_and_python_are_not_used(path):
    source = path.read_text(encoding="utf-8")
    for name in ("currentIndexChanged[", "stateChanged", "buttonClicked", "import imp\n"):
        assert name not in source


def widgetNames(path):
    return [widget.get("name") for widget in ET.parse(path).iter("widget")]


@everyFile(UI_FILES)
def test_every_widget_has_a_name_of_its_own(path):
    names = widgetNames(path)
    assert all(names)
    assert len(names) == len(set(names))
    assert not set(names) & INNER_NAMES


@everyFile(UI_FILES)
def test_every_name_that_python_uses_stands_in_the_ui(path):
    module = path.stem
    used = set()
    for file in (source for source in WIDGET_FILES if module in source.relative_to(ROOT).parts):
        used |= usedNames(ast.parse(file.read_text(encoding="utf-8")))
    shared = UI_FILES[0].with_name("DLEnhanceComparison.ui")  # loaded into both panels by panelCompare.py
    assert used - set(widgetNames(path)) - set(widgetNames(shared)) == set()


def usedNames(tree):
    """x of every ``ui.x`` and ``self.ui.x``."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if name.lstrip("_") == "ui":
                found.add(node.attr)
    return found


@everyFile(UI_FILES)
def test_parameter_properties_are_spelled_right(path):
    names = {prop.get("name") for prop in ET.parse(path).iter("property")}
    near = {name for name in names if name.lower().startswith("slicer")}
    assert near <= {"SlicerParameterName"}


@everyFile(UI_FILES)
def test_every_foreign_widget_class_is_declared(path):
    tree = ET.parse(path)
    used = {widget.get("class") for widget in tree.iter("widget")}
    declared = {custom.findtext("class") for custom in tree.iter("customwidget")}
    assert {name for name in used if name.startswith(("ctk", "qMRML", "qSlicer"))} <= declared


@everyFile(UI_FILES)
def test_every_widget_that_needs_the_scene_is_connected_to_it(path):
    tree = ET.parse(path)
    needing = {
        "qMRMLNodeComboBox",
        "qSlicerMarkupsPlaceWidget",
        "qSlicerSimpleMarkupsWidget",
        "qMRMLSegmentSelectorWidget",
    }
    widgets = {widget.get("name") for widget in tree.iter("widget") if widget.get("class") in needing}
    connected = {connection.findtext("receiver") for connection in tree.iter("connection")}
    assert widgets - connected == set()


@everyFile(UI_FILES)
def test_every_control_has_a_tool_tip(path):
    controls = ("QPushButton", "QToolButton", "QCheckBox", "QComboBox", "ctkSliderWidget", "qMRMLNodeComboBox")
    for widget in ET.parse(path).iter("widget"):
        if widget.get("class") in controls:
            names = {prop.get("name") for prop in widget.findall("property")}
            assert "toolTip" in names, widget.get("name")
