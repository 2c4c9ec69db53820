"""What is written into the views of a comparison: which image is seen, and the scale of the residual. VTK only."""

import vtk

TITLE_PIXELS, MARGIN = 15, 0.015
LEGEND_LABELS = 7


class ViewTexts:
    """Titles at the lower edge of one slice view; at the left and right of a curtain's border, else in the middle."""

    def __init__(self, renderer):
        self._renderer = renderer
        self._left, self._right = _textActor("right"), _textActor("left")
        self._middle = _textActor("center")
        self._actors = (self._left, self._middle, self._right)
        for actor in self._actors:
            renderer.AddViewProp(actor)

    @property
    def titles(self):
        """The texts seen now, left to right."""
        return [actor.GetInput() for actor in self._actors if actor.GetVisibility() and actor.GetInput()]

    def showTitle(self, text):
        self._show("", text, "")

    def showAtBorder(self, left, right, position):
        """Beside a border at a position of 0..1; a side too narrow for its text goes without."""
        self._show(left if position > 0.12 else "", "", right if position < 0.88 else "")
        self._left.SetPosition(position - MARGIN, MARGIN)
        self._right.SetPosition(position + MARGIN, MARGIN)

    def release(self):
        for actor in self._actors:
            self._renderer.RemoveViewProp(actor)

    def _show(self, *texts):
        for actor, text in zip(self._actors, texts, strict=True):
            actor.SetInput(text)
            actor.SetVisibility(bool(text))


class Legend:
    """The scale of a residual along the lower edge of its view, above the title; numbers in noise SDs."""

    def __init__(self, renderer):
        self._renderer, self._bar = renderer, vtk.vtkScalarBarActor()
        bar = self._bar
        bar.SetOrientationToHorizontal()
        bar.SetNumberOfLabels(LEGEND_LABELS)
        bar.SetLabelFormat("%+.0f")
        bar.UnconstrainedFontSizeOn()
        bar.SetBarRatio(0.35)
        style = bar.GetLabelTextProperty()
        style.SetFontSize(TITLE_PIXELS - 2)
        style.SetColor(0.95, 0.95, 0.95)
        for turnOff in (style.ItalicOff, style.BoldOff, style.ShadowOff):
            turnOff()
        bar.DrawBackgroundOn()  # the numbers stay readable over white and black
        bar.GetBackgroundProperty().SetColor(0.0, 0.0, 0.0)
        bar.GetBackgroundProperty().SetOpacity(0.65)
        bar.GetPositionCoordinate().SetCoordinateSystemToNormalizedViewport()
        bar.GetPositionCoordinate().SetValue(0.1, 0.065)
        bar.SetWidth(0.8)
        bar.SetHeight(0.085)
        renderer.AddViewProp(bar)

    @property
    def range(self):
        """Of the scale, in noise SDs."""
        return self._bar.GetLookupTable().GetRange()

    def update(self, lookupTable, limits, unit):
        """lookupTable: the vtkLookupTable of the residual's colors. limits: of its window; unit: one noise SD, in image
        units.
        """
        colors = vtk.vtkLookupTable()
        colors.DeepCopy(lookupTable)
        colors.SetRange(limits[0] / unit, limits[1] / unit)
        self._bar.SetLookupTable(colors)

    def release(self):
        self._renderer.RemoveViewProp(self._bar)


def _textActor(justification):
    actor = vtk.vtkTextActor()
    style = actor.GetTextProperty()
    style.SetFontSize(TITLE_PIXELS)
    style.SetColor(0.95, 0.95, 0.95)
    style.SetBackgroundColor(0.0, 0.0, 0.0)
    style.SetBackgroundOpacity(0.55)
    style.SetVerticalJustificationToBottom()
    {"left": style.SetJustificationToLeft, "right": style.SetJustificationToRight}.get(
        justification, style.SetJustificationToCentered
    )()
    place = actor.GetPositionCoordinate()
    place.SetCoordinateSystemToNormalizedViewport()
    place.SetValue(0.5, MARGIN)
    return actor
