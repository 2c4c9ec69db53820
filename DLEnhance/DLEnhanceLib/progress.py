"""The progress callback that every long step takes."""


def noProgress(fraction: float, text: str) -> None:
    """For callers that want no progress. A callback that raises EnhancementCanceled stops the step it is given to."""
