"""Reads the source of widget files for what runs on PySide6 and fails, or acts differently, in Slicer (guide 9.3)."""

import ast

PROPERTIES = ("currentData", "currentText", "currentIndex", "objectName")


def pythonQtProblems(path):
    """(line, problem) for each finding in a Python file; a test wants none."""
    return sorted(_problems(ast.parse(path.read_text(encoding="utf-8"))))


def _problems(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.With) and any("QSignalBlocker" in ast.dump(item) for item in node.items):
            yield node.lineno, "QSignalBlocker is no context manager"
        if isinstance(node, ast.ClassDef) and any(_isSignal(n) for n in ast.walk(node)):
            yield node.lineno, "qt.Signal in a class"
        if isinstance(node, ast.Call):
            yield from _callProblems(node)


def _isQt(node):
    return isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in ("qt", "ctk")


def _isSignal(node):
    return isinstance(node, ast.Call) and _isQt(node.func) and node.func.attr in ("Signal", "Slot", "Property")


def _callProblems(node):
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if _isQt(node.func) and node.keywords:
        yield node.lineno, "keyword argument to a Qt class"
    if called in ("isinstance", "issubclass") and any(_isQt(n) for n in ast.walk(node.args[1])):
        yield node.lineno, "isinstance on a Qt class"
    if called == "connect":
        yield from _connectProblems(node)
    if called in PROPERTIES and not node.args:
        yield node.lineno, f"{called} is a property"


def _connectProblems(node):
    slot = node.args[-1] if node.args else None
    if isinstance(slot, ast.Lambda) and slot.args.defaults:
        yield node.lineno, "default argument of a slot takes the signal's value"
    if len(node.args) == 2 and isinstance(node.args[0], ast.Constant) and _looksLikeWidget(node.func):
        yield node.lineno, "connect by signature works only in PythonQt: use widget.signal.connect(slot)"


def _looksLikeWidget(function):
    """``slicer.app.connect("startupCompleted()", f)`` is the accepted exception: that signal has no other form here."""
    return isinstance(function, ast.Attribute) and "app" not in ast.unparse(function.value).split(".")
