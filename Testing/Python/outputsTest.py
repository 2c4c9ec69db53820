"""The files of a run appear whole or not at all."""

import os

import pytest

from dlenhance.outputs import Outputs
from DLEnhanceLib.errors import BadOption, CannotWrite


def test_committed_outputs_stand_in_their_places_and_nothing_else(tmp_path):
    with Outputs() as outputs:
        table = outputs.addFile(tmp_path / "table.csv")
        series = outputs.addFolder(tmp_path / "series")
        outputs.staged(table).write_text("a,b\n")
        outputs.staged(series).mkdir()
        (outputs.staged(series) / "1.dcm").write_text("x")
        assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == []
        outputs.commit()
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "series",
        "series/1.dcm",
        "table.csv",
    ]


def test_a_failed_run_leaves_nothing_and_keeps_the_earlier_output(tmp_path):
    (tmp_path / "table.csv").write_text("earlier")

    def failingRun():
        with Outputs() as outputs:
            outputs.staged(outputs.addFile(tmp_path / "table.csv")).write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        failingRun()
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert (tmp_path / "table.csv").read_text() == "earlier"


def test_an_earlier_file_is_replaced_whole(tmp_path):
    (tmp_path / "table.csv").write_text("earlier and longer")
    with Outputs() as outputs:
        outputs.staged(outputs.addFile(tmp_path / "table.csv")).write_text("new")
        outputs.commit()
    assert (tmp_path / "table.csv").read_text() == "new"


def test_a_commit_that_fails_halfway_puts_everything_back(tmp_path):
    (tmp_path / "a.csv").write_text("earlier")
    with Outputs() as outputs:
        outputs.staged(outputs.addFile(tmp_path / "a.csv")).write_text("new")
        outputs.addFile(tmp_path / "b.csv")  # never written, so its move fails
        with pytest.raises(CannotWrite, match=r"b\.csv"):
            outputs.commit()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "earlier"


def test_second_files_of_a_format_come_along(tmp_path):
    with Outputs() as outputs:
        header = outputs.staged(outputs.addFile(tmp_path / "v.mhd"))
        header.write_text("header")
        header.with_suffix(".raw").write_text("voxels")
        outputs.commit()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v.mhd", "v.raw"]


def test_an_empty_folder_is_used_and_a_full_one_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    with Outputs() as outputs:
        folder = outputs.addFolder(tmp_path / "empty")
        outputs.staged(folder).mkdir()
        (outputs.staged(folder) / "1.dcm").write_text("x")
        with pytest.raises(BadOption, match="not empty"):
            outputs.addFolder(tmp_path / "full")
        outputs.commit()
    assert (tmp_path / "empty" / "1.dcm").exists()


def test_the_folder_of_an_earlier_run_is_replaced_whole(tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "summary.html").write_text("earlier")
    (tmp_path / "demo" / "old.png").write_text("earlier")
    with Outputs() as outputs:
        folder = outputs.addFolder(tmp_path / "demo", replaceIfItHolds="summary.html")
        outputs.staged(folder).mkdir()
        (outputs.staged(folder) / "summary.html").write_text("new")
        outputs.commit()
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert [path.read_text() for path in (tmp_path / "demo").iterdir()] == ["new"]


def test_the_input_is_refused_as_output_under_any_name(tmp_path):
    source = tmp_path / "in.nii.gz"
    source.write_text("x")
    (tmp_path / "link.nii.gz").symlink_to(source)
    with Outputs(inputs=[source]) as outputs:
        for name in ("in.nii.gz", "link.nii.gz"):
            with pytest.raises(BadOption, match="input"):
                outputs.addFile(tmp_path / name)


def test_a_place_inside_the_input_folder_is_refused(tmp_path):
    (tmp_path / "series").mkdir()
    with Outputs(inputs=[tmp_path / "series"]) as outputs, pytest.raises(BadOption, match="input folder"):
        outputs.addFolder(tmp_path / "series" / "enhanced")


def test_two_outputs_of_one_name_are_refused(tmp_path):
    with Outputs() as outputs:
        outputs.addFile(tmp_path / "a.json")
        with pytest.raises(BadOption, match="two outputs"):
            outputs.addFile(tmp_path / "x" / ".." / "a.json")


@pytest.mark.parametrize("place", ["missing/a.csv", "file.txt/a.csv"])
def test_a_place_that_is_no_folder_is_refused(tmp_path, place):
    (tmp_path / "file.txt").write_text("x")
    with Outputs() as outputs, pytest.raises(CannotWrite, match="does not exist"):
        outputs.addFile(tmp_path / place)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder that nobody can write")  # noqa: PTH112
def test_a_folder_that_cannot_be_written_is_refused_before_the_run():
    with Outputs() as outputs, pytest.raises(CannotWrite, match="cannot be written"):
        outputs.addFile("/proc/self/a.csv")


def test_wrong_kind_and_wrong_suffix_are_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    with Outputs() as outputs:
        with pytest.raises(BadOption, match="name a file"):
            outputs.addFile(tmp_path / "folder")
        with pytest.raises(BadOption, match="name a folder"):
            outputs.addFolder(tmp_path / "file")
        with pytest.raises(BadOption, match=r"must end in \.json"):
            outputs.addFile(tmp_path / "report.txt", suffixes=(".json",))
