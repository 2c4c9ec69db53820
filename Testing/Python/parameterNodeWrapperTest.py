"""The stand-in for slicer.parameterNodeWrapper held against Slicer's rules (slicer-guide 3.5 and 3.6)."""

import enum
import pathlib
from types import SimpleNamespace
from typing import Annotated

import pytest


class Task(enum.Enum):
    DENOISE = "denoise"
    DERING = "dering"

    def label(self):
        return {Task.DENOISE: "Denoise", Task.DERING: "Remove ringing"}[self]


def wrapperClass():
    from slicer import vtkMRMLScalarVolumeNode
    from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

    @parameterNodeWrapper
    class Parameters:
        inputVolume: vtkMRMLScalarVolumeNode
        strength: Annotated[float, WithinRange(0, 1)] = 0.5
        count: int = 3
        isShown: bool = True
        task: Task = Task.DERING
        title: str = "none"
        folder: pathlib.Path
        score: int | None = None

    return Parameters


@pytest.fixture
def aScriptNode(aSlicerScene):
    return aSlicerScene.scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "Parameters")


@pytest.fixture
def someParameters(aScriptNode):
    return wrapperClass()(aScriptNode)


def volumeNode(name="T1"):
    import slicer

    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)


def test_defaults_are_stored_at_once(someParameters, aScriptNode):
    stored = {name: aScriptNode.GetParameter(name) for name in ("strength", "count", "isShown", "title", "task")}
    assert stored == {"strength": "0.5", "count": "3", "isShown": "True", "title": "none", "task": "DERING"}
    assert someParameters.inputVolume is None
    assert someParameters.folder == pathlib.Path()


def test_an_enum_is_stored_by_name_and_read_back_as_member(someParameters, aScriptNode):
    someParameters.task = Task.DENOISE
    assert aScriptNode.GetParameter("task") == "DENOISE"
    assert someParameters.task is Task.DENOISE


def test_a_node_is_a_node_reference_with_the_name_of_the_parameter(someParameters, aScriptNode):
    node = volumeNode()
    someParameters.inputVolume = node
    assert aScriptNode.GetNodeReferenceID("inputVolume") == node.GetID()
    assert someParameters.inputVolume is node


def test_an_optional_value_comes_and_goes(someParameters):
    assert someParameters.score is None
    someParameters.score = 4
    assert someParameters.score == 4
    someParameters.score = None
    assert someParameters.score is None


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("strength", 1.01, ValueError),
        ("strength", None, ValueError),
        ("isShown", 1, TypeError),
        ("task", "DENOISE", TypeError),
        ("count", 1.5, TypeError),
        ("inputVolume", "vtkMRMLScalarVolumeNode1", TypeError),
    ],
)
def test_values_of_other_types_or_out_of_range_are_refused(someParameters, name, value, error):
    before = getattr(someParameters, name)
    with pytest.raises(error):
        setattr(someParameters, name, value)
    assert getattr(someParameters, name) == before


def test_a_float_takes_an_int(someParameters):
    someParameters.strength = 1
    assert someParameters.strength == 1.0


def test_a_misspelt_attribute_is_created_in_silence(someParameters, aScriptNode):
    someParameters.strenght = 0.9
    assert someParameters.strength == 0.5
    assert not aScriptNode.HasParameter("strenght")


def test_a_raw_value_out_of_range_is_read_as_it_is(someParameters, aScriptNode):
    aScriptNode.SetParameter("strength", "7.5")
    assert someParameters.strength == 7.5


def test_a_second_wrapper_keeps_what_is_stored(someParameters, aScriptNode):
    someParameters.count = 8
    assert wrapperClass()(aScriptNode).count == 8


def test_names_are_looked_up_and_unknown_ones_refused(someParameters):
    someParameters.setValue("count", 5)
    assert someParameters.getValue("count") == 5
    with pytest.raises(ValueError, match="Cannot find a param"):
        someParameters.getValue("cuont")


def test_a_reserved_name_is_refused(aSlicerScene):
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    class Bad:
        default: int = 1

    with pytest.raises(ValueError, match="reserved"):
        parameterNodeWrapper(Bad)


def test_observers_hear_each_change_once(someParameters):
    import vtk

    heard = []
    someParameters.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda caller, event: heard.append(event))
    someParameters.inputVolume = volumeNode()
    assert len(heard) == 1


# With widgets


@pytest.fixture
def widgets(aHost):
    """A ui object like childWidgetVariables makes it, and parameters of the host's scene."""
    import ctk
    import qt
    import slicer

    kinds = {
        "inputVolume": slicer.qMRMLNodeComboBox,
        "strength": ctk.ctkSliderWidget,
        "count": qt.QSpinBox,
        "isShown": qt.QCheckBox,
        "task": qt.QComboBox,
        "title": qt.QLineEdit,
        "folder": ctk.ctkDirectoryButton,
    }
    ui = SimpleNamespace(**{f"{name}Widget": kind() for name, kind in kinds.items()})
    for name in kinds:
        getattr(ui, f"{name}Widget").setProperty("SlicerParameterName", name)
    ui.inputVolumeWidget.setMRMLScene(aHost.scene)
    parameters = wrapperClass()(aHost.scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "Parameters"))
    return SimpleNamespace(ui=ui, parameters=parameters, tag=parameters.connectGui(ui))


def test_widgets_show_the_stored_values_when_connected(widgets):
    ui = widgets.ui
    shown = (ui.strengthWidget.value, ui.countWidget.value, ui.isShownWidget.checked, ui.titleWidget.text)
    assert shown == (0.5, 3, True, "none")
    assert ui.taskWidget.currentText == "Remove ringing"


def test_the_range_of_a_slider_comes_from_the_annotation(widgets):
    assert (widgets.ui.strengthWidget.minimum, widgets.ui.strengthWidget.maximum) == (0, 1)


def test_a_combo_box_is_filled_with_labels_and_has_no_data(widgets):
    box = widgets.ui.taskWidget
    assert [box.itemText(row) for row in range(box.count)] == ["Denoise", "Remove ringing"]
    assert box.currentData is None


def test_what_the_user_does_is_stored(widgets):
    ui, node = widgets.ui, volumeNode()
    ui.strengthWidget.value = 0.25
    ui.countWidget.setValue(9)
    ui.isShownWidget.setChecked(False)
    ui.taskWidget.setCurrentIndex(0)
    ui.titleWidget.setText("A")
    ui.folderWidget.directory = "somewhere"
    ui.inputVolumeWidget.setCurrentNode(node)
    parameters = widgets.parameters
    numbers = (parameters.strength, parameters.count, parameters.isShown, parameters.title)
    assert numbers == (pytest.approx(0.25), 9, False, "A")
    assert (parameters.task, parameters.folder) == (Task.DENOISE, pathlib.Path("somewhere"))
    assert parameters.inputVolume is node


def test_what_a_script_does_is_shown(widgets):
    node = volumeNode()
    widgets.parameters.strength = 0.75
    widgets.parameters.task = Task.DENOISE
    widgets.parameters.inputVolume = node
    assert widgets.ui.strengthWidget.value == pytest.approx(0.75)
    assert widgets.ui.taskWidget.currentText == "Denoise"
    assert widgets.ui.inputVolumeWidget.currentNode() is node


def test_disconnected_widgets_and_parameters_go_their_own_ways(widgets):
    widgets.parameters.disconnectGui(widgets.tag)
    widgets.ui.countWidget.setValue(1)
    widgets.parameters.strength = 1.0
    assert widgets.parameters.count == 3
    assert widgets.ui.strengthWidget.value == 0.5


def test_a_misspelt_parameter_name_raises(widgets):
    widgets.ui.countWidget.setProperty("SlicerParameterName", "cuont")
    with pytest.raises(ValueError, match="Cannot find a param with the given name"):
        widgets.parameters.connectGui(widgets.ui)


def test_a_widget_of_the_wrong_class_raises(widgets):
    import qt

    box = qt.QSpinBox()
    with pytest.raises(RuntimeError, match="Unable to create GUI connector"):
        widgets.parameters.connectParametersToGui({"title": box})


def test_a_slider_for_an_unbounded_number_raises(widgets):
    import qt

    slider = qt.QSlider()
    with pytest.raises(RuntimeError, match="unbounded"):
        widgets.parameters.connectParametersToGui({"count": slider})
