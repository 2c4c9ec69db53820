"""Small MR series written to disk with a known geometry, for tests of DICOM reading and writing."""

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

MR, ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1"
_TILT = np.deg2rad(20)
OBLIQUE = ((np.cos(_TILT), np.sin(_TILT), 0.0), (-np.sin(_TILT) * 0.8, np.cos(_TILT) * 0.8, 0.6))
FIRST = np.array([-40.25, 31.5, -12.125])
SPACING = (0.9, 0.75, 2.5)


def ramp(shape=(5, 6, 7), dtype=np.uint16):
    """A different number in every voxel, so that any transposition shows."""
    return (np.arange(np.prod(shape)) + 3).reshape(shape).astype(dtype)


def affineLps(*, spacing=SPACING, orientation=OBLIQUE, first=FIRST):
    """Index (i, j, k) to LPS mm of what the writers below produce."""
    row, column = (np.array(direction) for direction in orientation)
    affine = np.eye(4)
    affine[:3, :3] = np.array([row * spacing[0], column * spacing[1], np.cross(row, column) * spacing[2]]).T
    affine[:3, 3] = first
    return affine


def position(index, **geometry):
    return (affineLps(**geometry) @ [0, 0, index, 1])[:3]


def image(pixels, place, *, spacing=SPACING, orientation=OBLIQUE, **attributes):
    """One classic MR image; attributes by keyword overrule, None removes."""
    dataset = _base(MR, pixels)
    dataset.ImagePositionPatient = [float(f"{v:.10g}") for v in place]
    dataset.ImageOrientationPatient = [round(float(v), 12) for direction in orientation for v in direction]
    dataset.PixelSpacing = [spacing[1], spacing[0]]
    dataset.SliceThickness = spacing[2]
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "GR", "SP", ""
    dataset.MRAcquisitionType, dataset.EchoTime, dataset.RepetitionTime = "3D", 2.5, 1900
    dataset.EchoTrainLength, dataset.FlipAngle, dataset.MagneticFieldStrength = 1, 9, 3
    _assign(dataset, attributes)
    return dataset


def _assign(dataset, attributes):
    for keyword, value in attributes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)


def _base(sopClass, pixels):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, sopClass
    dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = sopClass, generate_uid()
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.SpecificCharacterSet, dataset.Modality, dataset.Manufacturer = "ISO_IR 192", "MR", "SIEMENS"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = "20240102"
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = "101112"
    dataset.AccessionNumber, dataset.StudyID, dataset.ReferringPhysicianName = "A7", "S1", ""
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Müller^Anna", "P1", "19700101"
    dataset.PatientSex, dataset.PatientPosition = "F", "HFS"
    dataset.SeriesDescription, dataset.SeriesNumber, dataset.InstanceNumber = "t1 post", 4, 1
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3.1", "1.2.3.1.4"
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = "1.2.3.9", ""
    _setPixels(dataset, pixels)
    return dataset


def _setPixels(dataset, pixels):
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit, dataset.PixelRepresentation = dataset.BitsStored - 1, int(pixels.dtype.kind == "i")
    dataset.PixelData = np.ascontiguousarray(pixels).tobytes()
    dataset["PixelData"].VR = "OW"


def writeSeries(folder, voxels, *, names="slice{:03}.dcm", indices=None, geometry=None, **attributes):
    """voxels (k, j, i) as a classic series, file order against slice order. attributes may be functions of k."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in indices if indices is not None else range(len(voxels)):
        own = {key: value(index) if callable(value) else value for key, value in attributes.items()}
        own.setdefault("InstanceNumber", index + 1)
        dataset = image(voxels[index], position(index, **(geometry or {})), **(geometry or {}), **own)
        path = folder / names.format(len(voxels) - index)
        dataset.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def writeEnhanced(path, voxels, *, order=None, perFrame=None, shared=None, **attributes):
    """voxels (k, j, i) as one Enhanced MR file; order: the slice k of each frame."""
    order = list(order if order is not None else range(len(voxels)))
    dataset = _base(ENHANCED_MR, voxels[order])
    dataset.NumberOfFrames = len(order)
    dataset.AcquisitionDateTime, dataset.ContentQualification = "20240102101112", "RESEARCH"
    dataset.SharedFunctionalGroupsSequence = [shared or _sharedGroups()]
    dataset.PerFrameFunctionalGroupsSequence = [_frameGroups(n, k) for n, k in enumerate(order)]
    for number, item in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        if perFrame:
            perFrame(number, item)
    _assign(dataset, attributes)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def _item(**attributes):
    item = Dataset()
    _assign(item, attributes)
    return item


def _sharedGroups():
    directions = [round(float(v), 12) for direction in OBLIQUE for v in direction]
    return _item(
        PlaneOrientationSequence=[_item(ImageOrientationPatient=directions)],
        PixelMeasuresSequence=[_item(PixelSpacing=[SPACING[1], SPACING[0]], SliceThickness=SPACING[2])],
        PixelValueTransformationSequence=[_item(RescaleSlope=1, RescaleIntercept=0, RescaleType="US")],
        MRTimingAndRelatedParametersSequence=[_item(RepetitionTime=1800, FlipAngle=9)],
        MRImageFrameTypeSequence=[
            _item(
                FrameType=["ORIGINAL", "PRIMARY", "M", "NONE"],
                ComplexImageComponent="MAGNITUDE",
                AcquisitionContrast="T1",
                PixelPresentation="MONOCHROME",
                VolumetricProperties="VOLUME",
                VolumeBasedCalculationTechnique="NONE",
            )
        ],
    )


def _frameGroups(number, k):
    return _item(
        PlanePositionSequence=[_item(ImagePositionPatient=[float(f"{v:.10g}") for v in position(k)])],
        FrameContentSequence=[_item(StackID="1", InStackPositionNumber=k + 1, TemporalPositionIndex=1)],
        MREchoSequence=[_item(EffectiveEchoTime=2.41)],
    )
