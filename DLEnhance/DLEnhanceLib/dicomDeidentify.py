"""De-identification of a DICOM series: a separate step that somebody has to ask for; nothing else calls it.

Which attribute is removed, emptied or replaced is the table of the package dicom-anonymizer (Kitware), made from PS3.15
Table E.1-1, 2024b, Basic Application Level Confidentiality Profile. The walk is ours, since that package does not enter
sequences (Enhanced MR keeps dates and references there), and so is keeping our own label: an image must not lose the
mark that it was modified.

Not covered: faces in 3D head images and text burned into the pixels. Deface and look before giving images away.
"""

import contextlib
import dataclasses
from pathlib import Path

import pydicom
from pydicom.uid import generate_uid

from .dicomDerivation import codeItem
from .dicomFiles import dicomFiles, quietPydicom, readHeader
from .errors import CannotWrite, MissingPackage, UnsupportedVolume
from .priorDl import PRODUCT_NAME, SERIES_MARK
from .wholeFolder import wholeFolder

METHOD = "PS3.15 E Basic Profile 2024b (action table of dicom-anonymizer)"
_KEPT_UIDS = ("1.2.840.10008.",)
_DUMMIES = {
    "DA": "19000101",
    "TM": "000000",
    "DT": "19000101000000",
    "AS": "000Y",
    **dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), "ANONYMIZED"),
    **dict.fromkeys(("DS", "IS", "US", "SS", "UL", "SL", "FL", "FD"), 0),
}
"""Where the standard may demand a value (D in Table E.1-1); everything else becomes empty."""


@dataclasses.dataclass(frozen=True, eq=False)
class Deidentified:
    """folder: what was written; newUIDs: old to new, to de-identify a second series of the same study alike."""

    folder: Path
    files: tuple[Path, ...]
    newUIDs: dict


def deidentifySeries(source, outFolder, *, patientName: str, patientID: str, newUIDs=None) -> Deidentified:
    """Write every DICOM file of source (file, folder, zip ...) without identity into the new folder outFolder.

    patientName and patientID: the pseudonym. newUIDs: from an earlier call, so that a derived series still points to
    its source. The source is only read. Raises MissingPackage, UnsupportedVolume, CannotWrite; then nothing is left.
    """
    actions = _actions()
    newUIDs = {} if newUIDs is None else newUIDs
    outFolder = Path(outFolder)
    with dicomFiles(source) as files, wholeFolder(outFolder, files) as folder:
        if not files:
            raise UnsupportedVolume("There are no DICOM files to de-identify.")
        for count, path in enumerate(files, 1):
            dataset = _readWhole(path)
            _deidentify(dataset, actions, newUIDs)
            dataset.PatientName, dataset.PatientID = patientName, patientID
            with quietPydicom():
                pydicom.dcmwrite(folder / f"{count:04}.dcm", dataset, enforce_file_format=True)
    return Deidentified(outFolder, tuple(sorted(outFolder.iterdir())), newUIDs)


def requireActions():
    """Raise MissingPackage before long work whose result could not be de-identified."""
    _actions()


def _actions():
    """Name of the action for each tag (group, element); repeating groups (curves, overlays) carry masks as well."""
    try:
        from dicomanonymizer.simpledicomanonymizer import initialize_actions_2024b
    except ImportError as error:
        raise MissingPackage(
            "De-identification needs the package dicom-anonymizer: pip install dicom-anonymizer"
        ) from error
    return {tag: function.__name__ for tag, function in initialize_actions_2024b().items()}


def _readWhole(path):
    readHeader(path)  # refuses what is no DICOM file, in our words
    with quietPydicom():
        dataset = pydicom.dcmread(path, force=True)
    if not dataset.file_meta.get("TransferSyntaxUID"):
        raise CannotWrite(f"{path.name} does not name its transfer syntax; export it again.")
    return dataset


def _deidentify(dataset, actions, newUIDs):
    with quietPydicom():
        dataset.remove_private_tags()
        _clean(dataset, actions, newUIDs)
        dataset.PatientIdentityRemoved, dataset.DeidentificationMethod = "YES", METHOD
        dataset.DeidentificationMethodCodeSequence = [
            codeItem("113100", "DCM", "Basic Application Confidentiality Profile")
        ]
        dataset.LongitudinalTemporalInformationModified = "REMOVED"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    for keyword in ("SourceApplicationEntityTitle", "SendingApplicationEntityTitle", "PrivateInformation"):
        if keyword in dataset.file_meta:
            delattr(dataset.file_meta, keyword)


def _clean(dataset, actions, newUIDs):
    label = _Label.of(dataset)
    for element in list(dataset):
        tag = (element.tag.group, element.tag.element)
        action = actions.get(tag) or _repeatingAction(actions, *tag)
        if element.VR == "SQ" and action != "delete":
            for item in element.value:
                _clean(item, actions, newUIDs)
        elif element.VR == "UI" and action:
            element.value = _newUID(element.value, newUIDs)
        elif action == "delete":
            del dataset[element.tag]
        elif action:
            element.value = _DUMMIES.get(element.VR) if "replace" in action and element.value else None
    label.restore(dataset)


def _repeatingAction(actions, group, element):
    for tag, action in actions.items():
        if len(tag) == 4 and group & tag[2] == tag[0] & tag[2] and element & tag[3] == tag[1] & tag[3]:
            return action
    return None


def _newUID(value, newUIDs):
    values = [value] if isinstance(value, str) else list(value)
    fresh = [
        uid if uid.startswith(_KEPT_UIDS) else newUIDs.setdefault(str(uid), str(generate_uid(prefix=None)))
        for uid in values
    ]
    return fresh[0] if isinstance(value, str) else fresh


@dataclasses.dataclass(frozen=True, eq=False)
class _Label:
    """What DLEnhance said of the image (or of a frame), taken before the profile removes it."""

    suffix: str
    derivation: str
    equipment: list

    @classmethod
    def of(cls, dataset):
        description = str(dataset.get("SeriesDescription") or "")
        position = description.find(SERIES_MARK)
        own = [
            item
            for item in dataset.get("ContributingEquipmentSequence") or []
            if item.get("ManufacturerModelName") == PRODUCT_NAME
        ]
        text = str(dataset.get("DerivationDescription") or "")
        return cls(description[position:] if position >= 0 else "", text if PRODUCT_NAME in text else "", own)

    def restore(self, dataset):
        if self.suffix:
            dataset.SeriesDescription = self.suffix
        if self.derivation:
            dataset.DerivationDescription = self.derivation.partition(" Source: ")[0]
        if self.equipment:
            for item in self.equipment:
                with contextlib.suppress(AttributeError):
                    del item.ContributionDateTime
            dataset.ContributingEquipmentSequence = self.equipment
