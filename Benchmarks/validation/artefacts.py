"""AT10: ghosts of motion and pulsation, spikes and zippers stay what they were.

Each head is scanned with and without the artefact and the same noise; the difference of the two images is the artefact.
"""

import numpy as np

from DLEnhanceLib.strengths import PRESETS

from .heads import SCALE, drawTube, makeHead, scanHead
from .pictures import comparisonPicture
from .results import PROVISIONAL, Check, GroupResult

LEAST = 0.2  # of the largest artefact value: where the energy is counted


def judgeArtefacts(session) -> GroupResult:
    names = session.choose(("ICBM152 T1", "map 20 T2"), ("ICBM152 T1",))
    kinds = session.choose(tuple(ARTEFACTS), ("motion ghost", "pulsation ghost"))
    found, pictures = {}, []
    for name in names:
        head = makeHead(name, session.data, session.seed)
        without = scanHead(head, {"sigma": 0.04}, seed=session.seed, name="4 %")
        bare = {profile: session.outputs(without.noisy, profile) for profile in session.backends}
        for kind in kinds:
            session.say(f"{kind} in {name}")
            image = ARTEFACTS[kind](head.image, session.random(kind, name))
            case = scanHead(head, {"sigma": 0.04}, seed=session.seed, image=image, name=kind)
            before = case.noisy.voxels - without.noisy.voxels
            for profile in session.backends:
                outputs = session.outputs(case.noisy, profile)
                for preset in PRESETS:
                    change = _energyChange(before, outputs[preset] - bare[profile][preset], case.full - without.full)
                    found.setdefault((profile, preset, kind), []).append(change)
                if name == names[0] and profile == next(iter(session.backends)):
                    pictures.append(_picture(f"{kind}, {profile}", case, outputs["high"]))
    checks = [_check(*key, changes) for key, changes in found.items()]
    return GroupResult("Artefacts stay", tuple(checks), pictures=tuple(pictures))


def _energyChange(before, after, truth):
    """Percent by which the energy of the artefact changed, where it really is."""
    size = np.abs(truth)
    where = size > LEAST * np.percentile(size, 99.9)
    return 100 * float((after[where].astype(np.float64) ** 2).sum() / (before[where].astype(np.float64) ** 2).sum() - 1)


def _check(profile, preset, kind, changes):
    worst = max(changes, key=abs)
    text = ", ".join(f"{change:+.1f} %" for change in changes)
    return Check(
        "AT10",
        f"|change of energy|, {kind}",
        profile,
        preset,
        abs(worst),
        "%",
        "<=",
        5.0,
        PROVISIONAL,
        f"heads: {text}",
    )


def _motionGhost(image, _random):
    """Copies of the head shifted by a third of the field along j: interrupted motion."""
    shift = image.shape[1] // 3
    return image + 0.06 * (np.roll(image, shift, 1) + np.roll(image, -shift, 1))


def _pulsationGhost(image, random):
    """A bright vessel and its ghosts in even steps along j."""
    vessel = np.zeros_like(image)
    drawTube(vessel, (0, image.shape[1] * 0.55, image.shape[2] * 0.45), (1.0, 0.05, 0.05), 2.5, 0.9, random)
    ghosts = sum(0.25 * 0.75 ** abs(n) * np.roll(vessel, 13 * n, 1) for n in (-4, -3, -2, -1, 1, 2, 3, 4))
    return image + vessel + ghosts.astype(np.float32)


def _spike(image, random):
    """One spurious k-space sample: stripes over the whole image."""
    waves = [
        np.arange(n).reshape([-1 if a == axis else 1 for a in range(3)]) * random.integers(5, n // 4) / n
        for axis, n in enumerate(image.shape)
    ]
    return np.maximum(image + 0.03 * np.cos(2 * np.pi * sum(waves)).astype(np.float32), 0)


def _zipper(image, random):
    """A dotted line of interference along j."""
    result = image.copy()
    place = round(image.shape[2] * 0.38)
    dots = random.uniform(0.1, 0.6, image.shape[:2]).astype(np.float32)
    result[:, :, place] += dots * (np.arange(image.shape[1]) % 2)
    return result


ARTEFACTS = {
    "motion ghost": _motionGhost,
    "pulsation ghost": _pulsationGhost,
    "spike": _spike,
    "zipper": _zipper,
}


def _picture(title, case, output):
    middle = case.full.shape[0] // 2
    images = [case.noisy.voxels[middle], case.full[middle], output[middle]]
    return comparisonPicture(title, images, ("input", "truth with artefact", "high"), low=0, high=1.3 * SCALE, zoom=2)
