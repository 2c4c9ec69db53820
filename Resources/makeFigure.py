"""Draws Resources/Screenshots/side-by-side.png: a real post-contrast T1 before and after, by Slicer's slice views.

    .venv/bin/python Resources/makeFigure.py

Needs the volumes of ``shared/data`` (or DLENHANCE_DATA). Image: pyradiomics test data, Harvard, BSD-3-Clause.
"""

from pathlib import Path

from dlenhance.demoCases import dataFolder, drawnLesionCase
from dlenhance.sliceViews import sideBySideFigure
from DLEnhanceLib.enhancement import enhance
from DLEnhanceLib.strengths import PRESETS
from DLEnhanceLib.torchBackend import makeBackend

FIGURE = Path(__file__).parent / "Screenshots" / "side-by-side.png"


def main():
    case = drawnLesionCase(dataFolder() / "postcontrast_t1_axial_brain1")
    run = enhance(case.volume, makeBackend("full"), strengths=PRESETS["medium"])
    FIGURE.parent.mkdir(exist_ok=True)
    sideBySideFigure(case.volume, run.volume, case.regions, FIGURE)


if __name__ == "__main__":
    main()
