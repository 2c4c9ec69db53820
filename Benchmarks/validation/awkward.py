"""AT15: inputs that are not what one expects are enhanced rightly or declined with a reason.

Right means: same grid and type, finite where the input is, no farther from the truth than the input where there is one.
"""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from DLEnhanceLib.enhancement import enhance
from DLEnhanceLib.errors import DLEnhanceError
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.strengths import PRESETS

from .enhancedScores import rmse
from .heads import makeHead, scanHead
from .results import BRIEF, Check, GroupResult, Table

RIGHT, DECLINED = "enhanced", "declined"
MAY_DECLINE_ONLY = ("all zero", "constant", "4D file", "RGB file")


@dataclasses.dataclass(frozen=True, eq=False)
class Input:
    """A volume with its truth (or None), or a function that reads one and may decline."""

    volume: object
    truth: np.ndarray | None = None


def judgeAwkward(session) -> GroupResult:
    head = makeHead("map 19 T1 black-blood", session.data, session.seed)
    case = scanHead(head, {"sigma": 0.05}, seed=session.seed, name="5 %")
    checks, lines = [], []
    for profile, backend in session.backends.items():
        wrong = []
        for name, make in inputs(case, session.isQuick).items():
            session.say(f"awkward input, {profile}: {name}")
            outcome, problem = _outcome(name, make, backend)
            lines.append((name, profile, outcome if not problem else f"WRONG: {problem}"))
            wrong += [name] if problem else []
        text = ", ".join(wrong) if wrong else "all right or declined with one sentence"
        checks.append(
            Check("AT15", "awkward inputs handled wrongly", profile, "medium", len(wrong), "", "<=", 0, BRIEF, text)
        )
    table = Table("Awkward inputs", ("input", "profile", "what happened"), tuple(lines))
    return GroupResult("Awkward inputs", tuple(checks), (table,))


def _outcome(name, make, backend):
    """(what happened, what is wrong about it or an empty text)."""
    try:
        given = make()
        run = enhance(given.volume, backend, strengths=PRESETS["medium"])
    except DLEnhanceError as error:
        return f"{DECLINED}: {error}", ""
    except Exception as error:  # a crash on any input is a finding of this test, not of its program
        return "", f"{type(error).__name__}: {error}"
    if name in MAY_DECLINE_ONLY:
        return "", "was enhanced although it holds no MR volume"
    problem = _problem(given, run.volume)
    warned = [finding.id for finding in run.guard.findings if not finding.passed]
    return RIGHT + (f"; guard warns: {', '.join(warned)}" if warned else ""), problem


def _problem(given, output):
    before, after = given.volume.voxels, output.voxels
    if after.shape != before.shape or after.dtype != before.dtype:
        return "shape or type changed"
    if not np.array_equal(output.ijkToRAS, given.volume.ijkToRAS):
        return "geometry changed"
    finite = np.isfinite(before) if before.dtype.kind == "f" else np.ones(before.shape, bool)
    if not np.isfinite(after[finite].astype(np.float64)).all():
        return "values that are not finite appeared"
    if given.truth is not None:
        inside = finite & (given.truth > 100)
        errors = [rmse(image.astype(np.float64), given.truth, inside) for image in (before, after)]
        if errors[1] > 1.02 * errors[0]:
            return f"farther from the truth than the input ({errors[1]:.1f} against {errors[0]:.1f})"
    return ""


def inputs(case, isQuick):
    """Name to a function that makes the Input."""
    small = _cut(case, (24, 96, 96))
    noisy, truth = small.volume.voxels, small.truth
    found = {
        "one slice": lambda: _cut(case, (1, 96, 96)),
        "odd sizes": lambda: _cut(case, (23, 87, 91)),
        "tiny, 5 x 40 x 40": lambda: _cut(case, (5, 40, 40)),
        "signed integers with negative air": lambda: _typed(small, noisy - 200, np.int16, truth - 200),
        "unsigned 16 bit": lambda: _typed(small, noisy, np.uint16, truth),
        "8 bit": lambda: _typed(small, noisy / 6, np.uint8, truth / 6),
        "NaN voxels": lambda: _withNan(small),
        "zero-filled borders": lambda: _bordered(small),
        "already denoised": lambda: Input(small.volume.withVoxels(truth.copy()), None),
        "all zero": lambda: Input(small.volume.withVoxels(np.zeros_like(noisy))),
        "constant": lambda: Input(small.volume.withVoxels(np.full_like(noisy, 100))),
        "pure noise": lambda: _pureNoise(small),
        "4D file": lambda: _throughFile(np.repeat(noisy[None, :8], 3, axis=0), isVector=False),
        "RGB file": lambda: _throughFile(np.repeat(noisy[:8, :, :, None], 3, axis=3).astype(np.uint8), isVector=True),
        "CT": lambda: _ct(small),
    }
    if not isQuick:
        found["512 x 512 x 30, 0.45 x 0.45 x 5 mm"] = lambda: _thickSlices(case)
    return found


def _cut(case, size):
    """Around the middle; the truth goes along."""
    part = tuple(
        slice((n - m) // 2, (n - m) // 2 + m)
        for n, m in zip(case.full.shape, map(min, size, case.full.shape), strict=True)
    )
    return Input(dataclasses.replace(case.noisy, voxels=case.noisy.voxels[part].copy()), case.full[part].copy())


def _typed(given, voxels, kind, truth):
    limits = np.iinfo(kind)
    stored = np.clip(np.rint(voxels), limits.min, limits.max).astype(kind)
    return Input(given.volume.withVoxels(stored), truth if kind != np.uint8 else None)


def _withNan(given):
    voxels = given.volume.voxels.copy()
    voxels[10:12, 30:40, 30:40] = np.nan
    voxels[3, 3, 3] = np.inf
    return Input(given.volume.withVoxels(voxels), given.truth)


def _bordered(given):
    voxels, truth = given.volume.voxels.copy(), given.truth.copy()
    for image in (voxels, truth):
        image[:, :12] = image[:, -12:] = 0
        image[:, :, :9] = 0
    return Input(given.volume.withVoxels(voxels), truth)


def _pureNoise(given):
    random = np.random.default_rng(4)
    parts = random.standard_normal((2, *given.volume.voxels.shape)) * 50
    return Input(given.volume.withVoxels(np.hypot(*parts).astype(np.float32)))


def _ct(given):
    """Hounsfield units: air at -1000, tissue at 40, a skull at 1000."""
    voxels = np.where(given.truth > 100, 40 + 0.05 * (given.volume.voxels - 800), -1000)
    voxels = np.where(given.truth > 1150, 1000, voxels)
    volume = dataclasses.replace(given.volume.withVoxels(voxels.astype(np.int16)), tags={"Modality": "CT"})
    return Input(volume)


def _thickSlices(case):
    """A slice stack as of a 2D sequence, interpolated to 512 x 512."""
    from scipy import ndimage

    part = case.noisy.voxels[::3][:30]
    factors = (1, 512 / part.shape[1], 512 / part.shape[2])
    voxels = ndimage.zoom(part, factors, order=1).astype(np.int16)
    return Input(dataclasses.replace(case.noisy, voxels=voxels, ijkToRAS=np.diag([0.45, 0.45, 5.0, 1.0])))


def _throughFile(array, *, isVector):
    """What reading a file of this kind gives; it may decline."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.nii.gz"
        image = sitk.GetImageFromArray(array, isVector=isVector)
        sitk.WriteImage(image, str(path))
        return Input(readVolume(path))
