"""The tour: on the first page of a new store, from page to page, over for good once it is skipped or ended."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from app import bootstrap
from components.tour import STEPS

ROOT = Path(__file__).resolve().parents[2]


def first_page() -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    return next((one.value for one in app.markdown if one.value.startswith("**Tour")), "")


def test_it_leads_through_five_pages_and_does_not_come_back(parts: bootstrap.Services) -> None:
    app = first_page()
    for number, (_, words) in enumerate(STEPS, start=1):
        assert not app.exception
        assert shown(app).startswith(f"**Tour, {number} of 5: ") and words in shown(app)
        if number < len(STEPS):
            app.button(key="tour_on").click().run()
    app.button(key="tour_end").click().run()
    assert shown(app) == "" == shown(first_page())


def test_it_is_skipped_by_one_click_for_every_browser(parts: bootstrap.Services) -> None:
    app = first_page()
    app.button(key="tour_skip").click().run()
    assert shown(app) == "" == shown(first_page())


def test_other_pages_are_left_alone_until_somebody_goes_on(parts: bootstrap.Services) -> None:
    app = first_page().switch_page("../pages/submit.py").run()
    assert shown(app) == ""


def test_the_system_page_shows_it_again(parts: bootstrap.Services) -> None:
    app = first_page()
    app.button(key="tour_skip").click().run()
    app.switch_page("../pages/system.py").run()
    app.button(key="tour_again").click().run()
    assert shown(app).startswith("**Tour, 1 of 5: Inbox.")


def test_every_step_is_a_page_of_its_own(parts: bootstrap.Services) -> None:
    names = [name for name, _ in STEPS]
    assert len(set(names)) == 5
    assert all((ROOT / "pages" / f"{name}.py").is_file() for name in names)
