"""The codes of measurements in structured reports: standard ones as in the code tables, our private ones here only."""

PRIVATE_SCHEME = "99DLENHANCE"

# value, scheme, meaning
REPORT_TITLE = ("126000", "DCM", "Imaging Measurement Report")
PROCEDURE = ("25056-3", "LN", "MRI unspecified body region")  # CID 100
LESION = ("52988006", "SCT", "Lesion")
SIGNAL_INTENSITY = ("110852", "DCM", "MR signal intensity")
DERIVATIONS = {
    "mean": ("373098007", "SCT", "Mean"),
    "sd": ("386136009", "SCT", "Standard Deviation"),
    "median": ("373099004", "SCT", "Median"),
}
METRICS = {
    "snr": ("113060", "DCM", "Signal to noise"),
    "cnr": ("CNR", PRIVATE_SCHEME, "Contrast to noise ratio"),
    "reference_snr": ("REFERENCE_SNR", PRIVATE_SCHEME, "Signal to noise ratio of the reference tissue"),
    "cr": ("CR", PRIVATE_SCHEME, "Michelson contrast of lesion and reference"),
    "contrast_ratio": ("CONTRAST_RATIO", PRIVATE_SCHEME, "Lesion to reference signal ratio"),
    "percent_contrast": ("PERCENT_CONTRAST", PRIVATE_SCHEME, "Contrast in percent of the reference signal"),
}
SIZES = {
    "longestDiameter": ("103339001", "SCT", "Long axis"),
    "perpendicularDiameter": ("103340004", "SCT", "Short axis"),
    "diameter3D": ("L0JK", "IBSI", "Maximum 3D Diameter of a Mesh"),
    "volume": ("118565006", "SCT", "Volume"),
}
CONDITION = ("CONDITION", PRIVATE_SCHEME, "Image condition")
CONDITIONS = {
    "standard": ("STANDARD", PRIVATE_SCHEME, "Standard image"),
    "enhanced": ("ENHANCED", PRIVATE_SCHEME, "Deep-learning enhanced image, research use only"),
}
UNITS = {
    "1": ("1", "UCUM", "no units"),
    "%": ("%", "UCUM", "Percent"),
    "mm": ("mm", "UCUM", "mm"),
    "mm3": ("mm3", "UCUM", "cubic millimeter"),
}


def noiseMethodCode(method: str, title: str) -> tuple[str, str, str]:
    """The private code of a noise method's id; code values have at most 16 characters."""
    return (_SHORT_METHODS.get(method, method).upper(), PRIVATE_SCHEME, title)


_SHORT_METHODS = {"pooled_sd_sum_air": "pooled_sum_air"}
