"""Stand-in for slicer.ScriptedLoadableModule: the four base classes, without the developer section. No Qt here."""

import unittest
from pathlib import Path

import slicer

__all__ = [
    "ScriptedLoadableModule",
    "ScriptedLoadableModuleLogic",
    "ScriptedLoadableModuleTest",
    "ScriptedLoadableModuleWidget",
]


class ScriptedLoadableModule:
    def __init__(self, parent):
        self.parent = parent
        self.moduleName = type(self).__name__
        parent.title, parent.helpText, parent.acknowledgementText = "", "", ""
        parent.categories, parent.dependencies, parent.contributors = [], [], []

    def resourcePath(self, filename):
        return str(Path(self.parent.path).parent / "Resources" / filename)


class ScriptedLoadableModuleWidget:
    def __init__(self, parent=None):
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.developerMode = False
        self.parent = parent
        self.layout = self.parent.layout()

    def resourcePath(self, filename):
        return str(Path(slicer.util.modulePath(self.moduleName)).parent / "Resources" / filename)

    def setup(self):
        pass

    def cleanup(self):
        pass

    def onReload(self):
        slicer.util.reloadScriptedModule(self.moduleName)


class ScriptedLoadableModuleLogic:
    def __init__(self, parent=None):
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self):
        """The module's singleton script node, made on first use."""
        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.vtkMRMLScriptedModuleNode()
            node.SetSingletonTag(self.moduleName)
            node.SetName(self.moduleName)
            node = slicer.mrmlScene.AddNode(node)
        node.SetModuleName(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)  # closing the scene may take it away
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """``runTest`` calls every callable attribute whose name contains "test" after its ``setUp``, as in Slicer."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args or ("runTest",), **kwargs)

    def delayDisplay(self, message, requestedDelay=None, msec=None):
        pass

    def runTest(self):
        names = [
            n for n in dir(type(self)) if "test" in n.lower() and n != "runTest" and n not in dir(unittest.TestCase)
        ]
        for name in names:
            self.setUp()
            getattr(self, name)()
