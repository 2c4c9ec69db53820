"""Turns a training run into the released files: safetensors, the card the code reads, and the page people read.

python -m DLEnhanceTraining.export --run Training/runs/full --data ../shared/data

Without --run it writes the card of the profile fast, which has no weights.
"""

import argparse
import csv
import hashlib
import json
import subprocess
from pathlib import Path

import torch
from safetensors.torch import save

from DLEnhanceLib.fixedFilter import FixedFilter
from DLEnhanceLib.modelFiles import modelFolder
from DLEnhanceLib.network import Denoiser, NetworkShape

from .validation import validationSamples, validationScores

FAILURES_OF_TRAINING = [
    "more steps would gain little: 0.04 dB in the last fifth of the run (Benchmarks/results/convergence.md)",
    "most of the gain on real heads is that of the fixed steps around it (Benchmarks/results/steps.md)",
    "body parts other than the head were never seen in training",
]
KNOWN_FAILURES = [
    "at full strength lesions of 2 mm at twice the noise lose a third of their contrast, of 3 mm a quarter (AT6)",
]
VALIDATION_DATA = ["SynthSeg label maps 19 and 20", "ICBM152 2009a template of the nilearn package"]


def averagedNetwork(state):
    network = Denoiser(NetworkShape(**state["recipe"]["network"]))
    prefix = "module."
    weights = {name[len(prefix) :]: value for name, value in state["averaged"].items() if name.startswith(prefix)}
    network.load_state_dict(weights)
    return network.eval()


def export(run: Path, data: Path, folder: Path):
    """Writes the three files of the profile full; numbers come from the validation samples and the curve."""
    state = torch.load(run / "checkpoint.pt", weights_only=False, map_location="cpu")
    network = averagedNetwork(state)
    weights = save({name: value.half().contiguous() for name, value in network.state_dict().items()})
    digest = hashlib.sha256(weights).hexdigest()
    card = {
        "modelId": f"DLEnhance-full-{digest[:8]}",
        "profile": "full",
        "sha256": digest,
        "network": state["recipe"]["network"],
        "parameters": sum(p.numel() for p in network.parameters()),
        "licence": "Apache-2.0",
        "trainingData": [
            "SynthSeg label maps 1-18 (Apache-2.0; Billot et al., Medical Image Analysis 86:102789, 2023)",
            "studyforrest sub-02 T1w (PDDL 1.0; Hanke et al., Scientific Data 1:140003, 2014)",
            "dcm_qa_uih T1 GRE (BSD-2-Clause; Rorden)",
        ],
        "validationData": VALIDATION_DATA,
        "recipe": state["recipe"],
        "stepsDone": state["step"],
        "trainingMinutes": round(state["seconds"] / 60, 1),
        "commit": commit(),
        "validation": validationScores(network, validationSamples(data, "cpu")),
        "curve": list(csv.DictReader((run / "curve.csv").open())),
        "simulatedLesions": "1.5 to 15 voxels in diameter",
        "scope": {"noisePercent": [0.4, 12.0], "supportShare": [0.5, 1.0], "sliceToInPlane": [1, 6]},
        "knownFailures": [*KNOWN_FAILURES, *FAILURES_OF_TRAINING],
    }
    # weights and card together at the end: between them the model would be refused as damaged
    (folder / "DLEnhance-full.safetensors").write_bytes(weights)
    writeCard(card, trainedText(card), folder)
    return card


def exportFixed(data: Path, folder: Path):
    """Writes the two files of the profile fast, which has no weights."""
    card = {
        "modelId": "DLEnhance-fast-fixed",
        "profile": "fast",
        "sha256": "",
        "network": None,
        "parameters": 0,
        "licence": "Apache-2.0",
        "validationData": VALIDATION_DATA,
        "validation": validationScores(FixedFilter(), validationSamples(data, "cpu")),
        "knownFailures": KNOWN_FAILURES,
    }
    writeCard(card, FIXED_TEXT, folder)
    return card


FIXED_TEXT = """A fixed filter, the same for every volume, gives a first estimate of the noise
(`DLEnhanceLib/fixedFilter.py`). It has no weights and was not trained. The steps that follow are those of the profile
full, and most of the gain is theirs (`Benchmarks/results/steps.md`).
"""


def trainedText(card):
    data = "\n".join(f"- {line}" for line in card["trainingData"])
    return f"""One pass over a tile of an MR volume gives a first estimate of its noise (`DLEnhanceLib/network.py`).
{card["parameters"]:,} parameters, stored as 16-bit floats, SHA-256 `{card["sha256"]}`.

## Training
Simulated scans only (`Training/DLEnhanceTraining`), of:

{data}

{card["stepsDone"]} of {card["recipe"]["steps"]} steps of {card["recipe"]["batch"]} samples,
{card["trainingMinutes"]} minutes, seed {card["recipe"]["seed"]}, commit {card["commit"]}.
Lesions drawn: {card["simulatedLesions"]}. The curve over training time stands in the JSON file beside this page.
"""


def writeCard(card, text, folder):
    """The card for the code, JSON, and the page for people; text: what the model is and how it was made."""
    scores = "\n".join(f"| {name} | {value} |" for name, value in card["validation"].items())
    held = "\n".join(f"- {line}" for line in card["validationData"])
    failures = "\n".join(f"- {line}" for line in card["knownFailures"])
    page = f"""# Model card: {card["modelId"]}

Research use only. Not for diagnostic use. Licence: {card["licence"]}.

{text}
## What follows the first estimate
None of it is trained. Faint structure is given back (`DLEnhanceLib/faint.py`), windows that look alike tell what to
expect of each other (`groups.py`), values that look alike are averaged (`similar.py`), truncation ringing and blur are
computed (`extrapolation.py`).

## Validation of the first estimate alone
On heads that no training saw:

{held}

Gains in dB over the input against the image without noise, below and above 3 % noise; `kept` is the slope of lesion
contrast (1 is all). The whole chain: `Benchmarks/results/peers.md` and `validation.html`.

| score | value |
|---|---|
{scores}

## Known failures
{failures}
"""
    path = folder / f"DLEnhance-{card['profile']}.json"
    path.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(page, encoding="utf-8")


def commit():
    answer = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folder", type=Path, default=modelFolder())
    options = parser.parse_args(arguments)
    if options.run:
        card = export(options.run, options.data, options.folder)
    else:
        card = exportFixed(options.data, options.folder)
    print(json.dumps({k: v for k, v in card.items() if k != "curve"}, indent=1))


if __name__ == "__main__":
    main()
