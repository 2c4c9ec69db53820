"""``dlenhance measure`` over many cases, and its exports: written together, refused together, named by line."""

import csv
import json
import xml.etree.ElementTree as ET

import numpy as np
import pydicom
import pytest
from dicomPhantom import writeSeries

from dlenhance.caseList import readCaseList
from dlenhance.commandLine import main
from DLEnhanceLesionMetricsLib.measures import NOISE_METHODS
from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.strengths import Strengths
from DLEnhanceLib.volume import Volume
from DLEnhanceLib.writing import writeVolume

SHAPE, GRID = (12, 24, 20), np.diag([-1.0, -1.0, 2.0, 1.0])
ONE = "measure --standard p1.nii.gz --enhanced p1e.nii.gz --rois rois.nii.gz --out t.csv"
MANY = "measure --cases cases.csv --out t.csv"
HEADER = "case,standard,enhanced,rois"
GOOD = [HEADER, "p1,p1.nii.gz,p1e.nii.gz,rois.nii.gz", "p2,sub/p2.nii.gz,sub/p2e.nii.gz,rois.nii.gz"]


def tissue(noise, seed):
    """Tissue of 400 with a lesion of 600 in air, normal noise; int16."""
    image = np.full(SHAPE, 400.0)
    image[0:3, 0:6, 0:6] = 0.0
    image[5:8, 8:11, 8:11] = 600.0
    return np.abs(image + np.random.default_rng(seed).normal(0, noise, SHAPE)).astype(np.int16)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two cases with standard, enhanced and repeated volumes, one label volume for both, and their list."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    labels = np.zeros(SHAPE, np.uint8)
    labels[5:8, 8:11, 8:11], labels[5:8, 14:20, 8:12], labels[0:3, 0:6, 0:6] = 1, 2, 3
    volumes = {"rois": labels, "p1": tissue(20, 1), "p1e": tissue(10, 2), "p1-again": tissue(20, 3)}
    volumes |= {"sub/p2": tissue(30, 4), "sub/p2e": tissue(10, 5)}
    for name, voxels in volumes.items():
        writeVolume(Volume(voxels, GRID), tmp_path / f"{name}.nii.gz")
    writeList(GOOD)
    return tmp_path


def writeList(lines, name="cases.csv", encoding="utf-8"):
    with open(name, "w", encoding=encoding, newline="") as file:  # noqa: PTH123 - in the working folder
        file.write("\n".join(lines) + "\n")


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def listed(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def refusal(folder, capsys, arguments):
    """The one line on stderr of a call that exits with 2 and writes nothing."""
    before = listed(folder)
    assert main(arguments.split()) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert listed(folder) == before
    return output.err


def test_all_cases_stand_in_one_table_as_measured_alone(folder):
    assert main(MANY.split()) == 0
    many = table(folder / "t.csv")
    assert [row["case"] for row in many] == ["p1"] * (len(many) // 2) + ["p2"] * (len(many) // 2)
    assert main(f"{ONE} --case p1".split()) == 0
    assert table(folder / "t.csv") == many[: len(many) // 2]


def test_the_summary_is_told_and_written_with_lesions_and_cases(folder, capsys):
    assert main(f"{MANY} --summary s.csv".split()) == 0
    output = capsys.readouterr().out
    cnr = next(row for row in table(folder / "s.csv") if row["metric"] == "cnr")
    assert (cnr["lesions"], cnr["cases"], cnr["noise_method"]) == ("2", "2", "tissue_sd")
    assert f"{float(cnr['median']):+.1f} %" in output


def test_every_export_of_many_cases_has_a_file_a_case(folder):
    options = "--figure figures --gallery galleries --report-html reports --chart all.svg --json all.json"
    assert main(f"{MANY} {options}".split()) == 0
    for name, suffix in (("figures", "png"), ("galleries", "png"), ("reports", "html")):
        assert {f"p1.{suffix}", f"p2.{suffix}"} <= {path.name for path in (folder / name).iterdir()}
    index = (folder / "reports" / "index.html").read_text(encoding="utf-8")
    assert '<a href="p1.html">p1</a>' in index
    assert "2 cases, 2 lesions" in index
    texts = ["".join(text.itertext()) for text in ET.parse(folder / "all.svg").getroot().iter()]
    assert "all lesions (< 5 mm), n = 2" in texts
    content = json.loads((folder / "all.json").read_text(encoding="utf-8"))
    assert [case["case"] for case in content["cases"]] == ["p1", "p2"]
    assert str(folder) not in index + json.dumps(content)


def test_every_export_of_one_case_is_a_file(folder, capsys):
    options = "--figure f.png --gallery g.png --report-html r.html --chart c.png --json j.json --summary s.csv"
    assert main(f"{ONE} {options}".split()) == 0
    output = capsys.readouterr().out
    for name in ("f.png", "g.png", "r.html", "c.png", "j.json", "s.csv"):
        assert (folder / name).stat().st_size > 100
        assert name in output
        assert (folder / name).stat().st_mode & 0o444 == (folder / "t.csv").stat().st_mode & 0o444


def test_every_bad_line_is_named_and_nothing_is_written(folder, capsys):
    writeList(
        [
            HEADER,
            "p1,p1.nii.gz,gone.nii.gz,rois.nii.gz",
            "",
            "p1,p1.nii.gz,p1e.nii.gz,rois.nii.gz",
            ",p1.nii.gz,p1e.nii.gz,rois.nii.gz",
            "a/b,p1.nii.gz,,rois.nii.gz",
        ]
    )
    text = refusal(folder, capsys, f"{MANY} --report-html reports")
    for words in (
        "line 2 (p1)",
        "gone.nii.gz does not exist",
        "line 4 (p1): the case stands already in line 2",
        "line 5 (no name): the column case is empty",
        "line 6 (a/b): the column enhanced is empty",
        "cannot be the name of a file",
    ):
        assert words in text


def test_a_case_that_cannot_be_measured_is_named_before_any_is_measured(folder, capsys):
    writeVolume(Volume(tissue(20, 1)[:6], GRID), folder / "short.nii.gz")
    (folder / "broken.nii.gz").write_bytes(b"no image")
    writeList([*GOOD, "p3,p1.nii.gz,short.nii.gz,rois.nii.gz", "p4,broken.nii.gz,p1e.nii.gz,rois.nii.gz"])
    text = refusal(folder, capsys, MANY)
    assert "2 problems" in text
    assert "line 4 (p3)" in text
    assert "differ in size" in text
    assert "line 5 (p4)" in text


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["case,standard,rois", "p1,a,b"], "lacks the column enhanced"),
        ([HEADER], "holds no case"),
        ([HEADER, "p1,p1.nii.gz,p1e.nii.gz,rois.nii.gz,x"], "more values than columns"),
        ([], "lacks the columns case, standard, enhanced, rois"),
    ],
)
def test_a_list_of_another_form_is_refused(folder, capsys, lines, words):
    writeList(lines)
    assert words in refusal(folder, capsys, MANY)


def test_a_list_of_a_spreadsheet_of_another_country_is_read(folder):
    writeList([line.replace(",", ";") for line in [f"{HEADER},site".upper(), f"{GOOD[1]},A"]], encoding="utf-8-sig")
    found = readCaseList(folder / "cases.csv")
    assert [case.name for case in found.cases] == ["p1"]
    assert found.unused == ("site",)


def test_paths_are_relative_to_the_list_and_not_to_where_it_is_called(folder, monkeypatch):
    monkeypatch.chdir(folder / "sub")
    assert [case.standard for case in readCaseList(folder / "cases.csv").cases] == [
        folder / "p1.nii.gz",
        folder / "sub" / "p2.nii.gz",
    ]


def test_a_list_that_is_no_text_is_refused(folder):
    (folder / "cases.csv").write_bytes(b"\xff\xfe\x00c")
    with pytest.raises(BadOption, match="UTF-8"):
        readCaseList(folder / "cases.csv")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (f"{MANY} --standard p1.nii.gz", "leave --standard out"),
        ("measure --standard p1.nii.gz --out t.csv", "--enhanced, --rois missing"),
        (f"{MANY} --figure f.png", "--figure names a new folder"),
        (f"{ONE} --chart c.pdf", "must end in .svg or .png"),
        (f"{ONE} --report-html t.csv", "must end in .html"),
        (f"{ONE} --json same.json --out same.json", "two outputs"),
        (f"{ONE} --enhance-report rois.nii.gz", "not a report of dlenhance enhance"),
        (f"{ONE} --sr r.dcm", "is not DICOM"),
        (f"{ONE} --noise-method difference", "second acquisition"),
        (f"{ONE} --noise-method nonsense", "choose from"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(folder, capsys, arguments, words):
    assert words in refusal(folder, capsys, arguments)


def test_difference_takes_the_noise_from_the_second_acquisition(folder):
    assert main(f"{ONE} --noise-method difference --standard-repeat p1-again.nii.gz".split()) == 0
    rows = {row["condition"]: row for row in table(folder / "t.csv") if row["metric"] == "snr"}
    assert float(rows["standard"]["noise"]) == pytest.approx(20, rel=0.35)  # 27 voxels
    assert float(rows["standard"]["value"]) == pytest.approx(600 / float(rows["standard"]["noise"]), rel=0.03)
    assert rows["enhanced"]["value"] == ""


def test_all_and_a_method_with_a_repeat_can_be_asked_for_together(folder):
    writeList([f"{HEADER},standard_repeat", f"{GOOD[1]},p1-again.nii.gz"])
    assert main(f"{MANY} --noise-method all difference".split()) == 0
    methods = {row["noise_method"] for row in table(folder / "t.csv")}
    assert methods == set(NOISE_METHODS) - {"pseudo_replica"} | {"none"}


def test_the_report_names_model_and_strengths_from_the_enhancement(folder):
    report = {"software": "DLEnhance 9", "strengths": {"denoise": 0.5}, "model": {"modelId": "M", "sha256": "ef" * 32}}
    (folder / "e.json").write_text(json.dumps(report), encoding="utf-8")
    assert main(f"{ONE} --report-html r.html --enhance-report e.json".split()) == 0
    text = (folder / "r.html").read_text(encoding="utf-8")
    assert "ef" * 32 in text
    assert "denoise 50 %" in text


@pytest.fixture
def dicomFolder(folder):
    """A DICOM series and the derived series of it, with a label volume on their grid."""
    from DLEnhanceLib.dicomWriting import writeDerivedSeries
    from DLEnhanceLib.reading import readVolume

    writeSeries(folder / "series", tissue(20, 1).astype(np.uint16))
    standard = readVolume(folder / "series")
    enhanced = standard.withVoxels(tissue(10, 2).astype(np.uint16))
    writeDerivedSeries(
        enhanced, folder / "series", folder / "derived", strengths=Strengths(), modelId="M-1", modelHash="ab"
    )
    labels = readVolume(folder / "rois.nii.gz").voxels
    writeVolume(Volume(labels.astype(np.uint8), standard.ijkToRAS), folder / "dicomRois.nii.gz")
    return folder


DICOM = "measure --standard series --enhanced derived --rois dicomRois.nii.gz --out t.csv"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_structured_report_of_a_dicom_pair_refers_to_every_image(dicomFolder):
    pytest.importorskip("highdicom")
    assert main(f"{DICOM} --sr r.dcm --reader R3 --report-html r.html".split()) == 0
    report = pydicom.dcmread(dicomFolder / "r.dcm")
    series = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    referred = {item.ReferencedSOPInstanceUID for one in series for item in one.ReferencedSOPSequence}
    files = [*(dicomFolder / "series").iterdir(), *(dicomFolder / "derived").iterdir()]
    assert referred == {pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID for path in files}
    page = (dicomFolder / "r.html").read_text(encoding="utf-8")
    source = pydicom.dcmread(next((dicomFolder / "series").iterdir()), stop_before_pixels=True)
    assert str(source.SeriesInstanceUID) in page
    assert "M-1" in page  # the derivation tells the model
    assert str(source.get("PatientName", "nobody")) not in page


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_series_of_another_study_gives_no_structured_report(dicomFolder, capsys):
    pytest.importorskip("highdicom")
    writeSeries(dicomFolder / "other", tissue(10, 2).astype(np.uint16), StudyInstanceUID="1.2.3.4")
    capsys.readouterr()
    text = refusal(dicomFolder, capsys, f"{DICOM.replace('derived', 'other')} --sr r.dcm")
    assert "different" in text


def test_conspicuity_and_noise_spectrum_are_rows_of_their_own(folder):
    assert main(f"{ONE} --conspicuity --noise-spectrum".split()) == 0
    rows = table(folder / "t.csv")
    assert {row["condition"] for row in rows if row["metric"] == "conspicuity" and row["value"]} == {
        "standard",
        "enhanced",
    }
    assert any(row["metric"] == "noise_frequency" for row in rows)


def test_pseudo_replica_needs_to_know_how_the_image_was_enhanced(folder, capsys):
    assert "--enhance-report" in refusal(folder, capsys, f"{ONE} --noise-method pseudo_replica")
    report = {"strengths": {"denoise": "much"}, "model": {"profile": "fast"}}
    (folder / "e.json").write_text(json.dumps(report), encoding="utf-8")
    arguments = f"{ONE} --noise-method pseudo_replica --enhance-report e.json"
    assert "strengths from 0 to 1" in refusal(folder, capsys, arguments)


def test_pseudo_replica_maps_the_noise_of_the_enhancer(folder):
    """At strength 0 the enhancer does nothing, so both images have the noise that the survey found."""
    k, j, i = np.mgrid[:32, :48, :48]
    head = np.where(((k - 16) / 14) ** 2 + ((j - 24) / 20) ** 2 + ((i - 24) / 20) ** 2 < 1, 500.0, 0.0)
    noise = np.random.default_rng(0).normal(0, 25, (2, *head.shape))
    volume = Volume(np.hypot(head + noise[0], noise[1]).astype(np.float32), np.diag([-1.0, -1.0, 1.0, 1.0]))
    labels = np.zeros(head.shape, np.uint8)
    labels[14:18, 22:26, 12:16], labels[14:18, 22:26, 30:36] = 1, 2
    for name, voxels in (("v", volume.voxels), ("l", labels)):
        writeVolume(volume.withVoxels(voxels), folder / f"{name}.nii.gz")
    report = {"strengths": {"denoise": 0, "dering": 0, "sharpen": 0}, "model": {"profile": "fast"}}
    (folder / "e.json").write_text(json.dumps(report), encoding="utf-8")
    files = "--standard v.nii.gz --enhanced v.nii.gz --rois l.nii.gz --out t.csv --enhance-report e.json"
    options = "--noise-method pseudo_replica --replicas 4 --device cpu --threads 1"
    assert main(f"measure {files} {options}".split()) == 0
    noises = {row["condition"]: float(row["noise"]) for row in table(folder / "t.csv") if row["metric"] == "snr"}
    assert noises["standard"] == pytest.approx(25, rel=0.15)
    assert noises["enhanced"] == pytest.approx(noises["standard"], rel=0.3)  # SD over 4 replicas
