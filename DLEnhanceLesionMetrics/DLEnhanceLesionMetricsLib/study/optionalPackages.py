"""The statistics packages, asked for only when an analysis runs."""

import importlib

from DLEnhanceLib.errors import MissingPackage


def package(name: str):
    """An installed package or module of one. Raises MissingPackage that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        root = name.split(".", maxsplit=1)[0]
        raise MissingPackage(
            f"The analysis needs the Python package {root}; install it with 'pip install dlenhance[study]'."
        ) from error
