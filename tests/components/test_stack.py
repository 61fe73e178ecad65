"""Folding a stack trace."""

from components.stack import folded, unfolded
from models.records import Frame
from models.text.parse import parse_text

JAVA = """java.lang.IllegalStateException: no cart
\tat com.shop.Cart.total(Cart.java:42)
\tat org.springframework.web.Dispatcher.call(Dispatcher.java:10)
\tat org.springframework.web.Filter.run(Filter.java:11)
\tat java.lang.Thread.run(Thread.java:12)
\tat com.shop.Main.main(Main.java:7)
"""


def frames_of(text: str) -> tuple[Frame, ...]:
    return parse_text(text, now=0.0)[0].frames


def test_runs_of_the_platform_become_one_line_that_names_them() -> None:
    assert folded(frames_of(JAVA)) == [
        "▸ com.shop.Cart.total  Cart.java:42",
        "⋯ 3 calls of org.springframework, java",
        "▸ com.shop.Main.main  Main.java:7",
    ]


def test_unfolded_shows_every_call() -> None:
    assert [line[0] for line in unfolded(frames_of(JAVA))] == ["▸", " ", " ", " ", "▸"]


def test_a_single_call_of_the_platform_is_not_folded() -> None:
    frames = (Frame("a", "app.py", 1), Frame("get", "/x/site-packages/requests/api.py", 2), Frame("b", "app.py", 3))
    assert folded(frames) == unfolded(frames)


def test_a_trace_of_the_platform_alone_is_shown_whole() -> None:
    frames = tuple(Frame("run", module=f"java.lang.Thread{number}") for number in range(4))
    assert folded(frames) == unfolded(frames)


def test_python_libraries_are_named_by_their_folder() -> None:
    inner = tuple(Frame("f", f"/venv/lib/python3.11/site-packages/{name}/x.py", 1) for name in ("flask", "werkzeug"))
    assert folded((Frame("a", "app.py", 1), *inner))[1] == "⋯ 2 calls of flask, werkzeug"


def test_endless_recursion_is_cut() -> None:
    frames = tuple(Frame("again", "app.py", number) for number in range(1, 5001))
    assert len(folded(frames)) == 201
    assert folded(frames)[-1] == "⋯ 4800 more"
