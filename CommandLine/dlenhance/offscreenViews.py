"""Slicer's own slice views, and pictures put together from them, without a window system. Needs slicer-core and EGL."""

import contextlib
import ctypes.util
import os
import sys
from pathlib import Path

import numpy as np

from DLEnhanceLib.errors import MissingPackage
from DLEnhanceLib.sceneComparison import sliceLogicOf

MANAGERS = (
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLOrientationMarkerDisplayableManager",
)


def _makeWindow():
    """A vtkRenderWindow that can draw. Raises MissingPackage where neither a display, EGL nor OSMesa is there."""
    import vtk

    if not sys.platform.startswith("linux") or os.environ.get("DISPLAY"):
        return vtk.vtkRenderWindow()
    if ctypes.util.find_library("EGL") is not None:
        with _quietEGL():
            window = vtk.vtkRenderWindow()
        if window.IsA("vtkEGLRenderWindow") or ctypes.util.find_library("OSMesa") is not None:
            return window
    raise MissingPackage(
        "Figures need Mesa's EGL library to draw without a screen: apt-get install libegl1 libgl1-mesa-dri"
    )


@contextlib.contextmanager
def _quietEGL():
    """Without a display VTK would first try X, and complain, before it takes EGL; name EGL at once."""
    import vtk

    name = "VTK_DEFAULT_OPENGL_WINDOW"
    wasNamed = name in os.environ
    os.environ.setdefault(name, "vtkEGLRenderWindow")
    vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)  # what EGL lacks is said in our own words
    try:
        yield
    finally:
        vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_WARNING)
        if not wasNamed:
            del os.environ[name]


def offscreenWindow(width, height, *, layers=1):
    """A render window that never appears. Raises MissingPackage where nothing can draw."""
    window = _makeWindow()
    window.SetOffScreenRendering(1)
    window.ShowWindowOff()
    window.SetMultiSamples(0)
    window.SetNumberOfLayers(layers)
    window.SetSize(int(width), int(height))
    return window


def pixelsOf(window) -> np.ndarray:
    """What the window shows: uint8 array (row from the top, column, rgb)."""
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    window.Render()
    grabber = vtk.vtkWindowToImageFilter()
    grabber.SetInput(window)
    grabber.ReadFrontBufferOff()
    grabber.SetInputBufferTypeToRGB()
    grabber.Update()
    image = grabber.GetOutput()
    width, height, _depth = image.GetDimensions()
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, 3)[::-1].copy()


class OffscreenSliceView:
    """A slice view that the displayable managers draw into: segment outlines, models and markups appear as in Slicer.

    appLogic: of HeadlessSlicer. ``node``, ``compositeNode`` and ``logic`` are the view's MRML objects.
    """

    def __init__(self, appLogic, name, orientation="Axial", size=(400, 400)):
        self._makeWindow(size)
        self._makeManagers(appLogic)
        self._makeLogic(appLogic.GetMRMLScene(), name, orientation, size)
        self.group.SetMRMLDisplayableNode(self.node)
        self._makeImage()

    @property
    def compositeNode(self):
        return self.logic.GetSliceCompositeNode()

    def showVolume(self, volumeNode):
        """The volume as background, its whole slice fitted into the view."""
        self.compositeNode.SetBackgroundVolumeID(volumeNode.GetID())
        self.logic.FitSliceToBackground()

    def resize(self, width, height):
        self.window.SetSize(width, height)
        self.logic.ResizeSliceNode(width, height)

    def pixels(self) -> np.ndarray:
        """uint8 array (row from the top, column, rgb)."""
        self.mapper.SetInputConnection(self.logic.GetImageDataConnection())
        if not self.renderer.HasViewProp(self.actor):
            self.renderer.AddViewProp(self.actor)
        return pixelsOf(self.window)

    def writePng(self, path):
        writePng(self.pixels(), path)

    def positionOf(self, ras):
        """(x, y) in pixels from the lower left corner, and the distance in mm from the plane, of a point in RAS mm."""
        import vtk

        toSlice = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self.node.GetXYToRAS(), toSlice)
        x, y, _z, _one = toSlice.MultiplyPoint((*map(float, ras), 1.0))
        toPlane = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self.node.GetSliceToRAS(), toPlane)
        return x, y, toPlane.MultiplyPoint((*map(float, ras), 1.0))[2]

    def release(self):
        """Stop following the scene; the view's nodes stay in it."""
        self.group.SetMRMLDisplayableNode(None)
        appLogic = self.logic.GetMRMLApplicationLogic()
        self.logic.SetMRMLScene(None)
        appLogic.GetSliceLogics().RemoveItem(self.logic)
        self.window.Finalize()

    def _makeWindow(self, size):
        import vtk

        self.window = offscreenWindow(*size, layers=2)
        self.renderer, overlay = vtk.vtkRenderer(), vtk.vtkRenderer()  # markups draw their handles on layer 1
        overlay.SetLayer(1)
        for renderer in (self.renderer, overlay):
            renderer.GetActiveCamera().ParallelProjectionOn()
            self.window.AddRenderer(renderer)
        self.interactor = vtk.vtkGenericRenderWindowInteractor()  # the usual one looks for X libraries, and complains
        self.interactor.SetRenderWindow(self.window)
        self.interactor.Initialize()

    def _makeManagers(self, appLogic):
        import slicer

        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        factory.SetMRMLApplicationLogic(appLogic)
        for manager in MANAGERS:
            if not factory.IsDisplayableManagerRegistered(manager):
                factory.RegisterDisplayableManager(manager)
        self.group = slicer.vtkMRMLDisplayableManagerGroup()
        self.group.SetRenderer(self.renderer)
        self.group.Initialize(factory, self.renderer)

    def _makeLogic(self, scene, name, orientation, size):
        self.node = scene.GetSingletonNode(name, "vtkMRMLSliceNode")
        if self.node is None:
            node = scene.CreateNodeByClass("vtkMRMLSliceNode")  # with the scene's orientation presets
            node.UnRegister(None)
            node.SetName(name)
            node.SetSingletonTag(name)
            node.SetLayoutName(name)
            self.node = scene.AddNode(node)
        self.logic = sliceLogicOf(self.node)
        self.node.SetOrientation(orientation)
        self.node.SetMappedInLayout(1)  # unmapped views draw nothing
        self.logic.ResizeSliceNode(*size)

    def _makeImage(self):
        import vtk

        self.mapper, self.actor = vtk.vtkImageMapper(), vtk.vtkActor2D()
        self.mapper.SetColorWindow(255)
        self.mapper.SetColorLevel(127.5)
        self.actor.SetMapper(self.mapper)
        self.actor.GetProperty().SetDisplayLocationToBackground()


def writePng(pixels, path):
    """Write uint8 pixels (row from the top, column, rgb)."""
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    height, width, _channels = pixels.shape
    image = vtk.vtkImageData()
    image.SetDimensions(width, height, 1)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(pixels[::-1]).reshape(-1, 3), deep=True))
    writer = vtk.vtkPNGWriter()
    writer.SetInputData(image)
    writer.SetWriteToMemory(True)
    writer.Write()
    Path(path).write_bytes(bytes(memoryview(writer.GetResult())))


class Canvas:
    """A dark page on which pictures and texts are put. Pixels count from the upper left corner."""

    def __init__(self, width, height, background=(18, 18, 20)):
        self._pixels = np.full((int(height), int(width), 3), background, np.uint8)
        self._texts = []

    def paste(self, pixels, left, top):
        self._pixels[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels

    def frame(self, left, top, width, height, *, color=(1, 1, 1)):
        """The border of a rectangle, one pixel wide; parts off the page are left out."""
        inked = np.rint(255 * np.asarray(color)).astype(np.uint8)
        bottom, right = min(top + height, self._pixels.shape[0]) - 1, min(left + width, self._pixels.shape[1]) - 1
        left, top = max(left, 0), max(top, 0)
        self._pixels[(top, bottom), left : right + 1] = inked
        self._pixels[top : bottom + 1, (left, right)] = inked

    def fill(self, left, top, width, height, *, color):
        self._pixels[top : top + height, left : left + width] = np.rint(255 * np.asarray(color)).astype(np.uint8)

    def darken(self, left, top, width, height, *, by=0.55):
        region = self._pixels[top : top + height, left : left + width]
        region[:] = (region * (1.0 - by)).astype(np.uint8)

    def text(self, text, left, top, *, size=14, color=(0.85, 0.85, 0.87), bold=False, shadow=False, right=False):
        """One or more lines; (left, top) is the upper left corner of the first, or the upper right one."""
        if text:
            self._texts.append(_textActor(text, (left, self._pixels.shape[0] - top), size, color, bold))
            look = self._texts[-1].GetTextProperty()
            look.SetShadow(shadow)
            look.SetShadowOffset(1, -1)
            if right:
                look.SetJustificationToRight()

    def pixels(self) -> np.ndarray:
        import vtk

        height, width, _channels = self._pixels.shape
        window, renderer = offscreenWindow(width, height), vtk.vtkRenderer()
        window.AddRenderer(renderer)
        renderer.AddViewProp(_background(self._pixels))
        for text in self._texts:
            renderer.AddViewProp(text)
        drawn = pixelsOf(window)
        window.Finalize()
        return drawn

    def writePng(self, path):
        writePng(self.pixels(), path)


def _background(pixels):
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    height, width, _channels = pixels.shape
    image = vtk.vtkImageData()
    image.SetDimensions(width, height, 1)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(pixels[::-1]).reshape(-1, 3), deep=True))
    mapper, actor = vtk.vtkImageMapper(), vtk.vtkActor2D()
    mapper.SetInputData(image)
    mapper.SetColorWindow(255)
    mapper.SetColorLevel(127.5)
    actor.SetMapper(mapper)
    actor.GetProperty().SetDisplayLocationToBackground()
    return actor


def _textActor(text, position, size, color, bold):
    import vtk

    actor = vtk.vtkTextActor()
    actor.SetInput(text)
    actor.SetPosition(*position)
    look = actor.GetTextProperty()
    look.SetFontFamilyToArial()
    look.SetFontSize(size)
    look.SetColor(*color)
    look.SetBold(bold)
    look.SetLineSpacing(1.15)
    look.SetVerticalJustificationToTop()
    return actor
