"""What DICOM tags tell of earlier deep-learning processing; examples after the vendors' public samples."""

import pytest

from DLEnhanceLib.priorDl import dicomPriorDl, isOurOwnOutput

SIEMENS = {"Manufacturer": "Siemens Healthineers"}
GE = {"Manufacturer": "GE MEDICAL SYSTEMS"}
PHILIPS = {"Manufacturer": "Philips Medical Systems"}
BOOSTED = ("ORIGINAL", "PRIMARY", "M", "DRG", "NORM", "DRS", "DIS2D")
PLAIN = ("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D")

CASES = {
    "Siemens classic with tokens": ({**SIEMENS, "ImageType": BOOSTED}, "yes"),
    "Siemens enhanced with tokens": ({**SIEMENS, "NumberOfFrames": 9, "Private_0021_1175": BOOSTED}, "yes"),
    "Siemens enhanced without": ({**SIEMENS, "NumberOfFrames": 9, "Private_0021_1175": PLAIN}, "no"),
    "Siemens classic with private block": (
        {**SIEMENS, "ImageType": PLAIN, "PrivateCreators": ("SIEMENS MR HEADER",)},
        "no",
    ),
    "Siemens classic stripped": ({**SIEMENS, "ImageType": PLAIN}, "unknown"),
    "Siemens enhanced stripped of the text": (
        {**SIEMENS, "NumberOfFrames": 9, "ImageType": PLAIN, "PrivateCreators": ("SIEMENS MR SDS 01",)},
        "unknown",
    ),
    "a word that only begins like a token": ({**SIEMENS, "Private_0021_1175": ("DRBX",)}, "no"),
    "GE high": ({**GE, "Private_0043_10CA": ("0.75", "High")}, "yes"),
    "GE off": ({**GE, "Private_0043_10CA": ("0.00", "Off")}, "no"),
    "GE without level": ({**GE, "PrivateCreators": ("GEMS_PARM_01",)}, "no"),
    "GE stripped": (GE, "unknown"),
    "Philips AI": ({**PHILIPS, "Private_2005_1110": "CS_SENSE_AI"}, "yes"),
    "Philips plain": ({**PHILIPS, "Private_2005_1110": ("CS_SENSE",)}, "no"),
    "Philips stripped": (PHILIPS, "unknown"),
    "another vendor": ({"Manufacturer": "UIH"}, "unknown"),
    "no tags": ({}, "unknown"),
    "post-processor in the description": ({**GE, "SeriesDescription": "Ax T1 SwiftMR"}, "yes"),
    "post-processor beats a vendor's no": (
        {**PHILIPS, "Private_2005_1110": "SENSE", "DerivationDescription": "SubtleMR 2.3"},
        "yes",
    ),
    "name in text when tags are stripped": ({**GE, "ProtocolName": "T2 AIR Recon DL high"}, "yes"),
    "name in text, switched off": ({**GE, "ProtocolName": "T2 AIR Recon DL off"}, "unknown"),
    "our series": ({**SIEMENS, "SeriesDescription": "t1 DL-ENH D50"}, "yes"),
}


@pytest.mark.parametrize("name", CASES)
def test_answer(name):
    tags, expected = CASES[name]
    answer, reason = dicomPriorDl(tags)
    assert answer == expected, reason
    assert reason.endswith(".")


def test_reason_names_the_filters_and_the_strength():
    tags = {**SIEMENS, "Private_0021_1175": BOOSTED, "Private_0021_1176": ("IterativeDenoising:RelStrength=0.850",)}
    reason = dicomPriorDl(tags)[1]
    assert "Deep Resolve Gain, Deep Resolve Sharp" in reason
    assert "RelStrength=0.850" in reason


def test_own_output_is_known_by_its_contributing_equipment():
    tags = {**GE, "ContributingEquipmentSequence": ({"ManufacturerModelName": "DLEnhance"},)}
    assert isOurOwnOutput(tags)
    assert not isOurOwnOutput({**GE, "Private_0043_10CA": ("0.75", "High")})


def test_real_series_without_deep_learning(realData):
    from DLEnhanceLib.reading import readVolume

    for folder in ("dicom_enhanced_multiframe_t1", "dicom_t1c_vs_seg_001"):
        assert dicomPriorDl(readVolume(realData / folder).tags)[0] == "no", folder
