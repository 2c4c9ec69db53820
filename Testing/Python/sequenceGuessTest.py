"""Sequences told from tags, with a reason; unknown where they do not tell."""

import pytest

from DLEnhanceLib.sequenceGuess import guessSequence


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"SeriesDescription": "t1_mprage_sag_p2_iso"}, "T1"),
        ({"SeriesDescription": "AX T1 POST GD"}, "T1 post-contrast"),
        ({"SeriesDescription": "t1_mprage", "ContrastBolusAgent": "Dotarem 10 ml"}, "T1 post-contrast"),
        ({"SeriesDescription": "t1_mprage", "ContrastBolusAgent": "NONE"}, "T1"),
        ({"SeriesDescription": "T1 SPACE black blood +C", "ScanningSequence": "SE"}, "T1 black-blood"),
        ({"SeriesDescription": "t2_space_dark-fluid_sag"}, "FLAIR"),
        ({"SeriesDescription": "Ax T2 FLAIR"}, "FLAIR"),
        ({"SeriesDescription": "t2_tse_tra"}, "T2"),
        ({"SeriesDescription": "ep2d_bold", "RepetitionTime": 2000, "EchoTime": 30}, "unknown"),
        ({"RepetitionTime": 1900, "EchoTime": 2.97, "InversionTime": 1100, "ScanningSequence": "GR\\IR"}, "T1"),
        ({"RepetitionTime": 9000, "EchoTime": 120, "InversionTime": 2500}, "FLAIR"),
        ({"RepetitionTime": 4500, "EchoTime": 95}, "T2"),
        ({"RepetitionTime": 3000, "EchoTime": 20}, "unknown"),
        ({"RepetitionTime": "", "EchoTime": None}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_sequence_is_told_from_tags(tags, kind):
    found, reason = guessSequence(tags)
    assert found == kind
    assert reason.endswith(".")
