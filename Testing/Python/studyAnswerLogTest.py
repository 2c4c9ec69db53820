"""Answer logs: nothing is lost, everything odd is named."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from studySteps import TurnableClock

from DLEnhanceLesionMetricsLib.study.answerLog import OPENED, AnswerLog, readLog
from DLEnhanceLesionMetricsLib.study.errors import NotAllowed
from DLEnhanceLesionMetricsLib.study.mergedLogs import readLogs, seal, seen
from DLEnhanceLib.errors import CannotWrite


def writeLines(folder, count, *, machine="m1", reader="r1", clock=None, opening=True):
    with AnswerLog(folder, reader, machine=machine, clock=clock) as log:
        if opening:
            log.append(OPENED, seen=seen(folder, reader, log.path.name))
        for number in range(count):
            log.append("comment", text=f"öäü {number}")
        return log.path


def findings(path):
    return [finding.id for finding in readLog(path).findings]


def test_answers_come_back_in_order_with_an_unbroken_chain(tmp_path):
    path = writeLines(tmp_path, 3)
    writeLines(tmp_path, 2)
    contents = readLog(path)
    assert [entry.sequence for entry in contents.entries] == list(range(1, 8))
    assert contents.entries[1].data == {"text": "öäü 0"}
    assert contents.findings == ()


def test_half_written_last_line_is_set_aside_and_named(tmp_path):
    path = writeLines(tmp_path, 3)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"seq":5,"time":"2026')
    assert findings(path) == ["half-written"]
    with AnswerLog(tmp_path, "r1", machine="m1") as log:
        assert log.setAside.read_bytes() == b'{"seq":5,"time":"2026'
        log.append("comment", text="next")
    contents = readLog(path)
    assert contents.findings == ()
    assert [entry.sequence for entry in contents.entries] == [1, 2, 3, 4, 5]


def test_every_cut_of_the_last_line_keeps_all_lines_before_it(tmp_path):
    path = writeLines(tmp_path, 2)
    whole = path.read_bytes()
    start = whole[:-1].rindex(b"\n") + 1
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        with AnswerLog(tmp_path, "r1", machine="m1") as log:
            log.append("comment", text="after")
        contents = readLog(path)
        assert [entry.data.get("text") for entry in contents.entries][1] == "öäü 0"
        assert contents.findings == ()


def test_complete_last_line_without_its_line_end_is_an_answer(tmp_path):
    path = writeLines(tmp_path, 2)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert len(readLog(path).entries) == 3
    writeLines(tmp_path, 1, opening=False)
    assert len(readLog(path).entries) == 4
    assert findings(path) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda lines: [lines[0], lines[1].replace(b" 0", b" 9"), *lines[2:]], "edited"),
        (lambda lines: [lines[0], *lines[2:]], "edited"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "edited"),
        (lambda lines: [lines[0], b"nonsense", *lines[1:]], "unreadable"),
    ],
)
def test_edits_are_detected_and_nothing_else_is_dropped(tmp_path, change, expected):
    path = writeLines(tmp_path, 4)
    lines = change(path.read_bytes().splitlines())
    path.write_bytes(b"\n".join(lines) + b"\n")
    contents = readLog(path)
    assert expected in [finding.id for finding in contents.findings]
    assert all(finding.isDamage for finding in contents.findings)
    assert len(contents.entries) == sum(line.startswith(b"{") for line in lines)


def test_lines_removed_from_the_end_are_seen_after_sealing(tmp_path):
    path = writeLines(tmp_path, 4)
    seal(tmp_path)
    assert readLogs(tmp_path).findings == ()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))
    assert [finding.id for finding in readLogs(tmp_path).findings] == ["shortened"]


def test_clock_that_goes_back_is_named_and_does_not_reorder_answers(tmp_path):
    clock = TurnableClock()
    with AnswerLog(tmp_path, "r1", machine="m1", clock=clock) as log:
        log.append("comment", text="first")
        clock.pass_(days=-1)
        log.append("comment", text="second")
    merged = readLogs(tmp_path)
    assert [entry.data["text"] for entry in merged.entries] == ["first", "second"]
    assert [finding.id for finding in merged.findings] == ["clock-back"]
    assert "86400 s" in merged.findings[0].sentence
    assert not merged.damage


def test_moving_from_one_machine_to_another_is_no_finding(tmp_path):
    clock = TurnableClock()
    for machine in ("m1", "m2", "m1"):
        clock.pass_(days=1)
        writeLines(tmp_path, 2, machine=machine, clock=clock)
    merged = readLogs(tmp_path)
    assert len(merged.entries) == 9
    assert merged.findings == ()


def test_two_machines_that_did_not_know_of_each_other_are_named(tmp_path):
    for machine in ("m1", "m2"):
        writeLines(tmp_path / machine, 2, machine=machine, clock=TurnableClock())
    together = tmp_path / "together"
    together.mkdir()
    for path in tmp_path.glob("m*/*.jsonl"):
        path.rename(together / path.name)
    merged = readLogs(together)
    assert [finding.id for finding in merged.findings] == ["two-machines"]
    assert len(merged.entries) == 6


def test_a_copied_file_under_a_strangers_name_is_named(tmp_path):
    path = writeLines(tmp_path, 1)
    path.rename(tmp_path / "r9.m1.jsonl")
    assert [finding.id for finding in readLogs(tmp_path).findings] == ["wrong-owner"]


def test_a_second_window_on_the_same_log_is_refused(tmp_path):
    with AnswerLog(tmp_path, "r1", machine="m1"), pytest.raises(NotAllowed, match="another window"):
        AnswerLog(tmp_path, "r1", machine="m1")
    AnswerLog(tmp_path, "r1", machine="m1").close()


def test_disk_without_space_is_said_and_leaves_the_log_whole(tmp_path):
    with AnswerLog(tmp_path, "r1", machine="m1") as log:
        log.append("comment", text="kept")
        real, log._stream = log._stream, FullDisk(log._stream)
        with pytest.raises(CannotWrite, match="not stored"):
            log.append("comment", text="lost, and said so")
        log._stream = real
        log.append("comment", text="again")
        contents = readLog(log.path)
    assert [entry.data["text"] for entry in contents.entries] == ["kept", "again"]
    assert contents.findings == ()


class FullDisk:
    """Takes half of a line, as a full disk does."""

    def __init__(self, stream):
        self.stream = stream

    def write(self, line):
        return self.stream.write(line[: len(line) // 2])

    def __getattr__(self, name):
        return getattr(self.stream, name)


WRITER = """
import sys
from pathlib import Path
from DLEnhanceLesionMetricsLib.study.answerLog import AnswerLog
with AnswerLog(Path(sys.argv[1]), "r1", machine="m1") as log:
    number = log.nextSequence
    while True:
        log.append("comment", text="x" * 3000, number=number)
        print(number, flush=True)
        number += 1
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX word")
def test_answers_acknowledged_before_kill_minus_nine_are_all_there(tmp_path):
    """AT21; Benchmarks/studyBenchmark.py does it 100 times."""
    chance = random.Random(1)
    for _ in range(8):
        acknowledged = killedAfter(tmp_path, chance.uniform(0.002, 0.05))
        numbers = [entry.data["number"] for entry in readLog(tmp_path / "r1.m1.jsonl").entries]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= acknowledged > 0


def killedAfter(folder, seconds):
    """Let a process write until it is killed; the last number that it said was stored."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True)
    first = process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split("\n")[:-1]  # what stands behind the last line end was not finished
    process.wait()
    return int((rest or [first])[-1])


def test_lines_are_plain_json_that_any_program_reads(tmp_path):
    path = writeLines(tmp_path, 1)
    fields = json.loads(path.read_text(encoding="utf-8").splitlines()[1])
    assert fields["kind"] == "comment"
    assert fields["reader"] == "r1"
