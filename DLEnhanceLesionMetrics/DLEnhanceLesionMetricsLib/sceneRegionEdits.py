"""What a user does to a region that exists: name, role, size, lock, handles, removal. No Qt, no arithmetic on voxels.

A locked region keeps its place and form and cannot be removed; its name and its role can still be corrected.
"""

from DLEnhanceLib.errors import BadOption

from .sceneRegions import EDGE, LOCK_TAG, ROI_CLASS, ROLE_ATTRIBUTE, adoptRegion, regionsOf, threeSizes


def showHandles(scene, edited=None):
    """Show the dragging handles of one region and hide those of all others; None hides all."""
    for region in regionsOf(scene):
        if region.segmentId or region.node.GetDisplayNode() is None:
            continue
        isEdited = edited is not None and region.key == edited.key and not region.isLocked
        display = region.node.GetDisplayNode()
        if bool(display.GetHandlesInteractive()) != isEdited:
            display.SetHandlesInteractive(isEdited)


def renameRegion(scene, region, name):
    """Give a region another name; refused when it is empty or already in use, since rows are told apart by it."""
    name = name.strip()
    if not name:
        raise BadOption("A region needs a name.")
    if any(other.name == name for other in regionsOf(scene) if other.key != region.key):
        raise BadOption(f'Another region is already called "{name}"; choose a different name.')
    setName(region, name)


def setName(region, name):
    """The name without any check."""
    if region.segmentId:
        region.node.GetSegmentation().GetSegment(region.segmentId).SetName(name)
    else:
        region.node.SetName(name)


def changeRole(region, role):
    """Make a region a lesion, a reference or air, with the color of its new role; the name stays.

    Raises BadOption for a line, which is an edge whatever it is called, and for an area that should become an edge.
    """
    if role == region.role:
        return
    if region.shape == "line":
        raise BadOption(f"{region.name} is a line and holds no voxels: it can only be an edge.")
    adoptRegion(region.node, role, segmentId=region.segmentId)


def resizeRegion(region, diameterMm):
    """Make a ROI a sphere, a circle or a cube of this diameter. Raises BadOption for others and for a locked region."""
    if region.segmentId or not region.node.IsA(ROI_CLASS):
        raise BadOption(f"{region.name} was drawn by hand; only ellipsoids, ellipses and boxes have a diameter.")
    requireUnlocked(region)
    sizes = threeSizes(float(diameterMm))
    if region.shape == "ellipse":
        sizes[2] = region.node.GetSize()[2]
    region.node.SetSize(*sizes)


def setLocked(region, isLocked):
    """Protect a region against dragging, drawing and removal, or no longer.

    A segment keeps its lock as a tag; sceneLocks.SegmentLocks takes back what is drawn into it meanwhile.
    """
    if region.segmentId:
        segment = region.node.GetSegmentation().GetSegment(region.segmentId)
        segment.SetTag(LOCK_TAG, "1") if isLocked else segment.RemoveTag(LOCK_TAG)
        return
    region.node.SetLocked(bool(isLocked))
    if isLocked and region.node.GetDisplayNode():
        region.node.GetDisplayNode().SetHandlesInteractive(False)


def requireUnlocked(region):
    """Raises BadOption for a locked region."""
    if region.isLocked:
        raise BadOption(f"{region.name} is locked; unlock it first.")


def removeRegion(scene, region):
    """Remove a markups region; a segment only loses its role and stays in its segmentation. Refused when locked."""
    requireUnlocked(region)
    if region.segmentId:
        region.node.GetSegmentation().GetSegment(region.segmentId).RemoveTag(ROLE_ATTRIBUTE)
    else:
        scene.RemoveNode(region.node)


def eraseRegion(scene, region):
    """Remove a region with what was drawn, also a segment. Refused when locked."""
    requireUnlocked(region)
    if region.segmentId:
        region.node.GetSegmentation().RemoveSegment(region.segmentId)
    else:
        scene.RemoveNode(region.node)


def isArea(region):
    """Whether a region has voxels, and so a role other than edge."""
    return region.role != EDGE
