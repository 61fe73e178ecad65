"""The Attention page over a real store: with the real network, and without one that fits."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import bootstrap
from app.services.explaining import Explained
from app.settings import current
from components import token_map

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explained]:
    settings = current().model_copy(update={"data_dir": tmp_path_factory.mktemp("attention")})
    real = bootstrap.build(settings)
    yield real.explaining.explain("FATAL: <b>deadlock</b> detected while waiting for ShareLock on transaction 4711")
    real.close()


def test_without_a_network_that_fits_the_page_says_so(parts: bootstrap.Services) -> None:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    app.switch_page("../pages/attention.py").run()
    assert not app.exception
    assert "another encoder" in app.warning[0].value


@pytest.mark.model
def test_words_hold_all_of_the_weight_and_the_heaviest_are_marked(explained: Explained) -> None:
    weights = explained.explanation.error
    found = token_map.words(explained, weights)
    assert sum(word.weight for word in found) == pytest.approx(float(weights.sum()), rel=1e-5)
    marks = token_map.grades(found)
    heaviest = max(range(len(found)), key=lambda place: found[place].weight)
    assert marks[heaviest] == 2
    assert 0 in marks
    assert all(mark for mark, word in zip(marks, found, strict=True) if word.weight > 0.7 * float(weights.sum()))


@pytest.mark.model
@pytest.mark.parametrize("name", list(token_map.MAPS))
def test_every_map_has_a_weight_for_each_token_and_a_measured_fall(explained: Explained, name: str) -> None:
    _, weigh, fall = token_map.MAPS[name]
    assert weigh(explained).shape == (len(explained.explanation.tokens),)
    assert (weigh(explained) >= 0).all()
    assert -1 <= fall(explained) <= 1
    assert explained.explanation.faithfulness.lot != 0


@pytest.mark.model
def test_labels_of_figures_are_no_markup(explained: Explained) -> None:
    assert not any("<" in name for name in token_map.bars(explained, explained.explanation.error).data[0].y)
    assert token_map.matrix(np.ones((1, 1), dtype=np.float32), ["<b>"], ["<i>"], "t").data[0].y == ("0 &lt;b&gt;",)


@pytest.mark.model
def test_the_page_draws_one_error_two_errors_and_the_matrices(
    explained: Explained, monkeypatch: pytest.MonkeyPatch, parts: bootstrap.Services
) -> None:
    monkeypatch.setattr(parts.explaining, "explain", lambda text: explained)
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    app.switch_page("../pages/attention.py").run()
    assert not app.exception
    assert any(explained.explanation.category in each.value for each in app.markdown)
    app.text_area(key="attention_other").set_value("disk full").run()
    assert not app.exception
    assert any("‸" in each.value for each in app.caption)
