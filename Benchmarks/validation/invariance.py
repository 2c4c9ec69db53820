"""AT11 identity and monotony, AT12 determinism, AT13 geometry, AT14 seams, AT16 scale."""

import dataclasses

import numpy as np
from scipy import ndimage

from DLEnhanceLib.enhancement import blend, computeComponents
from DLEnhanceLib.strengths import PRESETS, Strengths
from DLEnhanceLib.survey import survey
from DLEnhanceLib.tiles import headWeight, planTiles

from .enhancedScores import flattestCube
from .heads import makeHead, scanHead
from .results import BRIEF, PROVISIONAL, Check, GroupResult

NOTES = "Enhancement notes 2.3"
OBLIQUE = np.array([[0.96, -0.1, 0.2, -80.0], [0.08, 0.98, -0.1, -60.0], [-0.18, 0.12, 0.95, -30.0], [0, 0, 0, 1.0]])


def judgeInvariance(session) -> GroupResult:
    head = makeHead("map 19 T1 black-blood", session.data, session.seed)
    case = scanHead(head, {"sigma": 0.05}, seed=session.seed, name="5 %")
    volume = dataclasses.replace(case.noisy, ijkToRAS=OBLIQUE)
    checks, notes = [], []
    for profile in session.backends:
        session.say(f"identity, determinism, geometry, seams, scale: {profile}")
        components = session.components(volume, profile)
        checks += list(_identity(volume, components, profile, case))
        checks += list(_determinism(session, volume, components, profile, notes))
        checks += list(_geometry(volume, components, profile))
        checks += list(_seams(session, volume, profile, case))
        checks += list(_scale(session, volume, components, profile, case))
    return GroupResult(
        "Identity, determinism, geometry, seams, scale", tuple(checks), notes=tuple(dict.fromkeys(notes))
    )


def _identity(volume, components, profile, case):
    different = 0
    for kind in (np.float32, np.int16, np.uint16, np.float64):
        typed = volume.withVoxels(volume.voxels.astype(kind))
        same = blend(typed, components, Strengths(0, 0, 0)).voxels
        different += int(same.dtype != typed.voxels.dtype or same.tobytes() != typed.voxels.tobytes())
    yield Check("AT11", "types that strength 0 changes", profile, "all", different, "", "<=", 0, BRIEF, "of 4 types")
    region = flattestCube(case.full, case.mask, edge=11)
    steps = np.linspace(0, 1, 11)
    error = volume.voxels[region] - case.full[region]
    spreads = [(error - step * components.noise[region]).std() for step in steps]
    rises = int((np.diff(spreads) >= 0).sum())
    text = f"SD in a flat region from {spreads[0]:.1f} to {spreads[-1]:.1f} in 10 steps of denoising"
    yield Check("AT11", "steps at which the noise does not fall", profile, "all", rises, "", "<=", 0, BRIEF, text)


def _determinism(session, volume, components, profile, notes):
    again = session.components(volume, profile)
    largest = max(float(np.abs(a - b).max()) for a, b in zip(_parts(components), _parts(again), strict=True))
    yield Check("AT12", "largest difference of two runs", profile, "all", largest, "", "<=", 0.0, BRIEF)
    from DLEnhanceLib.devices import usableDevices
    from DLEnhanceLib.torchBackend import TorchBackend

    others = [device for device in usableDevices() if device.id != "cpu"]
    if not others:
        notes.append("AT12: no graphics card here, so the difference of CPU and GPU was not measured.")
    for device in others:
        backend = TorchBackend(session.backends[profile].model, device)
        other = dataclasses.replace(session, backends={profile: backend}).components(volume, profile)
        for preset, strengths in PRESETS.items():
            outputs = [blend(volume, one, strengths).voxels for one in (components, other)]
            percent = 100 * float(np.abs(outputs[0] - outputs[1]).max() / np.ptp(volume.voxels))
            text = device.label
            yield Check(
                "AT12", "CPU against GPU, of the range", profile, preset, percent, "%", "<=", 0.1, PROVISIONAL, text
            )


def _parts(components):
    return components.noise, components.ringing, components.blur


def _geometry(volume, components, profile):
    for preset, strengths in PRESETS.items():
        output = blend(volume, components, strengths)
        apart = float(np.abs(output.ijkToRAS - volume.ijkToRAS).max())
        if output.voxels.shape != volume.voxels.shape:
            apart = np.inf
        yield Check(
            "AT13", "largest difference of ijk-to-RAS, shape equal", profile, preset, apart, "mm", "<=", 1e-6, BRIEF
        )
        shift = _shift(volume.voxels, output.voxels)
        yield Check("AT13", "shift by phase correlation", profile, preset, shift, "voxels", "<=", 0.05, BRIEF)


def _shift(first, second):
    """Largest component of the displacement, to 0.01 voxel (Guizar-Sicairos 2008, as in scikit-image)."""
    from skimage.registration import phase_cross_correlation

    return float(np.abs(phase_cross_correlation(first, second, upsample_factor=100)[0]).max())


def _seams(session, volume, profile, case):
    """Tiles of 24 and 40 voxels against the whole: no difference, and no step at their borders."""
    sigma = float(np.median(case.sigma))
    middle = tuple(slice(max(n // 2 - 36, 0), n // 2 + 36) for n in volume.voxels.shape)
    part = dataclasses.replace(volume, voxels=volume.voxels[middle].copy())
    whole, weight = session.components(part, profile, tile=96), headWeight(session.survey(part).head)
    worst = largest = 0.0
    for edge in (24, 40):
        tiled = session.components(part, profile, tile=edge)
        pairs = zip(_parts(tiled), _parts(whole), strict=True)
        largest = max(largest, *(float(np.abs(a - b).max()) / sigma for a, b in pairs))
        plan = planTiles(weight, margin=session.backends[profile].margin, voxels=1, edge=edge)
        change = blend(part, tiled, PRESETS["high"]).voxels - part.voxels
        worst = max(worst, _borderExcess(change, [core for core, _ in plan]))
    text = "planes at tile borders against all others, tiles of 24 and 40 voxels"
    name = "gradient at tile borders, in SD of the inside"
    yield Check("AT14", name, profile, "high", worst, "SD", "<=", 3.0, BRIEF, text)
    text = "components of tiles of 24 and 40 voxels against one tile"
    yield Check("AT14", "largest difference to the whole", profile, "all", largest, "sigma", "<=", 1e-3, NOTES, text)


def _borderExcess(change, cores):
    """How far the mean |gradient| across border planes lies above that across inner planes, in their SD."""
    worst = 0.0
    for axis in range(3):
        step = np.abs(np.diff(change, axis=axis)).mean(axis=tuple(a for a in range(3) if a != axis))
        # neighbouring planes differ with the anatomy: compare each with the trend around it
        step = step - ndimage.median_filter(step, 9)
        borders = sorted({core[axis].start - 1 for core in cores if core[axis].start > 0})
        borders = [b for b in borders if 8 <= b < len(step) - 8]
        inner = np.delete(step[8:-8], [b - 8 for b in borders])
        worst = max([worst, *((step[b] - inner.mean()) / inner.std() for b in borders)])
    return float(worst)


def _scale(session, volume, components, profile, case):
    level = float(np.percentile(case.full[case.mask], 99))
    base = {name: blend(volume, components, one).voxels.astype(np.float64) for name, one in PRESETS.items()}
    differences = {name: {} for name in PRESETS}
    for factor, offset in ((0.01, 0.0), (7.3, 0.0), (1000.0, 0.0), (1.0, 500.0), (2.5, 3000.0)):
        other = volume.withVoxels((volume.voxels.astype(np.float64) * factor + offset).astype(np.float32))
        # the whole chain again: the survey must find the same noise and tissue
        found = survey(other)
        parts = computeComponents(other, found, session.backends[profile])
        for name, strengths in PRESETS.items():
            output = (blend(other, parts, strengths).voxels.astype(np.float64) - offset) / factor
            percent = 100 * np.abs(output - base[name]) / level
            differences[name][f"x {factor:g} + {offset:g}"] = (float(percent.max()), float(percent.mean()))
    for name, found in differences.items():
        worst = max(found, key=lambda key: found[key][0])
        text = "; ".join(f"{key}: {largest:.3f} (mean {mean:.4f})" for key, (largest, mean) in found.items())
        name16 = "largest difference after scaling back"
        yield Check("AT16", name16, profile, name, found[worst][0], "% of tissue", "<=", 0.1, BRIEF, text)
