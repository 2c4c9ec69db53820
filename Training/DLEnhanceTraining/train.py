"""Trains the network of the profile full; resumes from its last checkpoint, runs on CPU and GPU, exports safetensors.

python -m DLEnhanceTraining.train --data ../shared/data --run Training/runs/full
"""

import argparse
import csv
import dataclasses
import time
from pathlib import Path

import numpy as np
import torch

from DLEnhanceLib.network import FULL, Denoiser, NetworkShape

from .anatomy import AnatomySource, loadLabelMaps, loadRealHeads
from .sampling import Pool
from .validation import validationSamples, validationScores

TRAINING_MAPS = range(1, 19)  # 19 and 20 and the ICBM152 head are for validation
ERROR_FLOOR = 0.002  # of tissue: smaller errors are not worth learning


@dataclasses.dataclass(frozen=True)
class Recipe:
    """All numbers of a training run; stored with the weights."""

    network: NetworkShape = FULL
    steps: int = 9000
    batch: int = 2  # samples of one step; crops differ in shape, so their gradients are accumulated
    learningRate: float = 8e-4  # at 1e-3 the deeper network learned more slowly
    warmUp: int = 200
    clip: float = 0.5
    average: float = 0.998
    seed: int = 1


def loss(noise, sample):
    """Weighted Charbonnier error of the noise.

    It is relative to what the network would leave if it did nothing, so that all noise levels count alike, as they do
    in decibels. No adversarial and no perceptual term: those restore anatomy and lose lesions (enhancement-notes 2.5).
    """
    nothing = sample.noisy - sample.ringing
    weight = sample.weight / sample.weight.mean()
    scale = 1 / (nothing.square().mean().sqrt() + ERROR_FLOOR)
    return (weight * charbonnier((nothing - noise) * scale)).mean()


def charbonnier(x, eps=0.5):
    """Square of small errors, so that faint lesions are not dropped as a median would; size of those far out."""
    return (x.square() + eps**2).sqrt() - eps


class Trainer:
    """State of a run: network, averaged network, optimiser, step, random stream."""

    def __init__(self, recipe: Recipe, source, folder: Path, device, *, build=None):
        torch.manual_seed(recipe.seed)
        self.recipe, self.folder, self.device = recipe, folder, torch.device(device)
        network = build() if build else Denoiser(recipe.network)
        self.network = network.to(self.device, memory_format=torch.channels_last_3d)
        self.averaged = torch.optim.swa_utils.AveragedModel(self.network, avg_fn=self._runningAverage)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learningRate, weight_decay=1e-4, betas=(0.9, 0.99)
        )
        self.step, self.seconds = 0, 0.0
        self.rng = np.random.default_rng(recipe.seed)
        self.pool = Pool(source, self.rng)
        folder.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.exists():
            self.load()

    @property
    def checkpoint(self):
        return self.folder / "checkpoint.pt"

    def load(self):
        state = torch.load(self.checkpoint, weights_only=False)
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.rng.bit_generator.state = state["rng"]

    def save(self):
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "rng": self.rng.bit_generator.state,
            "recipe": dataclasses.asdict(self.recipe),
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def _runningAverage(self, averaged, current, count):
        """Exponential, over few steps at first, so that the untrained network is soon forgotten."""
        keep = torch.clamp((1 + count) / (10 + count), max=self.recipe.average)
        return keep * averaged + (1 - keep) * current

    def learningRate(self, progress=None):
        """At a share 0 to 1 of the run, by steps unless given."""
        recipe = self.recipe
        cosine = 0.5 + 0.5 * np.cos(np.pi * min(self.step / recipe.steps if progress is None else progress, 1))
        return recipe.learningRate * min(1, (self.step + 1) / recipe.warmUp) * (0.02 + 0.98 * cosine)

    def advance(self, progress=None):
        for group in self.optimiser.param_groups:
            group["lr"] = self.learningRate(progress)
        total = 0.0
        for _ in range(self.recipe.batch):
            sample = self.pool.draw()
            with torch.autocast(self.device.type, dtype=torch.bfloat16):
                predicted = self.network(sample.noisy, sample.sigmaGiven, sample.conditions)
            value = loss(predicted.float(), sample) / self.recipe.batch
            value.backward()
            total += float(value.detach())
        size = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        if torch.isfinite(size):  # one broken gradient must not end a long run
            self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.averaged.update_parameters(self.network)
        self.step += 1
        return total

    def run(self, samples, *, every=250, saveSeconds=120):
        started, saved, losses = time.monotonic() - self.seconds, time.monotonic(), []
        while self.step < self.recipe.steps:
            losses.append(self.advance())
            self.seconds = time.monotonic() - started
            if self.step % every == 0 or self.step == self.recipe.steps:
                self.log(np.nanmean(losses[-every:]), validationScores(self.averaged.module, samples))
            if time.monotonic() - saved > saveSeconds or self.step == self.recipe.steps:
                self.save()
                saved = time.monotonic()

    def log(self, value, scores):
        row = {"step": self.step, "minutes": round(self.seconds / 60, 2), "loss": round(float(value), 5), **scores}
        path = self.folder / "curve.csv"
        isNew = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, row)
            if isNew:
                writer.writeheader()
            writer.writerow(row)
        print(row, flush=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--learning-rate", type=float, default=Recipe.learningRate)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--data", type=Path, required=True, help="folder that SOURCES.md describes")
    parser.add_argument("--run", type=Path, required=True, help="folder of the checkpoint and the curve")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    recipe = Recipe(steps=options.steps, learningRate=options.learning_rate, seed=options.seed)
    maps = loadLabelMaps(options.data / "anatomy_synthseg", TRAINING_MAPS)
    source = AnatomySource(maps, loadRealHeads(options.data), options.device)
    trainer = Trainer(recipe, source, options.run, options.device)
    trainer.run(validationSamples(options.data, options.device))


if __name__ == "__main__":
    main()
