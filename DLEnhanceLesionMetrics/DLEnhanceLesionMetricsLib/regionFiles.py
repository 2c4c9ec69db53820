"""Regions from files: label volumes, Slicer segmentations (.seg.nrrd) and markups (.mrk.json). No Slicer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

from .markupsFiles import readMarkups
from .regions import AIR, LESION, REFERENCE, Region, maskRegion
from .roleNames import roleOfName

MARKUPS_SUFFIXES = (".mrk.json", ".json")


def readRegions(
    path,
    volume: Volume,
    *,
    lesionLabel: int | Sequence[int] = 1,
    referenceLabel: int | None = 2,
    airLabel: int | None = 3,
    splitLesions: bool = False,
) -> list[Region]:
    """The regions of a file, or of all region files of a folder, that are to be measured in a volume.

    Label volumes: roles by label number, or by segment name where the file has telling names. splitLesions: every
    connected part of a lesion label becomes a lesion of its own, largest first.
    Raises BadOption when the file holds no region, or one lies entirely outside the volume.
    """
    path = Path(path)
    if path.is_dir():
        options = {"lesionLabel": lesionLabel, "referenceLabel": referenceLabel, "airLabel": airLabel}
        return _readFolder(path, volume, splitLesions=splitLesions, **options)
    if path.name.lower().endswith(MARKUPS_SUFFIXES):
        regions = readMarkups(path)
    else:
        lesions = (lesionLabel,) if isinstance(lesionLabel, int) else tuple(lesionLabel)
        roles = dict.fromkeys(lesions, LESION) | {referenceLabel: REFERENCE, airLabel: AIR}
        regions = _labelRegions(path, roles, splitLesions=splitLesions)
    for region in regions:
        _requireInside(region, volume, path)
    return regions


def connectedRegions(region: Region, volume: Volume) -> list[Region]:
    """The connected parts (faces, edges, corners) of a region in a volume's grid, largest first, numbered names."""
    from scipy import ndimage

    inside = region.maskOn(volume).toArray()
    parts, count = ndimage.label(inside, np.ones((3, 3, 3)))
    order = np.argsort(-np.bincount(parts.ravel())[1:], kind="stable") + 1 if count else []
    return [
        maskRegion(f"{region.name} {number}", region.role, parts == label, volume, color=region.color)
        for number, label in enumerate(order, start=1)
    ]


def _readFolder(folder, volume, **options):
    suffixes = (".mrk.json", ".seg.nrrd")
    files = sorted(file for file in folder.iterdir() if file.name.lower().endswith(suffixes))
    if not files:
        raise BadOption(f"{folder} holds no .mrk.json and no .seg.nrrd file; name the file with the regions.")
    return [region for file in files for region in readRegions(file, volume, **options)]


def _labelRegions(path, rolesByLabel, *, splitLesions):
    from DLEnhanceLib.reading import readLabelVolume

    labels = readLabelVolume(path)
    regions = []
    for value in sorted(labels.names):
        name = labels.names[value].removeprefix(f"label {value}")  # what unnamed labels are called
        role = roleOfName(name) or rolesByLabel.get(value)
        if role is None or not labels.mask(value).any():
            continue
        name = name or _defaultName(role, value, rolesByLabel)
        region = maskRegion(name, role, labels.mask(value), labels.volume)
        isSplit = splitLesions and role == LESION
        regions += connectedRegions(region, labels.volume) if isSplit else [region]
    if not any(region.role == LESION for region in regions):
        found = ", ".join(map(str, sorted(labels.names))) or "none"
        raise BadOption(f"{path} holds no lesion label (labels found: {found}); say which one with --lesion-label.")
    return regions


def _defaultName(role, value, rolesByLabel):
    isOnly = list(rolesByLabel.values()).count(role) == 1
    return role if isOnly else f"{role} {value}"


def _requireInside(region, volume, path):
    mask = region.maskOn(volume)
    if mask.count:
        return
    if mask.voxelsOutside:
        raise BadOption(f'The region "{region.name}" of {path} lies outside the volume "{volume.name}".')
    raise BadOption(f'The region "{region.name}" of {path} holds no voxel center of "{volume.name}"; enlarge it.')
