"""Follows one MRML node on behalf of a widget."""


class NodeWatcher:
    """Calls a function when the node changes; another node replaces it."""

    def __init__(self, onChanged, *events):
        self._onChanged, self._events, self.node, self._tags = onChanged, events, None, []

    def watch(self, node):
        for tag in self._tags:
            self.node.RemoveObserver(tag)
        self.node = node
        self._tags = [] if node is None else [node.AddObserver(event, self._notify) for event in self._events]
        self._onChanged()

    def _notify(self, caller, event):
        self._onChanged()
