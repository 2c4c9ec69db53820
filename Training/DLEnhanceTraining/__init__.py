"""Simulation of MR acquisitions and training of the enhancer. Not part of the Slicer extension package."""
