"""Supplies what slicer-core lacks and needs no Qt: i18n, ScriptedLoadableModule, parameterNodeWrapper (guide 8.6)."""

import sys
import types

import slicer


def installSlicerModules():
    """Put the stand-ins under ``slicer``, once for a process; files of the scene floor can be imported after it."""
    from . import parameterNodeWrapper, scriptedModule

    i18n = types.ModuleType("slicer.i18n")
    i18n.tr = lambda text, *args: text
    i18n.translate = lambda context, text, *args: text
    stubs = {"i18n": i18n, "ScriptedLoadableModule": scriptedModule, "parameterNodeWrapper": parameterNodeWrapper}
    for name, module in stubs.items():
        if f"slicer.{name}" not in sys.modules:
            sys.modules[f"slicer.{name}"] = module
            setattr(slicer, name, module)
