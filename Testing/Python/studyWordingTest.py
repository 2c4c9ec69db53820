"""Wording that changes while a study runs: a new version, and every answer stays bound to the words it was given to."""

import dataclasses
import json

import pytest
from studySteps import answerAll, openSession, studyFolder

from dlenhance.commandLine import main
from DLEnhanceLesionMetricsLib.study.errors import StudyProblem
from DLEnhanceLesionMetricsLib.study.exports import manifestText
from DLEnhanceLesionMetricsLib.study.htmlReport import wordingFindings
from DLEnhanceLesionMetricsLib.study.manifest import readManifest, writeManifest
from DLEnhanceLesionMetricsLib.study.progress import studyState
from DLEnhanceLesionMetricsLib.study.studyData import studyData
from DLEnhanceLesionMetricsLib.study.wording import reworded, wordingText

NEW = {"items": [{"id": "overall_image_quality", "anchors": ["useless", "poor", "fair", "good", "very good"]}]}


@pytest.fixture
def folder(tmp_path):
    return studyFolder(tmp_path / "s", preset="custom", washoutDays=0)


@pytest.fixture
def scales(tmp_path):
    path = tmp_path / "scales.json"
    path.write_text(json.dumps(NEW))
    return path


def change(folder, scales, *, coordinator="coord", reason="clearer"):
    command = ["study", "wording", str(folder), "--file", str(scales), "--coordinator", coordinator]
    return main([*command, "--reason", reason])


def test_new_wording_is_a_new_version_and_the_old_one_is_kept(folder, scales, capsys):
    before = readManifest(folder)
    assert change(folder, scales) == 0
    assert "now version 2" in capsys.readouterr().out
    after = readManifest(folder)
    assert after.items[0].anchors[0] == "useless"
    assert after.items[0].title == before.items[0].title
    assert after.wordings == {"1": before.items, "2": after.items}
    assert (after.earlierWordings[0].by, after.earlierWordings[0].reason) == ("coord", "clearer")


def test_answers_stay_bound_to_the_version_they_were_given_under(folder, scales):
    with openSession(folder) as session:
        session.openNext()
        answerAll(session)
        session.openNext()
        session.score("overall_image_quality", 2)
    assert change(folder, scales) == 0
    with openSession(folder) as session:
        session.openNext()
        session.submit()
        session.openNext()
        answerAll(session)
        session.amend(session.submittedReadings()[0].id, reason="slip")
        session.score("overall_image_quality", 5)
        session.submit()
    data = studyData(folder)
    assert [row.wording for row in data.scores] == ["1", "2", "2"]  # resumed, new, amended
    first = studyData(folder, versions="first")
    assert [row.wording for row in first.scores] == ["1", "1", "2"]
    assert data.state.findings == ()
    assert "1 under version 1; 2 under version 2" in wordingFindings(data)[0]


def test_words_changed_behind_the_version_are_named(folder):
    with openSession(folder) as session:
        session.openNext()
    manifest = readManifest(folder)
    items = (dataclasses.replace(manifest.items[0], title="Beauty"),)
    writeManifest(dataclasses.replace(manifest, items=items), folder)
    (finding,) = studyState(folder).findings
    assert finding.id == "wording-changed"
    assert "version 1" in finding.sentence


def test_only_a_coordinator_with_a_reason_changes_the_wording(folder, scales, capsys):
    for arguments in ({"coordinator": "r1"}, {"coordinator": ""}, {"reason": " "}):
        assert change(folder, scales, **arguments) == 2
    error = capsys.readouterr().err
    for sentence in ("r1 is no coordinator", "Say who changes", "needs a reason"):
        assert sentence in error
    assert readManifest(folder).scalesVersion == "1"


def test_printed_wording_can_be_edited_and_given_back(folder, tmp_path, capsys):
    assert main(["study", "wording", str(folder)]) == 0
    text = capsys.readouterr().out
    manifest = readManifest(folder)
    assert text == wordingText(manifest)
    with pytest.raises(StudyProblem, match="nothing was changed"):
        reworded(manifest, text, coordinator="coord", reason="x")
    changed = reworded(manifest, text.replace("excellent", "superb"), coordinator="coord", reason="x")
    assert changed.items[0].anchors[-1] == "superb"
    assert reworded(changed, text, coordinator="coord", reason="back").scalesVersion == "3"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "must be JSON"),
        ("3", "must be JSON"),
        ('[{"id": "noise"}]', "no item noise"),
        ('[{"id": "overall_image_quality", "anchors": ["a", "b"]}]', "5 anchors"),
        ('[{"id": "overall_image_quality", "title": " "}]', "needs a title"),
        ('[{"id": "overall_image_quality", "first": 0}]', "not first"),
    ],
)
def test_wording_that_would_change_the_scale_is_refused(folder, text, sentence):
    with pytest.raises(StudyProblem, match=sentence):
        reworded(readManifest(folder), text, coordinator="coord", reason="x")


def test_export_holds_all_wordings_without_the_reason(folder, scales):
    change(folder, scales, reason="because of Dr. Smith")
    text = manifestText(readManifest(folder))
    assert "useless" in text
    assert "non-diagnostic" in text
    assert "Smith" not in text
