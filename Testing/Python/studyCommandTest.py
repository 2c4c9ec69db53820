"""``dlenhance study`` from the first file to the report, as a coordinator types it."""

import base64
import json
import re
import xml.etree.ElementTree as ET

import pytest
from studySteps import answerAll, openSession

from dlenhance.commandLine import main

HEAD = "case_id,standard,enhanced,institution\n"


@pytest.fixture
def caseList(tmp_path):
    lists = tmp_path / "lists"
    lists.mkdir()
    for number in range(4):
        for side in "ab":
            (lists / f"{number}{side}.nii").touch()
    path = lists / "cases.csv"
    path.write_text(HEAD + "".join(f"c{n},{n}a.nii,{n}b.nii,A\n" for n in range(4)))
    return path


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """A simulated study with its analysis."""
    folder = tmp_path_factory.mktemp("simulated") / "study"
    assert main(["study", "simulate", str(folder), "--cases", "24", "--seed", "4"]) == 0
    assert main(["study", "analyse", str(folder)]) == 0
    return folder


def new(folder, caseList, *more):
    return main(["study", "new", str(folder), "--cases", str(caseList), "--reader", "r1", "--reader", "r2", *more])


def test_new_study_is_made_beside_its_images_and_can_be_read_at_once(tmp_path, caseList, capsys):
    assert new(tmp_path / "study", caseList, "--coordinator", "coord", "--seed", "3") == 0
    assert "4 cases, 2 readers, 8 readings each" in capsys.readouterr().out
    with openSession(tmp_path / "study") as session:
        assert session.openNext()
        answerAll(session)
    assert main(["study", "status", str(tmp_path / "study")]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"r1 +independent +1/8", shown)
    assert re.search(r"r2 +independent +0/8", shown)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--reader", "r1"), "Two readers have the id r1"),
        (("--reader", "Dr. X"), "may only hold letters"),
        (("--preset", "oh2019"), "There is no preset 'oh2019'"),
    ],
)
def test_wrong_options_are_one_line_and_leave_nothing(tmp_path, caseList, capsys, more, sentence):
    assert new(tmp_path / "study", caseList, *more) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["lists"]


def test_wrong_case_list_is_named_and_leaves_nothing(tmp_path, caseList, capsys):
    (caseList.parent / "2b.nii").unlink()
    caseList.write_text(caseList.read_text() + "c1,0a.nii,0b.nii,A\n")
    assert new(tmp_path / "study", caseList) == 2
    error = capsys.readouterr().err
    assert "'c1' stands already in line 3" in error
    assert "c2: the enhanced image '2b.nii' does not exist" in error
    assert not (tmp_path / "study").exists()


def test_short_washout_warns_and_goes_on(tmp_path, caseList, capsys):
    assert new(tmp_path / "study", caseList, "--washout-days", "7") == 0
    assert "under 14" in capsys.readouterr().err


def test_existing_study_is_not_overwritten(tmp_path, caseList, capsys):
    assert new(tmp_path / "study", caseList) == 0
    assert new(tmp_path / "study", caseList) == 2
    assert "not empty" in capsys.readouterr().err


def test_reference_table_is_entered_by_its_author_only(tmp_path, caseList, capsys):
    new(tmp_path / "study", caseList, "--reference-reader", "ref")
    table = tmp_path / "truth.csv"
    table.write_text("case_id,lesion_id,r,a,s,longest_diameter_mm,evidence\nc0,L1,1,2,3,6,consensus\n")
    command = ["study", "reference", str(tmp_path / "study"), str(table), "--author"]
    assert main([*command, "r1"]) == 2
    assert main([*command, "ref"]) == 0
    assert "1 rows entered by ref" in capsys.readouterr().out


def test_washout_is_waived_by_the_coordinator_only(tmp_path, caseList, capsys):
    new(tmp_path / "study", caseList, "--coordinator", "coord")
    with openSession(tmp_path / "study") as session:
        for _ in range(4):
            session.openNext()
            answerAll(session)
        assert not session.openNext()
    command = ["study", "override", str(tmp_path / "study"), "--reader", "r1", "--reason", "pilot", "--coordinator"]
    assert main([*command, "r2"]) == 2
    assert main([*command, "coord"]) == 0
    assert "is waived" in capsys.readouterr().out
    with openSession(tmp_path / "study") as session:
        assert session.openNext()


def test_analysis_without_readings_says_so(tmp_path, caseList, capsys):
    new(tmp_path / "study", caseList)
    assert main(["study", "analyse", str(tmp_path / "study")]) == 2
    assert "Nothing has been submitted yet" in capsys.readouterr().err


def test_status_of_a_damaged_log_is_exit_code_two(tmp_path, caseList, capsys):
    new(tmp_path / "study", caseList)
    with openSession(tmp_path / "study") as session:
        session.openNext()
        answerAll(session)
    log = next((tmp_path / "study" / "answers").glob("*.jsonl"))
    log.write_text(log.read_text().replace('"value":4', '"value":1', 1))
    capsys.readouterr()
    assert main(["study", "status", str(tmp_path / "study"), "--json"]) == 2
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [finding["id"] for finding in findings] == ["edited"]
    assert main(["study", "analyse", str(tmp_path / "study")]) == 2
    assert "was changed after it was written" in capsys.readouterr().err


def test_sealing_lets_status_see_removed_answers(tmp_path, caseList, capsys):
    new(tmp_path / "study", caseList)
    with openSession(tmp_path / "study") as session:
        session.openNext()
        answerAll(session)
    assert main(["study", "status", str(tmp_path / "study"), "--seal"]) == 0
    log = next((tmp_path / "study" / "answers").glob("*.jsonl"))
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:-1]))
    assert main(["study", "status", str(tmp_path / "study")]) == 2
    assert "no longer holds the line" in capsys.readouterr().out


def test_analysis_writes_report_tables_and_exports(simulated):
    names = {path.relative_to(simulated / "analysis").as_posix() for path in (simulated / "analysis").rglob("*.*")}
    assert {"report.html", "tables/scores.csv", "tables/detection.csv", "data/scores.csv"} <= names
    assert {"data/rjafroc.xlsx", "data/study.imrmc", "data/manifest.json"} <= names


def test_report_is_self_contained_and_says_simulated_first(simulated):
    page = (simulated / "analysis" / "report.html").read_text(encoding="utf-8")
    assert page.index("SIMULATED data") < page.index("<h1>")
    assert "Research use only" in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "http" not in re.sub(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+", "", page)


def test_every_figure_of_the_report_is_a_drawn_svg(simulated):
    page = (simulated / "analysis" / "report.html").read_text(encoding="utf-8")
    figures = re.findall(r'alt="([^"]+)" src="data:image/svg\+xml;base64,([^"]+)"', page)
    titles = [alt.split(".")[0] for alt, _ in figures]
    assert titles == [
        "Score distributions",
        "Sensitivity by size",
        "Free-response curves",
        "SNR and CNR",
        "Agreement of diameters",
    ]
    for _, data in figures:
        assert len(list(ET.fromstring(base64.b64decode(data)).iter())) > 50


def test_report_never_gives_a_bare_p(simulated):
    """Every table with a p also gives an interval and the numbers of cases or lesions."""
    for path in (simulated / "analysis" / "tables").glob("*.csv"):
        head = path.read_text(encoding="utf-8").split("\n", 1)[0]
        if re.search(r"(^|,)p( |,|$)", head) and path.name != "families.csv":
            assert "95 % CI" in head, path.name


def test_report_prints_the_families_of_tests(simulated):
    rows = (simulated / "analysis" / "tables" / "families.csv").read_text(encoding="utf-8")
    assert {row.split(",")[0] for row in rows.splitlines()[1:]} == {"image scores", "detection", "measurements"}


def test_park_preset_without_marks_is_analysed_and_again_in_place(tmp_path):
    folder = tmp_path / "park"
    assert main(["study", "simulate", str(folder), "--cases", "12", "--readers", "3", "--preset", "park2025"]) == 0
    for more in ((), ("--first-versions",)):
        assert main(["study", "analyse", str(folder), "--out", str(tmp_path / "out"), *more]) == 0
    rows = (tmp_path / "out" / "tables" / "scores.csv").read_text(encoding="utf-8")
    assert "Pulsation artifact" in rows
    assert not (tmp_path / "out" / "tables" / "detection.csv").exists()
