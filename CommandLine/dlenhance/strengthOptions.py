"""Strengths as the command line takes them: percent, presets and their combination."""

import argparse
import dataclasses
import math

from DLEnhanceLib.strengths import DEFAULT_PRESET, PRESETS, Strengths


def percent(text: str) -> float:
    """'75', '75%' or '75.5' as a fraction. argparse shows the text of the error."""
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 100.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a percentage from 0 to 100")
    return value / 100.0


def addStrengthOptions(parser):
    presets = "; ".join(f"{name}: {describeStrengths(strengths)}" for name, strengths in PRESETS.items())
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        default=DEFAULT_PRESET,
        help=f"default {DEFAULT_PRESET} ({presets})".replace("%", "%%"),
    )
    parser.add_argument("--denoise", metavar="P", type=percent, help="percent of the noise to remove")
    parser.add_argument("--dering", metavar="P", type=percent, help="percent of the truncation ringing to remove")
    parser.add_argument("--sharpen", metavar="P", type=percent, help="percent of the blur to undo")


def chosenStrengths(options) -> Strengths:
    """The preset with the strengths that were given in its place."""
    given = {name: getattr(options, name) for name in ("denoise", "dering", "sharpen")}
    return dataclasses.replace(
        PRESETS[options.preset], **{name: value for name, value in given.items() if value is not None}
    )


def describeStrengths(strengths: Strengths) -> str:
    return f"denoise {strengths.denoise:.0%}, dering {strengths.dering:.0%}, sharpen {strengths.sharpen:.0%}"
