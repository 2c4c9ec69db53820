"""Opens Slicer's Segment Editor on a segment, to correct it by hand."""

import slicer


def openSegmentEditor(region, volumeNode):
    """Show the Segment Editor with the region's segment chosen, painting on a volume."""
    slicer.util.selectModule("SegmentEditor")
    editor = slicer.util.getModuleWidget("SegmentEditor").editor
    editor.setSegmentationNode(region.node)
    if volumeNode is not None:
        editor.setSourceVolumeNode(volumeNode)
    editor.setCurrentSegmentID(region.segmentId)
