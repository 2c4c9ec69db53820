"""Backends and phantoms that the tests of the enhancement logic and panel share."""

import threading

import numpy as np
from scipy.ndimage import gaussian_filter

OBLIQUE = np.array([[0.9, 0.1, 0.0, -20.0], [-0.1, 0.9, 0.1, -25.0], [0.0, -0.1, 1.2, 4.0], [0, 0, 0, 1]])


class SmoothingBackend:
    """Stands in for the network: what a Gaussian takes away is noise. Counts its passes."""

    deviceName, profile, modelId, modelHash = "CPU", "full", "smoothing-1", "0" * 64
    margin, tileVoxels = 8, 10**9

    @property
    def quick(self):
        return self

    def __init__(self):
        self.passes = 0

    def noise(self, image, sigma, support, spacing, *, wanted=None, reportProgress=None):
        self.passes += 1
        return (image - gaussian_filter(image, 0.8)).astype(np.float32)

    def restored(self, image, support, sigmas, *, rounds=0, reportProgress=None):
        detail = image - gaussian_filter(image, 0.8)
        return np.stack([0.2 * detail, detail]).astype(np.float32)


class WaitingBackend(SmoothingBackend):
    """Stays in its pass until ``goOn`` is set; reports progress all the while, so that a cancel is noticed."""

    def __init__(self):
        super().__init__()
        self.reached, self.goOn = threading.Event(), threading.Event()

    def noise(self, image, sigma, support, spacing, *, wanted=None, reportProgress=None):
        self.reached.set()
        while not self.goOn.wait(0.01):
            reportProgress(0.5)
        return super().noise(image, sigma, support, spacing, reportProgress=reportProgress)


class FailingBackend(SmoothingBackend):
    """Raises what it was given."""

    def __init__(self, error):
        super().__init__()
        self._error = error

    def noise(self, image, sigma, support, spacing, *, wanted=None, reportProgress=None):
        raise self._error


class BackendMaker:
    """Gives one backend whatever profile and device are asked for, and remembers them."""

    def __init__(self, backend):
        self.backend, self.asked = backend, []

    def __call__(self, *, profile, device):
        self.asked.append((profile, device))
        return self.backend


def phantomVoxels(shape=(24, 48, 44)):
    """A noisy head in air, int16 (k, j, i)."""
    random = np.random.default_rng(7)
    center = [(size - 1) / 2 for size in shape]
    k, j, i = (axis - middle for axis, middle in zip(np.mgrid[tuple(slice(n) for n in shape)], center, strict=True))
    radius = np.sqrt((k / (0.42 * shape[0])) ** 2 + (j / (0.4 * shape[1])) ** 2 + (i / (0.38 * shape[2])) ** 2)
    tissue = np.where(radius < 0.85, 800.0, 400.0) * (radius < 1)
    tissue += 500.0 * (np.sqrt(j**2 + i**2 + k**2) < 4)
    complexNoise = random.normal(0, 30, (2, *shape))
    return np.hypot(tissue + complexNoise[0], complexNoise[1]).astype(np.int16)


def addPhantom(name="T1 post", voxels=None):
    """A volume node with the phantom on an oblique grid and a window of its own."""
    import slicer

    node = slicer.util.addVolumeFromArray(phantomVoxels() if voxels is None else voxels, OBLIQUE, name)
    node.GetDisplayNode().SetAutoWindowLevel(False)
    node.GetDisplayNode().SetWindowLevel(1200.0, 600.0)
    return node


def sceneNodes():
    """Ids of everything in the scene, to see that a failed run leaves nothing."""
    import slicer

    nodes = slicer.mrmlScene.GetNodes()
    return {nodes.GetItemAsObject(index).GetID() for index in range(nodes.GetNumberOfItems())}
