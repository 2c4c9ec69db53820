"""Blocks of a tile: cut, shrunk to what is wanted, joined."""

import numpy as np
import pytest
import torch

from DLEnhanceLib.blocks import around, inBlocks, wantedBoxes


def test_boxes_shrink_to_their_wanted_cells_and_empty_ones_are_left_out():
    cells = np.zeros((4, 4, 9), bool)
    cells[1, 2:4, 0] = cells[3, 0, 8] = True
    assert wantedBoxes((16, 16, 34), (16, 16, 16), cells) == [((4, 8), (8, 16), (0, 4)), ((12, 16), (0, 4), (32, 34))]
    assert len(wantedBoxes((16, 16, 34), (16, 16, 16))) == 3


@pytest.mark.parametrize(("voxels", "count"), [(0, 1), (1, 3), (4, 3), (5, 5)])
def test_cells_around_hold_all_voxels_that_near(voxels, count):
    cells = np.zeros((9, 9, 9), bool)
    cells[4, 4, 4] = True
    assert around(cells, voxels).sum() == count**3
    assert around(None, voxels) is None


def test_wanted_blocks_equal_those_of_the_whole_and_others_are_zero():
    tile, cells = torch.rand(1, 1, 16, 80, 136), np.zeros((4, 20, 34), bool)
    cells[1:3, 2:9, 3:5] = True

    def work(part):
        return torch.nn.functional.avg_pool3d(part, 9, stride=1, padding=4, count_include_pad=False)

    found = inBlocks(tile, 1, work, cells=cells)
    wanted = torch.from_numpy(cells.repeat(4, 0).repeat(4, 1).repeat(4, 2))[None, None]
    assert torch.allclose(found[wanted], work(tile)[wanted], atol=1e-6)
    assert torch.count_nonzero(found[~wanted]) == 0
