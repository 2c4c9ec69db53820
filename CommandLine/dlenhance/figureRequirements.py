"""Whether figures can be drawn here, asked before any work is done for them."""


def requireFigures():
    """Raises MissingPackage, with the remedy, where Slicer's views or off-screen rendering are missing."""
    from .headlessSlicer import importSlicer

    importSlicer()
    from .offscreenViews import offscreenWindow

    offscreenWindow(8, 8).Finalize()
