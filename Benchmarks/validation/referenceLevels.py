"""AT22: gains on simulated black-blood data beside the published x1.51 SNR and x1.29 CNR. Information, never a gate."""

import numpy as np

from .enhancedScores import flattestCube
from .heads import makeHead, scanHead
from .lesions import Inserted, drawLesions
from .results import Check, GroupResult

PUBLISHED = "Oh et al. 2025, doi:10.1007/s00330-025-11920-7: SNR x1.51, CNR x1.29 (method of noise not stated)"
LESIONS_MM = (4.0, 5.0, 6.0, 8.0)


def judgeReferenceLevels(session) -> GroupResult:
    head = makeHead("map 19 T1 black-blood", session.data, session.seed)
    lesions = _lesions(head, session.random("AT22"))
    image = drawLesions(head, lesions)
    found = {}
    for number, percent in enumerate(session.choose((2, 4, 6), (4,))):
        session.say(f"reference levels, {percent} % noise")
        case = scanHead(head, {"sigma": percent / 100}, seed=session.seed + number, image=image, name="black-blood")
        reference = flattestCube(case.full, case.mask & head.tissues["white"])
        for profile in session.backends:
            for preset, output in session.outputs(case.noisy, profile).items():
                gains = [_gains(case.noisy.voxels, output, one, reference) for one in lesions]
                found.setdefault((profile, preset), []).extend(gains)
    checks = []
    for (profile, preset), gains in found.items():
        snr, cnr, ratio = np.median(gains, axis=0)
        text = f"median of {len(gains)} lesions; ratio lesion / white matter changed by {100 * (ratio - 1):+.1f} %"
        checks.append(
            Check("AT22", "SNR, output / input (published 1.51)", profile, preset, snr, "x", "", None, PUBLISHED, text)
        )
        checks.append(
            Check("AT22", "CNR, output / input (published 1.29)", profile, preset, cnr, "x", "", None, PUBLISHED, text)
        )
    return GroupResult("Reference levels of the studies (information)", tuple(checks))


def _lesions(head, random):
    """Twelve enhancing lesions in white matter."""
    from scipy import ndimage

    places, chosen = np.argwhere(ndimage.binary_erosion(head.tissues["white"], iterations=2)), []
    inside = [p for p in places if all(14 < c < n - 14 for c, n in zip(p, head.tissues["white"].shape, strict=True))]
    for diameter in np.repeat(LESIONS_MM, 3):
        for _ in range(200):
            centre = inside[random.integers(len(inside))]
            if all(np.linalg.norm(centre - other.centre) > 12 for other in chosen):
                chosen.append(Inserted(tuple(map(float, centre)), float(diameter), 10.0))
                break
    return chosen


def _gains(before, after, lesion, reference):
    """Ratios of SNR, CNR (tissue_sd) and contrast ratio of one lesion."""
    offsets = np.ogrid[tuple(slice(0, n) for n in before.shape)]
    distance = np.sqrt(sum((o - c) ** 2 for o, c in zip(offsets, lesion.centre, strict=True)))
    inside = distance <= lesion.diameterMm / 2 - 0.5
    values = []
    for image in (before, after):
        signal, white, noise = image[inside].mean(), image[reference].mean(), image[reference].std(ddof=1)
        values.append((signal / noise, (signal - white) / noise, signal / white))
    return tuple(b / a for a, b in zip(*values, strict=True))
