"""A large tile handled block by block, which bounds the memory; the result is the same. Needs no import of torch."""

import itertools
import math

BLOCK, HALO = 64, 4  # voxels; nothing computed in blocks sees further than the halo


def blockCount(shape):
    """How many blocks a tile of the shape (k, j, i) has."""
    return math.prod(-(-size // BLOCK) for size in shape)


def inBlocks(tile, step, work, coarse=None):
    """work(tile) computed block by block with the same result; one voxel of it for every step voxels of the tile.

    coarse, on a grid of 2 voxels, is cut like the tile (batch, channels, k, j, i) and given to work too.
    """
    blocks = list(itertools.product(*[_axisBlocks(size) for size in tile.shape[2:]]))
    if len(blocks) == 1:
        return work(tile) if coarse is None else work(tile, coarse)
    result = None
    for block in blocks:
        core, padded, inside = (tuple(slice(*part) for part in parts) for parts in zip(*block, strict=True))
        part = tile[(..., *padded)]
        done = work(part) if coarse is None else work(part, coarse[(..., *_coarser(padded, 2))])
        if result is None:
            result = done.new_empty((*done.shape[:2], *[size // step for size in tile.shape[2:]]))
        result[(..., *_coarser(core, step))] = done[(..., *_coarser(inside, step))]
    return result


def _axisBlocks(size):
    """(core, padded, core within padded) of each block along an axis, as pairs of start and stop."""
    starts = range(0, size, BLOCK)
    for start in starts:
        stop = min(start + BLOCK, size)
        low, high = max(start - HALO, 0), min(stop + HALO, size)
        yield (start, stop), (low, high), (start - low, stop - low)


def _coarser(slices, step):
    return tuple(slice(part.start // step, part.stop // step) for part in slices)
