"""Cascades in a real browser: an empty store, one click on the example, and the forecast with what it looked at."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.services.cascade import PRETRAINED

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.skipif(not (PRETRAINED / "model.safetensors").is_file(), reason="the cascade weights are not there"),
]


def test_the_example_is_forecast_with_one_click(server: Any, page: Page) -> None:
    page.goto(server.url + "/cascades")
    expect(page.get_by_text("Nothing is stored yet")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Example: refused").click()
    sentence = page.locator(".st-key-title-cascade").get_by_test_id("stText")
    expect(sentence).to_have_text(re.compile("expected to fail|Cannot be forecast here"), timeout=90_000)
    expect(page.locator(".js-plotly-plot").filter(has_text="share of the attention")).to_have_count(1)
    expect(page.get_by_label("Errors in the order they came")).to_have_value(re.compile("database timeout"))
    expect(page.get_by_test_id("stException")).to_have_count(0)
