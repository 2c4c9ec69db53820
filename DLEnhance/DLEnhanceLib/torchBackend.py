"""Runs the network and the extrapolation on arrays, on one device. Imports torch; import it lazily."""

import contextlib
import dataclasses
import functools
import itertools
import threading

import numpy as np
import torch
from safetensors.torch import load_file

from . import faint, groups, similar
from .blocks import CELL, around, blockCount, inBlocks
from .devices import CPU, Device, chooseDevice
from .errors import MissingPackage
from .extrapolation import ROUNDS, beyondTheCut, smoothedToAcquired
from .fixedFilter import FixedFilter
from .modelFiles import ModelFile, findModel
from .network import MULTIPLE, SIGMA_FLOOR, Denoiser, NetworkShape, conditionVector
from .tiles import blockMaximum

REPEATED = 1e-3  # filled share of k-space along an axis of one voxel: its noise is the same in all that repeats it
LONGEST_REACH = 4096  # a network that sees further sees everything: its tiles hold the whole volume


class TorchBackend:
    """One loaded model on one device."""

    def __init__(self, model: ModelFile, device: Device):
        self.model, self.device = model, device
        network = _loadNetwork(model)
        self._reach = reachOf(network) + 2 * faint.HALO + groups.HALO + similar.HALO
        self._network = network.to(device.id)
        self._autocast = _halfPrecision(device)
        self._afterLayer = None

    @property
    def profile(self) -> str:
        return self.model.profile

    @property
    def modelId(self) -> str:
        return self.model.modelId

    @property
    def modelHash(self) -> str:
        return self.model.card["sha256"]

    @property
    def deviceName(self) -> str:
        return self.device.label

    @property
    def margin(self) -> int:
        """Voxels around a tile that can change its inside: with all of them the result is the same for any tile."""
        return self._reach

    @property
    def tileVoxels(self) -> int:
        """Voxels of a tile with margins: about 1 GB of working memory, more on a large graphics card."""
        return 16_000_000 if self.device.memory < 16e9 else 64_000_000

    @functools.cached_property
    def quick(self) -> "TorchBackend":
        """The one without a network on the same device, for a first look."""
        return self if self.model.weights is None else TorchBackend(findModel("fast"), self.device)

    def onCpu(self) -> "TorchBackend":
        """The same model on the CPU, for when a graphics card has too little memory."""
        return TorchBackend(self.model, CPU)

    def noise(self, image, sigma, support, spacing, *, wanted=None, reportProgress=None) -> np.ndarray:
        """Noise of a tile, (k, j, i) float32 in the units of the image.

        image, sigma: (k, j, i) float32, tissue near 1. support (filled share of k-space), spacing (mm): along k, j, i.
        wanted: where the noise is needed, bool (k, j, i); elsewhere the result is any number, mostly 0, in less time.
        reportProgress(fraction) is called after each layer and may raise to stop.
        Raises MemoryError when the tile is too large for the device.
        """
        shape = image.shape
        support = [REPEATED if size == 1 else share for size, share in zip(shape, support, strict=True)]
        image, sigma = _padded(image), _padded(sigma)
        needed = _Needed.of(None if wanted is None else blockMaximum(wanted, (CELL,) * 3))
        with (
            self._memoryErrors(),
            torch.inference_mode(),
            self._counted(self._runs(image.shape, needed), reportProgress),
        ):
            conditions = conditionVector(support, spacing)[None].to(self.device.id)
            image, sigma = self._tensors(image, sigma)
            with self._autocast():
                noise = self._network(image, sigma, conditions, cells=needed.network, report=self._onLayer).float()
            noise = self._refined(image, noise, sigma.clamp_min(SIGMA_FLOOR), conditions[:, :3], needed)
            return noise[0, 0].cpu().numpy()[: shape[0], : shape[1], : shape[2]]

    def _runs(self, shape, needed):
        """How often something is reported done: layers, blocks of the three steps in blocks, units of the groups."""
        device = torch.device(self.device.id)
        blocks = sum(blockCount(shape, device, cells) for cells in (needed.faint, needed.faintAgain, needed.similar))
        return self._network.runs(shape, needed.network) + blocks + len(groups.units(shape, needed.groups))

    def _refined(self, image, noise, sigma, support, needed):
        """What follows the network without training: faint structure and like windows, see their files."""

        def withoutStructure(*parts):
            return faint.noiseWithoutStructure(*parts, support)

        noise = self._stepInBlocks(withoutStructure, needed.faint, noise, sigma)
        noise = groups.noiseOfGroups(image, noise, sigma, support, cells=needed.groups, report=self._onLayer)
        noise = self._stepInBlocks(withoutStructure, needed.faintAgain, noise, sigma)
        return self._stepInBlocks(similar.noiseOfSimilar, needed.similar, image, noise, sigma)

    def _stepInBlocks(self, step, cells, *parts):
        """step(*parts) of all blocks that are needed; parts: each (1, 1, k, j, i)."""

        def work(block):
            better = step(*block.split(1, 1))
            self._onLayer()
            return better

        return inBlocks(torch.cat(parts, 1), 1, work, cells=cells)

    @contextlib.contextmanager
    def _counted(self, count, reportProgress):
        """Reports the share done of so many runs of layers and blocks, which may end in several threads."""
        done, lock = itertools.count(1), threading.Lock()

        def afterLayer():
            if reportProgress is not None:
                with lock:
                    reportProgress(next(done) / count)

        self._afterLayer = afterLayer
        try:
            yield
        finally:
            self._afterLayer = None

    def restored(self, image, support, sigmas, *, rounds=ROUNDS, reportProgress=None) -> np.ndarray:
        """Ringing and blur of an image without noise, (2, k, j, i) float32 in its units.

        The image with k-space continued beyond its cut, smoothed by Gaussians of sigmas (voxels along k, j, i), is what
        it is without ringing; what the smoothing took is the blur. Where k-space is full, the two are the same.
        image: (k, j, i) float32, tissue near 1; support: filled share of k-space; rounds: see extrapolation.py.
        Raises MemoryError when the image is too large for the device, and what reportProgress raises.
        """
        with self._memoryErrors(), torch.inference_mode():
            image = torch.from_numpy(np.ascontiguousarray(image)).to(self.device.id)
            whole = image
            if min(support) < 1:
                whole = image + beyondTheCut(image, support, rounds=rounds, report=reportProgress)
            smooth = smoothedToAcquired(whole, sigmas)
            return torch.stack([image - smooth, whole - smooth]).cpu().numpy()

    @contextlib.contextmanager
    def _memoryErrors(self):
        """Too little memory is a MemoryError, whatever the device calls it."""
        try:
            yield
        except (torch.cuda.OutOfMemoryError, RuntimeError, MemoryError) as error:
            if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)) or "memory" in str(error).lower():
                self._freeMemory()
                raise MemoryError(str(error)) from error
            raise

    def _tensors(self, *arrays):
        return [torch.from_numpy(array)[None, None].to(self.device.id) for array in arrays]

    def _onLayer(self):
        if self._afterLayer is not None:
            self._afterLayer()

    def _freeMemory(self):
        if self.device.id.startswith("cuda"):
            torch.cuda.empty_cache()


@dataclasses.dataclass(frozen=True, eq=False)
class _Needed:
    """Where the result of each step is needed by the next ones: cells as of blocks.wantedBoxes, None for all."""

    network: np.ndarray | None
    faint: np.ndarray | None
    groups: np.ndarray | None
    faintAgain: np.ndarray | None
    similar: np.ndarray | None

    @classmethod
    def of(cls, wanted) -> "_Needed":
        faintAgain = around(wanted, similar.HALO)
        ofGroups = around(faintAgain, faint.HALO)
        before = groups.seen(ofGroups)
        return cls(around(before, faint.HALO), before, ofGroups, faintAgain, wanted)


def makeBackend(profile: str = "full", device: str = "auto", *, threads: int | None = None) -> TorchBackend:
    """The released model of a profile on a device (auto, cpu, cuda, cuda:N, mps).

    Raises BadOption for an unknown profile or device and MissingPackage when the model files are absent or damaged.
    """
    if threads:
        torch.set_num_threads(threads)
    model = findModel(profile)
    if not model.isIntact():
        raise MissingPackage(f"The weights of profile '{profile}' are damaged; reinstall DLEnhance.")
    return TorchBackend(model, chooseDevice(device))


def _loadNetwork(model):
    if model.weights is None:
        return FixedFilter().eval()
    network = Denoiser(NetworkShape(**model.card["network"]))
    network.load_state_dict({name: value.float() for name, value in load_file(model.weights).items()})
    return network.eval().to(memory_format=torch.channels_last_3d)


def reachOf(network) -> int:
    """Voxels along an axis that a result depends on beyond its own cell of MULTIPLE voxels.

    Measured: one cell is changed, to a not-a-number, which passes every sum, and to another value, which passes the
    comparisons that a not-a-number does not; what then differs is what the network can see.
    """
    length = 64 * MULTIPLE
    while True:
        middle = length // 2
        reach = max(_spread(network, length, middle, change) for change in (float("nan"), 0.3))
        if reach < middle // 2 or length >= LONGEST_REACH:  # dilated layers see far away without what is between
            return reach
        length *= 4


def _spread(network, length, middle, change):
    generator = torch.Generator().manual_seed(0)
    image = 0.5 + 0.1 * torch.randn(1, 1, 4 * MULTIPLE, 4 * MULTIPLE, length, generator=generator)
    other = image.clone()
    other[..., middle : middle + MULTIPLE] += change
    sigma, conditions = torch.full_like(image, 0.05), conditionVector((1.0, 1.0, 1.0), (1.0, 1.0, 1.0))[None]
    with torch.inference_mode():
        differs = network(image, sigma, conditions) != network(other, sigma, conditions)
    reached = differs.any(dim=(0, 1, 2, 3)).nonzero()
    return max(middle - int(reached.min()), int(reached.max()) + 1 - middle - MULTIPLE) if len(reached) else 0


def _halfPrecision(device):
    """Half precision for the network on graphics cards; its input, noise and all that follows stay float32.

    Not on processors: with bfloat16 a run takes a tenth (fast) to a fifth (full) less time where the processor
    computes in it, but voxels differ by up to 0.6 % of tissue when the input is scaled, and between processors.
    """
    return lambda: torch.autocast("cuda", dtype=torch.float16, enabled=device.id.startswith("cuda"))


def _padded(array):
    """Repeats the last voxels up to sizes the network can halve twice."""
    missing = [(0, -size % MULTIPLE) for size in array.shape]
    return np.ascontiguousarray(np.pad(array, missing, mode="edge"), dtype=np.float32)
