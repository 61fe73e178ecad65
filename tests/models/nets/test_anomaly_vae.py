"""AnomalyVAE: shapes, a score that does not depend on chance, learning, and the same scores in numpy."""

import numpy as np
import pytest
import torch

from models.analyse import vae_scorer
from models.nets.anomaly_vae import AnomalyVAE, train


def rows(n=60, inputs=24, seed=0):
    """Rows on a plane of three directions, with little noise."""
    rng = np.random.default_rng(seed)
    plane = np.random.default_rng(9).normal(size=(3, inputs))
    return (rng.normal(size=(n, 3)) @ plane + 0.01 * rng.normal(size=(n, inputs))).astype(np.float32)


@pytest.fixture(scope="module")
def trained():
    return train(rows(), seed=0, epochs=60)


@pytest.mark.parametrize("inputs", [384, 512])
def test_the_layers_are_those_of_the_sheet(inputs):
    net = AnomalyVAE(inputs)
    assert [tuple(layer.weight.shape) for layer in (net.enc1, net.enc2, net.mu, net.logvar, net.dec1, net.dec2, net.out)] == [
        (256, inputs), (128, 256), (64, 128), (64, 128), (128, 64), (256, 128), (inputs, 256)]  # fmt: skip
    z, restored, mu, logvar = net(torch.zeros(3, inputs))
    assert (z.shape, restored.shape, mu.shape, logvar.shape) == ((3, inputs), (3, inputs), (3, 64), (3, 64))


def test_scores_are_made_at_the_mean_and_do_not_depend_on_the_batch(trained):
    x = torch.from_numpy(rows(5, seed=1))
    first, again = trained.model.compute_anomaly_score(x), trained.model.train().compute_anomaly_score(x)
    trained.model.eval()
    assert torch.equal(first, again)
    assert trained.model.compute_anomaly_score(x[2:3]).item() == pytest.approx(first[2].item(), rel=1e-4)


def test_what_was_learned_is_less_strange_than_what_was_not(trained):
    usual = vae_scorer.score(trained.model.weights(), rows(20, seed=2))
    odd = vae_scorer.score(trained.model.weights(), np.random.default_rng(3).normal(size=(20, 24)).astype(np.float32) * 3)
    assert np.median(odd) > 2 * np.median(usual)
    assert trained.losses[trained.best_epoch] < trained.losses[0]


def test_numpy_and_torch_give_the_same_scores(trained):
    x = rows(30, seed=4)
    assert vae_scorer.score(trained.model.weights(), x) == pytest.approx(
        trained.model.compute_anomaly_score(torch.from_numpy(x)).numpy(), rel=1e-3)  # fmt: skip
    assert vae_scorer.score(trained.model.weights(), np.empty((0, 24), dtype=np.float32)).shape == (0,)


def test_the_same_seed_gives_the_same_net_and_leaves_chance_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, other = train(rows(45), seed=3, epochs=4), train(rows(45), seed=3, epochs=4)
    assert torch.equal(torch.rand(1), expected)
    assert all(np.array_equal(one.model.weights()[name], value) for name, value in other.model.weights().items())
    assert not np.array_equal(train(rows(45), seed=4, epochs=4).model.weights()["mu.weight"], one.model.weights()["mu.weight"])


def test_training_stops_early_and_keeps_the_best():
    found = train(rows(50), seed=0, epochs=400, patience=3, warm_up=2)
    assert len(found.losses) < 400
    assert found.best_epoch == int(np.argmin(found.losses))
    assert found.seconds > 0


def test_a_constant_column_does_not_blow_up():
    x = rows(40)
    x[:, 0] = 1.0
    odd = x[:1].copy()
    odd[0, 0] = 100.0
    weights = train(x, seed=0, epochs=3).model.weights()
    assert np.isfinite(vae_scorer.score(weights, odd)).all()
    assert np.abs(vae_scorer.standardised(weights, odd)).max() <= vae_scorer.CLIP
