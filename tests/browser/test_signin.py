"""A Spotter that wants keys: the stranger's page, signing in, working signed in, signing out."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage, Visits
from tests.browser.stack import BrowserStack, Web
from tests.browser.test_quality import find_faults
from tests.faults.fleet import ROOT

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def locked(stack: BrowserStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A second web on the same queue, where everybody needs a key."""
    folder = tmp_path_factory.mktemp("locked")
    web = Web(url=stack.queue.url, folder=folder, environment={"SPOTTER_ACCESS": "keys"})
    yield web.start()
    web.stop()


def make_link(web: Web, *options: str) -> str:
    """Make a sign-in link as an operator does; return its path."""
    done = subprocess.run(
        [sys.executable, "-m", "web.keys", "link", "anna", "--at", web.address, *options],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": web.url},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().removeprefix(web.address)


@pytest.fixture
def open_locked(open_page: OpenPage, locked: Web, visits: Visits) -> OpenPage:
    visits.expected = ("401", "410")  # what the browser itself says of a page with such a status

    def open_path(path: str, **options: object) -> Page:
        return open_page(path, address=locked.address, **options)

    return open_path


@pytest.fixture
def signed_in(open_locked: OpenPage, locked: Web) -> Page:
    page = open_locked(make_link(locked), camera=True)
    page.get_by_role("button", name="Sign in on this browser").click()
    expect(page.locator("#door")).to_be_visible()
    page.wait_for_load_state()
    return page


def test_a_stranger_is_told_what_to_do(open_locked: OpenPage) -> None:
    page = open_locked("/webcam", size=PHONE)
    expect(page.locator("h1")).to_have_text("Sign in first")
    expect(page.locator("main")).to_contain_text("Open the sign-in link")
    page.get_by_text("You run it yourself?").click()
    expect(page.locator("main")).to_contain_text("make key LINK=me")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert find_faults(page) == []
    page.get_by_role("link", name="What Spotter does").click()
    expect(page.locator("h1")).to_have_text("About Spotter")


def test_photos_are_answered_signed_in(signed_in: Page, files: dict[str, Path]) -> None:
    signed_in.set_input_files("#choose", [files[name] for name in ("someone", "rider", "nobody")])
    expect(signed_in.locator("#sheet h1")).to_have_text("All 3 answered")
    signed_in.get_by_role("link", name="Recent").click()
    expect(signed_in.locator(".tile")).to_have_count(3)
    signed_in.get_by_role("link", name="Rider").last.click()
    expect(signed_in.locator("#answer h1")).to_have_text("Rider")
    assert find_faults(signed_in) == []


def test_the_webcam_works_signed_in(signed_in: Page) -> None:
    signed_in.get_by_role("link", name="Webcam").click()
    signed_in.locator("#every").fill("2")
    signed_in.get_by_role("button", name="Start the camera").click()
    expect(signed_in.locator("#strip .badge", has_text="Someone else").first).to_be_visible()


def test_a_used_link_says_so(open_locked: OpenPage, locked: Web) -> None:
    link = make_link(locked)
    page = open_locked(link, size=PHONE)
    assert find_faults(page) == []
    page.get_by_role("button", name="Sign in on this browser").click()
    expect(page.locator("#door")).to_be_visible()
    other = open_locked(link)
    expect(other.locator("h1")).to_have_text("This link is used up")
    assert find_faults(other) == []


def test_signing_out_leaves_nothing_open(signed_in: Page) -> None:
    signed_in.get_by_role("button", name="Sign out anna").click()
    expect(signed_in.locator("h1")).to_have_text("Signed out")
    assert find_faults(signed_in) == []
    signed_in.get_by_role("link", name="Photos").click()
    expect(signed_in.locator("h1")).to_have_text("Sign in first")


def test_signing_in_works_without_scripts(open_locked: OpenPage, locked: Web) -> None:
    page = open_locked(make_link(locked), scripts=False)
    page.get_by_role("button", name="Sign in on this browser").click()
    page.get_by_role("button", name="an astronaut").click()
    expect(page.locator("#answer")).to_be_visible()


def test_a_sign_in_that_ends_while_photos_are_sent_is_told(
    signed_in: Page, files: dict[str, Path]
) -> None:
    signed_in.context.clear_cookies()
    signed_in.set_input_files("#choose", files["someone"])
    expect(signed_in.locator("#sending")).to_contain_text("sign this browser in")


def test_what_failed_is_listed_for_the_operator(open_locked: OpenPage, locked: Web) -> None:
    page = open_locked(make_link(locked, "--scope", "admin"))
    page.get_by_role("button", name="Sign in on this browser").click()
    page.get_by_role("link", name="Failed jobs").click()
    expect(page.locator("h1")).to_be_visible()
    assert find_faults(page) == []
