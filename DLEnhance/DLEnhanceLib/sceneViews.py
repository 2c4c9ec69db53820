"""Which of our volumes the slice views show: enhanced, original or residual in the same place. No Qt.

Views of our own side-by-side layout keep their pair and are left alone.
"""

import slicer

OWN_VIEWS = "DLEnhance"


def showInViews(node, family):
    """Show node where the slice views now show one of the family; in all views if they show nothing of it.

    Offset, zoom and the other layers stay as they are.
    """
    composites = ordinaryViews()
    ids = {member.GetID() for member in family if member is not None}
    showing = [composite for composite in composites if composite.GetBackgroundVolumeID() in ids]
    for composite in showing or composites:
        composite.SetBackgroundVolumeID(node.GetID())


def shownIn(family):
    """The member of the family that the first slice view with one of them shows; None if none does."""
    for composite in ordinaryViews():
        for member in family:
            if member is not None and composite.GetBackgroundVolumeID() == member.GetID():
                return member
    return None


def sliceNodeShowing(node):
    """The slice node of the first view that shows this volume; None if none does."""
    names = [c.GetLayoutName() for c in ordinaryViews() if c.GetBackgroundVolumeID() == node.GetID()]
    sliceNodes = slicer.util.getNodesByClass("vtkMRMLSliceNode")
    return next((sliceNode for sliceNode in sliceNodes if sliceNode.GetLayoutName() in names), None)


def ordinaryViews():
    """The composite nodes of all slice views but those of our comparison."""
    nodes = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    return [node for node in nodes if not (node.GetLayoutName() or "").startswith(OWN_VIEWS)]
