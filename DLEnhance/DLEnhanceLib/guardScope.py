"""Is a volume of the kind that the model was trained for? Ranges of the training simulation (enhancement notes 2.4)."""

import re

import numpy as np

HIGHEST_NOISE_PERCENT = 15.0
SPACING_RANGE = (0.25, 3.5)  # mm in plane
THICKEST_SLICE = 8.0
FEWEST_VOXELS = 32  # along the two longer axes
HEAD_LITERS = (0.15, 12.0)
SOURCE = "Range of the training data (model card)"


def scopeFindings(volume, survey, makeFinding):
    """Findings on noise, spacing, matrix and contents; makeFinding builds one from its fields."""
    yield makeFinding("scopeNoise", *noiseScope(survey), SOURCE)
    yield makeFinding("scopeSpacing", *spacingScope(volume), SOURCE)
    yield makeFinding("scopeMatrix", *matrixScope(volume), SOURCE)
    yield makeFinding("scopeContents", *contentsScope(volume, survey), SOURCE)


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
