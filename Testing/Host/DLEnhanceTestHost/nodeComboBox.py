"""Stand-in for qMRMLNodeComboBox: lists the scene's nodes of its types, chooses by Slicer's rules (guide 3.2, 4.2)."""

import typing
import weakref

from PySide6 import QtWidgets
from PySide6.QtCore import Property, Signal

from .pythonQt import StrictAttributes
from .stubBase import attribute, inRow

SCENE_EVENTS = ("NodeAddedEvent", "NodeRemovedEvent", "EndCloseEvent", "EndImportEvent", "EndBatchProcessEvent")


class SceneWatcher:
    """Calls a method of a widget after scene events; holds the widget weakly, as C++ observers do."""

    _all: typing.ClassVar = weakref.WeakSet()

    def __init__(self, scene, method):
        SceneWatcher._all.add(self)
        reference = weakref.WeakMethod(method)
        self._scene = scene

        def changed(caller, event):
            alive = reference()
            if alive is not None and not caller.IsBatchProcessing():
                alive()

        self._tags = [scene.AddObserver(getattr(scene, name), changed) for name in SCENE_EVENTS]

    def release(self):
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._tags = []

    @staticmethod
    def releaseAll():
        """A scene that dies with Python observers during garbage collection takes the process with it."""
        for watcher in list(SceneWatcher._all):
            watcher.release()


class qMRMLNodeComboBox(StrictAttributes, QtWidgets.QWidget):
    """Empty and disabled until it has a scene.

    Without ``noneEnabled`` the first suitable node that appears in it is chosen by itself; but
    ``setCurrentNode(None)``, which connectGui does for a parameter without node, leaves it empty although
    nodes are there (qMRMLNodeComboBox.cxx).
    """

    currentNodeChanged = Signal(object)
    currentNodeIDChanged = Signal(str)
    nodeActivated = Signal(object)
    nodeAddedByUser = Signal(object)
    nodeAboutToBeRemoved = Signal(object)
    nodeAboutToBeEdited = Signal(object)
    currentNodeRenamed = Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = self._watcher = self._node = None
        self._nodeTypes, self._attributes, self._nodes = (), [], []
        self._noneEnabled, self._noneDisplay, self._baseName = False, "None", ""
        self._addEnabled = self._removeEnabled = self._selectNodeUponCreation = self._showChildNodeTypes = True
        self._editEnabled = self._renameEnabled = self._showHidden = False
        self._box = QtWidgets.QComboBox()
        inRow(self, self._box)
        self._box.activated.connect(self._onActivated)
        self._box.setEnabled(False)

    def setMRMLScene(self, scene):
        if self._watcher is not None:
            self._watcher.release()
        self._scene = scene
        self._watcher = SceneWatcher(scene, self._refresh) if scene is not None else None
        self._box.setEnabled(scene is not None)
        self._refresh()

    def mrmlScene(self):
        return self._scene

    def nodeFromIndex(self, index):
        return self._nodes[index]

    def nodeCount(self):
        return sum(node is not None for node in self._nodes)

    def currentNode(self):
        return self._node

    def setCurrentNode(self, node):
        """A node of other types, or of no scene, is refused in silence like in Slicer: the choice becomes None."""
        self._choose(node if any(node is known for known in self._nodes) else None)

    def setCurrentNodeID(self, nodeId):
        self.setCurrentNode(self._scene.GetNodeByID(nodeId) if self._scene and nodeId else None)

    def addAttribute(self, nodeType, name, value=None):
        self._attributes.append((nodeType, name, value))
        self._refresh()

    def addNode(self, nodeType=None):
        """What "Create new" does."""
        className = nodeType or self._nodeTypes[0]
        node = self._scene.AddNewNodeByClass(
            className, self._scene.GenerateUniqueName(self._baseName or className[8:-4])
        )
        for kind, name, value in self._attributes:
            if node.IsA(kind):
                node.SetAttribute(name, "1" if value is None else str(value))
        self._refresh()
        if self._selectNodeUponCreation:
            self._choose(node)
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self):
        if self._node is not None:
            self.nodeAboutToBeRemoved.emit(self._node)
            self._scene.RemoveNode(self._node)

    def _suits(self, node):
        isOfType = node.IsA if self._showChildNodeTypes else (lambda kind: node.GetClassName() == kind)
        if not any(isOfType(kind) for kind in self._nodeTypes):
            return False
        if node.GetHideFromEditors() and not self._showHidden:
            return False
        return all(self._hasAttribute(node, *wanted) for wanted in self._attributes)

    @staticmethod
    def _hasAttribute(node, kind, name, value):
        if not node.IsA(kind):
            return True
        found = node.GetAttribute(name)
        return found is not None if value is None else found == str(value)

    def _sceneNodes(self):
        collection = self._scene.GetNodes() if self._scene is not None else None
        count = collection.GetNumberOfItems() if collection is not None else 0
        return [node for node in map(collection.GetItemAsObject, range(count)) if self._suits(node)] if count else []

    def _refresh(self):
        before, found = self._nodes, self._sceneNodes()
        self._nodes = [None, *found] if self._noneEnabled else found
        self._box.clear()
        for node in self._nodes:
            self._box.addItem(self._noneDisplay if node is None else node.GetName())
        isThere = any(self._node is node for node in self._nodes)
        self._choose(self._node if isThere and self._node is not None else self._fallback(before))

    def _fallback(self, before):
        """What Qt's combo box chooses: the first entry of a box that was empty, the neighbor of one that went."""
        if self._noneEnabled or not self._nodes:
            return None
        if not before:
            return self._nodes[0]
        if self._node is None:  # nothing was chosen on purpose: new nodes change nothing
            return None
        return self._nodes[min(before.index(self._node), len(self._nodes) - 1)]

    def showEvent(self, event):
        self._refresh()  # names may have changed
        super().showEvent(event)

    def _choose(self, node):
        changed, self._node = node is not self._node, node
        positions = [row for row, known in enumerate(self._nodes) if known is node]
        self._box.setCurrentIndex(positions[0] if positions else -1)
        if changed:
            self.currentNodeChanged.emit(node)
            self.currentNodeIDChanged.emit("" if node is None else node.GetID())

    def _onActivated(self, row):
        self._choose(self._nodes[row])
        self.nodeActivated.emit(self._node)

    def _setting(kind, name):
        def write(self, value):
            setattr(self, "_" + name, value)
            self._refresh()

        return Property(kind, lambda self: getattr(self, "_" + name), write)

    def _writeNodeTypes(self, types):
        self._nodeTypes = tuple(types)
        self._refresh()

    nodeTypes = Property("QStringList", lambda self: self._nodeTypes, _writeNodeTypes)
    noneEnabled = _setting(bool, "noneEnabled")
    noneDisplay = _setting(str, "noneDisplay")
    showHidden = _setting(bool, "showHidden")
    showChildNodeTypes = _setting(bool, "showChildNodeTypes")
    addEnabled = attribute(bool, "addEnabled")
    removeEnabled = attribute(bool, "removeEnabled")
    editEnabled = attribute(bool, "editEnabled")
    renameEnabled = attribute(bool, "renameEnabled")
    baseName = attribute(str, "baseName")
    selectNodeUponCreation = attribute(bool, "selectNodeUponCreation")
    hideChildNodeTypes = attribute("QStringList", "hideChildNodeTypes")
    currentNodeID = Property(str, lambda self: "" if self._node is None else self._node.GetID(), setCurrentNodeID)
    del _setting
