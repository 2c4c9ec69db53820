"""One pass over all simulated scans without lesions: what fidelity.py and hallucination.py judge."""

import dataclasses

import numpy as np
from fourierRingCorrelation import judgeOutput

from DLEnhanceLib.strengths import PRESETS

from .blobs import BlobCount, countBlobs
from .enhancedScores import flattestCube, residualCorrelations, rmse, ssim, tissueSnr
from .heads import CONDITIONS, QUICK_CONDITIONS, headNames, makeHead, scanHead
from .pictures import comparisonPicture


@dataclasses.dataclass(frozen=True, eq=False)
class CaseRow:
    """Numbers of one output against its truth. psnr: dB in the mask, range the 99th percentile of the truth.

    bias: tissue to (change of the mean against the input in percent of it, SNR of the tissue, what the change would be
    to the truth); contrast: pair of tissues to the relative change of their CR in percent; lostPatches: of
    judgedPatches by ring correlation (AT9).
    """

    case: str
    condition: str
    profile: str
    preset: str
    snrGain: float
    nrmseRatio: float
    psnrIn: float
    psnrGain: float
    ssimIn: float
    ssimGain: float
    edgeCorrelation: float
    curvatureCorrelation: float
    bias: dict
    contrast: dict
    judgedPatches: int
    lostPatches: int
    blobs: BlobCount


def caseRows(session):
    """(rows, pictures) of all heads, conditions, profiles and presets."""
    rows, pictures = [], []
    conditions = session.choose(tuple(CONDITIONS), QUICK_CONDITIONS)
    for headNumber, name in enumerate(headNames(session.isQuick)):
        head = makeHead(name, session.data, session.seed)
        for number, condition in enumerate(conditions):
            case = scanHead(head, condition, seed=session.seed + 100 * headNumber + number)
            session.say(f"head {name}, {condition}")
            for profile in session.backends:
                outputs = session.outputs(case.noisy, profile)
                rows += [_row(case, profile, preset, image) for preset, image in outputs.items()]
                if number % 9 in (1, 4, 5) and profile == next(iter(session.backends)):
                    pictures.append(_picture(case, profile, outputs["medium"]))
    return rows, pictures


def _row(case, profile, preset, output):
    noisy, mask, strengths = case.noisy.voxels, case.mask, PRESETS[preset]
    aim = case.aim(strengths)
    peak = float(np.percentile(case.full[mask], 99))
    before, after = rmse(noisy, aim, mask), rmse(output, aim, mask)
    ssimIn = ssim(noisy, aim, mask, peak)
    region = flattestCube(case.full, mask)
    verdict = judgeOutput(case.full, noisy, output, mask=mask)
    edges, curvature = residualCorrelations(noisy - output, case.full, mask)
    return CaseRow(
        case=case.name,
        condition=case.condition,
        profile=profile,
        preset=preset,
        snrGain=100 * (tissueSnr(output, region) / tissueSnr(noisy, region) - 1),
        nrmseRatio=after / before,
        psnrIn=20 * np.log10(peak / before),
        psnrGain=20 * np.log10(before / after),
        ssimIn=ssimIn,
        ssimGain=ssim(output, aim, mask, peak) - ssimIn,
        edgeCorrelation=edges,
        curvatureCorrelation=curvature,
        bias=dict(_biases(case, output)),
        contrast=dict(_contrasts(case, output)),
        judgedPatches=verdict.patches,
        lostPatches=verdict.lost,
        blobs=countBlobs(noisy, output, case.full, case.sigma, mask),
    )


def _tissues(case):
    """Masks of the tissues in this scan; a scan of thick slices has none."""
    for name, mask in case.head.tissues.items():
        if mask.shape == case.mask.shape and (mask & case.mask).sum() >= 200:
            yield name, mask & case.mask


def _biases(case, output):
    for name, mask in _tissues(case):
        before = float(case.noisy.voxels[mask].mean())
        snr = before / float(np.median(case.sigma[mask]))
        changes = [100 * (float(image[mask].mean()) / before - 1) for image in (output, case.full)]
        yield name, (changes[0], snr, changes[1])


def _contrasts(case, output):
    """Relative change of CR = (S1 - S2) / (S1 + S2) of white matter against the other tissues."""
    means = {name: (case.noisy.voxels[mask].mean(), output[mask].mean()) for name, mask in _tissues(case)}
    for name, (before, after) in means.items():
        if name == "white" or "white" not in means:
            continue
        ratios = [(w - x) / (w + x) for w, x in ((means["white"][0], before), (means["white"][1], after))]
        if abs(ratios[0]) > 0.03:  # below, the tissues look alike and the change of a tiny number says nothing
            yield f"white, {name}", 100 * (ratios[1] / ratios[0] - 1)


def _picture(case, profile, output):
    middle = case.full.shape[0] // 2
    images = [x[middle] for x in (case.full, case.noisy.voxels, output)]
    pictures = [images[1], images[2], images[0]]
    return comparisonPicture(
        case.name,
        [pictures[0], pictures[2], pictures[1]],
        ("input", "truth", f"{profile}, medium"),
        low=0,
        high=float(np.percentile(case.full[case.mask], 99.7)),
        zoom=2,
    )
