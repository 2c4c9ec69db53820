"""Stand-in for slicer.parameterNodeWrapper, by the rules of guide 3.5 and 3.6, for the types that we use.

Its behavior is held against those rules in Testing/Python/parameterNodeWrapperTest.py. Types that it does not know
raise NotImplementedError.
"""

import typing

import slicer
import vtk

from .parameterTypes import Choice, Default, Maximum, Minimum, Parameter, WithinRange

__all__ = ["Choice", "Default", "Maximum", "Minimum", "WithinRange", "isParameterNodeWrapper", "parameterNodeWrapper"]

RESERVED = [
    "allParameters",
    "default",
    "isCached",
    "dataType",
    "getValue",
    "setValue",
    "connectGui",
    "disconnectGui",
    "connectParametersToGui",
    "StartModify",
    "EndModify",
    "AddObserver",
    "RemoveObserver",
    "Modified",
]


class _Wrapper:
    """What every decorated class gets. Attributes that are no parameters can be set and do nothing, as in Slicer."""

    allParameters: typing.ClassVar[dict] = {}

    def __init__(self, parameterNode, prefix=None):
        if prefix:
            raise NotImplementedError("the test host does not know prefixes")
        self.parameterNode = parameterNode
        self._connections, self._nextTag, self._updatingGui = {}, 0, False
        for parameter in self.allParameters.values():
            parameter.read(parameterNode)  # stores the defaults

    @classmethod
    def _parameter(cls, name):
        if name not in cls.allParameters:
            raise ValueError(f"Cannot find a param with the given name: {name}")
        return cls.allParameters[name]

    @classmethod
    def dataType(cls, name):
        return cls._parameter(name).kinds[0]

    def default(self, name):
        return Default(self._parameter(name).default)

    def isCached(self, name):
        return bool(self._parameter(name))

    def getValue(self, name):
        return self._parameter(name).read(self.parameterNode)

    def setValue(self, name, value):
        self._parameter(name).write(self.parameterNode, value)

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, wasModifying):
        return self.parameterNode.EndModify(wasModifying)

    def AddObserver(self, event, callback, priority=0.0):
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag):
        self.parameterNode.RemoveObserver(tag)

    def Modified(self):
        self.parameterNode.Modified()

    def connectGui(self, gui):
        widgets = [widget for widget in vars(gui).values() if widget.property("SlicerParameterName")]
        return self.connectParametersToGui({widget.property("SlicerParameterName"): widget for widget in widgets})

    def connectParametersToGui(self, widgets):
        from .guiConnectors import makeConnector

        connectors = {name: makeConnector(self._parameter(name), widget) for name, widget in widgets.items()}
        tag, self._nextTag = self._nextTag, self._nextTag + 1
        for name, connector in connectors.items():
            connector.write(self.getValue(name))
            connector.connect(_GuiToParameter(self, name, connector))
        observer = self.AddObserver(vtk.vtkCommand.ModifiedEvent, self._onModified)
        self._connections[tag] = (connectors, observer)
        return tag

    def disconnectGui(self, tag):
        connectors, observer = self._connections.pop(tag, ({}, None))
        for connector in connectors.values():
            connector.disconnect()
        if observer is not None:
            self.RemoveObserver(observer)

    def _onModified(self, caller, event):
        if self._updatingGui:
            return
        self._updatingGui = True
        try:
            for connectors, _observer in list(self._connections.values()):
                for name, connector in connectors.items():
                    connector.write(self.getValue(name))
        finally:
            self._updatingGui = False


class _GuiToParameter:
    """The slot of a widget's signal."""

    def __init__(self, wrapper, name, connector):
        self._wrapper, self._name, self._connector = wrapper, name, connector

    def __call__(self, *_values):
        if not self._wrapper._updatingGui:
            with slicer.util.NodeModify(self._wrapper):
                self._wrapper.setValue(self._name, self._connector.read())


def _asProperty(name):
    return property(lambda self: self.getValue(name), lambda self, value: self.setValue(name, value))


def parameterNodeWrapper(classtype=None):
    """Class decorator: annotations become parameters that live as text in a script node."""
    if classtype is None:
        return parameterNodeWrapper
    parameters = {}
    for name, annotation in typing.get_type_hints(classtype, include_extras=True).items():
        if name in RESERVED:
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
        parameters[name] = Parameter.fromAnnotation(classtype, name, annotation)
    members = {
        key: value for key, value in vars(classtype).items() if key not in ("__dict__", "__weakref__", "__init__")
    }
    members.update({name: _asProperty(name) for name in parameters}, allParameters=parameters)
    return type(classtype.__name__, (_Wrapper,), members)


def isParameterNodeWrapper(classOrInstance):
    return hasattr(classOrInstance, "allParameters")
