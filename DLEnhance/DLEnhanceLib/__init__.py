"""Enhancement of MR volumes: reading, survey, network, blending, guard. No Slicer and no Qt except where a file says so."""
