"""Errors whose text is written for the user: what is wrong, with which input, what to do."""


class DLEnhanceError(Exception):
    """Base of every expected failure. The text is one sentence that can be shown as it is."""


class UnsupportedVolume(DLEnhanceError):
    """The input cannot be read or is not an MR volume that can be enhanced."""


class BadOption(DLEnhanceError):
    """An option or a combination of inputs is wrong."""


class CannotWrite(DLEnhanceError):
    """The output cannot be written; nothing of it was left behind."""


class EnhancementCanceled(DLEnhanceError):
    """The user cancelled a run; no output exists."""

    def __init__(self, text="The enhancement was cancelled."):
        super().__init__(text)


class MissingPackage(DLEnhanceError):
    """A Python package or Slicer extension is missing; the text says how to get it."""
