"""Polls a background job on the main thread; its waiting gives the worker the GIL, which Slicer's event loop keeps."""

import qt

POLL_MILLISECONDS = 20
WAIT_SECONDS = 0.015
"""The worker runs Python code only while the poll waits; a poll that does not wait starves it."""


class JobView:
    """Calls onProgress(job) while a job runs and onFinished(pending) once, when it is done.

    ``pending`` is whatever belongs to the job (its nodes). Keep the object: a timer without a reference never fires.
    """

    def __init__(self, onFinished, onProgress=None):
        self._onFinished, self._onProgress = onFinished, onProgress
        self.job = self._pending = None
        self._timer = qt.QTimer()
        self._timer.setInterval(POLL_MILLISECONDS)
        self._timer.timeout.connect(self._poll)

    @property
    def isBusy(self):
        return self.job is not None

    def watch(self, job, pending=None):
        """Follow this job; one watched before is cancelled and forgotten."""
        self.drop()
        self.job, self._pending = job, pending
        self._timer.start()

    def cancel(self):
        """Ask the job to stop; onFinished follows within a second."""
        if self.job is not None:
            self.job.cancel()

    def drop(self):
        """Cancel the job and never report it."""
        self.cancel()
        self._timer.stop()
        self.job = self._pending = None

    def release(self):
        self.drop()
        self._timer.timeout.disconnect(self._poll)

    def _poll(self):
        job, pending = self.job, self._pending
        if job is None:
            return
        finished = job.done(WAIT_SECONDS)
        if self._onProgress is not None:
            self._onProgress(job)
        if finished:
            self._timer.stop()
            self.job = self._pending = None
            self._onFinished(job if pending is None else pending)
