"""The page of recent results: what this browser asked, with its own thumbnails."""

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser


def send_all(page: Page, files: dict[str, Path]) -> None:
    page.set_input_files("#choose", [files[name] for name in ("someone", "rider", "nobody")])
    expect(page.locator("#sheet h1")).to_have_text("All 3 answered")


def test_a_new_browser_is_invited(open_page: OpenPage) -> None:
    page = open_page("/jobs")
    expect(page.locator("h1")).to_have_text("Nothing yet")
    page.get_by_role("link", name="Choose a photo").click()
    expect(page.locator("#door")).to_be_visible()


def test_results_are_listed_with_thumbnails_and_lead_to_their_pages(
    open_page: OpenPage, files: dict[str, Path]
) -> None:
    page = open_page()
    send_all(page, files)
    page.get_by_role("link", name="Recent").click()
    expect(page.locator(".tile")).to_have_count(3)
    expect(page.locator(".tile .frame img:not(.haze)")).to_have_count(3)
    page.get_by_role("link", name="Rider").last.click()
    expect(page.locator("#answer h1")).to_have_text("Rider")


def test_one_kind_of_answer_can_be_picked(open_page: OpenPage, files: dict[str, Path]) -> None:
    page = open_page()
    send_all(page, files)
    page.goto(f"{page.url}jobs")
    page.get_by_role("navigation", name="Show only").get_by_text("No human").click()
    expect(page.locator(".tile .badge")).to_have_text(["No human"])
    page.get_by_role("navigation", name="Show only").get_by_text("Unsure").click()
    expect(page.locator("main")).to_contain_text("None of them has this answer.")


def test_the_list_can_be_taken_along_as_a_table(
    open_page: OpenPage, files: dict[str, Path]
) -> None:
    page = open_page()
    send_all(page, files)
    page.goto(f"{page.url}jobs")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(downloading.value.path().read_text())))
    assert sorted(row["outcome"] for row in rows) == [
        "human_detected, others",
        "human_detected, zomato_delivery_boy",
        "no human detected",
    ]
    assert all(f"/jobs/{row['id']}" in row["page"] for row in rows)


def test_the_kept_pictures_can_be_forgotten(open_page: OpenPage, files: dict[str, Path]) -> None:
    page = open_page()
    send_all(page, files)
    page.goto(f"{page.url}jobs")
    page.get_by_role("button", name="Forget the pictures").click()
    expect(page.locator("#forget")).to_be_hidden()
    expect(page.locator(".tile .frame img")).to_have_count(0)
    expect(page.locator(".tile")).to_have_count(3)


def test_another_browser_sees_none_of_it(open_page: OpenPage, files: dict[str, Path]) -> None:
    send_all(open_page(), files)
    expect(open_page("/jobs").locator("h1")).to_have_text("Nothing yet")
