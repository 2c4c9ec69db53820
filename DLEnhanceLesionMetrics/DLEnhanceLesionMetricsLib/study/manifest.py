"""The study's manifest ``study.json``: everything that was decided before the first reading."""

import dataclasses
import json
import os
import re
import secrets
from datetime import datetime, timezone
from pathlib import Path

from DLEnhanceLib.errors import CannotWrite
from DLEnhanceLib.version import VERSION

from .analysisPlan import AnalysisPlan
from .errors import StudyProblem
from .scales import PRESETS, SCALES_VERSION, ScoreItem, presetNamed

FORMAT = "dlenhance-study"
FORMAT_VERSION = 1
MANIFEST_NAME = "study.json"
INDEPENDENT, SIDE_BY_SIDE = "independent", "side-by-side"
MODES = (INDEPENDENT, SIDE_BY_SIDE)
STANDARD, ENHANCED = "standard", "enhanced"
CONDITIONS = (STANDARD, ENHANCED)
READER, REFERENCE, COORDINATOR = "reader", "reference", "coordinator"
ROLES = (READER, REFERENCE, COORDINATOR)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody with a role; an id, never a name. The reference reader may also be a reader (brief R11)."""

    id: str
    roles: tuple[str, ...] = (READER,)
    institution: str = ""

    def __post_init__(self):
        object.__setattr__(self, "roles", tuple(self.roles))


@dataclasses.dataclass(frozen=True)
class MarkRules:
    """What a mark must carry. Confidence runs from 1 to confidenceLevels."""

    confidenceLevels: int = 5
    diameterRequired: bool = False


@dataclasses.dataclass(frozen=True)
class MatchingRules:
    """Brief R13: a mark belongs to a lesion within max(minimumMm, radius + marginMm) of its center, or in its mask.

    ambiguousMm: two candidates closer to each other than this, or a mark this close to the limit, go to adjudication.
    """

    minimumMm: float = 5.0
    marginMm: float = 3.0
    ambiguousMm: float = 1.0


@dataclasses.dataclass(frozen=True)
class Wording:
    """A wording that was replaced: its version and items, and when, by whom and why."""

    version: str
    items: tuple[ScoreItem, ...]
    replaced: str
    by: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The decisions of a study. ``items`` carry the wording that the readers saw, with its version."""

    title: str
    items: tuple[ScoreItem, ...]
    people: tuple[Person, ...]
    seed: int
    preset: str = "custom"
    modes: tuple[str, ...] = (INDEPENDENT,)
    detection: bool = True
    washoutDays: float = 28.0
    washoutWarnDays: float = 14.0
    sizeLimitMm: float = 5.0
    marks: MarkRules = MarkRules()
    matching: MatchingRules = MatchingRules()
    analysis: AnalysisPlan = dataclasses.field(default_factory=AnalysisPlan)
    simulated: str = ""
    studyId: str = dataclasses.field(default_factory=lambda: secrets.token_hex(6))
    created: str = ""
    scalesVersion: str = SCALES_VERSION
    earlierWordings: tuple[Wording, ...] = ()
    software: str = f"DLEnhance {VERSION}"

    @property
    def readers(self) -> tuple[str, ...]:
        return tuple(person.id for person in self.people if READER in person.roles)

    def person(self, personId: str) -> Person:
        for person in self.people:
            if person.id == personId:
                return person
        known = ", ".join(person.id for person in self.people)
        raise StudyProblem(f"Nobody in this study has the id {personId!r}; its people are {known}.")

    def itemsOf(self, unit: str) -> tuple[ScoreItem, ...]:
        return tuple(item for item in self.items if item.unit == unit)

    @property
    def wordings(self) -> dict[str, tuple[ScoreItem, ...]]:
        """Version to items, the present version last."""
        return {w.version: w.items for w in self.earlierWordings} | {self.scalesVersion: self.items}

    def problems(self) -> list[str]:
        """Every finding as a sentence; an empty list is a study that can start."""
        ids = [person.id for person in self.people]
        found = [f"Two people have the id {personId!r}." for personId in _repeated([i.lower() for i in ids])]
        found += [f"The id {i!r} may only hold letters, digits, - and _." for i in ids if not _ID.fullmatch(i)]
        found += [
            f"{person.id!r} has the unknown role {role!r}; roles are {', '.join(ROLES)}."
            for person in self.people
            for role in person.roles
            if role not in ROLES
        ]
        found += [f"The score item {itemId!r} stands twice." for itemId in _repeated([i.id for i in self.items])]
        found += [f"There is no reading mode {mode!r}." for mode in self.modes if mode not in MODES]
        if not self.readers:
            found.append("The study has no reader.")
        if not self.modes:
            found.append("The study has no reading mode.")
        if not self.items and not self.detection:
            found.append("The study asks its readers nothing: no score items and no marks.")
        if self.washoutDays < 0:
            found.append("The washout cannot be negative.")
        if self.marks.confidenceLevels < 1:
            found.append("Marks need at least one confidence level.")
        return found + self.analysis.problems()

    def warnings(self) -> list[str]:
        """Choices that are allowed but that a reviewer will ask about."""
        if INDEPENDENT in self.modes and self.washoutDays < self.washoutWarnDays:
            return [
                f"The washout of {self.washoutDays:g} days is under {self.washoutWarnDays:g}; "
                "published studies used 14 and 28 days."
            ]
        return []


def newManifest(title: str, readers, *, preset: str = "oh2025", seed: int | None = None, **decisions) -> Manifest:
    """A manifest of a preset. readers: ids, or Person objects. Other fields of Manifest by keyword.

    Raises StudyProblem with every finding.
    """
    chosen = presetNamed(preset)
    people = tuple(reader if isinstance(reader, Person) else Person(reader) for reader in readers)
    decisions = {"items": chosen.items, "detection": chosen.detection, **decisions}
    manifest = Manifest(
        title=title,
        people=people,
        preset=chosen.id,
        seed=secrets.randbits(32) if seed is None else seed,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        **decisions,
    )
    return checked(manifest)


def checked(manifest: Manifest) -> Manifest:
    """The manifest itself. Raises StudyProblem with every finding."""
    problems = manifest.problems()
    if problems:
        raise StudyProblem("The study cannot be used: " + " ".join(problems))
    return manifest


def asJson(manifest: Manifest) -> str:
    """Text of ``study.json``, fields in the order of the class."""
    fields = dataclasses.asdict(manifest)
    return json.dumps({"format": FORMAT, "formatVersion": FORMAT_VERSION, **fields}, indent=2, ensure_ascii=False)


def writeManifest(manifest: Manifest, folder: Path) -> Path:
    """Write study.json whole or not at all."""
    return writeWhole(Path(folder) / MANIFEST_NAME, asJson(manifest) + "\n")


def writeWhole(path: Path, text: str) -> Path:
    """Write beside, flush to the disk, rename. Raises CannotWrite."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CannotWrite(f"{path.name} cannot be written ({error.strerror}); choose another folder.") from error
    return path


def readManifest(folder: Path) -> Manifest:
    """The manifest of a study folder. Raises StudyProblem when it is missing, broken or of a newer format."""
    path = Path(folder) / MANIFEST_NAME
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StudyProblem(
            f"{folder} holds no {MANIFEST_NAME}; make a study with 'dlenhance study new {folder}'."
        ) from error
    except (OSError, ValueError) as error:
        raise StudyProblem(f"{path} cannot be read as JSON ({error}); restore it from a copy.") from error
    return checked(_fromFields(fields, path))


def _fromFields(fields, path):
    if not isinstance(fields, dict) or fields.pop("format", "") != FORMAT:
        raise StudyProblem(f"{path} is not a DLEnhance study.")
    version = fields.pop("formatVersion", 0)
    if version != FORMAT_VERSION:
        raise StudyProblem(
            f"{path} has the format version {version}; this DLEnhance reads {FORMAT_VERSION}: update it."
        )
    unknown = sorted(set(fields) - {field.name for field in dataclasses.fields(Manifest)})
    if unknown:
        raise StudyProblem(f"{path} has unknown fields: {', '.join(unknown)}.")
    try:
        fields["items"] = _itemsFrom(fields)
        fields["earlierWordings"] = tuple(
            Wording(**{**wording, "items": _itemsFrom(wording)}) for wording in fields.get("earlierWordings", ())
        )
        fields["people"] = tuple(Person(**person) for person in fields["people"])
        fields["modes"] = tuple(fields["modes"])
        fields["marks"] = MarkRules(**fields["marks"])
        fields["matching"] = MatchingRules(**fields["matching"])
        fields["analysis"] = AnalysisPlan(**fields.get("analysis", {}))
        return Manifest(**fields)
    except (KeyError, TypeError) as error:
        raise StudyProblem(f"{path} lacks or misspells a field: {error}.") from error


def _itemsFrom(fields):
    return tuple(ScoreItem(**item) for item in fields["items"])


def presetTitle(presetId: str) -> str:
    return PRESETS[presetId].title if presetId in PRESETS else presetId


def _repeated(values):
    return sorted({value for value in values if values.count(value) > 1})
