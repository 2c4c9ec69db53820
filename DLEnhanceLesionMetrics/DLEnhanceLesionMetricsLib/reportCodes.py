"""The codes of measurements in structured reports: standard ones as in the code tables, our private ones here only."""

from .metricDefinitions import metricDefinition

PRIVATE_SCHEME = "99DLENHANCE"

# value, scheme, meaning
REPORT_TITLE = ("126000", "DCM", "Imaging Measurement Report")
PROCEDURE = ("25056-3", "LN", "MRI unspecified body region")  # CID 100
LESION = ("52988006", "SCT", "Lesion")
EDGE = ("EDGE", PRIVATE_SCHEME, "Line across an edge or a small target")
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
    "cjv": ("CJV", PRIVATE_SCHEME, "Coefficient of joint variation of lesion and reference"),
    "conspicuity": ("CONSPICUITY", PRIVATE_SCHEME, "Lesion conspicuity after Revesz, edge slope over complexity"),
    "noise_frequency": ("NOISE_FREQUENCY", PRIVATE_SCHEME, "Mean frequency of the noise, weighted by power"),
    "erd": ("ERD", PRIVATE_SCHEME, "Edge rise distance, 10 to 90 percent"),
    "ers": ("ERS", PRIVATE_SCHEME, "Edge rise slope over the height of the step"),
    "overshoot": ("OVERSHOOT", PRIVATE_SCHEME, "Overshoot beyond an edge, in percent of the step"),
    "fwhm": ("FWHM", PRIVATE_SCHEME, "Full width at half maximum"),
}
SIZES = {
    "longestDiameter": ("103339001", "SCT", "Long axis"),
    "perpendicularDiameter": ("103340004", "SCT", "Short axis"),
    "diameter3D": ("L0JK", "IBSI", "Maximum 3D Diameter of a Mesh"),
    "volume": ("118565006", "SCT", "Volume"),
    "area": ("42798000", "SCT", "Area"),
}
SIZE_UNITS = {"volume": "mm3", "area": "mm2"}
CONDITION = ("CONDITION", PRIVATE_SCHEME, "Image condition")
CONDITIONS = {
    "standard": ("STANDARD", PRIVATE_SCHEME, "Standard image"),
    "enhanced": ("ENHANCED", PRIVATE_SCHEME, "Deep-learning enhanced image, research use only"),
}
UNITS = {
    "1": ("1", "UCUM", "no units"),
    "%": ("%", "UCUM", "Percent"),
    "mm": ("mm", "UCUM", "mm"),
    "mm2": ("mm2", "UCUM", "square millimeter"),
    "mm3": ("mm3", "UCUM", "cubic millimeter"),
}


def metricCode(metric: str) -> tuple[str, str, str]:
    """The code of a metric's id; a private one made of its id and title where the table above has none."""
    if metric in METRICS:
        return METRICS[metric]
    return (metric.upper()[:16], PRIVATE_SCHEME, metricDefinition(metric).title[:64])


def unitCode(unit: str) -> tuple[str, str, str]:
    """The code of a unit, which rows hold as UCUM already."""
    return UNITS.get(unit, (unit, "UCUM", unit))


def noiseMethodCode(method: str, title: str) -> tuple[str, str, str]:
    """The private code of a noise method's id; code values have at most 16 characters."""
    return (_SHORT_METHODS.get(method, method).upper(), PRIVATE_SCHEME, title)


_SHORT_METHODS = {"pooled_sd_sum_air": "pooled_sum_air"}
