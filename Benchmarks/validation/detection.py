"""A model observer (enhancement notes 3.5): can the lesion still be told from its absence?

Channelised Hotelling observer with Laguerre-Gauss channels on a lesion of known place and size. No processing can raise
an ideal observer's area under the curve; this is a test of doing no harm.
"""

import dataclasses

import numpy as np

from DLEnhanceLib.strengths import PRESETS
from DLEnhanceLib.volume import Volume

from .heads import SCALE, drawBall
from .results import Check, GroupResult, Table

SHAPE = (48, 80, 80)
APART = 16
HALF = 7
CHANNELS = 6
SIGMA = 0.06
LEVEL = 0.7
HARM = 0.02  # of the area under the curve, about twice its standard error
TASKS = ((2.0, 2.5), (3.0, 1.2), (5.0, 0.6))  # diameter in voxels (mm) and CNR: AUC of 0.8 to 0.95 in the input
SOURCE = "Enhancement notes 3.5: do no harm; margin of twice the standard error"


@dataclasses.dataclass(frozen=True)
class Scores:
    """Observer's outputs where the lesion is and where it is not."""

    present: np.ndarray
    absent: np.ndarray

    @property
    def auc(self) -> float:
        """Mann-Whitney."""
        differences = self.present[:, None] - self.absent[None]
        return float(((differences > 0) + 0.5 * (differences == 0)).mean())


def judgeDetection(session) -> GroupResult:
    draws, checks, lines = session.choose(6, 3), [], []
    for task, (diameter, cnr) in enumerate(TASKS):
        session.say(f"model observer, {diameter:g} mm at CNR {cnr:g}, {draws} x 2 volumes")
        patches = {}
        for draw in range(draws):
            for isPresent in (False, True):
                volume, centres = _volume(session.random("observer", task, draw, isPresent), diameter, cnr, isPresent)
                images = {("input", ""): volume.voxels}
                for profile in session.backends:
                    for preset, output in session.outputs(volume, profile).items():
                        images[profile, preset] = output
                for key, image in images.items():
                    patches.setdefault((key, isPresent), []).append(_patches(image, centres))
        scores = {
            key: observe(np.concatenate(patches[key, True]), np.concatenate(patches[key, False]), diameter)
            for key, isPresent in patches
            if isPresent
        }
        before = scores["input", ""].auc
        for profile in session.backends:
            for preset in PRESETS:
                after = scores[profile, preset].auc
                text = f"{diameter:g} mm, CNR {cnr:g}: {before:.3f} in the input, {after:.3f} in the output"
                checks.append(
                    Check("Observer", f"change of AUC, {diameter:g} mm at CNR {cnr:g}", profile, preset, after - before,
                          "", ">=", -HARM, SOURCE, text)
                )  # fmt: skip
                lines.append((f"{diameter:g} mm, CNR {cnr:g}", profile, preset, f"{before:.3f}", f"{after:.3f}"))
    header = ("lesion", "profile", "preset", "AUC input", "AUC output")
    table = Table(
        "Channelised Hotelling observer",
        header,
        tuple(lines),
        "Two-fold: template from one half, scores from the other.",
    )
    return GroupResult("Detection by a model observer", tuple(checks), (table,))


def _volume(random, diameter, cnr, isPresent):
    """Magnitude noise on a flat background with soft texture; a lesion at every place of a grid, or none."""
    from scipy import ndimage

    texture = ndimage.gaussian_filter(random.standard_normal(SHAPE), 4)
    image = (LEVEL * (1 + 0.04 * texture / texture.std())).astype(np.float32)
    steps = [np.arange(APART // 2, n - HALF, APART) for n in SHAPE]
    centres = np.stack(np.meshgrid(*steps, indexing="ij"), -1).reshape(-1, 3)
    if isPresent:
        for centre in centres:
            drawBall(image, centre, diameter / 2, cnr * SIGMA)
    parts = random.standard_normal((2, *SHAPE)) * SIGMA
    noisy = np.hypot(image + parts[0], parts[1]) * SCALE
    return Volume(noisy.astype(np.float32), np.eye(4), "observer"), centres


def _patches(image, centres):
    """(n, 3, edge, edge): the slice through each place and its two neighbours."""
    cut = slice(-HALF, HALF + 1)
    return np.stack(
        [image[k - 1 : k + 2, j + cut.start : j + cut.stop, i + cut.start : i + cut.stop] for k, j, i in centres]
    )


def observe(present, absent, diameter) -> Scores:
    """Scores of all patches, each half judged by the template of the other half."""
    channels = laguerreGauss(2 * HALF + 1, max(diameter, 2.0))
    first, second = (np.tensordot(p, channels, axes=([2, 3], [1, 2])).reshape(len(p), -1) for p in (present, absent))
    results = [[], []]
    for half in (0, 1):
        train = [x[half::2] for x in (first, second)]
        spread = sum(np.cov(x, rowvar=False) for x in train) / 2
        template = np.linalg.solve(
            spread + 1e-9 * np.trace(spread) * np.eye(len(spread)), train[0].mean(0) - train[1].mean(0)
        )
        for result, x in zip(results, (first, second), strict=True):
            result.append(x[1 - half :: 2] @ template)
    return Scores(*(np.concatenate(r) for r in results))


def laguerreGauss(edge, width):
    """(CHANNELS, edge, edge) rotationally symmetric channels (Barrett et al. 1998), orthogonal about the centre."""
    steps = np.arange(edge) - edge // 2
    g = 2 * np.pi * (steps[:, None] ** 2 + steps[None] ** 2) / (2 * width) ** 2
    previous, current, channels = np.zeros_like(g), np.ones_like(g), []
    for order in range(CHANNELS):
        channel = np.exp(-g / 2) * current
        channels.append(channel / np.sqrt((channel**2).sum()))
        previous, current = current, ((2 * order + 1 - g) * current - order * previous) / (order + 1)
    return np.stack(channels)
