"""Training resumes where it stopped, learns, and exports what the product loads."""

import numpy as np
import pytest
import torch

from DLEnhanceLib.devices import CPU
from DLEnhanceLib.modelFiles import findModel
from DLEnhanceLib.network import NetworkShape
from DLEnhanceLib.torchBackend import TorchBackend
from DLEnhanceTraining.anatomy import AnatomySource
from DLEnhanceTraining.export import export
from DLEnhanceTraining.sampling import Pool, makeSample, randomScan
from DLEnhanceTraining.train import Recipe, Trainer, loss

SMALL = NetworkShape(width=32, blocks=4)
RECIPE = Recipe(SMALL, steps=4, batch=1, warmUp=1)


@pytest.fixture(scope="module")
def source():
    """A label map of nested balls stands for a head: the tests need no data."""
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 96)] * 3))
    radius = np.sqrt((grid**2).sum(0))
    labels = np.select([radius < 0.3, radius < 0.6, radius < 0.8], [4, 2, 3], 0).astype(np.int16)
    return AnatomySource([labels])


def samples(source, count=2):
    rng = np.random.default_rng(9)
    return [makeSample(randomScan(source, rng), rng) for _ in range(count)]


def noisiest(source):
    """Errors below a floor are not learned: a nearly clean sample tells nothing."""
    return max(samples(source, 6), key=lambda sample: float(sample.sigma.mean()))


def test_samples_have_the_sizes_the_network_needs(source):
    for sample in samples(source, 6):
        assert all(size % 4 == 0 and size > 0 for size in sample.noisy.shape[2:])
        assert sample.conditions.shape == (1, 6)
        assert torch.isfinite(sample.noisy).all()


def test_samples_hold_the_aims_of_restoration_beside_that_of_the_network(source):
    for sample in samples(source, 6):
        assert sample.full.shape == sample.clean.shape == sample.noisy.shape
        isCut = float(sample.conditions[0, :3].min()) < 0.99
        missing = float((sample.full - sample.ringing).abs().max())
        assert (missing > 1e-3) == isCut, sample


def test_loss_is_zero_for_the_truth_and_larger_for_nothing(source):
    sample = noisiest(source)
    truth = sample.noisy - sample.ringing
    assert float(loss(truth, sample)) == pytest.approx(0, abs=1e-5)
    assert float(loss(torch.zeros_like(truth), sample)) > 0.3


def test_a_stopped_run_goes_on_where_it_was(source, tmp_path):
    first = Trainer(RECIPE, source, tmp_path, "cpu")
    first.advance()
    first.advance()
    first.save()
    resumed = Trainer(RECIPE, source, tmp_path, "cpu")
    assert resumed.step == 2
    assert resumed.rng.random() == first.rng.random()
    for ours, theirs in zip(resumed.network.parameters(), first.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_same_seed_trains_the_same_weights(source, tmp_path):
    runs = [Trainer(RECIPE, source, tmp_path / name, "cpu") for name in ("a", "b")]
    for run in runs:
        run.advance()
    assert torch.equal(runs[0].network.head.weight, runs[1].network.head.weight)


def test_training_lowers_the_loss_on_a_sample(source, tmp_path):
    trainer = Trainer(Recipe(SMALL, steps=100, batch=1, warmUp=1, learningRate=1e-3), source, tmp_path, "cpu")
    sample = noisiest(source)
    trainer.pool.draw = lambda: sample
    before = trainer.advance()
    for _ in range(15):
        after = trainer.advance()
    assert after < 0.9 * before


def test_exported_weights_are_what_the_product_loads(source, tmp_path, monkeypatch):
    from DLEnhanceTraining import export as exporting

    monkeypatch.setattr(exporting, "validationSamples", lambda data, device: samples(source, 2))
    trainer = Trainer(RECIPE, source, tmp_path / "run", "cpu")
    trainer.run(samples(source, 1), every=2)
    export(tmp_path / "run", None, tmp_path)
    model = findModel("full", tmp_path)
    assert model.isIntact()
    assert model.card["stepsDone"] == 4
    image = 0.5 + 0.05 * np.random.default_rng(0).standard_normal((16, 16, 16), np.float32)
    noise = TorchBackend(model, CPU).noise(image, np.full_like(image, 0.05), (1, 1, 1), (1, 1, 1))
    assert noise.shape == (16, 16, 16)
    assert noise.std() > 0.01


def test_pool_renews_its_scans(source):
    pool = Pool(source, np.random.default_rng(0), size=2, renewal=1.0)
    pool.draw(), pool.draw()
    before = list(pool._scans)
    for _ in range(8):
        pool.draw()
    assert all(scan is not old for scan, old in zip(pool._scans, before, strict=True))
