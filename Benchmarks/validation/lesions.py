"""AT6: lesions of 2 to 8 mm at CNR 2 to 10, bright and dark, in scans of heads that training never saw.

Every head is scanned with and without its lesions and the same noise: the difference of the two enhanced images is what
is left of the lesions, free of noise and anatomy.
"""

import dataclasses

import numpy as np
from scipy import ndimage

from DLEnhanceLib.strengths import PRESETS

from .heads import SCALE, makeHead, scanHead
from .pictures import column, labelled, png, row, window
from .results import PROVISIONAL, Check, GroupResult, Picture, Table

SIZES_MM = (2.0, 3.0, 4.0, 5.0, 8.0)
CNRS = (2.0, 3.0, 5.0, 10.0)
SIGMA = 0.05
APART_MM = 13.0
LEAST_KEPT = {2.0: 80.0}  # percent of the contrast; 90 from 3 mm on
GALLERY_SIDE = 24


@dataclasses.dataclass(frozen=True)
class Inserted:
    """A lesion: centre in stored voxels, diameter in mm, CNR with the sign of its contrast."""

    centre: tuple[float, float, float]
    diameterMm: float
    cnr: float


@dataclasses.dataclass(frozen=True, eq=False)
class Recovery:
    """What is left of a lesion: percent of its contrast, and what the input holds of it, less where k-space was cut.

    shown: contrast in the image over the truth's, with noise.
    """

    lesion: Inserted
    condition: str
    profile: str
    preset: str
    percent: float
    percentBefore: float
    shown: float
    shownBefore: float


def judgeLesions(session) -> GroupResult:
    heads = session.choose(("ICBM152 T1", "map 19 T1 black-blood", "glioma T1 post-contrast"), ("ICBM152 T1",))
    conditions = {"white 5 %": {}, "g-map 5 %": {"gSpread": 3.3}, "zero-filled 5 %": {"support": (1.0, 0.70, 0.62)}}
    if session.isQuick:
        conditions = {"white 5 %": {}}
    found, pictures = [], []
    for number, name in enumerate(heads):
        head = makeHead(name, session.data, session.seed)
        lesions = placeLesions(head, session.random("lesions", name))
        drawn = drawLesions(head, lesions)
        for which, (condition, fields) in enumerate(conditions.items()):
            session.say(f"{len(lesions)} lesions in {name}, {condition}")
            protocol, seed = {"sigma": SIGMA, **fields}, session.seed + 10 * number + which
            bare = scanHead(head, protocol, seed=seed, name=condition)
            lesioned = scanHead(head, protocol, seed=seed, name=condition, image=drawn)
            for profile in session.backends:
                pair = [session.outputs(case.noisy, profile) for case in (bare, lesioned)]
                for preset in PRESETS:
                    images = pair[0][preset], pair[1][preset]
                    found += list(_recoveries(lesions, bare, lesioned, images, profile=profile, preset=preset))
                if which == 0:
                    pictures.append(_gallery(f"{name}, {condition}, {profile} medium", lesions, lesioned, pair[1]))
    checks = [check for profile in session.backends for check in _checks(profile, found)]
    tables = [_table(profile, found) for profile in session.backends]
    return GroupResult("Lesions", tuple(checks), tuple(tables), tuple(pictures))


def placeLesions(head, random):
    """Three lesions of each size and CNR, every fourth one dark, in tissue and apart from each other."""
    stored = [round(n * head.outFraction) for n in head.image.shape]
    steps = [np.arange(n) / head.outFraction for n in stored]
    image = head.image[np.ix_(*[np.rint(s).astype(int) for s in steps])]
    inside = ndimage.distance_transform_edt((image > 0.35) & (image < 1.4)) > 3
    border = np.zeros(stored, bool)
    border[14:-14, 14:-14, 14:-14] = True
    places, lesions = np.argwhere(inside & border), []
    for diameter in reversed(SIZES_MM):
        for cnr in np.repeat(CNRS, 3):
            centre = _freePlace(places, lesions, APART_MM / head.storedMm, random)
            if centre is not None:
                sign = -1.0 if len(lesions) % 4 == 3 else 1.0
                lesions.append(Inserted(tuple(centre), diameter, float(sign * cnr)))
    return lesions


def _freePlace(places, lesions, distance, random):
    for _ in range(400):
        centre = places[random.integers(len(places))] + random.uniform(-0.5, 0.5, 3)
        if all(np.linalg.norm(centre - other.centre) > distance for other in lesions):
            return centre
    return None


def drawLesions(head, lesions):
    """The object with the lesions added."""
    from .heads import drawBall

    image = head.image.copy()
    for lesion in lesions:
        centre = [c / head.outFraction for c in lesion.centre]
        drawBall(image, centre, lesion.diameterMm / 2 / head.voxelMm, lesion.cnr * SIGMA)
    return image


def _recoveries(lesions, bare, lesioned, images, *, profile, preset):
    aims = [case.aim(PRESETS[preset]) for case in (bare, lesioned)]
    truth = aims[1] - aims[0]
    responses = images[1] - images[0], lesioned.noisy.voxels - bare.noisy.voxels
    for lesion in lesions:
        part, inside, around = _surround(lesion, truth, bare.head.storedMm)
        expected = _contrast(truth, part, inside, around)
        if abs(expected) < 0.1 * abs(lesion.cnr) * SIGMA * SCALE:
            continue  # clipped at zero intensity: nothing to recover
        base, *shown = (_contrast(image, part, inside, around) for image in (aims[0], images[1], lesioned.noisy.voxels))
        shown = [(contrast - base) / expected for contrast in shown]
        percents = [100 * _contrast(response, part, inside, around) / expected for response in responses]
        yield Recovery(lesion, lesioned.condition, profile, preset, *percents, *shown)


def _surround(lesion, truth, voxelMm):
    """The box around a lesion, its voxels (half of its contrast or more), and those 2 to 5 voxels around."""
    reach = int(np.ceil(lesion.diameterMm / 2 / voxelMm)) + 6
    centre = np.rint(lesion.centre).astype(int)
    part = tuple(slice(max(c - reach, 0), c + reach + 1) for c in centre)
    size = np.abs(truth[part])
    offsets = [np.arange(p.start, p.start + n) - c for p, n, c in zip(part, size.shape, lesion.centre, strict=True)]
    distance = np.sqrt(sum(np.meshgrid(*[o**2 for o in offsets], indexing="ij"))) * voxelMm
    near = distance <= lesion.diameterMm / 2 + voxelMm
    inside = near & (size >= 0.5 * size[near].max())
    rim = distance - lesion.diameterMm / 2
    return part, inside, (rim > 2 * voxelMm) & (rim <= 5 * voxelMm)


def _contrast(image, part, inside, around):
    return float(image[part][inside].mean() - image[part][around].mean())


def _checks(profile, found):
    for preset in PRESETS:
        own = [one for one in found if (one.profile, one.preset) == (profile, preset)]
        passing = {}
        for size in SIZES_MM:
            ofSize = [one for one in own if one.lesion.diameterMm == size]
            threshold = LEAST_KEPT.get(size, 90.0)
            cells = {cnr: _mean(ofSize, cnr) for cnr in CNRS}
            mean = float(np.mean([one.percent for one in ofSize]))
            weakest = min(cells, key=cells.get)
            text = f"{len(ofSize)} lesions; weakest at CNR {weakest:g}: {cells[weakest]:.0f} %; " + ", ".join(
                _ofCondition(condition, ofSize) for condition in dict.fromkeys(one.condition for one in ofSize)
            )
            passing[size] = mean >= threshold
            yield Check(
                "AT6",
                f"contrast recovered, {size:g} mm",
                profile,
                preset,
                mean,
                "%",
                ">=",
                threshold,
                PROVISIONAL,
                text,
            )
        flips = sum(one.percent < 0 for one in own)
        text = f"of {len(own)} lesions with the noise of the image taken out"
        yield Check("AT6", "lesions with flipped sign", profile, preset, flips, "", "<=", 0, PROVISIONAL, text)
        yield _smallest(profile, preset, passing)


def _ofCondition(condition, found):
    own = [(one.percent, one.percentBefore) for one in found if one.condition == condition]
    after, before = np.mean(own, axis=0)
    return f"{condition}: {after:.1f} % (input {before:.0f} %)"


def _smallest(profile, preset, passing):
    """The size from which on every size passes: it goes on the label."""
    sizes = [s for s in SIZES_MM if all(passing[other] for other in SIZES_MM if other >= s)]
    value = min(sizes) if sizes else float("nan")
    return Check("AT6", "smallest passing lesion (for the label)", profile, preset, value, "mm", "", None, PROVISIONAL)


def _mean(found, cnr):
    return float(np.mean([one.percent for one in found if abs(one.lesion.cnr) == cnr]))


def _table(profile, found):
    """Percent of the contrast by size and CNR, medium preset, beside what the noisy images show."""
    lines = []
    for preset in PRESETS:
        own = [one for one in found if (one.profile, one.preset) == (profile, preset)]
        for size in SIZES_MM:
            ofSize = [one for one in own if one.lesion.diameterMm == size]
            cells = [f"{_mean(ofSize, cnr):.0f}" for cnr in CNRS]
            dark = np.mean([one.percent for one in ofSize if one.lesion.cnr < 0])
            weights = np.array([one.lesion.cnr**2 for one in ofSize])
            shown = [
                100 * np.average([getattr(one, name) for one in ofSize], weights=weights)
                for name in ("shownBefore", "shown")
            ]
            lines.append((preset, f"{size:g}", *cells, f"{dark:.0f}", f"{shown[0]:.0f}", f"{shown[1]:.0f}"))
    header = (
        "preset",
        "mm",
        *(f"CNR {cnr:g}" for cnr in CNRS),
        "dark ones",
        "input, in its noise",
        "output, in its noise",
    )
    return Table(
        f"Lesion contrast recovered in percent, {profile}",
        header,
        tuple(lines),
        "CNR columns: with the noise taken out (same noise with and without lesions). Last two: in the image as it is.",
    )


def _gallery(title, lesions, case, outputs):
    """Truth, input, output and what was removed around one lesion of every size and CNR."""
    rows = []
    high = float(np.percentile(case.full[case.mask], 99.8))
    for size in SIZES_MM:
        tiles = []
        for cnr in CNRS:
            lesion = next((one for one in lesions if one.diameterMm == size and one.cnr == cnr), None)
            if lesion is not None:
                tiles += _tiles(lesion, (case.full, case.noisy.voxels, outputs["medium"]), high)
        rows.append(row(tiles))
    names = [name for cnr in CNRS for name in (f"CNR {cnr:g}: truth", "input", "output", "removed")]
    caption = f"Lesions of {', '.join(f'{s:g}' for s in SIZES_MM)} mm from top to bottom; removed times 4."
    return Picture(title, png(labelled(column(rows), names, zoom=3)), caption)


def _tiles(lesion, images, high):
    k, j, i = np.rint(lesion.centre).astype(int)
    half = GALLERY_SIDE // 2
    part = (k, slice(j - half, j + half), slice(i - half, i + half))
    tiles = [window(image[part], 0, high) for image in images]
    return [*tiles, window(images[1][part] - images[2][part], -high / 8, high / 8)]
