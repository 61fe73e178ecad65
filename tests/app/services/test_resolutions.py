"""Resolutions: clicks teach at once, the log rebuilds everything, exploration is logged, and promotion needs its interval."""

import itertools
import json

import numpy as np
import pytest

from app.bootstrap import build
from app.domain import InvalidInput
from app.services import resolutions
from app.services.resolutions import ResolutionService
from models.analyse import resolution_state as rs
from models.learn.resolution_policies import CORPUS, DQN, LINEAR
from models.taxonomy import ACTIONS
from models.vectors.hashing import HashingEncoder

KEYS = itertools.count()
#: Words that share most of their letters, so that the hashing encoder finds them alike.
LINES = "\n".join(
    f"connection to {name} refused by peer" for name in ("orders", "cart", "billing", "stock", "mail", "search")
)


@pytest.fixture
def told(parts):
    """Six errors much alike, and one that is not."""
    parts.ingest.text(f"{LINES}\ndisk full", actor="ada")
    return parts


def say(parts, kind, issue=1, **answer):
    return parts.triage.say(kind, issue, actor="ada", key=f"k{next(KEYS)}", answer=answer)


def answer(parts, issue, action, *, accept, chances):
    """An answer to a first suggestion that was shown with these probabilities."""
    return parts.triage.say(
        "accept" if accept else "reject", issue, actor="ada", key=f"k{next(KEYS)}", answer={"action": action},
        shown={"rank": 0, "chances": chances}, model="test", propensity=chances[action],
    )  # fmt: skip


@pytest.fixture
def weights(tmp_path):
    """A warm start as it ships, of an untrained net, for the hashing encoder."""
    from safetensors.numpy import save_file

    from models.nets.resolution_dqn import DoubleDQN

    save_file(DoubleDQN(512, 10, seed=1).online.weights(), tmp_path / "model.safetensors")
    (tmp_path / "card.json").write_text(json.dumps({"encoder": HashingEncoder().version}))
    return tmp_path


def service(parts, weights=None, **settings):
    folder = weights or parts.settings.data_dir / "none"
    return ResolutionService(parts.store, parts.encoder.version, parts.encoder.dims, folder=folder, **settings)


def chances_of(parts, issue):
    return dict(parts.inbox.detail(issue).suggestions[0].chances)


def test_a_click_moves_similar_errors_at_once_and_an_undo_moves_them_back(told):
    action = told.inbox.detail(2).suggestions[5].action
    place = ACTIONS.index(action)

    def expected(issue):
        state = told.resolutions.state_of(issue)
        return {name: told.resolutions.values(state)[name][place] for name in (CORPUS, LINEAR)}

    before, other = expected(2), expected(7)
    say(told, "accept", issue=1, action=action)
    after = expected(2)
    assert all(after[name] > before[name] for name in before)
    assert after[LINEAR] - before[LINEAR] > abs(expected(7)[LINEAR] - other[LINEAR])
    told.triage.undo(1, actor="ada", key="undo")
    assert expected(2) == pytest.approx(before)


def test_the_same_log_gives_the_same_state_in_pieces_or_at_once(told, weights):
    live = service(told, weights)
    first = told.inbox.detail(1).suggestions[0].action
    say(told, "reject", action=first)
    say(told, "accept", action=ACTIONS[4])
    assert live.settle(60)
    say(told, "resolve")
    say(told, "outcome", worked="yes")
    say(told, "accept", issue=2, action=ACTIONS[4])
    say(told, "comment", issue=2, text="and a word that teaches nothing")
    assert live.settle(60)
    say(told, "reject", issue=3, action=ACTIONS[4])
    told.triage.undo(3, actor="ada", key="undo")
    assert live.settle(60)
    kept, clicks = live.fingerprint(), [(c.action, c.accepted, c.step.state.tolist()) for c in live.clicks()[0]]
    fresh = service(told, weights)
    assert fresh.settle(60)
    assert fresh.fingerprint() == kept != service(told, weights).fingerprint()
    assert [(c.action, c.accepted, c.step.state.tolist()) for c in fresh.clicks()[0]] == clicks
    live.rebuild()
    assert live.fingerprint() == kept
    assert fresh.version == live.version
    assert list(live.clicks()[1].values()) == ["worked"]
    for one in (live, fresh):
        one.close()


def test_each_click_is_seen_in_the_state_before_it(told):
    say(told, "reject", action=ACTIONS[0])
    say(told, "reject", action=ACTIONS[1])
    say(told, "accept", issue=2, action=ACTIONS[2])
    first, second, third = (click.step.state for click in told.resolutions.clicks()[0])
    assert [int(rs.masked(state[None]).sum()) for state in (first, second, third)] == [0, 1, 0]
    near = third[-rs.WIDTH :][rs.NEAR_BAD]
    assert near[0] == pytest.approx(near[1]) and near[0] > 0.6
    assert not first[-rs.WIDTH :][rs.NEAR_BAD].any()


def test_an_error_that_came_back_counts_against_the_action(told):
    say(told, "accept", action=ACTIONS[3])
    say(told, "resolve")
    told.ingest.text(LINES.splitlines()[0], actor="ada")
    assert told.store.issues.get(1).status == "regressed"
    clicks, worked = told.resolutions.clicks()
    assert worked == {clicks[0].step.entry: "came_back"}


def test_now_and_then_another_plausible_action_comes_first_and_its_chance_is_logged(told):
    explorer = service(told, explore=0.5)
    advice = {issue: explorer.advise(explorer._log.error(issue), issue) for issue in range(1, 8)}
    assert any(len(one.chances) > 1 for one in advice.values())
    for one in advice.values():
        assert sum(one.chances.values()) == pytest.approx(1)
        assert one.order[0] in one.chances
        best = max(one.scores.values())
        assert all(one.scores[action] >= 0.5 * best for action in one.chances)
    again = explorer.advise(explorer._log.error(1), 1)
    assert again == advice[1]  # drawing the page anew does not change it
    never = service(told, explore=0.0).advise(explorer._log.error(1), 1)
    assert list(never.chances.values()) == [1.0]
    assert list(explorer.advise(explorer._log.error(1)).chances.values()) == [1.0]  # a paste cannot be answered


def fill(parts, monkeypatch, better):
    """Sixty first suggestions of two actions by the toss of a coin; `better` is accepted, the other is not."""
    monkeypatch.setattr(resolutions, "ENOUGH_CLICKS", 40)
    rng = np.random.default_rng(0)
    order = [item.action for item in parts.inbox.detail(7).suggestions]
    pair = {order[0]: 0.5, order[1]: 0.5}
    right = order[better]
    for _ in range(60):
        action = order[int(rng.integers(2))]
        answer(parts, 7, action, accept=action == right, chances=pair)
        parts.triage.say("reopen", 7, actor="ada", key=f"k{next(KEYS)}")


def test_a_policy_is_promoted_only_where_its_gain_is_surely_above_zero(told, monkeypatch):
    resolution = service(told, policy=CORPUS)
    with pytest.raises(InvalidInput, match="only 0 answers"):
        resolution.promote(LINEAR, actor="ada", key="early")
    fill(told, monkeypatch, better=0)
    judged = resolution.candidate(LINEAR)
    assert judged.clicks == 60 and 0.3 < judged.ran < 0.7
    assert judged.gain.low <= judged.gain.value <= judged.gain.high
    assert judged.allowed == (judged.gain.low > 0 and judged.support >= 0.95)
    assert judged.allowed, judged.why
    why = resolution.promote(LINEAR, actor="ada", key="go")
    assert resolution.current == LINEAR and "above 0" in why
    entry = told.store.log.entries(kinds=("promote_policy",))[-1]
    assert entry.actor == "ada" and json.loads(entry.answer["reason"])["gain"]["low"] > 0
    assert service(told, policy=CORPUS).current == LINEAR  # after a restart too
    resolution.promote(CORPUS, actor="bob", key="back")
    assert resolution.current == CORPUS


def test_the_net_of_another_encoder_is_left_alone_and_an_unknown_policy_refused(told, weights):
    assert DQN not in service(told).available
    (weights / "card.json").write_text(json.dumps({"encoder": "other@1/x"}))
    assert DQN not in service(told, weights).available
    with pytest.raises(InvalidInput, match="there is no policy"):
        service(told).promote("dqn", actor="ada", key="k")


def test_a_removed_upload_takes_its_lessons_with_it(told):
    say(told, "accept", action=ACTIONS[2])
    assert len(told.resolutions.clicks()[0]) == 1
    told.ingest.remove(1, actor="ada", key="gone")
    assert told.resolutions.clicks()[0] == []


def test_another_process_learns_the_same(told, settings):
    say(told, "accept", action=ACTIONS[2])
    other = build(settings, encoder=HashingEncoder())
    assert other.suggestions.version == told.suggestions.version
    assert other.resolutions.fingerprint() == told.resolutions.fingerprint()
    other.close()
