"""The released models: weight files beside their cards. No torch here."""

import dataclasses
import hashlib
import json
from pathlib import Path

from .errors import BadOption, MissingPackage

PROFILE_NAMES = ("full", "fast")


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """Weights and card of one profile; the card is the JSON document that the page beside it explains.

    A profile without a network has no weights: None.
    """

    profile: str
    weights: Path | None
    card: dict

    @property
    def modelId(self) -> str:
        return self.card["modelId"]

    def hash(self) -> str:
        """SHA-256 of the weight file, empty without one."""
        return hashlib.sha256(self.weights.read_bytes()).hexdigest() if self.weights else ""

    def isIntact(self) -> bool:
        """Whether the weights are those the card was written for."""
        return self.hash() == self.card["sha256"]


def modelFolder() -> Path:
    """Resources/Models in a clone and in Slicer's install folder; inside the package when installed by pip."""
    here = Path(__file__).resolve().parent
    candidates = (here.parent / "Resources" / "Models", here / "models")
    return next((folder for folder in candidates if list(folder.glob("DLEnhance-*.json"))), candidates[0])


def findModel(profile: str, folder: Path | None = None) -> ModelFile:
    """The model of a profile. Raises BadOption for an unknown profile, MissingPackage when its files are not there."""
    if profile not in PROFILE_NAMES:
        raise BadOption(f"There is no profile '{profile}'; choose one of: {', '.join(PROFILE_NAMES)}.")
    path = (folder or modelFolder()) / f"DLEnhance-{profile}.json"
    card = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    weights = path.with_suffix(".safetensors") if card and card["network"] else None
    if card is None or (weights and not weights.is_file()):
        raise MissingPackage(
            f"The model files of profile '{profile}' are missing from {path.parent}; reinstall DLEnhance."
        )
    return ModelFile(profile, weights, card)
