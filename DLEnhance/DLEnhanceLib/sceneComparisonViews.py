"""What one comparison adds to its slice views while it is shown: guards, links, curtain, titles and legend. No Qt."""

from .sceneCurtain import Curtain, CurtainBorder
from .sceneLayouts import CURTAIN, FLICKER
from .sceneLinks import Links, PairGuard, ViewLink, WindowLevelLink, displayOf
from .sceneViewLabel import ALTERNATES_ATTRIBUTE
from .sceneViewTexts import Legend, ViewTexts

STANDARD_TITLE, ENHANCED_TITLE, RESIDUAL_TITLE = "Standard", "Enhanced", "Residual"


class ComparisonViews:
    """The views of one layout with the volumes standard, enhanced and perhaps residual.

    views: the layout's view widgets (renderWindow(), scheduleRender()), empty where there are none; then nothing is
    written over the pictures. onCurtainDragged(position) is called while the mouse moves the border.
    """

    def __init__(self, layout, logics, volumes, links, *, views=(), onCurtainDragged=lambda _position: None):
        self.layout, self._logics, self._volumes, self._views = layout, list(logics), volumes, list(views)
        self._residualTitle = RESIDUAL_TITLE
        self._guard = self._viewLink = self._windowLink = self._border = self._legend = None
        self._curtain = Curtain(self._logics[0]) if layout == CURTAIN else None
        self._texts = [ViewTexts(_rendererOf(view)) for view in self._views]
        if self._views and layout == CURTAIN:
            first = self._views[0]
            self._border = CurtainBorder(
                first.renderWindow(), onDragged=onCurtainDragged, requestRender=first.scheduleRender
            )
        for composite in self.compositeNodes:
            composite.SetLabelVolumeID(None)
        self.setLinks(links)

    @property
    def compositeNodes(self):
        return [logic.GetSliceCompositeNode() for logic in self._logics]

    @property
    def sliceNodes(self):
        return [logic.GetSliceNode() for logic in self._logics]

    @property
    def titles(self):
        """The texts over each view, left to right."""
        return [texts.titles for texts in self._texts]

    @property
    def legend(self):
        """The Legend of the residual, None without one."""
        return self._legend

    def setLinks(self, links):
        _release(self._viewLink, self._windowLink)
        isSeveral = len(self._logics) > 1
        viewLinks = links if isSeveral else Links(position=False, zoom=False)
        self._viewLink = ViewLink(self.sliceNodes, self.compositeNodes, viewLinks)
        self._windowLink = WindowLevelLink(*self._volumes[:2], match=links.windowMatch) if links.window else None

    def show(self, *, isOriginal, isEnhancedSeen, curtain):
        """Put volumes, opacity, border and titles where they belong now."""
        standard, enhanced = self._volumes[:2]
        _release(self._guard)
        if self.layout in (CURTAIN, FLICKER):
            composite = self.compositeNodes[0]
            self._guard = PairGuard({composite: (standard, enhanced)})
            isSeen = not isOriginal and (self.layout == CURTAIN or isEnhancedSeen)
            composite.SetForegroundOpacity(1.0 if isSeen else 0.0)
            alternates = self.layout == FLICKER and not isOriginal
            composite.SetAttribute(ALTERNATES_ATTRIBUTE, "1" if alternates else None)
        else:
            shown = (standard, standard if isOriginal else enhanced, *self._volumes[2:])
            pairs = zip(self.compositeNodes, shown, strict=True)
            self._guard = PairGuard({composite: (volume, None) for composite, volume in pairs})
            isSeen = not isOriginal
        if self._curtain is not None:
            self._curtain.setPosition(curtain)
        self._showTexts(isSeen, curtain)

    def _showTexts(self, isSeen, curtain):
        if not self._views:
            return
        if self.layout == CURTAIN and isSeen:
            self._texts[0].showAtBorder(STANDARD_TITLE, ENHANCED_TITLE, curtain)
        elif self.layout in (CURTAIN, FLICKER):
            self._texts[0].showTitle(ENHANCED_TITLE if isSeen else STANDARD_TITLE)
        else:
            titles = (STANDARD_TITLE, ENHANCED_TITLE if isSeen else STANDARD_TITLE, self._residualTitle)
            for texts, title in zip(self._texts, titles, strict=False):
                texts.showTitle(title)
        if self._border is not None:
            self._border.setVisible(isSeen)
            self._border.setPosition(curtain)
        self.requestRender()

    def showLegend(self, unit):
        """The residual's scale; unit: one noise SD in image units. Without one, or without views, there is none."""
        if not unit or len(self._volumes) < 3 or not self._views:
            return
        display = displayOf(self._volumes[2])
        if display.GetColorNode() is None:
            return
        if self._legend is None:
            self._legend = Legend(_rendererOf(self._views[-1]))
        limits = display.GetWindowLevelMin(), display.GetWindowLevelMax()
        self._legend.update(display.GetColorNode().GetLookupTable(), limits, unit)
        self._residualTitle = f"{RESIDUAL_TITLE} in noise SD (1 SD = {unit:.3g})"
        self._texts[-1].showTitle(self._residualTitle)
        self.requestRender()

    def requestRender(self):
        for view in self._views:
            view.scheduleRender()

    def release(self):
        _release(self._guard, self._viewLink, self._windowLink, self._curtain, self._border, self._legend, *self._texts)
        self.requestRender()


def _rendererOf(view):
    return view.renderWindow().GetRenderers().GetItemAsObject(0)


def _release(*parts):
    for part in parts:
        if part is not None:
            part.release()
