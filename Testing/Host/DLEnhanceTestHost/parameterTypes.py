"""How one parameter of a parameterNodeWrapper class is checked and stored as text in the script node (guide 3.5)."""

import dataclasses
import enum
import pathlib
import types
import typing
from collections.abc import Callable

import slicer


@dataclasses.dataclass(frozen=True)
class WithinRange:
    minimum: float
    maximum: float

    def validate(self, value):
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], is {value}")


@dataclasses.dataclass(frozen=True)
class Minimum:
    minimum: float

    def validate(self, value):
        if value < self.minimum:
            raise ValueError(f"Value must be greater than {self.minimum}, is {value}")


@dataclasses.dataclass(frozen=True)
class Maximum:
    maximum: float

    def validate(self, value):
        if value > self.maximum:
            raise ValueError(f"Value must be less than {self.maximum}, is {value}")


@dataclasses.dataclass(frozen=True)
class Choice:
    choices: list

    def validate(self, value):
        if value not in self.choices:
            raise ValueError(f"Value is {value}, but must be one of {self.choices}")


@dataclasses.dataclass(frozen=True)
class Default:
    value: object = None
    generator: Callable | None = None

    def get(self):
        return self.generator() if self.generator else self.value


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A named value of one type; knows nothing of the GUI."""

    name: str
    kinds: tuple
    annotations: tuple
    default: object

    @classmethod
    def fromAnnotation(cls, owner, name, annotation):
        kind, *annotations = typing.get_args(annotation) if hasattr(annotation, "__metadata__") else (annotation,)
        isUnion = typing.get_origin(kind) in (typing.Union, types.UnionType)
        kinds = typing.get_args(kind) if isUnion else (kind,)
        for each in kinds:
            _requireKnown(owner, name, each)
        defaults = [a.get() for a in annotations if isinstance(a, Default)] or [_plainDefault(kinds[0])]
        annotations = tuple(a for a in annotations if not isinstance(a, Default))
        parameter = cls(name, kinds, annotations, owner.__dict__.get(name, defaults[0]))
        parameter.check(parameter.default)
        return parameter

    @property
    def isNode(self):
        return isinstance(self.kinds[0], type) and issubclass(self.kinds[0], slicer.vtkMRMLNode)

    @property
    def isOptional(self):
        return type(None) in self.kinds

    def annotation(self, kind):
        return next((a for a in self.annotations if isinstance(a, kind)), None)

    def bounds(self):
        """(minimum, maximum), None where open."""
        within = self.annotation(WithinRange)
        low, high = within or self.annotation(Minimum), within or self.annotation(Maximum)
        return (low.minimum if low else None, high.maximum if high else None)

    def check(self, value):
        """Raises TypeError for another type, ValueError outside the allowed values."""
        if value is None:
            if not (self.isNode or self.isOptional):
                raise ValueError(f"{self.name}: Value must not be None")
            return
        if not any(_isInstance(value, kind) for kind in self.kinds):
            raise TypeError(f"{self.name}: Value must be of type {self.kinds}, is {type(value)} value {value!r}")
        for annotation in self.annotations:
            if hasattr(annotation, "validate"):
                annotation.validate(value)

    def isIn(self, node):
        return bool(node.HasParameter(self.name))

    def write(self, node, value):
        self.check(value)
        with slicer.util.NodeModify(node):
            node.SetParameter(self.name, "" if self.isNode or value is None else _text(value))
            if self.isNode:
                node.SetNodeReferenceID(self.name, None if value is None else value.GetID())

    def read(self, node):
        """What is stored, unchecked: an old scene may hold values outside the range."""
        if not self.isIn(node):
            self.write(node, self.default)
        if self.isNode:
            return node.GetNodeReference(self.name)
        return self._parse(node.GetParameter(self.name))

    def _parse(self, text):
        if self.isOptional and not text:
            return None
        kind = self.kinds[0]
        if kind is bool:
            return text == "True"
        if issubclass(kind, enum.Enum):
            if text not in kind.__members__:
                raise ValueError(f"Found {text!r} in parameter node but it is not a name in {kind!r}")
            return kind[text]
        return kind(text)


def _requireKnown(owner, name, kind):
    known = (bool, int, float, str, type(None), pathlib.Path)
    if kind in known or (isinstance(kind, type) and issubclass(kind, (enum.Enum, slicer.vtkMRMLNode))):
        return
    raise NotImplementedError(f"the test host does not store the type {kind} of {owner.__name__}.{name}")


def _isInstance(value, kind):
    """The wrapper is strict: bool refuses ints, float takes ints, an enum refuses strings."""
    return isinstance(value, (int, float) if kind is float else kind)


def _plainDefault(kind):
    if issubclass(kind, slicer.vtkMRMLNode):
        return None
    return next(iter(kind)) if issubclass(kind, enum.Enum) else kind()


def _text(value):
    return value.name if isinstance(value, enum.Enum) else str(value)
