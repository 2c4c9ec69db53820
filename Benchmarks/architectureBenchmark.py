"""Architectures trained for the same CPU time on the same stream of samples, compared on the project's validation set.

python Benchmarks/architectureBenchmark.py --data ../shared/data --minutes 6 --out Benchmarks/results/architectures.md
"""

import argparse
import time
from pathlib import Path

import torch
from architectures import ARCHITECTURES

from DLEnhanceTraining.anatomy import AnatomySource, loadLabelMaps, loadRealHeads
from DLEnhanceTraining.train import TRAINING_MAPS, Recipe, Trainer
from DLEnhanceTraining.validation import validationSamples, validationScores

COLUMNS = ("denoiseLow", "denoiseHigh", "kept")


def train(build, source, seconds, folder):
    """Steps done in so many CPU seconds and the network averaged over them; the learning rate falls over that time."""
    trainer = Trainer(Recipe(learningRate=1e-3), source, folder, "cpu", build=build)
    started = time.process_time()
    while (spent := time.process_time() - started) < seconds:
        trainer.advance(progress=spent / seconds)
    return trainer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=6.0, help="CPU minutes of training for each")
    parser.add_argument("--out", type=Path, default=Path("Benchmarks/output/architectures.md"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    maps = loadLabelMaps(options.data / "anatomy_synthseg", TRAINING_MAPS)
    source = AnatomySource(maps, loadRealHeads(options.data), "cpu")
    samples = validationSamples(options.data, "cpu")
    lines = [
        "# Architectures at equal CPU time",
        "",
        f"{options.minutes:g} CPU minutes of training each, same samples and seed; gains over the input in dB on the",
        "validation samples, of heads not trained on (`make compare-architectures`). `kept`: slope in lesions.",
        "",
        f"| architecture | parameters | steps | {' | '.join(COLUMNS)} |",
        "|---" * (3 + len(COLUMNS)) + "|",
    ]
    for name, build in ARCHITECTURES.items():
        before = validationScores(build().eval(), samples)
        trainer = train(build, source, options.minutes * 60, options.out.parent / "architectures")
        after = validationScores(trainer.averaged.module, samples)
        size = sum(p.numel() for p in trainer.network.parameters())
        for what, steps, scores in (("untrained", 0, before), ("trained", trainer.step, after)):
            row = " | ".join(f"{scores[column]:.2f}" for column in COLUMNS)
            lines.append(f"| {name}, {what} | {size} | {steps} | {row} |")
            print(lines[-1], flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
