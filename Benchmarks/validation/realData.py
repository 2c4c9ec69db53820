"""Real volumes before and after, the guard's view of them, repeats and phantoms. Information, never a gate."""

import dataclasses

import numpy as np

from DLEnhanceLib.enhancement import blend, enhance
from DLEnhanceLib.strengths import PRESETS

from .enhancedScores import tissueSnr
from .pictures import DIFFERENCE_GAIN, Picture, labelled, png, row, window
from .realMeasures import chooseRegions, edgeWidths, values
from .realVolumes import phantoms, realVolumes, repeats
from .results import Check, GroupResult, Table

LARGEST_TILE = 190  # pixels
PRESET = "medium"
STUDIES = (
    "The studies report SNR x1.51 and CNR x1.29 (Oh et al. 2025, doi:10.1007/s00330-025-11920-7) with a noise method "
    "that they do not state; ours is tissue_sd."
)


def judgeRealData(session) -> GroupResult:
    found = Found()
    for real in realVolumes(session.isQuick):
        found.attempt(real.name, lambda real=real: _study(session, real, found))
    found.attempt("repeats", lambda: _repeats(session, found))
    found.attempt("phantoms", lambda: _phantoms(session, found))
    regions = ("second region", "SNR", "CNR", "contrast ratio")
    header = ("volume", "profile", "noise, %", *regions, "edges", "ERD, mm", "ERD ratio")
    warned = ("volume", "profile", "finding", "value", "threshold", "sentence")
    tables = (
        Table(f"Real volumes, {PRESET}: before, after (factor)", header, tuple(found.lines), STUDIES),
        Table("Guard findings that warn", warned, tuple(found.warnings)),
        *found.tables,
    )
    return GroupResult(
        "Real data (information)", tuple(found.checks), tables, tuple(found.pictures), notes=tuple(found.notes)
    )


@dataclasses.dataclass
class Found:
    """What the volumes gave so far."""

    lines: list = dataclasses.field(default_factory=list)
    warnings: list = dataclasses.field(default_factory=list)
    checks: list = dataclasses.field(default_factory=list)
    tables: list = dataclasses.field(default_factory=list)
    pictures: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)

    def attempt(self, name, study):
        """A volume that is missing or cannot be enhanced must not hide the others."""
        try:
            study()
        except Exception as error:
            self.notes.append(f"{name} could not be measured: {type(error).__name__}: {error}")


def _study(session, real, found):
    volume = real.read(session.data)
    lesion = None if real.lesion is None else real.lesion(volume, session.data)
    regions = None
    for profile, backend in session.backends.items():
        session.say(f"real data, {profile}: {real.name}")
        run = enhance(volume, backend, strengths=PRESETS[PRESET], priorSurvey=session.survey(volume))
        regions = regions or chooseRegions(volume, run.survey.head, lesion)
        found.warnings += [
            (real.name, profile, finding.id, f"{finding.value:.3g}", f"{finding.threshold:.3g}", finding.sentence)
            for finding in run.guard.findings
            if not finding.passed
        ]
        if not real.isTraining:
            found.lines.append(_line(session, real, profile, run, regions))
        if profile == next(iter(session.backends)):
            found.pictures.append(_picture(real.name, run, regions, profile))


def _line(session, real, profile, run, regions):
    before, after = (values(one.voxels, regions) for one in (run.source, run.volume))
    widths = edgeWidths(run.source, run.volume, run.survey.head, session.random("edges", real.name))

    def change(name, digits):
        first, second = getattr(before, name), getattr(after, name)
        return f"{first:.{digits}f}, {second:.{digits}f} (x{second / first:.2f})"

    return (
        real.name,
        profile,
        f"{run.survey.noisePercent:.1f}",
        "lesion" if regions.isLesion else "other tissue",
        change("snr", 1),
        change("cnr", 1),
        change("ratio", 3),
        widths.count,
        f"{widths.before:.2f}, {widths.after:.2f}",
        f"{widths.ratio:.3f}",
    )


def _picture(name, run, regions, profile):
    """Before, after and removed in the slice of the lesion, or of the second tissue."""
    mask = np.zeros(run.source.voxels.shape, bool)
    mask[regions.other] = True
    places = np.argwhere(mask)
    k = int(np.bincount(places[:, 0]).argmax())
    centre = (
        places[places[:, 0] == k].mean(axis=0) if regions.isLesion else np.argwhere(run.survey.head[k]).mean(axis=0)
    )
    centre = centre[-2:]
    images = [_oriented(one.voxels[k], run.source, centre) for one in (run.source, run.volume)]
    return _pair(f"{name}", images, profile)


def _pair(title, images, profile, *, caption=""):
    low, high = (float(np.percentile(images[0], p)) for p in (1, 99.7))
    reach = (high - low) / DIFFERENCE_GAIN / 2
    tiles = [window(image, low, high) for image in images]
    tiles.append(window(images[0].astype(np.float64) - images[1], -reach, reach))
    zoom = max(1, min(3, 260 // max(images[0].shape)))
    names = ("before", f"after ({profile}, {PRESET})", f"removed, x{DIFFERENCE_GAIN}")
    return Picture(title, png(labelled(row(tiles), names, zoom=zoom)), caption)


def _oriented(image, volume, centre):
    """A part of a slice around a place, turned as radiologists look at it."""
    starts = [
        min(max(int(c) - LARGEST_TILE // 2, 0), max(n - LARGEST_TILE, 0))
        for c, n in zip(centre, image.shape, strict=True)
    ]
    part = image[tuple(slice(s, s + LARGEST_TILE) for s in starts)]
    down, right = volume.ijkToRAS[:3, 1], volume.ijkToRAS[:3, 0]
    for axis, direction in enumerate((down, right)):
        if direction[np.argmax(np.abs(direction))] > 0:
            part = np.flip(part, axis)
    return part


def _repeats(session, found):
    """One repeat enhanced against the mean of the other 19, and the noise by the difference of two repeats."""
    volumes = repeats(session.data)
    first, second = (dataclasses.replace(v, voxels=v.voxels.astype(np.float32)) for v in volumes[:2])
    mean = np.mean([v.voxels for v in volumes[1:]], axis=0)
    pictures = []
    for profile in session.backends:
        session.say(f"real repeats, {profile}")
        pair = [(v, session.components(v, profile)) for v in (first, second)]
        head = session.survey(first).head & (mean > 0.4 * np.percentile(mean, 95))
        before = _errors(first.voxels, second.voxels, mean, head)
        for preset, strengths in PRESETS.items():
            one, two = (blend(v, parts, strengths).voxels for v, parts in pair)
            after = _errors(one, two, mean, head)
            error, snr = after[0] / before[0], before[1] / after[1]
            text = f"RMSE to the mean of the other repeats {before[0]:.1f}, enhanced {after[0]:.1f}; BOLD stays in both"
            source = "real data: information"
            name = "error to the mean, output / input"
            found.checks.append(Check("Repeats", name, profile, preset, error, "x", "", None, source, text))
            name, text = "SNR by difference, output / input", "method difference, two repeats enhanced alike"
            found.checks.append(Check("Repeats", name, profile, preset, snr, "x", "", None, source, text))
        if not pictures:
            k = mean.shape[0] // 2
            output = blend(first, pair[0][1], PRESETS[PRESET]).voxels
            images = [np.flip(x[k], 0) for x in (first.voxels, output)]
            pictures.append(_pair("EPI repeat", images, profile))
            reach = 0.06 * float(np.percentile(mean, 99))
            tiles = [window(np.flip((x - mean)[k], 0), -reach, reach) for x in (first.voxels, output)]
            caption = "What is left of the difference to the mean of the other repeats."
            names = ("before - mean of others", "after - mean of others")
            pictures.append(Picture("EPI repeat against the mean", png(labelled(row(tiles), names, zoom=3)), caption))
    found.pictures += pictures


def _errors(one, two, mean, head):
    """(RMSE to the mean, SD of the difference of two repeats over sqrt 2) in the head."""
    error = np.sqrt(np.mean((one[head] - mean[head]) ** 2))
    return float(error), float((one[head] - two[head]).std() / np.sqrt(2))


def _phantoms(session, found):
    """Ours on the image without vendor AI, beside the vendor's."""
    lines = []
    for name, (first, second) in phantoms(session.data).items():
        surveyed = session.survey(first)
        regions = chooseRegions(first, surveyed.head, None)
        images = {"first scan": first, "second scan": second}
        for profile, backend in session.backends.items():
            session.say(f"{name}, {profile}")
            run = enhance(first, backend, strengths=PRESETS[PRESET], priorSurvey=surveyed)
            images[f"first scan, DLEnhance {profile}"] = run.volume
        for label, one in images.items():
            widths = edgeWidths(first, one, surveyed.head, session.random("edges", name))
            lines.append(
                (
                    name,
                    label,
                    f"{tissueSnr(one.voxels, regions.reference):.1f}",
                    widths.count,
                    f"{widths.after:.2f}",
                    f"{widths.ratio:.3f}",
                )
            )
        k = first.voxels.shape[0] // 2
        tiles = [window(np.flip(one.voxels[k], 0)) for one in list(images.values())[:3]]
        zoom = max(1, 260 // tiles[0].shape[1])
        found.pictures.append(
            Picture(name, png(labelled(row(tiles), list(images)[:3], zoom=zoom)), "Each in its own window.")
        )
    header = ("phantom", "image", "SNR, flat patch", "edges", "ERD, mm", "ERD / first scan")
    note = "The scans of a pair have different intensity scales; SNR by tissue_sd in the same voxels."
    found.tables.append(Table("Phantoms", header, tuple(lines), note))
