"""The webcam page with a camera that plays a made-up video, and with cameras that cannot be had."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, Route, expect

from tests.browser.conftest import PHONE, OpenPage, Visits, launch
from tests.browser.stack import HOST, BrowserStack

pytestmark = pytest.mark.browser


def start(page: Page, every_seconds: int = 2) -> None:
    page.locator("#every").fill(str(every_seconds))
    page.get_by_role("button", name="Start the camera").click()


def test_what_happens_to_the_pictures_is_said_before_the_camera_starts(
    open_page: OpenPage,
) -> None:
    page = open_page("/webcam", camera=True)
    expect(page.locator("#intro")).to_contain_text("which deletes it as soon as it is answered")
    assert page.evaluate("document.querySelector('video').srcObject") is None


def test_the_camera_is_offered_when_the_code_is_there(open_page: OpenPage) -> None:
    page = open_page("/about", camera=True)
    held: list[Route] = []
    page.route("**/js/webcam*", lambda request: held.append(request))  # a slow line
    page.get_by_role("link", name="Webcam").click()
    expect(page.locator("#allow")).to_be_disabled()
    for request in held:
        request.continue_()
    expect(page.locator("#allow")).to_be_enabled()


def test_captures_are_answered_one_after_the_other(open_page: OpenPage) -> None:
    page = open_page("/webcam", camera=True, size=PHONE)
    start(page)
    # The video shows somebody and nobody in turn.
    expect(page.locator("#strip .badge", has_text="Someone else").first).to_be_visible()
    expect(page.locator("#strip .badge", has_text="No human").first).to_be_visible(timeout=20_000)
    expect(page.locator("#ring")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#tag")).to_have_text("Stopped")
    expect(page).to_have_title("Stopped · Spotter")
    page.get_by_role("button", name="Start again").click()
    expect(page.locator("#ring")).to_be_visible()


def test_the_answer_is_drawn_on_the_capture_and_saved_with_it(open_page: OpenPage) -> None:
    page = open_page("/webcam", camera=True)
    start(page, every_seconds=60)
    shot = page.locator("#shot")
    expect(shot).to_have_attribute("aria-label", ANSWERED)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Save").click()
    assert downloading.value.suggested_filename.endswith((".jpg",))
    saved = Image.open(io.BytesIO(downloading.value.path().read_bytes())).convert("RGB")
    assert saved.size == (640, 480)
    # The band lies over the lower part, in the colour of the answer.
    band = saved.getpixel((saved.width - 3, saved.height - 8))
    answer = shot.get_attribute("aria-label")
    assert answer is not None
    colour = (165, 53, 13) if "Someone else" in answer else (67, 78, 92)
    assert isinstance(band, tuple)
    assert all(abs(got - wanted) < 40 for got, wanted in zip(band, colour, strict=True))
    # Large white words stand on it.
    words = saved.crop((90, saved.height - 70, 400, saved.height - 30)).convert("L")
    assert words.getextrema()[1] > 220


ANSWERED = re.compile(r"Capture of .*: (Someone else|No human)")


def test_captures_go_into_the_recent_results(open_page: OpenPage) -> None:
    page = open_page("/webcam", camera=True)
    page.locator("#name").fill("front gate")
    start(page, every_seconds=60)
    expect(page.locator("#shot")).to_have_attribute("aria-label", ANSWERED)
    page.get_by_role("link", name="Recent").click()
    expect(page.locator(".tile .name").first).to_contain_text("front-gate")
    expect(page.locator(".tile .frame img:not(.haze)")).to_have_count(1)


def test_a_refused_camera_is_explained_for_this_browser(open_page: OpenPage) -> None:
    page = open_page("/webcam")
    start(page)
    trouble = page.locator("#trouble")
    expect(trouble).to_have_attribute("data-kind", "refused")
    expect(trouble).to_contain_text("The camera was refused")
    expect(trouble).to_contain_text("switch Camera on")
    expect(page).to_have_title("The camera was refused · Spotter")


def test_a_missing_camera_is_explained(playwright: Playwright, visits: Visits) -> None:
    browser = launch(playwright, ["--use-fake-device-for-media-stream=device-count=0"])
    try:
        page = visits.open(browser, "/webcam", camera=True)
        start(page)
        expect(page.locator("#trouble")).to_have_attribute("data-kind", "none")
        expect(page.locator("#trouble")).to_contain_text("No camera was found")
    finally:
        browser.close()


def test_a_page_without_https_says_so_at_once(
    stack: BrowserStack, visits: Visits, browser: Browser
) -> None:
    visits.expected = ("Cross-Origin-Opener-Policy",)
    page = visits.open(browser, "/webcam", address=f"http://{HOST}:{stack.web.port}")
    expect(page.locator("#trouble")).to_have_attribute("data-kind", "insecure")
    expect(page.locator("#trouble")).to_contain_text("This page is not on HTTPS")


def test_without_a_worker_the_last_answer_stays_and_the_time_is_said(
    stack: BrowserStack, open_page: OpenPage
) -> None:
    page = open_page("/webcam", camera=True)
    start(page, every_seconds=4)
    shot = page.locator("#shot")
    expect(shot).to_have_attribute("aria-label", ANSWERED)
    stack.send_worker_away()
    expect(page.locator("#notice")).to_contain_text("No worker answers since", timeout=20_000)
    expect(shot).to_have_attribute("aria-label", ANSWERED)
    expect(page.locator("#strip .badge", has_text="Replaced").first).to_be_visible(timeout=20_000)
    stack.bring_worker_back()
    expect(page.locator("#notice")).to_be_hidden(timeout=20_000)


def test_nothing_is_captured_while_the_page_is_hidden(open_page: OpenPage) -> None:
    page = open_page("/webcam", camera=True)
    start(page)
    expect(page.locator("#shot")).to_have_attribute("aria-label", ANSWERED)
    # The one state that is told and not reached: a headless browser never hides a page.
    page.evaluate(SET_HIDDEN, True)
    expect(page).to_have_title("Paused · Spotter")
    expect(page.locator("#tag")).to_have_text("Paused while the page was hidden")
    captures = page.locator("#strip li").count()
    page.wait_for_timeout(2_500)
    assert page.locator("#strip li").count() == captures
    page.evaluate(SET_HIDDEN, False)
    expect(page.locator("#strip li")).not_to_have_count(captures)


SET_HIDDEN = """hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
