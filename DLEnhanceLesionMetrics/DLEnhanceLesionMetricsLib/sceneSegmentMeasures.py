"""SNR and CNR of one segment of a segmentation node, for the plugin of Slicer's Segment Statistics."""

from DLEnhanceLib.errors import DLEnhanceError

from .measures import RegionSet, cnr, michelson, regionStatistics, snr
from .regions import REFERENCE
from .sceneRegions import SceneRegion
from .sceneShapes import ShapeReader, volumeView

_MEASURES = {
    "snr_roi_sd": lambda regions: snr(regions, "roi_sd"),
    "snr_tissue_sd": lambda regions: snr(regions, "tissue_sd"),
    "cnr_tissue_sd": lambda regions: cnr(regions, "tissue_sd"),
    "cr": michelson,
}


def segmentMeasures(node, segmentId, volumeNode, keys) -> dict[str, float]:
    """Values of those keys that have one; none for an empty segment, a label map or a scaling transform.

    The first segment with the role of a reference is the reference.
    """
    try:
        regions = _regions(node, segmentId, volumeView(volumeNode))
    except DLEnhanceError:
        return {}
    values = {key: _MEASURES[key](regions).value for key in keys}
    return {key: value for key, value in values.items() if value is not None}


def _regions(node, segmentId, volume):
    segmentIds = node.GetSegmentation().GetSegmentIDs()
    references = [other for other in segmentIds if SceneRegion(node, other).role == REFERENCE]
    reference = _statistics(node, references[0], volume) if references else None
    return RegionSet(_statistics(node, segmentId, volume), reference)


def _statistics(node, segmentId, volume):
    """Statistics of a segment, whatever its role; the role of the shape does not matter for its voxels."""
    shape = ShapeReader().shape(SceneRegion(node, segmentId))
    return regionStatistics(shape.maskOn(volume).values(volume.voxels), volume.voxelVolume)
