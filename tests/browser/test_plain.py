"""Spotter in a browser without JavaScript."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.stack import BrowserStack

pytestmark = pytest.mark.browser


def test_a_photo_is_sent_by_the_plain_form(open_page: OpenPage, files: dict[str, Path]) -> None:
    page = open_page("/", scripts=False)
    page.set_input_files("#choose", files["rider"])
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url("**/jobs/*")
    expect(page.locator("#outcome")).to_have_text("human_detected, zomato_delivery_boy")
    expect(page.locator("#picture")).to_contain_text("without JavaScript")


def test_the_sample_is_asked_by_its_plain_form(open_page: OpenPage) -> None:
    page = open_page("/", scripts=False)
    page.locator("#sample").click()
    page.wait_for_url("**/jobs/*")
    expect(page.locator("#outcome")).to_have_text("human_detected, others")


def test_the_page_refreshes_itself_until_the_answer_is_there(
    worker_away: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    job = worker_away.web.submit(pictures["nobody"], wait=0)
    page = open_page(job["links"]["page"], scripts=False)
    expect(page.locator("#answer h1")).to_have_text("Next in line")
    worker_away.bring_worker_back()
    expect(page.locator("#outcome")).to_have_text("no human detected")
    assert page.locator("meta[http-equiv=refresh]").count() == 0


def test_a_job_is_cancelled_by_its_plain_button(
    worker_away: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    job = worker_away.web.submit(pictures["nobody"], wait=0)
    page = open_page(job["links"]["page"], scripts=False)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#answer h1")).to_have_text("Cancelled")


def test_the_webcam_page_says_what_it_needs(open_page: OpenPage) -> None:
    page = open_page("/webcam", scripts=False)
    expect(page.locator("main")).to_contain_text("The webcam needs JavaScript")
    expect(page.locator("#allow")).to_be_hidden()
