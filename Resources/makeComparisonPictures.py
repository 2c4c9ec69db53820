"""Takes the pictures of each layout of the comparison, and the gallery, from real volumes: Slicer's own slice views.

    .venv/bin/python Resources/makeComparisonPictures.py [--enhanced FOLDER]

Writes Docs/pictures/compare-*.png. Needs the volumes of ``shared/data`` (or DLENHANCE_DATA). The enhanced counterparts
are made by ``dlenhance enhance --profile fast`` (some minutes on one core); with --enhanced they are kept in, and taken
from, that folder. Images: pyradiomics test data, Harvard Medical School, BSD-3-Clause; UPENN-GBM, The Cancer Imaging
Archive, CC BY 4.0.
"""

import argparse
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import numpy as np

from dlenhance.demoCases import dataFolder
from dlenhance.headlessSlicer import HeadlessSlicer
from dlenhance.offscreenLayout import OffscreenLayoutManager
from dlenhance.offscreenViews import writePng
from DLEnhanceLib.reading import readLabelVolume, readVolume

PICTURES = Path(__file__).resolve().parents[1] / "Docs" / "pictures"
GLIOMA_LESION = (-154.0, 138.0, 68.0)  # RAS mm, its middle


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enhanced", metavar="FOLDER", type=Path, help="keep the enhanced volumes here")
    folder = parser.parse_args().enhanced
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = folder or Path(temporary)
        takeDrawnLesion(folder)
        takeGlioma(folder)


def takeDrawnLesion(folder):
    """All four layouts at the lesion that its authors drew, both states of the flicker, and the gallery."""
    source = dataFolder() / "postcontrast_t1_axial_brain1"
    session = Session(
        readVolume(source / "brain1_image.nrrd"),
        enhanced(source / "brain1_image.nrrd", folder / "brain1.nrrd"),
        window=(0, 1500),
    )
    lesion = session.addDrawn(readLabelVolume(source / "brain1_label.nrrd").volume)
    session.take("sideBySide", "compare-side-by-side", size=(900, 440), at=lesion, zoom=0.6)
    session.take("residual", "compare-residual", size=(930, 340), at=lesion, zoom=0.6)
    session.take("curtain", "compare-curtain", size=(560, 440), at=lesion, zoom=0.6)
    session.take("flicker", "compare-flicker-enhanced", size=(440, 360), at=lesion, zoom=0.6)
    session.logic.comparison.flick()
    session.write("compare-flicker-standard")
    session.logic.hideComparison()
    session.logic.exportGallery(PICTURES / "compare-gallery.png")
    session.close()


def takeGlioma(folder):
    """A skull-stripped volume: the curtain over the tumour, and the residual of it."""
    source = dataFolder() / "glioma_upenn_00001" / "00001_t1c.nii.gz"
    session = Session(readVolume(source), enhanced(source, folder / "glioma.nii.gz"), window=(500, 6000))
    session.logic.addRegion("lesion", GLIOMA_LESION, 12)
    session.logic.suggestReference()
    session.logic.measure()
    session.take("curtain", "compare-glioma-curtain", size=(520, 480), at=GLIOMA_LESION, zoom=0.8)
    session.take("residual", "compare-glioma-residual", size=(1100, 420), at=GLIOMA_LESION, zoom=0.8)
    session.close()


class Session:
    """The logic of Lesion Metrics with views that are drawn off the screen."""

    def __init__(self, standard, enhancedPath, *, window):
        import slicer

        self.headless = HeadlessSlicer()
        self.manager = OffscreenLayoutManager(self.headless)
        slicer.app = types.SimpleNamespace(layoutManager=lambda: self.manager, processEvents=self.manager.layOut)
        from DLEnhanceLesionMetricsLib.logic import DLEnhanceLesionMetricsLogic, PlainParameters

        pair = self.headless.addVolume(standard, "Standard"), self.headless.addVolume(readVolume(enhancedPath), "DL")
        pair[0].GetDisplayNode().SetAutoWindowLevel(False)
        pair[0].GetDisplayNode().SetWindowLevelMinMax(*window)
        self.logic = DLEnhanceLesionMetricsLogic(parameters=PlainParameters())
        self.logic.setVolumes(*pair)

    def addDrawn(self, labels):
        """The drawn lesions and a reference opposite them, measured. A point (RAS mm) where most of them is seen."""
        node = self.headless.addVolume(labels, "drawn")
        drawn = self.headless.scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "lesion")
        drawn.CopyOrientation(node)
        drawn.SetAndObserveImageData(node.GetImageData())
        self.headless.scene.RemoveNode(node)
        self.logic.addRegionsFromLabelVolume(drawn)
        self.logic.suggestReference()
        self.logic.measure()
        inside = np.argwhere(labels.voxels == 1)
        slices, counts = np.unique(inside[:, 0], return_counts=True)
        widest = inside[inside[:, 0] == slices[np.argmax(counts)]]
        return tuple((labels.ijkToRAS @ np.append(widest.mean(axis=0)[::-1], 1.0))[:3])

    def take(self, layout, name, *, size, at, zoom):
        """Show a layout in a window of this size, centered on a point, enlarged from the whole slice by 1 / zoom."""
        self.logic.hideComparison()
        self.manager.setSize(size)
        self.logic.showComparison(layout)
        comparison = self.logic.comparison
        comparison.jumpTo(at)
        for node in comparison.sliceNodes:
            across, along, depth = node.GetFieldOfView()
            node.SetFieldOfView(across * zoom, along * zoom, depth)
            node.UpdateMatrices()
        self.write(name)

    def write(self, name):
        writePng(self.manager.pixels(self.logic.comparison.sliceNodes), PICTURES / f"{name}.png")

    def close(self):
        self.logic.release()
        self.manager.release()
        self.headless.close()


def enhanced(source, path):
    """The enhanced counterpart of a file, made if it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        program = [sys.executable, "-m", "dlenhance.commandLine", "enhance", str(source), str(path)]
        subprocess.run([*program, "--profile", "fast"], check=True)
    return path


if __name__ == "__main__":
    main()
