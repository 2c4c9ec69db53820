"""A stand-in for Slicer's GUI made of PySide6 and slicer-core, as strict as PythonQt where possible (guide 8.6, 9.3).

Fixtures of Testing/Python/conftest.py::

    def test_something(aSlicerScene):   # HeadlessSlicer: .scene .appLogic .logics .addVolume(Volume); no Qt.
                                        # slicer.mrmlScene, slicer.util's arrays, slicer.i18n, .parameterNodeWrapper
                                        # and .ScriptedLoadableModule work. Import scene files (logic, parameters)
                                        # inside tests or fixtures, or call installSlicerModules() first.
    def test_panel(aHost):              # Host with layout manager and main window
    def test_panel(aHostWithoutViews):  # slicer.app.layoutManager() and slicer.util.mainWindow() are None

Host::

    widget = aHost.openModule("DLEnhance")    # DLEnhanceWidget, after setup() and enter(); widget.ui, widget.logic
    aHost.selectModule("")                    # leave it: exit(); selectModule("DLEnhance") enters again
    aHost.loadModule("DLEnhance").title       # the module's metadata without its widget
    aHost.reloadModule("DLEnhance")           # developer reload
    aHost.closeScene()                        # StartCloseEvent, clear, EndCloseEvent
    aHost.processEvents()
    aHost.waitUntil(lambda: job.done(0), seconds=20)
    aHost.grab(widget, "panel.png", size=(480, 900))
    aHost.messages                            # [(function, text)] of infoDisplay, confirm... (all answer False)
    aHost.statusMessages
    aHost.takeSlotErrors()                    # exceptions in slots: printed and swallowed as in Slicer, and kept here;
                                              # any that were not taken fail the test at its end
    aHost.layoutManager.sliceWidget("Red")    # .sliceLogic() .mrmlSliceNode() .mrmlSliceCompositeNode() ...
    aHost.headless.addVolume(Volume(...))     # a volume node in the scene

Widgets of a .ui are real QWidgets of classes named like Slicer's (ctk*.py, node*.py, mrmlWidgets.py,
markupsWidgets.py); a class that is missing there raises NotImplementedError on loading. A test clicks
``widget.ui.applyButton.click()``, chooses ``widget.ui.inputSelector.setCurrentNode(node)``, places
``widget.ui.placeWidget.place((r, a, s), ...)``, and reads properties as attributes (``widget.ui.applyButton.enabled``),
as in Slicer. ``tableView.cellText(row, column)`` reads a table.

``pythonQtProblems(path)`` lists lines of a widget file that run here and fail in Slicer.

Not emulated: connect() by signature on widgets, starving worker threads, ``<p>`` around tool tips, connections that
keep their objects alive, dialogs for files and folders.
"""

import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")  # or VTK tries X first and complains
