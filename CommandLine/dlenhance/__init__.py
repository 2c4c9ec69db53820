"""The ``dlenhance`` command: the same libraries as the Slicer extension, from a terminal."""
