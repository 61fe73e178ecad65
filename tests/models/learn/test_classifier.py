"""Training on stored states: the texts it shows, that it learns and goes on, and what it leaves behind."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from models.corpus import Template
from models.learn.classifier import Lesson, Recipe, fit_confidence, lesson, logits, train, without_trunk
from models.learn.renderings import beheaded, dressed, pasted, recased, renderings, shortened, thinned
from models.learn.terms import term_vectors
from models.learn.token_states import TokenStates, token_states
from models.nets.vocabulary import Vocabulary
from models.vectors.encoder import Tokens

KINDS = (("disk is full on {host}", "high", "storage"), ("login rejected for {user}", "low", "security"))
TEMPLATES = [Template(f"{category}-{i}", f"tech{i}", f"{word} {text}", severity, category, ("patch_code",))
             for text, severity, category in KINDS for i, word in enumerate(("alpha", "bravo", "charlie", "delta"))]
OTHERS = ["a walk in the park", "soup for lunch"]
DIMS = 24


class Letters:
    """A stand-in for a trunk: a token a word, its state from the word and its neighbour; counts its calls."""

    version, dims = "letters@1", DIMS

    def __init__(self) -> None:
        self.calls = 0

    def encode_tokens(self, texts, use, progress=None):
        self.calls += 1
        made = []
        for text in texts:
            words, at, offsets = text.split(" "), 0, []
            for word in words:
                offsets.append((at, at + len(word)))
                at += len(word) + 1
            made.append(use(Tokens(text, [len(w) for w in words], offsets, np.stack([self.state(w) for w in words]))))
        return np.zeros((len(texts), DIMS), dtype=np.float32), made

    def encode(self, texts, progress=None):
        return self.encode_tokens(texts, lambda tokens: None)[0]

    @staticmethod
    def state(word: str) -> np.ndarray:
        return np.random.default_rng(sum(map(ord, word))).normal(size=DIMS).astype(np.float32)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    shown = renderings(TEMPLATES, OTHERS, lambda text: text, seed=0)
    states = token_states(Letters(), shown.texts, tmp_path_factory.mktemp("states"))
    terms = states.terms(Vocabulary(["disk", "login rejected"]))
    return lesson(TEMPLATES, shown, states, terms, [t.technology for t in TEMPLATES])


def test_renderings_are_seeded_distinct_and_begin_with_the_plain_ones() -> None:
    one, again = (renderings(TEMPLATES, OTHERS, lambda text: text, seed=0) for _ in range(2))
    assert list(one.texts) == list(again.texts)
    assert list(one.texts) != list(renderings(TEMPLATES, OTHERS, lambda text: text, seed=1).texts)
    for number in range(len(TEMPLATES)):
        rows = np.flatnonzero(one.template == number)
        assert len({one.texts[row] for row in rows}) == len(rows)
        assert one.plain[rows[0]]
        assert not one.plain[rows].all()
    assert [one.texts[row] for row in np.flatnonzero((one.template < 0) & one.plain)] == OTHERS


@pytest.mark.parametrize("change", [dressed, shortened, beheaded, thinned, recased, pasted])
def test_a_change_leaves_something_of_the_words(change) -> None:
    text = "connection to the primary database refused"
    changed = [change(text, random.Random(seed)) for seed in range(20)]
    assert all(set(text.upper().split()) & set(c.upper().replace("_", " ").split()) for c in changed)
    assert any(c != text for c in changed)


def test_states_are_made_once_and_are_what_the_trunk_said(tmp_path: Path) -> None:
    encoder, texts = Letters(), ["disk full", "login"]
    first, second = (token_states(encoder, texts, tmp_path) for _ in range(2))
    assert encoder.calls == 1
    assert np.allclose(second.of(0), [Letters.state("disk"), Letters.state("full")], atol=2e-3)
    assert second.places(0) == [(0, 4), (5, 9)]
    assert first.starts.tolist() == [0, 2, 3]
    token_states(encoder, ["disk full"], tmp_path)
    assert encoder.calls == 2


def test_a_template_s_texts_are_its_own(data: Lesson) -> None:
    found = data.texts_of(np.array([3, 0]))
    assert [set(data.template[rows]) for rows in found] == [{3}, {0}]
    assert all(data.plain[rows].all() for rows in data.texts_of(np.arange(8), plain_only=True))


def test_it_learns_to_read_unseen_templates_and_the_seed_decides_all(data: Lesson) -> None:
    rows, held = np.array([0, 1, 2, 4, 5, 6]), np.array([3, 7])
    recipe = Recipe(epochs=30, batch=2, rate=5e-3, patience=30, dropout=0.0)
    one, again = (train(data, rows, recipe, 0, held_out=held) for _ in range(2))
    assert one.history == again.history
    assert one.history[one.epochs - 1]["severity"] == 1
    severity, category, confidence = logits(one.network, data, np.arange(len(data.template)))
    assert (severity.shape[1], category.shape[1], confidence.shape) == (4, 10, (len(data.template),))
    backwards = logits(one.network, data, np.arange(len(data.template))[::-1])
    assert np.allclose(severity, backwards[0][::-1], atol=1e-5)


def test_a_training_that_was_cut_short_goes_on_to_the_same_end(data: Lesson, tmp_path: Path) -> None:
    rows, recipe, file = np.arange(8), Recipe(epochs=4, batch=4), tmp_path / "run.pt"
    whole = train(data, rows, recipe, 0)

    def stop(line: str) -> None:
        if line.startswith("epoch 3"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, rows, recipe, 0, report=stop, checkpoint=file)
    resumed = train(data, rows, recipe, 0, checkpoint=file)
    assert [row["loss"] for row in resumed.history] == pytest.approx([row["loss"] for row in whole.history], rel=1e-5)


def test_without_the_vocabulary_terms_change_nothing(data: Lesson) -> None:
    model = train(data, np.arange(8), Recipe(epochs=1, batch=4, with_vocabulary=False), 0, vectors=np.ones((2, DIMS), np.float32))
    bare = Lesson(data.states, data.terms * 0, data.template, data.plain, data.severity, data.category, data.groups)
    assert np.allclose(logits(model.network, data, np.arange(4))[0], logits(model.network, bare, np.arange(4))[0])


def test_confidence_learns_what_was_right(data: Lesson) -> None:
    network = train(data, np.arange(8), Recipe(epochs=1, batch=4), 0).network
    rng = np.random.default_rng(0)
    severity, category = rng.normal(size=(200, 4)) * 0.1, rng.normal(size=(200, 10)) * 0.1
    right = rng.random(200) < 0.5
    severity[right, 0] += 4
    embeddings = rng.normal(size=(200, DIMS)).astype(np.float32)
    fit_confidence(network, embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True), severity, category, right)
    parts = (torch.from_numpy(x.astype(np.float32)) for x in (embeddings, severity, category))
    sure = torch.sigmoid(network.confidence(network.sureness_input(*parts)))[:, 0].detach().numpy()
    assert sure[right].min() > sure[~right].max()
    assert abs(sure.mean() - right.mean()) < 0.05


def test_masked_terms_teach_vectors_of_the_length_asked_for() -> None:
    contexts = {1: np.eye(DIMS)[0], 2: np.eye(DIMS)[1]}
    tokens = [([10 + term, 5], np.array([term, 0])) for term in (1, 2) * 20]
    seen: list[list[int]] = []

    def states_of(ids):
        seen.append(list(ids))
        return np.stack([contexts[1 + (len(seen) - 1) % 2], np.zeros(DIMS)]).astype(np.float32)

    vectors, hit = term_vectors(Vocabulary(["a", "b", "c"]), tokens, states_of, mask=99, scale=10.0, seed=0)
    assert all(ids == [99, 5] for ids in seen)
    assert hit == 1.0
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([3.0, 3.0, 0.0], abs=1e-4)


def test_what_ships_is_of_half_precision_and_has_no_trunk(data: Lesson) -> None:
    kept = without_trunk(train(data, np.arange(8), Recipe(epochs=1, batch=4), 0).network)
    assert {tensor.dtype for tensor in kept.values()} == {torch.float16}
    assert isinstance(data.states, TokenStates)
