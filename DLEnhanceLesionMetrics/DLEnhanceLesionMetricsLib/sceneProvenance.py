"""What a scene knows of how its volumes were made, as (name, value) for reports, and the DICOM images behind them."""

import slicer

from DLEnhanceLib.errors import BadOption, DLEnhanceError
from DLEnhanceLib.sceneDicom import INSTANCES_ATTRIBUTE, exportObstacle, sourceFiles

from .provenance import softwareFacts, volumeFacts
from .reportImages import NOT_DICOM, imagesOf

_ATTRIBUTES = {
    "DLEnhance.Version": "enhanced by DLEnhance",
    "DLEnhance.Model": "model",
    "DLEnhance.ModelHash": "model, SHA-256",
    "DLEnhance.Device": "device",
}
_STRENGTHS = {
    "DLEnhance.DenoisePercent": "denoise",
    "DLEnhance.DeringPercent": "dering",
    "DLEnhance.SharpenPercent": "sharpen",
}


def sceneFacts(standardNode, enhancedNode, volumes) -> list[tuple[str, str]]:
    """volumes: the two as core volumes, for their grid. The enhanced one may be None."""
    facts = []
    nodes = (standardNode, enhancedNode)
    for title, node, volume in zip(("standard image", "enhanced image"), nodes, volumes, strict=True):
        if node is not None:
            facts += volumeFacts(title, volume) + _dicomFacts(title, node)
    return [*facts, *_enhancementFacts(enhancedNode), *softwareFacts(), *_applicationFacts()]


def _dicomFacts(title, node):
    try:
        first = nodeImages(node)[0]
    except DLEnhanceError:
        return []
    return [
        (f"{title}, series", f"{first.get('SeriesNumber', '')} {first.get('SeriesDescription', '')}".strip()),
        (f"{title}, series UID", str(first.SeriesInstanceUID)),
        (f"{title}, study UID", str(first.StudyInstanceUID)),
    ]


def _enhancementFacts(node):
    if node is None:
        return []
    facts = [(title, node.GetAttribute(name)) for name, title in _ATTRIBUTES.items() if node.GetAttribute(name)]
    strengths = [f"{title} {node.GetAttribute(key)} %" for key, title in _STRENGTHS.items() if node.GetAttribute(key)]
    return facts + ([("strengths", ", ".join(strengths))] if strengths else [])


def _applicationFacts():
    version = getattr(getattr(slicer, "app", None), "applicationVersion", "")
    return [("3D Slicer", str(version))] if version else []


def imageObstacle(node) -> str:
    """Why a structured report cannot refer to a volume node's DICOM images; empty when it can."""
    if instanceUIDs(node):
        return exportObstacle(node)
    text = NOT_DICOM.format(name=node.GetName())
    return f"{text} What DL Enhance made becomes DICOM by its Export DICOM series: load that series and measure it."


def instanceUIDs(node) -> list[str]:
    return (node.GetAttribute(INSTANCES_ATTRIBUTE) or "").split()


def nodeImages(node) -> list:
    """The DICOM datasets, without pixels, that a volume node was loaded from. Raises BadOption or UnsupportedVolume."""
    if obstacle := imageObstacle(node):
        raise BadOption(obstacle)
    return imagesOf(sourceFiles(node), instanceUIDs(node), name=node.GetName())
