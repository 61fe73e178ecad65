"""Which calls are the program's own."""

import pytest

from models.records import Frame
from models.text.own_frames import are_own, own_frames

JUNIT = Frame("assertEquals", "Assert.java", 57, "junit.framework.Assert")
RUNNER = Frame("invoke0", "", 0, "sun.reflect.NativeMethodAccessorImpl")
SHOP = Frame("save", "Order.java", 7, "com.shop.Order")
KAFKA = Frame("poll", "Consumer.java", 9, "org.apache.kafka.clients.Consumer")
FLASK = Frame("dispatch", "/srv/venv/lib/python3.11/site-packages/flask/app.py", 3)
PYTEST = Frame("call", "/srv/venv/lib/python3.11/site-packages/_pytest/runner.py", 3)
STANDARD = Frame("run", "/usr/lib/python3.11/threading.py", 3)
DEBIAN = Frame("get", "/usr/lib/python3/dist-packages/requests/api.py", 3)
VIEW = Frame("view", "/srv/app/views.py", 3)


@pytest.mark.parametrize(
    ("frames", "own"),
    [
        ((JUNIT, SHOP, KAFKA, RUNNER), (SHOP,)),
        ((KAFKA, RUNNER), (KAFKA,)),  # a trace of Kafka itself
        ((FLASK, VIEW, STANDARD), (VIEW,)),
        ((FLASK, STANDARD, PYTEST), (FLASK,)),
        ((DEBIAN, STANDARD), (DEBIAN,)),
        ((JUNIT, RUNNER), (JUNIT, RUNNER)),  # nothing to choose from
    ],
)
def test_own_frames(frames: tuple[Frame, ...], own: tuple[Frame, ...]) -> None:
    assert tuple(own_frames(frames)) == own


def test_of_a_trace_of_the_runtime_alone_no_frame_is_the_programs_own() -> None:
    assert are_own((JUNIT, RUNNER)) == [False, False]
