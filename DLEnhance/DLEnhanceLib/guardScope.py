"""Is a volume of the kind that the model was trained for? Ranges of the training simulation (enhancement notes 2.4)."""

import re

import numpy as np
from scipy import ndimage

HIGHEST_NOISE_PERCENT = 15.0
SPACING_RANGE = (0.25, 3.5)  # mm in plane
THICKEST_SLICE = 8.0
FEWEST_VOXELS = 32  # along the two longer axes
HEAD_LITERS = (0.15, 12.0)
LEAST_CONTRAST = 0.15  # middle half of the tissue intensities over their median: heads 0.24 to 0.6, phantoms 0.12
TISSUE_FROM = 0.25  # of the tissue level
SAMPLES = 64  # cells an axis that are looked at
SOURCE = "Range of the training data (model card)"
CONTRAST_SOURCE = "Between the real heads (0.24 and more) and the phantoms (0.13 and less) of data/SOURCES.md"


def scopeFindings(volume, survey, makeFinding):
    """Findings on noise, spacing, matrix and contents; makeFinding builds one from its fields."""
    yield makeFinding("scopeNoise", *noiseScope(survey), SOURCE)
    yield makeFinding("scopeSpacing", *spacingScope(volume), SOURCE)
    yield makeFinding("scopeMatrix", *matrixScope(volume), SOURCE)
    yield makeFinding("scopeContents", *contentsScope(volume, survey), SOURCE)
    yield makeFinding("scopeContrast", *contrastScope(volume, survey), CONTRAST_SOURCE)


def noiseScope(survey):
    percent = survey.noisePercent
    passed = percent <= HIGHEST_NOISE_PERCENT
    words = "within" if passed else "above"
    return percent, HIGHEST_NOISE_PERCENT, passed, f"The noise is {percent:.1f} % of tissue, {words} the trained range."


def spacingScope(volume):
    spacing = np.sort(volume.spacing)
    passed = SPACING_RANGE[0] <= spacing[0] and spacing[1] <= SPACING_RANGE[1] and spacing[2] <= THICKEST_SLICE
    text = " x ".join(f"{mm:.2g}" for mm in volume.spacing)
    words = "within" if passed else "outside"
    return float(spacing[2]), THICKEST_SLICE, bool(passed), f"Voxels of {text} mm lie {words} the trained range."


def matrixScope(volume):
    second = float(np.sort(volume.voxels.shape)[1])
    passed = second >= FEWEST_VOXELS
    words = "is large enough" if passed else "is too small to judge the result"
    return second, float(FEWEST_VOXELS), passed, f"The image matrix {words}."


def contentsScope(volume, survey):
    """Litres of what is not air, and whether tags or values speak against an MR image of a head."""
    liters = float(np.count_nonzero(survey.head)) * volume.voxelVolume * 1e-6
    against = objection(volume, survey)
    isHead = HEAD_LITERS[0] <= liters <= HEAD_LITERS[1] or min(volume.voxels.shape) < 8
    passed = isHead and against is None
    sentence = "Size and tags fit an MR image of a head."
    if against:
        sentence = against
    elif not isHead:
        sentence = f"{liters:.2g} litres of tissue do not look like a head, for which the model was made."
    return liters, HEAD_LITERS[1], passed, sentence


def contrastScope(volume, survey):
    """Whether tissue has the many intensities of a head, or the few of a phantom."""
    spread = tissueSpread(volume, survey)
    passed = spread >= LEAST_CONTRAST
    words = "The tissue contrast is that of a head."
    if not passed:
        words = "The tissue has hardly any contrast, as in a phantom; the model was made for heads."
    return spread, LEAST_CONTRAST, passed, words


def tissueSpread(volume, survey):
    """Interquartile range over median of the tissue, in slices blurred against the noise; a missing tissue gives 1."""
    steps = [max(1, size // SAMPLES) for size in volume.voxels.shape]
    scale, values = survey.level - survey.background, []
    for index in range(0, volume.voxels.shape[0], steps[0]):
        plane = np.nan_to_num((volume.voxels[index].astype(np.float32) - survey.background) / scale)
        cells = ndimage.uniform_filter(plane, 5)[:: steps[1], :: steps[2]]
        values.append(cells[survey.head[index, :: steps[1], :: steps[2]]])
    values = np.concatenate(values)
    tissue = values[values > TISSUE_FROM]
    if tissue.size < 100:
        return 1.0
    low, median, high = np.percentile(tissue, (25, 50, 75))
    return float((high - low) / median)


def objection(volume, survey):
    """A sentence against an MR image of a head that the model knows, or None."""
    part = str(volume.tags.get("BodyPartExamined", "")).lower()
    if part and not re.search(r"head|brain|skull|neck|iac|orbit|pituit|face|cranium", part):
        return f"The tags say that the image shows another part of the body ({part})."
    if "not made for" in survey.sequenceReason:
        return survey.sequenceReason
    modality = str(volume.tags.get("Modality", "MR"))
    if modality != "MR":
        return f"The tags say that the image is {modality}, not MR."
    if survey.background < -0.2 * (survey.level - survey.background):
        return "Values far below zero do not occur in a magnitude MR image."
    return None
