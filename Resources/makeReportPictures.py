"""Takes the pictures of gallery, chart and report that the documents show, from real volumes, enhanced and measured.

    .venv/bin/python Resources/makeReportPictures.py

Needs the volumes of ``shared/data`` (or DLENHANCE_DATA) and, for the picture of the report, the browser ``chromium``.
The schwannoma is outlined around a click; enhancing vessels stand in for small lesions.
Image: Vestibular-Schwannoma-SEG, Shapey et al., TCIA, CC BY 4.0, https://doi.org/10.7937/TCIA.9YTJ-5Q73.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "Resources" / "Screenshots"
PAGE_SIZE = (1240, 1500)
LARGEST_FILE = 300_000  # bytes
GALLERY_LESIONS = 3  # more would be too small to see in the documents
OUTLINED = {"schwannoma": (-21.6, 6.9, -45.6), "vessel 3": (-16.7, -2.8, -23.0), "vessel 4": (13.6, 0.4, -23.0)}
"""Points (RAS mm) around which the outline is found."""
BALLS = {"vessel 1": ((1.7, 27.5, -27.5), 3.5), "vessel 2": ((-27.8, 8.6, -23.0), 2.5)}
"""Center (RAS mm) and diameter."""


def main():
    parser = argparse.ArgumentParser(description="Pictures of gallery, chart and report.")
    parser.add_argument("--profile", choices=("full", "fast"), default="full")
    options = parser.parse_args()
    measured = measuredExample(options.profile)
    writeGallery(measured, PICTURES / "gallery.png")
    writeChart(measured, PICTURES / "slope-chart.png")
    writeReportPicture(measured, PICTURES / "report.png")


def measuredExample(profile):
    """The zero-filled DICOM series of the demo, enhanced at the medium preset and measured by the default method."""
    from dlenhance.demoCases import dataFolder, dicomCase
    from DLEnhanceLesionMetricsLib.lesionOutline import proposeOutline
    from DLEnhanceLesionMetricsLib.measuredCase import MeasuredCase, lesionSizes
    from DLEnhanceLesionMetricsLib.measurement import measurePair
    from DLEnhanceLesionMetricsLib.provenance import enhancementFacts, softwareFacts, volumeFacts
    from DLEnhanceLesionMetricsLib.regions import LESION, Region, sphere
    from DLEnhanceLib.enhancement import enhance
    from DLEnhanceLib.strengths import PRESETS
    from DLEnhanceLib.torchBackend import makeBackend

    case = dicomCase(dataFolder() / "dicom_t1c_vs_seg_001")
    run = enhance(case.volume, makeBackend(profile, "cpu"), strengths=PRESETS["medium"])
    found = {name: proposeOutline(case.volume, np.array(point), name=name).region for name, point in OUTLINED.items()}
    found |= {name: Region(name, LESION, sphere(*ball)) for name, ball in BALLS.items()}
    lesions = [found[name] for name in sorted(found)]
    regions = [*lesions, *(region for region in case.regions if region.role != LESION)]
    rows = measurePair(case.volume, run.volume, regions, noiseMethods=("tissue_sd",), case=case.id)
    facts = volumeFacts("standard image", case.volume) + enhancementFacts(run.report()) + softwareFacts()
    sizes = lesionSizes(case.volume, regions)
    return MeasuredCase(case.id, case.volume, run.volume, regions, rows, sizes, facts)


def writeGallery(measured, path):
    from DLEnhanceLesionMetricsLib.lesionGallery import lesionGallery
    from DLEnhanceLesionMetricsLib.regions import LESION, ROLE_COLORS
    from DLEnhanceLesionMetricsLib.sceneFigure import galleryPicture
    from DLEnhanceLesionMetricsLib.sceneResults import galleryCaptions, resultRows

    gallery = lesionGallery([measured.standard, measured.enhanced], measured.regions[:GALLERY_LESIONS])
    captions = galleryCaptions(resultRows(measured.rows))
    titles = ("Standard", "Enhanced")
    writeSmall(galleryPicture(gallery, titles, captions, color=ROLE_COLORS[LESION]), path)


def writeChart(measured, path):
    from DLEnhanceLesionMetricsLib.charts import chartsDrawing, slopeCharts
    from DLEnhanceLesionMetricsLib.drawing import painted

    charts = slopeCharts(measured.changes(), measured.diameters)
    writeSmall(painted(chartsDrawing([chart for chart in charts if chart.metric in ("cnr", "cr")]), scale=1.5), path)


def writeReportPicture(measured, path):
    """The top of the page as a browser shows it, without network."""
    from DLEnhanceLesionMetricsLib.caseReport import writeCaseReport

    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise SystemExit("The picture of the report needs chromium (Debian: apt-get install chromium).")
    with tempfile.TemporaryDirectory() as folder:
        page = writeCaseReport(measured, Path(folder) / "report.html")
        shot = Path(folder) / "report.png"
        size = "{},{}".format(*PAGE_SIZE)
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={size}"]
        subprocess.run([browser, *options, f"--screenshot={shot}", page.as_uri()], check=True, capture_output=True)
        writeSmall(np.asarray(Image.open(shot).convert("RGB")), path)


def writeSmall(picture, path):
    """Write a PNG of at most LARGEST_FILE bytes: with a palette, and smaller as long as that is not enough."""
    image = Image.fromarray(picture)
    while True:
        image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= LARGEST_FILE:
            return
        image = image.resize(tuple(round(0.85 * length) for length in image.size), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
