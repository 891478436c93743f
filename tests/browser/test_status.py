"""The status page in each state of a real Spotter, live and without script."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, OpenPage, Visits
from tests.browser.stack import BrowserStack, Web
from tests.browser.test_quality import find_faults
from tests.conftest import QueueServer

pytestmark = pytest.mark.browser


def test_it_counts_as_pictures_come(
    stack: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    page = open_page("/status", size=PHONE)
    expect(page.locator("h1")).to_have_text(re.compile("All is well|A worker is missing"))
    expect(page.locator("#workers tr")).to_have_count(stack.count_workers())
    answered = int(page.locator("[data-show=answered]").inner_text())
    for name in ("rider", "someone", "nobody"):
        stack.web.submit(pictures[name])
    more = re.compile("|".join(str(answered + extra) for extra in (2, 3, 4)))
    expect(page.locator("[data-show=answered]")).to_have_text(more)
    failed = stack.web.submit(pictures["rider"][:9000], wait=0)
    expect(page.locator(f"#failed a[href='/jobs/{failed['id']}']")).to_be_visible()
    page.locator(f"#failed a[href='/jobs/{failed['id']}']").click()
    expect(page.locator("h1")).to_be_visible()


def test_a_full_queue_and_then_no_worker_are_said_as_they_come(
    stack: BrowserStack,
    small_web: Web,
    open_page: OpenPage,
    visits: Visits,
    pictures: dict[str, bytes],
) -> None:
    visits.address = small_web.address
    stack.worker.signal_group(signal.SIGSTOP)  # it counts as seen for five seconds
    try:
        for _ in range(4):  # one or two may be leased already
            small_web.request("POST", "/api/v1/jobs", pictures["someone"])
        page = open_page("/status", address=small_web.address)
        expect(page.locator("h1")).to_have_text("The queue is full")
        expect(page.locator("#refusals")).to_contain_text("queue_full")
        expect(page.locator("h1")).to_have_text("No worker is here")
        expect(page.locator("#news")).to_contain_text("No worker is here")
        assert page.title() == "No worker is here · Spotter"
        assert find_faults(page) == []
    finally:
        stack.worker.signal_group(signal.SIGCONT)
    # The children that were held took their picture for too slow: others take their place.
    expect(page.locator("#workers")).to_contain_text("person", timeout=30_000)


@pytest.fixture
def web_alone(own_queue_server: QueueServer, tmp_path: Path) -> Iterator[Web]:
    """A web process on a queue of its own, without a worker."""
    web = Web(url=own_queue_server.url, folder=tmp_path / "web")
    yield web.start()
    web.stop()


def test_a_queue_that_goes_and_comes_back_is_said(
    web_alone: Web, own_queue_server: QueueServer, open_page: OpenPage
) -> None:
    page = open_page("/status", address=web_alone.address)
    expect(page.locator("h1")).to_have_text("No worker is here")
    own_queue_server.kill()
    expect(page.locator("h1")).to_have_text("The queue does not answer")
    expect(page.locator("#status")).to_have_class("status stale")
    page.reload()
    expect(page.locator("h1")).to_have_text("The queue does not answer")
    own_queue_server.start()
    expect(page.locator(".numbers")).to_be_visible()


def test_without_script_it_shows_how_it_was(open_page: OpenPage) -> None:
    page = open_page("/status", scripts=False)
    expect(page.locator("#workers")).to_contain_text("person")
    expect(page.get_by_text("reload it for newer numbers")).to_be_visible()
    expect(page.locator(".plot path")).to_have_count(4)
