"""Options of ``dlenhance measure`` for what is measured by which noise, and noise that must be computed first."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from DLEnhanceLib.errors import BadOption

from .enhanceCommand import positiveInteger

DEFAULT_METHODS = ("tissue_sd",)
DIFFERENCE, PSEUDO_REPLICA = "difference", "pseudo_replica"
SURROUND_OPTIONS = {"conspicuity": "conspicuity", "noise_spectrum": "noise_frequency"}
"""Name in the parsed options to the metric of the core."""


@dataclasses.dataclass(frozen=True, eq=False)
class NoiseInputs:
    """Noise that one image cannot tell. maps: condition to SD (k, j, i). images: for spectra. warning: for its rows."""

    maps: Mapping[str, object] = dataclasses.field(default_factory=dict)
    images: Sequence = ()
    warning: str = ""


def addMethodOptions(parser):
    group = parser.add_argument_group("what is measured")
    group.add_argument(
        "--noise-method",
        metavar="ID",
        action="extend",
        nargs="+",
        help="tissue_sd (default) or others; 'all' for every one that needs no repeat",
    )
    group.add_argument("--conspicuity", action="store_true", help="edge slope of each lesion over what is around it")
    group.add_argument("--noise-spectrum", action="store_true", help="mean frequency of the noise")
    group.add_argument(
        "--replicas", metavar="K", type=positiveInteger, default=20, help="of pseudo_replica (default 20)"
    )
    group.add_argument(
        "--noise-map",
        metavar="FILE",
        type=Path,
        help="write the noise SD of the enhanced image as a volume",
    )
    group.add_argument(
        "--lines",
        metavar="L",
        type=Path,
        nargs="+",
        default=[],
        help="lines (.mrk.json) across an edge or a small target: edge rise, slope, overshoot or width",
    )
    group.add_argument("--device", default="auto", help="for pseudo_replica: auto (default), cpu, cuda, cuda:N or mps")
    group.add_argument("--threads", metavar="N", type=positiveInteger, help="CPU threads of pseudo_replica")


def chosenMethods(given) -> tuple[str, ...]:
    """The ids asked for, each once; 'all' stands for those that need one image only. Raises BadOption for others."""
    from DLEnhanceLesionMetricsLib.measures import NOISE_METHODS, noiseMethod

    found = []
    for name in given or DEFAULT_METHODS:
        single = [method for method in NOISE_METHODS if method not in (DIFFERENCE, PSEUDO_REPLICA)]
        found += single if name == "all" else [noiseMethod(name).id]
    return tuple(dict.fromkeys(found))


def requireMethods(options):
    """Raise BadOption for options that do not go together."""
    if options.cases is not None and (options.noise_map or options.lines):
        raise BadOption("--noise-map and --lines belong to one case; leave them out with --cases.")
    if options.noise_map and PSEUDO_REPLICA not in options.methods:
        raise BadOption("--noise-map writes what pseudo_replica computes; add --noise-method pseudo_replica.")


def requireNoise(case, options):
    """Raise BadOption for a method that lacks what it needs; case: a measureCases.ReadCase."""
    if DIFFERENCE in options.methods and not case.repeats:
        raise BadOption(
            "The method difference needs a second acquisition; give --standard-repeat or --enhanced-repeat."
        )
    if PSEUDO_REPLICA in options.methods:
        if options.replicas < 2:
            raise BadOption(
                "The method pseudo_replica needs at least 2 replicas; 20 or more tell the noise within 5 %."
            )
        replicaStrengths(case)


def replicaStrengths(case):
    """The strengths that made the enhanced image. Raises BadOption where nothing tells them."""
    from DLEnhanceLib.strengths import Strengths

    if not case.enhanceReport:
        raise BadOption(
            "The method pseudo_replica enhances noisy copies as the image was enhanced; name the JSON file of "
            "'enhance --report' with --enhance-report."
        )
    try:
        return Strengths(**{name: float(value) for name, value in case.enhanceReport["strengths"].items()})
    except (TypeError, ValueError, AttributeError) as problem:
        raise BadOption("The report of the enhancement tells no strengths from 0 to 1; name another file.") from problem


def noiseInputs(case, options, *, reportProgress) -> NoiseInputs:
    """The noise maps and images that the chosen methods need."""
    images = []
    if case.repeats and options.noise_spectrum:
        from DLEnhanceLesionMetricsLib.surroundRows import differenceImages

        firsts = {"standard": case.standard, "enhanced": case.enhanced}
        images.append(differenceImages({name: (firsts[name], repeat) for name, repeat in case.repeats.items()}))
    if PSEUDO_REPLICA not in options.methods:
        return NoiseInputs(images=images)
    found = replicaNoise(case, options, reportProgress)
    if options.noise_map:
        from DLEnhanceLib.writing import writeVolume

        writeVolume(case.standard.withVoxels(found.enhanced), options.stagedNoiseMap)
    if options.noise_spectrum:
        from DLEnhanceLesionMetricsLib.surroundRows import replicaImages

        images.append(replicaImages({"standard": found.standardSample, "enhanced": found.enhancedSample}))
    return NoiseInputs({"standard": found.standard, "enhanced": found.enhanced}, images, found.warning)


def replicaNoise(case, options, reportProgress):
    from DLEnhanceLesionMetricsLib.enhancerNoise import enhancerNoise

    profile = (case.enhanceReport.get("model") or {}).get("profile", "full")
    return enhancerNoise(
        case.standard,
        backendOf(profile, options.device, options.threads),
        replicaStrengths(case),
        regions=case.regions,
        enhanced=case.enhanced,
        replicas=options.replicas,
        reportProgress=reportProgress,
    )


@lru_cache(maxsize=1)
def backendOf(profile, device, threads):
    """The network, loaded once for all cases."""
    from DLEnhanceLib.torchBackend import makeBackend

    return makeBackend(profile=profile, device=device, threads=threads)


def surroundRows(case, options, noise: NoiseInputs) -> list:
    """Conspicuity and the color of the noise, where they are asked for."""
    metrics = [metric for option, metric in SURROUND_OPTIONS.items() if getattr(options, option)]
    if not metrics:
        return []
    from DLEnhanceLesionMetricsLib.surroundRows import measureSurround

    return measureSurround(
        case.standard, case.enhanced, case.regions, metrics=metrics, case=case.name, noiseImages=noise.images
    )


def lineRows(case, options) -> list:
    """Sharpness along the lines given."""
    if not options.lines:
        return []
    from DLEnhanceLesionMetricsLib.edgeRows import measureLines
    from DLEnhanceLesionMetricsLib.lineFiles import readLines

    lines = [line for path in options.lines for line in readLines(path)]
    if not lines:
        raise BadOption(f"{options.lines[0]} holds no line; draw one in Slicer and save it as .mrk.json.")
    return measureLines(case.standard, case.enhanced, lines, case=case.name)


def withWarning(rows, noise: NoiseInputs) -> list:
    """The rows, those by pseudo-replicas with what must be known of their noise map."""
    if not noise.warning:
        return list(rows)
    return [
        dataclasses.replace(row, warning=f"{row.warning} {noise.warning}".strip())
        if row.method == PSEUDO_REPLICA
        else row
        for row in rows
    ]
