"""Draws validation against training time of Training/runs/*/curve.csv: convergence.png and convergence.md.

python Benchmarks/convergence.py --out Benchmarks/results [--runs Training/runs]
"""

import argparse
from pathlib import Path

from validation.learning import ANNEALING, RUNS, conclusion, curves, learningPicture, learningTable


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=RUNS)
    options = parser.parse_args()
    found = curves(options.runs)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "convergence.png").write_bytes(learningPicture(found).png)
    (options.out / "convergence.md").write_text(report(found), encoding="utf-8")
    print(*map(conclusion, found), sep="\n")


def report(found):
    table = learningTable(found)
    lines = ["| " + " | ".join(table.header) + " |", "|" + "---|" * len(table.header)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.rows]
    verdicts = "\n".join(f"- {conclusion(curve)}" for curve in found)
    return (
        "# Validation against training time\n\nMade by `make convergence` from the learning curves of the runs.\n"
        "Gains in dB over the input on heads that training never sees.\n\n"
        f"![curves](convergence.png)\n\n{verdicts}\n\n{ANNEALING}\n\n" + "\n".join(lines) + "\n"
    )


if __name__ == "__main__":
    main()
