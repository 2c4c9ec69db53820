"""What all groups of tests share: the loaded models, the seed, the data, progress on the terminal."""

import dataclasses
import time
from pathlib import Path

import numpy as np

from DLEnhanceLib.enhancement import blend, computeComponents
from DLEnhanceLib.strengths import PRESETS
from DLEnhanceLib.survey import survey


@dataclasses.dataclass
class Session:
    """backends: profile to TorchBackend. data: folder of SOURCES.md. isQuick: fewer cases of each kind."""

    backends: dict
    data: Path
    seed: int = 2026
    isQuick: bool = False
    started: float = dataclasses.field(default_factory=time.monotonic)
    _surveyed: tuple = (None, None)

    def say(self, text):
        """A line of progress with the time since the start."""
        seconds = time.monotonic() - self.started
        print(f"[{int(seconds) // 60:3d}:{int(seconds) % 60:02d}] {text}", flush=True)

    def random(self, *keys):
        """An independent stream for each purpose, the same on every run."""
        return np.random.default_rng([self.seed, *(sum(map(ord, str(key))) for key in keys)])

    def survey(self, volume):
        """The survey of a volume; asked again for the same one (another profile) it is not made again."""
        if self._surveyed[0] is not volume:
            self._surveyed = (volume, survey(volume))
        return self._surveyed[1]

    def components(self, volume, profile, *, tile=None):
        return computeComponents(volume, self.survey(volume), self.backends[profile], tile=tile)

    def outputs(self, volume, profile, strengths=PRESETS):
        """Name to enhanced voxels, one pass of the network for all strengths."""
        components = self.components(volume, profile)
        return {name: blend(volume, components, one).voxels for name, one in strengths.items()}

    def choose(self, full, quick):
        return quick if self.isQuick else full
