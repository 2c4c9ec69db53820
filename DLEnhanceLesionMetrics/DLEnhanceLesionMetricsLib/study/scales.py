"""Score items, their wording and the presets.

The wording is ours (domain brief 5): the anchor sentences of the two papers could not be read. It is versioned,
kept in each study's manifest and exported with the data. On every scale the highest score is the best.
"""

import dataclasses

from .errors import StudyProblem

SCALES_VERSION = "1"
IMAGE, LESION, PAIR = "image", "lesion", "pair"
UNITS = (IMAGE, LESION, PAIR)

_ARTIFACT = (
    "severe, non-diagnostic",
    "marked, limits diagnosis",
    "moderate, diagnosis possible",
    "mild, no effect",
    "none",
)


@dataclasses.dataclass(frozen=True)
class ScoreItem:
    """One question with its anchors.

    unit: ``image`` (once a reading), ``lesion`` (once a mark) or ``pair`` (once a side-by-side reading).
    anchors: sentences of the scores ``first``, ``first + 1``, ...; the last is the best.
    """

    id: str
    title: str
    anchors: tuple[str, ...]
    unit: str = IMAGE
    first: int = 1
    required: bool = True

    def __post_init__(self):
        object.__setattr__(self, "anchors", tuple(self.anchors))
        if self.unit not in UNITS:
            raise StudyProblem(f"The score item {self.id!r} has the unit {self.unit!r}; use one of {', '.join(UNITS)}.")
        if len(self.anchors) < 2:
            raise StudyProblem(f"The score item {self.id!r} needs at least two anchor sentences.")

    @property
    def scores(self) -> range:
        return range(self.first, self.first + len(self.anchors))

    @property
    def best(self) -> int:
        return self.scores[-1]


def _artifact(name):
    return ScoreItem(f"{name}_artifact", f"{name.capitalize()} artifact", _ARTIFACT)


OVERALL = ScoreItem(
    "overall_image_quality",
    "Overall image quality",
    ("non-diagnostic", "poor, limits diagnosis", "acceptable", "good", "excellent"),
)
NOISE = ScoreItem(
    "noise",
    "Noise",
    (
        "severe, non-diagnostic",
        "marked, limits diagnosis",
        "moderate, diagnosis possible",
        "mild",
        "none perceptible",
    ),
)
ARTIFACTS = ScoreItem("artifacts", "Artifacts", _ARTIFACT)
GRAY_WHITE = ScoreItem(
    "gray_white_differentiation",
    "Gray-white matter differentiation",
    ("not distinguishable", "poor", "acceptable", "good", "excellent"),
)
LESION_CONSPICUITY = ScoreItem(
    "lesion_conspicuity",
    "Lesion conspicuity",
    (
        "not or barely visible",
        "poor, margin mostly lost",
        "moderate",
        "good, margin mostly clear",
        "excellent, sharp margin",
    ),
    unit=LESION,
)
MAIN_LESION = dataclasses.replace(
    LESION_CONSPICUITY, id="main_lesion_conspicuity", title="Main lesion conspicuity", unit=IMAGE
)
SHARPNESS = ScoreItem("sharpness", "Sharpness", ("very blurred", "blurred", "acceptable", "sharp", "very sharp"))
SMALL_STRUCTURES = ScoreItem(
    "small_structures",
    "Visibility of small structures",
    ("not visible", "poor", "acceptable", "good", "excellent"),
)
CONFIDENCE = ScoreItem(
    "diagnostic_confidence", "Diagnostic confidence", ("none", "low", "moderate", "high", "complete")
)
OVER_SMOOTHED = ScoreItem(
    "artificial_appearance",
    "Artificial (over-smoothed) appearance",
    ("severe", "marked", "moderate", "mild", "none"),
)
PREFERENCE = ScoreItem(
    "preference",
    "Preference",
    ("left much better", "left better", "no preference", "right better", "right much better"),
    unit=PAIR,
    first=-2,
)

CATALOGUE = {
    item.id: item
    for item in (
        OVERALL,
        NOISE,
        ARTIFACTS,
        _artifact("truncation"),
        _artifact("motion"),
        _artifact("pulsation"),
        _artifact("flow"),
        GRAY_WHITE,
        LESION_CONSPICUITY,
        MAIN_LESION,
        SHARPNESS,
        SMALL_STRUCTURES,
        CONFIDENCE,
        OVER_SMOOTHED,
        PREFERENCE,
    )
}


@dataclasses.dataclass(frozen=True)
class Preset:
    """The items of a published study and whether its readers placed marks."""

    id: str
    title: str
    itemIds: tuple[str, ...]
    detection: bool

    @property
    def items(self) -> tuple[ScoreItem, ...]:
        return tuple(CATALOGUE[itemId] for itemId in self.itemIds)


PRESETS = {
    preset.id: preset
    for preset in (
        Preset("oh2025", "Oh 2025", (OVERALL.id, NOISE.id, ARTIFACTS.id, LESION_CONSPICUITY.id), detection=True),
        Preset(
            "park2025",
            "Park 2025",
            (
                OVERALL.id,
                NOISE.id,
                GRAY_WHITE.id,
                "truncation_artifact",
                "motion_artifact",
                "pulsation_artifact",
                MAIN_LESION.id,
            ),
            detection=False,
        ),
        Preset("custom", "Custom", (OVERALL.id,), detection=False),
    )
}


def presetNamed(name: str) -> Preset:
    """A preset by its id or title, whatever the case and spaces. Raises StudyProblem."""
    key = name.lower().replace(" ", "").replace("-", "")
    if key not in PRESETS:
        raise StudyProblem(f"There is no preset {name!r}; use {', '.join(PRESETS)}.")
    return PRESETS[key]
