"""Work off the main thread that the caller polls. Pure Python: no Qt, no MRML; the work sees arrays only."""

import queue
import threading
import time

from .errors import EnhancementCanceled

GRACE_SECONDS = 0.7
"""After a cancel the caller is released this soon, although the worker may still finish the tile it is in."""


class BackgroundJob:
    """Runs ``work(job)`` on the one worker thread of this process; the caller polls ``done``.

    The work calls ``job.report(fraction, text)`` often: this is also where a cancel takes effect, by raising
    EnhancementCanceled. The caller must wait inside its poll (``done(0.015)``): Slicer's main thread keeps the GIL
    otherwise and the worker starves. After a cancel ``result`` stays None whatever the worker still produces.

    Example::

        job = BackgroundJob(lambda job: slowSum(array, reportProgress=job.report)).start()
        while not job.done(0.03):
            slicer.app.processEvents()
        print(job.result if job.error is None else job.error)
    """

    def __init__(self, work, *, clock=time.monotonic):
        self._work, self._clock = work, clock
        self._finished = threading.Event()
        self._startTime = self._endTime = self._cancelTime = None
        self._result = self._error = None
        self.fraction, self.text = 0.0, ""

    def start(self) -> "BackgroundJob":
        """Queue the work; jobs run one after another, in the order they were started."""
        _worker.submit(self._run)
        return self

    def cancel(self):
        """Ask the work to stop. ``done`` is true within a second."""
        if self._cancelTime is None:
            self._cancelTime = self._clock()

    @property
    def cancelRequested(self) -> bool:
        return self._cancelTime is not None

    def done(self, wait: float = 0.0) -> bool:
        """Whether result or error can be taken; waits up to ``wait`` seconds, which lets the worker run."""
        return self._finished.wait(wait) or self._isAbandoned()

    @property
    def result(self):
        """What the work returned; None while it runs, when it failed and when it was cancelled."""
        return None if self.cancelRequested else self._result

    @property
    def error(self) -> BaseException | None:
        """What the work raised; EnhancementCanceled after a cancel, also when the worker has not noticed it yet."""
        if self.cancelRequested:
            return EnhancementCanceled()
        return self._error

    def report(self, fraction: float, text: str = ""):
        """Called by the work: how much is done (0 to 1) and what it does now. Raises EnhancementCanceled."""
        if self.cancelRequested:
            raise EnhancementCanceled
        self.fraction, self.text = min(max(float(fraction), 0.0), 1.0), text
        if self.fraction > 0.0 and self._startTime is not None:
            now = self._clock()
            self._endTime = now + (now - self._startTime) * (1.0 - self.fraction) / self.fraction

    @property
    def secondsLeft(self) -> float | None:
        """Seconds until the end at the pace so far; None before the pace is known (2 % and one second of work)."""
        if self._endTime is None or self.fraction < 0.02 or self._clock() - self._startTime < 1.0:
            return None
        return max(0.0, self._endTime - self._clock())

    def _isAbandoned(self):
        return self.cancelRequested and self._clock() - self._cancelTime >= GRACE_SECONDS

    def _run(self):
        self._startTime = self._clock()
        try:
            if not self.cancelRequested:
                self._result = self._work(self)
        except BaseException as error:  # every failure is handed to the main thread
            self._error = error
        finally:
            self._work = None  # the arrays it holds
            self._finished.set()


class _Worker:
    """One long-lived daemon thread: cuDNN keeps its tuning per thread, and two runs never fight for the device."""

    def __init__(self):
        self._tasks, self._thread, self._lock = queue.SimpleQueue(), None, threading.Lock()

    def submit(self, task):
        self._tasks.put(task)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, daemon=True, name="DLEnhance")
                self._thread.start()

    def _serve(self):
        while True:
            self._tasks.get()()


_worker = _Worker()
