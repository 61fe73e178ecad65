"""Incident replay in a real browser: the sample is played, stands while paused, its link restores the moment, the report comes."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.services.cascade import PRETRAINED

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.skipif(not (PRETRAINED / "model.safetensors").is_file(), reason="the cascade weights are not there"),
]


def test_the_sample_plays_pauses_and_becomes_a_report(demo: Any, page: Page, tmp_path: Path) -> None:
    page.goto(demo.url + "/replay?replay_speed=20")
    sentence = page.locator(".st-key-title-replay").get_by_test_id("stText")
    expect(sentence).to_have_text(re.compile("users were hit", re.IGNORECASE), timeout=300_000)
    slider, play = page.get_by_role("slider").first, page.locator(".st-key-replay_play button")
    began = slider.get_attribute("aria-valuetext")
    play.click()
    expect(slider).not_to_have_attribute("aria-valuetext", str(began), timeout=30_000)
    play.click()
    expect(play).to_have_text(re.compile("Play"))
    expect(page).to_have_url(re.compile("replay_at="))
    page.wait_for_timeout(1_000)
    stopped, link = str(slider.get_attribute("aria-valuetext")), page.url
    page.wait_for_timeout(3_000)
    expect(slider).to_have_attribute("aria-valuetext", stopped)
    page.keyboard.press("l")
    expect(slider).not_to_have_attribute("aria-valuetext", stopped)
    page.goto(link)
    expect(page.get_by_role("slider").first).to_have_attribute("aria-valuetext", stopped, timeout=60_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Report").click()
    download.value.save_as(tmp_path / "report.html")
    made = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "seed of the simulated sample incident" in made and "http://" not in made.replace("http-equiv", "")[:3000]
    expect(page.get_by_test_id("stException")).to_have_count(0)
