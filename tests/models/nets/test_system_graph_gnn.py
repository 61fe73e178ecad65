"""SystemGraphGNN: shapes, independence of order and of the other graphs of a batch, both directions, and learning."""

import numpy as np
import pytest
import torch

from models.learn.graph_training import Batch, Item, loss, teach
from models.nets.system_graph_gnn import SystemGraphGNN, read


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return SystemGraphGNN().eval()


def inputs(n=6, m=9, seed=0):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(n, 128)).astype(np.float32),
        rng.integers(0, n, (2, m)),
        rng.normal(size=(m, 64)).astype(np.float32),
    )


def test_outputs_have_their_shapes_and_ranges(net):
    said = read(net, *inputs())
    assert said.health.shape == (6, 5) and np.allclose(said.health.sum(axis=1), 1)
    assert said.carries.shape == said.reaches.shape == said.delay.shape == (9,)
    assert ((said.reaches >= 0) & (said.reaches <= 1)).all() and (said.delay >= 1).all()
    assert 0 <= said.system <= 1 and said.root.sum() == pytest.approx(1) and said.embeddings.shape == (6, 256)
    alone = read(net, inputs()[0], np.empty((2, 0), dtype=np.int64), np.empty((0, 64), dtype=np.float32))
    assert np.isfinite(alone.health).all() and alone.carries.shape == (0,)


def test_the_order_of_services_and_calls_changes_nothing(net):
    nodes, edges, calls = inputs()
    one, order, turn = read(net, nodes, edges, calls), np.array([3, 1, 5, 0, 2, 4]), np.arange(9)[::-1]
    other = read(net, nodes[order], np.argsort(order)[edges][:, turn], calls[turn])
    assert np.allclose(other.health, one.health[order], atol=1e-5) and np.allclose(
        other.root, one.root[order], atol=1e-5
    )
    assert np.allclose(other.carries, one.carries[turn], atol=1e-5) and other.system == pytest.approx(
        one.system, abs=1e-5
    )


def test_a_graph_reads_the_same_alone_and_in_a_batch(net):
    parts = [inputs(seed=seed, n=5 + seed) for seed in range(3)]
    nodes, calls = (torch.from_numpy(np.concatenate([part[place] for part in parts])) for place in (0, 2))
    edges = torch.from_numpy(
        np.concatenate([part[1] + start for part, start in zip(parts, (0, 5, 11), strict=True)], axis=1)
    )
    with torch.no_grad():
        out = net(nodes, edges, calls, torch.tensor([0] * 5 + [1] * 6 + [2] * 7))
    alone = read(net, *parts[1])
    assert np.allclose(out.health[5:11].softmax(1).numpy(), alone.health, atol=1e-5)
    assert float(out.system[1]) == pytest.approx(alone.system, abs=1e-5)
    assert np.allclose(out.root[5:11].softmax(0).numpy(), alone.root, atol=1e-5)


@pytest.mark.parametrize("changed, seen", [(0, 2), (2, 0)], ids=["caller to callee", "callee to caller"])
def test_what_is_known_travels_both_ways(net, changed, seen):
    nodes, _, calls = inputs(n=3, m=2)
    edges = np.array([[0, 1], [1, 2]])
    other = nodes.copy()
    other[changed] += 1
    assert (
        np.abs(read(net, nodes, edges, calls).embeddings[seen] - read(net, other, edges, calls).embeddings[seen]).max()
        > 1e-3
    )


def test_it_learns_a_few_systems_by_heart():
    """The cause is the service whose first column is largest; its callers carry."""
    items = []
    for seed in range(24):
        nodes, edges, calls = inputs(seed=seed)
        root = int(nodes[:, 0].argmax())
        health = np.where(np.arange(6) == root, 3, 0)
        carried = (edges[1] == root).astype(np.float32)
        unknown = np.full(9, np.nan, dtype=np.float32)
        items.append(Item(nodes, edges, calls, health, carried, unknown, unknown, root, 0.5))
    taught = teach(items, items, seed=0, epochs=40, patience=40)
    again = teach(items, items, seed=0, epochs=2, patience=40)
    assert again.losses == pytest.approx(teach(items, items, seed=0, epochs=2, patience=40).losses)
    said = [read(taught.net, each.nodes, each.edges, each.calls) for each in items]
    assert np.mean([answer.root.argmax() == each.root for answer, each in zip(said, items, strict=True)]) > 0.9
    assert np.mean([answer.health[each.root].argmax() == 3 for answer, each in zip(said, items, strict=True)]) > 0.9
    assert min(taught.losses) < 0.3 * taught.losses[0]


def test_a_batch_without_causes_and_without_known_calls_has_a_finite_loss(net):
    nodes, edges, calls = inputs()
    unknown = np.full(9, np.nan, dtype=np.float32)
    batch = Batch([Item(nodes, edges, calls, np.zeros(6, dtype=np.int64), unknown, unknown, unknown, -1, 1.0)])
    assert torch.isfinite(loss(batch.read(net), batch, torch.ones(5)))
