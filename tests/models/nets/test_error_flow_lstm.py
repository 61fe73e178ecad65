"""ErrorFlowLSTM: shapes, padding that changes nothing, attention over real steps, losses by hand, eight rows learnt."""

import numpy as np
import pytest
import torch

from models.nets.error_flow_lstm import ErrorFlowLSTM, hazard_loss, next_likelihood


@pytest.fixture
def net():
    torch.manual_seed(0)
    return ErrorFlowLSTM(12, 6, 3, embedding=8, moment=3).eval()


def batch(lengths, longest):
    generator = torch.Generator().manual_seed(1)
    steps = torch.randn(len(lengths), longest, 12, generator=generator)
    mask = torch.arange(longest) < torch.tensor(lengths)[:, None]
    return steps, mask, torch.randn(len(lengths), 3, generator=generator)


def test_the_defaults_are_the_designs():
    net = ErrorFlowLSTM()
    assert (net.lstm.input_size, net.lstm.hidden_size, net.lstm.num_layers) == (512, 256, 3)
    assert net.lstm.bidirectional and net.lstm.dropout == 0.2
    assert (net.incident.out_features, net.next_error.out_features, net.hazard.out_features) == (8, 384, 30)


def test_padding_changes_nothing(net):
    steps, mask, moment = batch([3, 5, 1], 5)
    whole = net(steps, mask, moment)
    noise = torch.where(mask[:, :, None], steps, torch.full_like(steps, 99.0))
    longer = torch.cat([noise, torch.full((3, 4, 12), -7.0)], dim=1)
    padded = net(longer, torch.cat([mask, torch.zeros(3, 4, dtype=torch.bool)], dim=1), moment)
    for name in ("incident", "next_error", "gate", "hazard"):
        assert torch.allclose(getattr(whole, name), getattr(padded, name), atol=1e-5)
    alone = net(steps[:1, :3], mask[:1, :3], moment[:1])
    assert torch.allclose(alone.hazard[0], whole.hazard[0], atol=1e-5)
    assert torch.allclose(padded.attention[:, :5], whole.attention, atol=1e-6)


def test_attention_and_pointer_sum_to_one_over_real_steps(net):
    out = net(*batch([3, 5, 1], 5))
    for weights in (out.attention, out.pointer):
        assert torch.allclose(weights.sum(dim=1), torch.ones(3))
        assert weights[0, 3:].sum() == 0 and weights[2, 0] == 1


def test_the_order_of_steps_matters(net):
    steps, mask, moment = batch([5], 5)
    assert not torch.allclose(net(steps, mask, moment).hazard, net(steps.flip(1), mask, moment).hazard, atol=1e-4)


def test_hazard_loss_by_hand():
    logits = torch.logit(torch.tensor([[0.1, 0.2, 0.3]]))
    failed = hazard_loss(logits, torch.tensor([1]), torch.tensor([2]))
    lived = hazard_loss(logits, torch.tensor([3]), torch.tensor([3]))
    unknown = hazard_loss(logits, torch.tensor([3]), torch.tensor([1]))
    assert float(failed) == pytest.approx(-np.log(0.9 * 0.2), rel=1e-5)
    assert float(lived) == pytest.approx(-np.log(0.9 * 0.8 * 0.7), rel=1e-5)
    assert float(unknown) == pytest.approx(-np.log(0.9), rel=1e-5)


def test_next_likelihood_blends_over_candidates_only():
    scores, gate = torch.tensor([[0.0, 5.0, 0.0, 0.0]]), torch.zeros(1)
    candidate = torch.tensor([[True, False, True, True]])
    markov = torch.tensor([[0.5, 0.0, 0.3, 0.2]])
    found = next_likelihood(scores, gate, markov, candidate, torch.tensor([0]))
    assert float(found.exp()) == pytest.approx(0.5 / 3 + 0.5 * 0.5, rel=1e-5)


def test_it_learns_eight_windows_by_heart():
    torch.manual_seed(0)
    net = ErrorFlowLSTM(12, 16, 1, embedding=8, moment=3)
    steps, mask, moment = batch([4] * 8, 4)
    minute = torch.tensor([0, 2, 30, 30, 5, 9, 30, 1])
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    losses = []
    for _ in range(120):
        optimiser.zero_grad()
        loss = hazard_loss(net(steps, mask, moment).hazard, minute, (minute + 1).clamp(max=30)).mean()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.25 * losses[0]
