"""Turns a training run into the released files: safetensors, the card the code reads, and the page people read.

python -m DLEnhanceTraining.export --run Training/runs/full --data ../shared/data
"""

import argparse
import csv
import dataclasses
import hashlib
import json
import subprocess
from pathlib import Path

import torch
from safetensors.torch import save

from DLEnhanceLib.modelFiles import modelFolder
from DLEnhanceLib.network import PROFILES, Denoiser

from .validation import validationSamples, validationScores

KNOWN_FAILURES = [
    "more steps of this recipe would gain little: the learning curve is flat (Benchmarks/results/convergence.md)",
    "most of the gain on real heads is that of the fixed steps around it (Benchmarks/results/peers.md)",
    "at full strength lesions of 2 mm at twice the noise lose two fifths of their contrast, of 3 mm a quarter (AT6)",
    "body parts other than the head were never seen in training",
]
LESION_SIZES = "1.5 to 15 voxels in diameter"


def averagedNetwork(state):
    network = Denoiser(PROFILES[state["recipe"]["profile"]])
    prefix = "module."
    weights = {name[len(prefix) :]: value for name, value in state["averaged"].items() if name.startswith(prefix)}
    network.load_state_dict(weights)
    return network.eval()


def export(run: Path, data: Path, folder: Path):
    """Writes the three files of a profile into the folder; numbers come from the validation samples and the curve."""
    state = torch.load(run / "checkpoint.pt", weights_only=False, map_location="cpu")
    profile, network = state["recipe"]["profile"], averagedNetwork(state)
    weights = save({name: value.half().contiguous() for name, value in network.state_dict().items()})
    digest = hashlib.sha256(weights).hexdigest()
    curve = list(csv.DictReader((run / "curve.csv").open()))
    card = {
        "modelId": f"DLEnhance-{profile}-{digest[:8]}",
        "profile": profile,
        "sha256": digest,
        "network": dataclasses.asdict(PROFILES[profile]),
        "parameters": sum(p.numel() for p in network.parameters()),
        "licence": "Apache-2.0",
        "trainingData": [
            "SynthSeg label maps 1-18 (Apache-2.0; Billot et al., Medical Image Analysis 86:102789, 2023)",
            "studyforrest sub-02 T1w (PDDL 1.0; Hanke et al., Scientific Data 1:140003, 2014)",
            "dcm_qa_uih T1 GRE (BSD-2-Clause; Rorden)",
        ],
        "validationData": ["SynthSeg label maps 19 and 20", "ICBM152 2009a template of the nilearn package"],
        "recipe": state["recipe"],
        "stepsDone": state["step"],
        "trainingMinutes": round(state["seconds"] / 60, 1),
        "commit": commit(),
        "validation": validationScores(network, validationSamples(data, "cpu")),
        "curve": curve,
        "simulatedLesions": LESION_SIZES,
        "scope": {"noisePercent": [0.4, 12.0], "supportShare": [0.5, 1.0], "sliceToInPlane": [1, 6]},
        "knownFailures": KNOWN_FAILURES,
    }
    # weights and card together at the end: between them the model would be refused as damaged
    (folder / f"DLEnhance-{profile}.safetensors").write_bytes(weights)
    (folder / f"DLEnhance-{profile}.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    (folder / f"DLEnhance-{profile}.md").write_text(page(card), encoding="utf-8")
    return card


def page(card):
    """The model card for people."""
    scores = "\n".join(f"| {name} | {value} |" for name, value in card["validation"].items())
    data = "\n".join(f"- {line}" for line in card["trainingData"])
    held = "\n".join(f"- {line}" for line in card["validationData"])
    failures = "\n".join(f"- {line}" for line in card["knownFailures"])
    return f"""# Model card: {card["modelId"]}

Research use only. Not for diagnostic use. Licence of the weights: {card["licence"]}.

One pass over a tile of an MR volume gives a first estimate of its noise. What follows is not trained: faint structure
is given back (`DLEnhanceLib/faint.py`), windows that look alike tell what to expect of each other (`groups.py`), values
that look alike are averaged (`similar.py`), truncation ringing and blur are computed (`extrapolation.py`).
{card["parameters"]:,} parameters, stored as 16-bit floats, SHA-256 `{card["sha256"]}`.

## Training
Simulated scans only (`Training/DLEnhanceTraining`), of:

{data}

{card["stepsDone"]} of {card["recipe"]["steps"]} steps of {card["recipe"]["batch"]} samples,
{card["trainingMinutes"]} minutes, seed {card["recipe"]["seed"]}, commit {card["commit"]}.
Lesions drawn: {card["simulatedLesions"]}.

## Validation (heads never seen in training)
{held}

Gains in dB over the input against the image without noise, below and above 3 % noise; `kept` is the slope of lesion
contrast (1 is all).

| score | value |
|---|---|
{scores}

The curve over training time stands in the JSON file beside this page.

## Known failures
{failures}
"""


def commit():
    answer = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folder", type=Path, default=modelFolder())
    options = parser.parse_args(arguments)
    card = export(options.run, options.data, options.folder)
    print(json.dumps({k: v for k, v in card.items() if k != "curve"}, indent=1))


if __name__ == "__main__":
    main()
