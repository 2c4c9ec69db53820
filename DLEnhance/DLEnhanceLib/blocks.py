"""A large tile handled in parts that suit the device; the result is the same. Imports torch; import it lazily.

A processor wants what fits its cache, each of its cores a block of its own; a graphics card wants as much at once as
its memory holds.
"""

import concurrent.futures
import itertools

import numpy as np
import torch
from scipy import ndimage

BLOCK, LARGE_BLOCK = 64, 128  # voxels an edge, on a processor and elsewhere
THIN, THIN_BLOCK = 16, 192  # a tile so thin, as a preview's, has wider blocks on a processor: fewer halos
HALO = 4  # voxels; nothing computed in blocks sees further
CELL = 4  # voxels an edge of the cells for which is told whether anybody wants them


def blockEdge(shape, device):
    """Voxels an edge of the blocks of a tile of the shape (k, j, i)."""
    if device.type != "cpu":
        return LARGE_BLOCK
    return THIN_BLOCK if min(shape) <= THIN else BLOCK


def shiftsWithin(reach, ball):
    """Shifts along k, j, i of up to reach voxels an axis whose squared length is at most ball, in rising order."""
    steps = range(-reach, reach + 1)
    return [shift for shift in itertools.product(steps, repeat=3) if sum(s * s for s in shift) <= ball]


def around(cells, voxels):
    """The wanted cells, bool (k, j, i), with all that lie so many voxels around; None, which is all, stays."""
    return cells if cells is None else ndimage.maximum_filter(cells, 2 * -(-voxels // CELL) + 1)


def wantedBoxes(shape, edges, cells=None):
    """The boxes ((start, stop), ...) of a tile cut by edges, each shrunk to its wanted cells, those without left out.

    edges: voxels along k, j, i, multiples of CELL. cells: bool (k, j, i), None when all is wanted.
    """
    axes = [
        [(start, min(start + edge, n)) for start in range(0, n, edge)] for n, edge in zip(shape, edges, strict=True)
    ]
    boxes = list(itertools.product(*axes))
    return boxes if cells is None else [small for box in boxes if (small := _shrunk(box, cells)) is not None]


def _shrunk(box, cells):
    inside = cells[tuple(slice(start // CELL, -(-stop // CELL)) for start, stop in box)]
    if not inside.any():
        return None
    shrunk = []
    for axis, (start, stop) in enumerate(box):
        found = np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis)))
        shrunk.append((start + CELL * int(found[0]), min(start + CELL * int(found[-1] + 1), stop)))
    return tuple(shrunk)


def blockCount(shape, device, cells=None):
    """How many blocks of a tile of the shape (k, j, i) are computed."""
    return len(wantedBoxes(shape, [blockEdge(shape, device)] * 3, cells))


def layersAtOnce(tile, count, axis=2):
    """Layers along an axis, k of (batch, channels, k, j, i), to handle at once: count on a processor, else all."""
    return count if tile.device.type == "cpu" else tile.shape[axis]


def inBlocks(tile, step, work, coarse=None, cells=None):
    """work(tile) computed block by block with the same result; one voxel of it for every step voxels of the tile.

    coarse, on a grid of 2 voxels, is cut like the tile (batch, channels, k, j, i) and given to work too. cells: what is
    wanted (see wantedBoxes); elsewhere the result is 0 or undefined.
    """
    shape = tile.shape[2:]
    boxes = wantedBoxes(shape, [blockEdge(shape, tile.device)] * 3, cells)
    if cells is None and len(boxes) == 1:
        return work(tile) if coarse is None else work(tile, coarse)

    def handle(box):
        core, padded, inside = (
            tuple(slice(*p) for p in parts) for parts in zip(*map(_widened, box, shape), strict=True)
        )
        part = tile[(..., *padded)]
        done = work(part) if coarse is None else work(part, coarse[(..., *_coarser(padded, 2))])
        return core, done[(..., *_coarser(inside, step))]

    result = None
    for core, done in handledInTurn(handle, boxes, tile.device):
        if result is None:
            result = done.new_zeros((*done.shape[:2], *[size // step for size in shape]))
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


def _widened(part, size):
    """(core, padded, core within padded) of a block along an axis, as pairs of start and stop."""
    start, stop = part
    low, high = max(start - HALO, 0), min(stop + HALO, size)
    return part, (low, high), (start - low, stop - low)


def _coarser(slices, step):
    return tuple(slice(part.start // step, part.stop // step) for part in slices)
