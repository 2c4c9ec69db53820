"""AT1 SNR, AT2 error to truth, AT3 intensity, AT8 residual."""

import numpy as np

from DLEnhanceLesionMetricsLib.pseudoReplica import pseudoReplica
from DLEnhanceLib.enhancement import blend
from DLEnhanceLib.strengths import PRESETS

from .enhancedScores import flattestCube
from .heads import SCALE, TRUTH, makeHead, scanHead
from .results import BRIEF, PROVISIONAL, Check, GroupResult, Table

LEAST_TISSUE_SNR = 10.0  # below, the Rician bias of the input itself moves its mean by more than half a percent
NOISE_BY_MEANS = "mean over the cases with at least 2 % noise"


def judgeFidelity(session, rows, pictures) -> GroupResult:
    """Checks of the rows of headStudy.caseRows and of pseudo-replicas."""
    checks, tables = [], []
    for profile in session.backends:
        for preset in PRESETS:
            part = [row for row in rows if (row.profile, row.preset) == (profile, preset)]
            checks += list(_ofPreset(profile, preset, part))
            checks += list(_biasChecks(profile, preset, part))
        checks += list(_replicaChecks(session, profile))
        tables.append(_table(profile, rows))
    return GroupResult(
        "Fidelity: signal, error, intensity, residual", tuple(checks), tuple(tables), tuple(pictures), notes=(TRUTH,)
    )


def _ofPreset(profile, preset, rows):
    noisy = [row for row in rows if not row.condition.endswith(" 1 %")]
    yield _snrCheck("tissue_sd", profile, preset, np.mean([row.snrGain for row in noisy]), NOISE_BY_MEANS)
    worst = max(rows, key=lambda row: row.nrmseRatio)
    share = f"{sum(row.nrmseRatio < 1 for row in rows)} of {len(rows)} cases; worst: {worst.case}"
    yield Check("AT2", "largest NRMSE(out) / NRMSE(in)", profile, preset, worst.nrmseRatio, "", "<=", 1.0, BRIEF, share)
    gain = float(np.mean([row.psnrGain for row in rows]))
    yield Check("AT2", "mean PSNR gain", profile, preset, gain, "dB", ">=", 1.0, BRIEF, f"{len(rows)} cases")
    worst = min(rows, key=lambda row: row.ssimGain)
    share = f"{sum(row.ssimGain >= 0 for row in rows)} of {len(rows)} cases; worst: {worst.case}"
    # SSIM is computed in single precision: a change below 1e-4 is none
    yield Check("AT2", "smallest change of SSIM", profile, preset, worst.ssimGain, "", ">=", -1e-4, BRIEF, share)
    worst = max(noisy, key=lambda row: row.edgeCorrelation)
    text = f"mean {np.mean([row.edgeCorrelation for row in noisy]):.3f}; worst: {worst.case}"
    yield Check(
        "AT8", "|correlation| of input - output with edges", profile, preset, worst.edgeCorrelation, "", "<=", 0.1,
        PROVISIONAL, text,
    )  # fmt: skip
    mean = float(np.mean([row.curvatureCorrelation for row in noisy]))
    yield Check("AT8", "mean |correlation| with the Laplacian", profile, preset, mean, "", "", None, "Notes 3.3")


def _snrCheck(method, profile, preset, gain, detail):
    threshold, source = {
        "low": (5.0, "K191688 and K203182 (regulatory floor), brief 9.2"),
        "medium": (25.0, PROVISIONAL),
    }.get(preset, (25.0, PROVISIONAL))
    return Check("AT1", f"SNR gain, {method}", profile, preset, float(gain), "%", ">=", threshold, source, detail)


def _biasChecks(profile, preset, rows):
    biases = [
        (abs(percent), f"{tissue} in {row.case}, {percent:+.1f} % where the truth lies at {toTruth:+.1f} %")
        for row in rows
        for tissue, (percent, snr, toTruth) in row.bias.items()
        if snr >= LEAST_TISSUE_SNR
    ]
    if biases:
        worst, where = max(biases)
        text = f"{sum(b < 1 for b, _ in biases)} of {len(biases)} tissues with SNR >= 10 below 1 %; worst: {where}"
        yield Check("AT3", "largest |change of a tissue mean|", profile, preset, worst, "%", "<=", 1.0, BRIEF, text)
    changes = [
        (abs(percent), f"{pair} in {row.case}")
        for row in rows
        for pair, percent in row.contrast.items()
        if all(row.bias[tissue][1] >= LEAST_TISSUE_SNR for tissue in pair.split(", "))
    ]
    if changes:
        worst, where = max(changes)
        text = f"{sum(c <= 3 for c, _ in changes)} of {len(changes)} pairs of tissues within 3 %; worst: {where}"
        yield Check(
            "AT3", "largest |change of CR| of tissues", profile, preset, worst, "%", "<=", 3.0, PROVISIONAL, text
        )


def _replicaChecks(session, profile):
    """The noise that really comes through: SD over enhanced copies with fresh noise, in the whole head."""
    head = makeHead("map 19 T1 black-blood", session.data, session.seed)
    case = scanHead(head, {"sigma": 0.002}, seed=session.seed, name="pseudo-replicas")
    middle = tuple(slice(n // 2 - h, n // 2 + h) for n, h in zip(case.full.shape, (24, 32, 32), strict=True))
    small = _cut(case.noisy, middle)
    replicas, sigma = session.choose(20, 8), 0.05 * SCALE
    session.say(f"pseudo-replicas, {profile}: {replicas} copies")

    def enhanceAll(noisy):
        volume = small.withVoxels(np.abs(noisy))
        components = session.components(volume, profile)
        return np.stack([blend(volume, components, strengths).voxels for strengths in PRESETS.values()])

    noise = pseudoReplica(small.voxels, enhanceAll, sigma, replicas=replicas, seed=session.seed).noise
    region = flattestCube(case.full[middle], case.mask[middle], edge=15)
    for preset, one in zip(PRESETS, noise, strict=True):
        left = float(np.sqrt(np.mean(one[region] ** 2)))
        yield _snrCheck("pseudo_replica", profile, preset, 100 * (sigma / left - 1), f"{replicas} copies, 5 % noise")


def _cut(volume, part):
    import dataclasses

    return dataclasses.replace(volume, voxels=volume.voxels[part].copy())


def _table(profile, rows):
    header = ("case", "input PSNR", *(f"{preset}: dB, SSIM, |r|" for preset in PRESETS))
    lines = []
    own = [row for row in rows if row.profile == profile]
    for case in dict.fromkeys(row.case for row in own):
        part = {row.preset: row for row in own if row.case == case}
        cells = [f"{part[p].psnrGain:+.2f}, {part[p].ssimGain:+.3f}, {part[p].edgeCorrelation:.2f}" for p in PRESETS]
        lines.append((case, f"{part['medium'].psnrIn:.1f}", *cells))
    note = "PSNR and SSIM gain over the input, |correlation| of the removed image with the edges of the truth."
    return Table(f"Scans with truth, {profile}", header, tuple(lines), note)
