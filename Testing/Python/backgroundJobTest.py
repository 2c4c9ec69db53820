"""The job that runs off the main thread: results, errors, progress, cancel."""

import threading

import pytest

from DLEnhanceLib.backgroundJob import GRACE_SECONDS, BackgroundJob
from DLEnhanceLib.errors import EnhancementCanceled, UnsupportedVolume

LONG = 10.0


class Clock:
    """Seconds that pass only when the test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_result_arrives():
    job = BackgroundJob(lambda job: 6 * 7).start()
    assert job.done(LONG)
    assert (job.result, job.error) == (42, None)


def test_work_runs_off_the_calling_thread_and_always_on_the_same_one():
    names = []
    for _ in range(2):
        job = BackgroundJob(lambda job: names.append(threading.get_ident())).start()
        assert job.done(LONG)
    assert names[0] == names[1] != threading.get_ident()


def test_error_is_handed_over():
    def work(job):
        raise UnsupportedVolume("no voxels")

    job = BackgroundJob(work).start()
    assert job.done(LONG)
    assert isinstance(job.error, UnsupportedVolume)
    assert job.result is None


def test_next_job_runs_after_a_failed_one():
    failing = BackgroundJob(lambda job: 1 / 0).start()
    following = BackgroundJob(lambda job: "fine").start()
    assert following.done(LONG)
    assert following.result == "fine"
    assert isinstance(failing.error, ZeroDivisionError)


def test_progress_and_time_left_follow_the_pace(clock):
    reached, goOn = threading.Event(), threading.Event()

    def work(job):
        clock.now += 3.0
        job.report(0.25, "tile 1 of 4")
        reached.set()
        goOn.wait(LONG)

    job = BackgroundJob(work, clock=clock).start()
    assert reached.wait(LONG)
    assert (job.fraction, job.text) == (0.25, "tile 1 of 4")
    assert job.secondsLeft == pytest.approx(9.0)
    clock.now += 2.0
    assert job.secondsLeft == pytest.approx(7.0)
    goOn.set()
    assert job.done(LONG)


def test_time_left_is_unknown_at_first(clock):
    job = BackgroundJob(lambda job: None, clock=clock)
    assert job.secondsLeft is None


def test_cancel_stops_the_work_at_its_next_report():
    started, goOn, stopped = threading.Event(), threading.Event(), threading.Event()

    def work(job):
        started.set()
        goOn.wait(LONG)
        try:
            job.report(0.5)
        except EnhancementCanceled:
            stopped.set()
            raise
        return "too late"

    job = BackgroundJob(work).start()
    assert started.wait(LONG)
    job.cancel()
    goOn.set()
    assert job.done(LONG)
    assert stopped.is_set()
    assert isinstance(job.error, EnhancementCanceled)


def test_cancel_releases_the_caller_although_the_worker_is_inside_a_long_step(clock):
    started, goOn = threading.Event(), threading.Event()

    def work(job):
        started.set()
        goOn.wait(LONG)
        return "ignored"

    job = BackgroundJob(work, clock=clock).start()
    assert started.wait(LONG)
    job.cancel()
    assert not job.done()
    clock.now += GRACE_SECONDS
    assert job.done()
    assert isinstance(job.error, EnhancementCanceled)
    goOn.set()
    BackgroundJob(lambda job: None).start().done(LONG)
    assert job.result is None, "a result that arrives after the cancel must not be used"


def test_job_cancelled_before_its_turn_never_runs():
    goOn, ran = threading.Event(), []
    first = BackgroundJob(lambda job: goOn.wait(LONG)).start()
    second = BackgroundJob(lambda job: ran.append(1)).start()
    second.cancel()
    goOn.set()
    assert first.done(LONG)
    assert second.done(LONG)
    assert ran == []
