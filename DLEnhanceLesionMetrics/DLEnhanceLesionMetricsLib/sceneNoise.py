"""Noise maps of a pair of volume nodes: how the enhanced one was made, and the nodes that hold its noise.

The maps are ordinary volumes of the scene, saved with it. They belong to one state of the enhanced volume: its model
and strengths stand in the maps' attributes, and maps of another state are not used.
"""

import dataclasses

import numpy as np
import slicer

from DLEnhanceLib.errors import BadOption, MissingPackage
from DLEnhanceLib.modelFiles import PROFILE_NAMES, findModel
from DLEnhanceLib.sceneVolumes import addVolumeNode, derivedNode, isInScene, setDerivedNode, setProvenance, setVoxels
from DLEnhanceLib.strengths import Strengths
from DLEnhanceLib.volume import Volume

from .measurement import ENHANCED, STANDARD

ROLES = {STANDARD: "StandardNoiseSD", ENHANCED: "NoiseSD"}
"""Node references from the enhanced volume to the maps of both conditions."""
MADE_BY = ("Model", "DenoisePercent", "DeringPercent", "SharpenPercent")
STALE = "The noise map belongs to another state of the enhanced volume; compute it again."


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How DL Enhance made a volume."""

    profile: str
    strengths: Strengths


def recipeOf(node) -> Recipe:
    """Model and strengths that an enhanced volume was made with. Raises BadOption when DL Enhance of now cannot."""
    values = [node.GetAttribute(f"DLEnhance.{key}") for key in MADE_BY]
    if None in values:
        raise BadOption(f"{node.GetName()} was not made by DL Enhance, so its processing cannot be repeated.")
    model, *percents = values
    strengths = Strengths(*(float(percent) / 100 for percent in percents))
    for profile in PROFILE_NAMES:
        if _modelId(profile) == model:
            return Recipe(profile, strengths)
    raise BadOption(f"{node.GetName()} was made with another version of the model; enhance the volume again first.")


def _modelId(profile):
    try:
        return findModel(profile).modelId
    except MissingPackage:
        return None


def stateOf(node) -> str:
    """Equal as long as a volume shows the same processing."""
    return " ".join(node.GetAttribute(f"DLEnhance.{key}") or "-" for key in MADE_BY)


def showNoiseMaps(standardNode, enhancedNode, volume: Volume, found) -> dict:
    """The map nodes of both conditions, made or brought up to date; found: an enhancerNoise.EnhancerNoise."""
    nodes = {}
    for condition, image, voxels in (
        (STANDARD, standardNode, found.standard),
        (ENHANCED, enhancedNode, found.enhanced),
    ):
        node = derivedNode(enhancedNode, ROLES[condition])
        if node is None:
            node = addVolumeNode(volume.withVoxels(voxels), f"{image.GetName()} noise SD", source=enhancedNode)
            setDerivedNode(enhancedNode, ROLES[condition], node)
        else:
            setVoxels(node, voxels)
        setProvenance(node, {"NoiseOf": stateOf(enhancedNode), "Replicas": found.replicas, "Warning": found.warning})
        _showFromZero(node, voxels)
        nodes[condition] = node
    return nodes


def _showFromZero(node, voxels):
    displayNode = node.GetDisplayNode()
    inside = voxels[voxels > 0]
    if displayNode is None or not inside.size:
        return
    with slicer.util.NodeModify(displayNode):
        displayNode.SetAutoWindowLevel(False)
        displayNode.SetWindowLevelMinMax(0.0, 1.5 * float(np.percentile(inside, 95)))


def noiseMaps(enhancedNode) -> tuple[dict, str]:
    """(condition to array (k, j, i), not copied; why they are not used or not to be trusted)."""
    nodes = mapNodes(enhancedNode)
    if not nodes:
        return {}, ""
    state = stateOf(enhancedNode)
    if any(node.GetAttribute("DLEnhance.NoiseOf") != state for node in nodes.values()):
        return {}, STALE
    arrays = {condition: slicer.util.arrayFromVolume(node) for condition, node in nodes.items()}
    shape = slicer.util.arrayFromVolume(enhancedNode).shape
    if any(array.shape != shape for array in arrays.values()):
        return {}, STALE
    return arrays, next(iter(nodes.values())).GetAttribute("DLEnhance.Warning") or ""


def mapNodes(enhancedNode) -> dict:
    """The map nodes that are in the scene, by condition; both or none."""
    if not isInScene(enhancedNode):
        return {}
    nodes = {condition: derivedNode(enhancedNode, role) for condition, role in ROLES.items()}
    return {} if None in nodes.values() else nodes
