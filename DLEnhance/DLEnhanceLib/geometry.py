"""Small facts about coordinate systems."""

import numpy as np

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""DICOM, ITK, NRRD and MetaImage count towards left and posterior, Slicer and NIfTI towards right and anterior."""
