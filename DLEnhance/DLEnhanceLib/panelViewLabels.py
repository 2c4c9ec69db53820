"""Puts the research-use label into every slice view of the application's layout, also into those that come later."""

from .sceneViewLabel import ViewLabel

_owners = {}  # view name: the ViewLabels that labels it


class ViewLabels:
    """Both panels have one; a view gets one label all the same.

    layoutManager: the application's, or None without a main window, and then there is nothing to do.
    """

    def __init__(self, layoutManager):
        self._manager, self._labels = layoutManager, {}
        if layoutManager is not None:
            layoutManager.layoutChanged.connect(self._onLayoutChanged)
            self._onLayoutChanged()

    def textIn(self, viewName) -> str:
        return _owners[viewName]._labels[viewName].text

    def release(self):
        if self._manager is not None:
            self._manager.layoutChanged.disconnect(self._onLayoutChanged)
        for name, label in self._labels.items():
            label.release()
            del _owners[name]
        self._labels = {}

    def _onLayoutChanged(self, layout=0):
        for name in self._manager.sliceViewNames():
            widget = self._manager.sliceWidget(name)
            if name not in _owners and widget is not None:
                _owners[name] = self
                view = widget.sliceView()
                renderer = view.renderWindow().GetRenderers().GetItemAsObject(0)
                self._labels[name] = ViewLabel(renderer, widget.mrmlSliceCompositeNode(), view.scheduleRender)
