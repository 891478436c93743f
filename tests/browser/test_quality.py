"""What holds for every page: axe finds nothing, few bytes, keyboard alone is enough."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from models.catalogue import load_pipelines
from tests.browser.conftest import DESKTOP, PHONE, OpenPage, Visits
from tests.browser.stack import BrowserStack

pytestmark = pytest.mark.browser

MOST_BYTES = 40_000
STAGE = next(iter(load_pipelines().values())).stages[0]
CARD = f"/models/{STAGE.model}/{STAGE.version}"
PLAIN = ("/about", "/models", CARD)  # without a script
PAGES = ("/", "/webcam", "/jobs", "/status", "/about", "/models", CARD)
Views = tuple[tuple[tuple[int, int], str], ...]
ALL_VIEWS: Views = (
    *((PHONE, "light"), (PHONE, "dark")),
    *((DESKTOP, "light"), (DESKTOP, "dark")),
)
# Enough for the states of a page: each size and each scheme once.
TWO_VIEWS: Views = ((PHONE, "light"), (DESKTOP, "dark"))


def find_faults(page: Page, views: Views = TWO_VIEWS) -> list[str]:
    """What axe finds on this page as it stands, in each of the views."""
    faults = []
    for (width, height), scheme in views:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found: list[dict[str, Any]] = Axe().run(page, options=OPTIONS).response["violations"]
        faults += [
            f"{scheme} {width} {page.url}: {fault['id']}: {node['target']} {node['failureSummary']}"
            for fault in found
            for node in fault["nodes"]
        ]
    return faults


OPTIONS = {"resultTypes": ["violations"]}


def test_axe_finds_a_planted_fault(open_page: OpenPage) -> None:
    page = open_page("/about")
    page.evaluate("document.querySelector('.prose p').style.color = '#999'")
    assert any("color-contrast" in fault for fault in find_faults(page))


@pytest.mark.parametrize("path", [*PAGES, "/api", "/jobs/" + "A" * 22])
def test_axe_finds_nothing_on_a_page(path: str, open_page: OpenPage, visits: Visits) -> None:
    visits.expected = ("404",)
    assert find_faults(open_page(path), ALL_VIEWS) == []


@pytest.mark.parametrize("name", ["someone", "rider", "nobody", "unsure", "failed"])
def test_axe_finds_nothing_on_a_result(
    name: str, stack: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    content = pictures.get(name, pictures["someone"][:9000])
    page = open_page(stack.web.submit(content, wait=0)["links"]["page"])
    expect(page.locator("#answer:not([data-kind=wait])")).to_be_visible()
    page.get_by_text("How it was answered").click()
    assert find_faults(page) == []


def test_axe_finds_nothing_on_a_waiting_job(
    worker_away: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    page = open_page(worker_away.web.submit(pictures["rider"], wait=0)["links"]["page"])
    assert find_faults(page) == []


def test_axe_finds_nothing_on_the_sheet_and_the_list(
    open_page: OpenPage, files: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "notes.jpg").write_text("not a picture")
    page = open_page()
    page.set_input_files("#choose", [*files.values(), tmp_path / "notes.jpg"])
    expect(page.locator("#sheet h1")).to_have_text("4 of 5 answered")
    faults = find_faults(page)
    page.get_by_role("link", name="Recent").click()
    expect(page.locator(".tile .frame img:not(.haze)").first).to_be_visible()
    assert faults + find_faults(page) == []


def test_axe_finds_nothing_on_the_live_webcam(open_page: OpenPage) -> None:
    page = open_page("/webcam", camera=True)
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#strip .badge").first).to_be_visible()
    assert find_faults(page) == []


@pytest.mark.parametrize("path", [*PAGES, "result", "sheet"])
def test_a_page_takes_few_bytes_of_script_and_style(
    path: str,
    stack: BrowserStack,
    open_page: OpenPage,
    pictures: dict[str, bytes],
    files: dict[str, Path],
) -> None:
    page = open_page("/about")
    taken: dict[str, int] = {}

    def note(request: Any) -> None:
        if request.resource_type in ("script", "stylesheet"):
            taken[request.url] = request.sizes()["responseBodySize"]

    page.on("requestfinished", note)
    if path == "result":
        path = stack.web.submit(pictures["someone"])["links"]["page"]
    many = path == "sheet"
    page.goto(stack.address + ("/" if many else path), wait_until="networkidle")
    if many:
        page.set_input_files("#choose", list(files.values()))
        expect(page.locator("#sheet h1")).to_have_text("All 4 answered")
    assert len(taken) > (0 if path in PLAIN else 2)
    assert sum(taken.values()) < MOST_BYTES, taken


def test_a_photo_is_asked_about_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#choose")).to_be_focused()
    assert page.evaluate(OUTLINE, "label:has(#choose)") != "none"
    page.keyboard.press("Tab")
    expect(page.locator("#sample")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*")
    expect(page.locator("#outcome")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('summary')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#curl")).to_be_visible()


OUTLINE = "selector => getComputedStyle(document.querySelector(selector)).outlineStyle"


def test_targets_are_large_enough_for_thumbs(open_page: OpenPage) -> None:
    page = open_page("/", size=PHONE)
    for path in PAGES:
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + path)
        small = page.evaluate(SMALL_TARGETS)
        assert small == [], path


SMALL_TARGETS = """() => [
    ...document.querySelectorAll(".button, .nav a, .chip, select, .field input")]
    .map(element => [element.textContent.trim() || element.id, element.getBoundingClientRect()])
    .filter(([, box]) => box.width && box.height < 44)
    .map(([name, box]) => `${name}: ${box.height}`)"""


@pytest.mark.parametrize("size", [PHONE, DESKTOP, (844, 390), (320, 640)], ids=str)
def test_no_page_scrolls_sideways(
    size: tuple[int, int], stack: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    page = open_page("/", size=size)
    result = stack.web.submit(pictures["unsure"])["links"]["page"]
    for path in (*PAGES, result):
        page.goto(stack.address + path)
        if path == result:
            page.get_by_text("How it was answered").click()
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path


def test_moving_parts_stand_still_for_those_who_want_that(open_page: OpenPage) -> None:
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    moving = page.evaluate(
        "() => [...document.querySelectorAll('*')].filter(element => {"
        " const style = getComputedStyle(element);"
        " return style.transitionDuration !== '0s' || style.animationName !== 'none'; }).length"
    )
    assert moving == 0
