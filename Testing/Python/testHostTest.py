"""The stand-in for Slicer's GUI refuses what Slicer refuses and does what Slicer does (slicer-guide 3, 4, 6.1, 9)."""

import textwrap

import numpy as np
import pytest
from DLEnhanceTestHost.sourceCheck import pythonQtProblems

from DLEnhanceLib.volume import Volume

CONNECT_BY_SIGNATURE = "connect by signature works only in PythonQt: use widget.signal.connect(slot)"
PANEL = """
<ui version="4.0"><class>Probe</class>
 <widget class="qMRMLWidget" name="Probe"><layout class="QVBoxLayout" name="probeLayout">
  <item><widget class="ctkCollapsibleButton" name="probeSection">
   <property name="text"><string>Section</string></property>
   <layout class="QVBoxLayout" name="sectionLayout">
    <item><widget class="qMRMLNodeComboBox" name="connectedSelector">
     <property name="nodeTypes"><stringlist notr="true"><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
    </widget></item>
    <item><widget class="qMRMLNodeComboBox" name="forgottenSelector">
     <property name="nodeTypes"><stringlist notr="true"><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
    </widget></item>
   </layout></widget></item>
  <item><widget class="QPushButton" name="probeButton"/></item>
 </layout></widget>
 <customwidgets>
  <customwidget><class>qMRMLWidget</class><extends>QWidget</extends><header>h</header><container>1</container></customwidget>
  <customwidget><class>qMRMLNodeComboBox</class><extends>QWidget</extends><header>h</header></customwidget>
  <customwidget><class>ctkCollapsibleButton</class><extends>QWidget</extends><header>h</header>
   <container>1</container></customwidget>
 </customwidgets>
 <connections><connection><sender>Probe</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
  <receiver>connectedSelector</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection></connections>
</ui>
"""


@pytest.fixture
def aPanel(aHost, tmp_path):
    """(root, ui) of a small panel."""
    import slicer

    path = tmp_path / "Probe.ui"
    path.write_text(PANEL, encoding="utf-8")
    root = slicer.util.loadUI(str(path))
    root.setMRMLScene(aHost.scene)
    return root, slicer.util.childWidgetVariables(root)


def addVolume(host, name):
    return host.headless.addVolume(Volume(np.zeros((2, 3, 4), np.float32), np.eye(4), name=name))


# PythonQt


def test_properties_are_attributes_and_getters_are_not_callable(aPanel):
    button = aPanel[1].probeButton
    button.text = "Run"
    assert button.text == "Run"
    with pytest.raises(TypeError):
        button.text()


@pytest.mark.parametrize("name", ["probeButton", "connectedSelector", "probeSection"])
def test_an_unknown_attribute_cannot_be_written(aPanel, name):
    with pytest.raises(AttributeError):
        getattr(aPanel[1], name).onApply = 1


def test_keyword_arguments_are_refused(aHost):
    import qt

    with pytest.raises(ValueError, match="kwargs"):
        qt.QLabel(text="x")


def test_lists_come_back_as_tuples(aPanel):
    import qt

    selector = aPanel[1].connectedSelector
    assert isinstance(selector.findChildren(qt.QWidget), tuple)
    assert selector.property("nodeTypes") == ("vtkMRMLScalarVolumeNode",)


def test_a_signal_blocker_is_no_context_manager(aHost):
    import qt

    blocked = qt.QObject()
    with pytest.raises(TypeError), qt.QSignalBlocker(blocked):
        pass


def test_a_python_subclass_may_hold_attributes(aHost):
    import qt

    class Filter(qt.QObject):
        pass

    instance = Filter()
    instance.count = 3
    assert instance.count == 3


# Loading a .ui


def test_only_widgets_with_a_designer_connection_get_the_scene(aHost, aPanel):
    node = addVolume(aHost, "T1")
    assert aPanel[1].connectedSelector.currentNode() is node
    assert aPanel[1].forgottenSelector.currentNode() is None


def test_a_widget_class_without_stand_in_is_named(aHost, tmp_path):
    import slicer

    path = tmp_path / "Odd.ui"
    path.write_text(PANEL.replace("qMRMLNodeComboBox", "qMRMLOddWidget"), encoding="utf-8")
    with pytest.raises((NotImplementedError, SystemError)) as caught:
        slicer.util.loadUI(str(path))
    assert "qMRMLOddWidget" in f"{caught.value!r} {caught.value.__cause__!r}"


# Node selectors


def test_a_selector_without_none_chooses_the_first_node_that_appears(aHost, aPanel):
    heard = []
    aPanel[1].connectedSelector.currentNodeChanged.connect(heard.append)
    first, _second = addVolume(aHost, "first"), addVolume(aHost, "second")
    assert aPanel[1].connectedSelector.currentNode() is first
    assert heard == [first]


def test_an_emptied_selector_stays_empty_although_nodes_are_there(aHost, aPanel):
    addVolume(aHost, "first")
    selector = aPanel[1].connectedSelector
    selector.setCurrentNode(None)
    addVolume(aHost, "second")
    assert selector.currentNode() is None


def test_a_selector_with_none_chooses_nothing_by_itself(aHost, aPanel):
    selector = aPanel[1].connectedSelector
    selector.noneEnabled = True
    node = addVolume(aHost, "T1")
    assert selector.currentNode() is None
    selector.setCurrentNode(node)
    aHost.scene.RemoveNode(node)
    assert selector.currentNode() is None


def test_closing_the_scene_empties_a_selector_and_says_so(aHost, aPanel):
    heard = []
    addVolume(aHost, "T1")
    aPanel[1].connectedSelector.currentNodeChanged.connect(heard.append)
    aHost.closeScene()
    assert heard == [None]


def test_hidden_nodes_and_other_types_are_not_listed(aHost, aPanel):
    addVolume(aHost, "hidden").SetHideFromEditors(True)
    aHost.scene.AddNewNodeByClass("vtkMRMLModelNode")
    selector = aPanel[1].connectedSelector
    selector.setMRMLScene(aHost.scene)
    assert selector.nodeCount() == 0


def test_create_new_makes_a_node_chooses_it_and_says_so(aHost, aPanel):
    selector, heard = aPanel[1].connectedSelector, []
    selector.baseName = "Enhanced"
    selector.nodeAddedByUser.connect(heard.append)
    node = selector.addNode()
    assert (selector.currentNode(), heard, node.GetName()) == (node, [node], "Enhanced")


# Sections, tables, placing


def test_a_collapsed_section_hides_its_contents(aHost, aPanel):
    root, ui = aPanel
    root.show()
    ui.probeSection.collapsed = True
    assert not ui.connectedSelector.visible
    ui.probeSection.collapsed = False
    assert ui.connectedSelector.visible


def test_a_table_view_follows_its_node(aHost):
    import slicer

    view, node = slicer.qMRMLTableView(), aHost.scene.AddNewNodeByClass("vtkMRMLTableNode")
    view.setMRMLTableNode(node)
    slicer.util.updateTableFromArray(node, [np.array([1.5, 2.5])], ["SNR"])
    assert view.cellText(1, 0) == "2.5"


def test_place_mode_needs_a_node_and_ends_after_placing(aHost):
    import slicer

    widget, heard = slicer.qSlicerMarkupsPlaceWidget(), []
    widget.setMRMLScene(aHost.scene)
    widget.activeMarkupsPlaceModeChanged.connect(heard.append)
    widget.setPlaceModeEnabled(True)
    assert heard == []
    node = aHost.scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    widget.setCurrentNode(node)
    widget.setPlaceModeEnabled(True)
    widget.place((1, 2, 3))
    assert heard == [True, False]
    assert node.GetNthControlPointPosition(0) == (1, 2, 3)


def test_a_slider_keeps_value_and_spin_box_together_within_the_range(aHost):
    import ctk

    slider, heard = ctk.ctkSliderWidget(), []
    slider.setRange(0, 10)
    slider.valueChanged.connect(heard.append)
    slider.value = 50
    assert (slider.value, heard) == (10, [10.0])


# The application


def test_questions_are_answered_with_no_and_kept(aHost):
    import slicer

    assert slicer.util.confirmOkCancelDisplay("Install it now?") is False
    assert slicer.util.confirmYesNoDisplay("Really?") is False
    assert slicer.util.errorDisplay("Failed") is None
    assert aHost.messages.texts() == ["Install it now?", "Really?", "Failed"]


def test_try_with_error_display_raises_again(aHost):
    import slicer

    with pytest.raises(KeyError), slicer.util.tryWithErrorDisplay("Failed", waitCursor=True):
        raise KeyError
    assert aHost.app.testingEnabled()


def test_an_exception_in_a_slot_is_swallowed_and_kept(aHost, aPanel):
    def fail(checked=False):
        raise RuntimeError("in a slot")

    aPanel[1].probeButton.clicked.connect(fail)
    aPanel[1].probeButton.click()
    assert [str(error) for error in aHost.takeSlotErrors()] == ["in a slot"]


def test_views_have_their_true_size_only_after_events_were_processed(aHost):
    aHost.layoutManager.setLayout(6)
    logic = aHost.layoutManager.sliceWidget("Red").sliceLogic()
    before = logic.GetSliceNode().GetDimensions()[:2]
    aHost.processEvents()
    assert before != logic.GetSliceNode().GetDimensions()[:2]


def test_closing_the_scene_drops_links_and_backgrounds_but_not_the_layout(aHost):
    node = addVolume(aHost, "T1")
    aHost.layoutManager.setLayout(6)
    composite = aHost.layoutManager.sliceWidget("Red").mrmlSliceCompositeNode()
    composite.SetBackgroundVolumeID(node.GetID())
    composite.SetLinkedControl(True)
    aHost.closeScene()
    assert composite.GetBackgroundVolumeID() is None
    assert not composite.GetLinkedControl()
    assert aHost.layoutManager.layout == 6


def test_without_views_there_is_neither_window_nor_layout_manager(aHostWithoutViews):
    import slicer

    assert slicer.util.mainWindow() is None
    assert slicer.app.layoutManager() is None


def test_settings_start_empty_and_keep_values(aHost):
    import qt
    import slicer

    assert slicer.util.settingsValue("DLEnhance/Device", "auto") == "auto"
    qt.QSettings().setValue("DLEnhance/Device", "cpu")
    assert slicer.util.settingsValue("DLEnhance/Device", "auto") == "cpu"


def test_settings_of_one_session_do_not_reach_the_next(aHost):
    import slicer

    assert slicer.util.settingsValue("DLEnhance/Device", "auto") == "auto"


def test_an_unknown_member_of_the_application_is_an_error(aHost):
    import slicer

    with pytest.raises(AttributeError):
        slicer.app.noSuchMember()


def test_a_grabbed_panel_is_a_picture(aHost, aPanel, tmp_path):
    path = aHost.grab(aPanel[0], tmp_path / "panel.png", size=(300, 200))
    assert path.read_bytes().startswith(b"\x89PNG")


# The source check


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("with qt.QSignalBlocker(box):\n    pass", "QSignalBlocker is no context manager"),
        ("label = qt.QLabel(text='x')", "keyword argument to a Qt class"),
        ("isinstance(box, qt.QWidget)", "isinstance on a Qt class"),
        ("box.toggled.connect(lambda checked, row=3: None)", "default argument of a slot takes the signal's value"),
        ("text = box.currentText()", "currentText is a property"),
        ("class A(qt.QObject):\n    changed = qt.Signal()", "qt.Signal in a class"),
        (
            "button.connect('clicked()', f)",
            CONNECT_BY_SIGNATURE,
        ),
    ],
)
def test_the_source_check_finds_what_would_fail_in_slicer(tmp_path, source, problem):
    path = tmp_path / "panel.py"
    path.write_text(source, encoding="utf-8")
    assert problem in [text for _line, text in pythonQtProblems(path)]


def test_the_source_check_accepts_good_code(tmp_path):
    path = tmp_path / "panel.py"
    path.write_text(
        textwrap.dedent("""
            slicer.app.connect("startupCompleted()", register)
            box.currentIndexChanged.connect(self.onIndex)
            box.setText("x")
            items = [box.itemText(row) for row in range(box.count)]
        """),
        encoding="utf-8",
    )
    assert pythonQtProblems(path) == []
