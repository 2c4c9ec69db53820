"""Name, formula and meaning of every metric in English: for charts, reports and exported documents. Docs/methods.md
holds the same formulas."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class MetricDefinition:
    """id: as in exported rows. formula: empty where the noise method tells it."""

    id: str
    title: str
    formula: str
    meaning: str


_DEFINITIONS = (
    MetricDefinition("snr", "SNR", "", "Signal-to-noise ratio of the lesion; the noise method says what the noise is."),
    MetricDefinition("cnr", "CNR", "", "Contrast-to-noise ratio of lesion and reference; negative if it is darker."),
    MetricDefinition(
        "reference_snr", "SNR of the reference", "", "Signal-to-noise ratio of the reference, over the same noise."
    ),
    MetricDefinition(
        "cr", "CR", "(S_L - S_R) / (S_L + S_R)", "Free of noise; should hardly move when only noise is removed."
    ),
    MetricDefinition("contrast_ratio", "Contrast ratio", "S_L / S_R", "Lesion to background."),
    MetricDefinition("percent_contrast", "Contrast", "100 (S_L - S_R) / S_R", "In percent of the reference."),
    MetricDefinition(
        "conspicuity",
        "Conspicuity",
        "inward slope on the border / mean gradient around it",
        "After Revesz 1974. Noise counts as complexity, so denoising raises it.",
    ),
    MetricDefinition(
        "noise_frequency",
        "Noise frequency",
        "mean frequency of the noise, weighted by power",
        "Falls when denoising makes the noise coarse (ICRU 87).",
    ),
    MetricDefinition(
        "cjv", "Joint variation", "(SD_L + SD_R) / |S_L - S_R|", "Lower is better; also where the background is masked."
    ),
    MetricDefinition(
        "erd",
        "Edge rise distance",
        "x(90 %) - x(10 %) of the step",
        "Along a line across an edge; lower is sharper.",
    ),
    MetricDefinition(
        "ers", "Edge rise slope", "(0.9 - 0.1) / ERD", "Slope over the height of the step; higher is sharper."
    ),
    MetricDefinition(
        "overshoot",
        "Overshoot",
        "(first peak beyond the edge - plateau) / step",
        "About 8.9 % for plain truncation; ringing or sharpening raises it.",
    ),
    MetricDefinition(
        "fwhm", "Width (FWHM)", "width at half of (peak - baseline)", "Of a small target; lower is sharper."
    ),
)
DEFINITIONS = {definition.id: definition for definition in _DEFINITIONS}


def metricDefinition(metric: str) -> MetricDefinition:
    """The definition of a metric; a plain one made of its id where there is none."""
    return DEFINITIONS.get(metric) or MetricDefinition(metric, metric.replace("_", " "), "", "")
