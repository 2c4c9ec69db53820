"""Enhancement of MR volumes: reading, survey, network, blending, guard. Without Slicer and Qt unless a file says so."""
