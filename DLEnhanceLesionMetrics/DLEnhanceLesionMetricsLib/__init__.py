"""Regions and measurements on a standard and an enhanced MR volume. No Slicer and no Qt except where a file says so."""
