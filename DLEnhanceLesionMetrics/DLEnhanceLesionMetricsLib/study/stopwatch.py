"""Reading time that stops in pauses; steady clock only, so a changed wall clock does not touch it."""


class Stopwatch:
    def __init__(self, clock):
        self._clock = clock
        self._before = 0.0
        self._since = None

    @property
    def isRunning(self) -> bool:
        return self._since is not None

    @property
    def seconds(self) -> float:
        running = self._clock.steady() - self._since if self.isRunning else 0.0
        return self._before + running

    def start(self, already: float = 0.0) -> None:
        """Run from the time already spent, in seconds."""
        self._before, self._since = already, self._clock.steady()

    def pause(self) -> None:
        self._before, self._since = self.seconds, None

    def resume(self) -> None:
        if not self.isRunning:
            self._since = self._clock.steady()
