"""A large tile handled in parts that suit the device; the result is the same. Imports torch; import it lazily.

A processor wants what fits its cache, each of its cores a block of its own; a graphics card wants as much at once as
its memory holds.
"""

import concurrent.futures
import itertools
import math

import torch

BLOCK, LARGE_BLOCK = 64, 128  # voxels an edge, on a processor and elsewhere
THIN, THIN_BLOCK = 16, 96  # a tile so thin, as a preview's, has wider blocks on a processor: fewer halos
HALO = 4  # voxels; nothing computed in blocks sees further


def blockEdge(shape, device):
    """Voxels an edge of the blocks of a tile of the shape (k, j, i)."""
    if device.type != "cpu":
        return LARGE_BLOCK
    return THIN_BLOCK if min(shape) <= THIN else BLOCK


def blockCount(shape, device):
    """How many blocks a tile of the shape (k, j, i) has."""
    return math.prod(-(-size // blockEdge(shape, device)) for size in shape)


def layersAtOnce(tile, count, axis=2):
    """Layers along an axis, k of (batch, channels, k, j, i), to handle at once: count on a processor, else all."""
    return count if tile.device.type == "cpu" else tile.shape[axis]


def inBlocks(tile, step, work, coarse=None):
    """work(tile) computed block by block with the same result; one voxel of it for every step voxels of the tile.

    coarse, on a grid of 2 voxels, is cut like the tile (batch, channels, k, j, i) and given to work too.
    """
    edge = blockEdge(tile.shape[2:], tile.device)
    blocks = list(itertools.product(*[_axisBlocks(size, edge) for size in tile.shape[2:]]))
    if len(blocks) == 1:
        return work(tile) if coarse is None else work(tile, coarse)

    def handle(block):
        core, padded, inside = (tuple(slice(*part) for part in parts) for parts in zip(*block, strict=True))
        part = tile[(..., *padded)]
        done = work(part) if coarse is None else work(part, coarse[(..., *_coarser(padded, 2))])
        return core, done[(..., *_coarser(inside, step))]

    result = None
    for core, done in handledInTurn(handle, blocks, tile.device):
        if result is None:
            result = done.new_empty((*done.shape[:2], *[size // step for size in tile.shape[2:]]))
        result[(..., *_coarser(core, step))] = done
    return result


def handledInTurn(handle, blocks, device):
    """What handle gives for each block in turn; on a processor every thread has a block of its own.

    Threads that share each small operation would spend as long waiting for each other. Gradients need one thread.
    """
    threads = torch.get_num_threads()
    if device.type != "cpu" or threads == 1 or torch.is_grad_enabled():
        yield from map(handle, blocks)
        return
    isHalf, dtype = torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")

    def alone(block):
        torch.set_num_threads(1)  # of this thread
        with torch.inference_mode(), torch.autocast("cpu", dtype=dtype, enabled=isHalf):
            return handle(block)

    pool = concurrent.futures.ThreadPoolExecutor(threads)
    try:
        yield from pool.map(alone, blocks)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def _axisBlocks(size, edge):
    """(core, padded, core within padded) of each block along an axis, as pairs of start and stop."""
    for start in range(0, size, edge):
        stop = min(start + edge, size)
        low, high = max(start - HALO, 0), min(stop + HALO, size)
        yield (start, stop), (low, high), (start - low, stop - low)


def _coarser(slices, step):
    return tuple(slice(part.start // step, part.stop // step) for part in slices)
