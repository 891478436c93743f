"""Sending photos from the first page: one, many, refused, again and again, against a full queue."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import PHONE, OpenPage, Visits
from tests.browser.made import encode, make_astronaut
from tests.browser.stack import BrowserStack, Web

pytestmark = pytest.mark.browser


def count_sent(page: Page) -> int:
    """How many jobs this browser has made, as the page of recent ones tells."""
    address = page.url.split("/", 3)
    page.goto(f"{address[0]}//{address[2]}/jobs")
    return page.locator(".tile").count()


def test_a_photo_leads_to_the_page_of_its_result(
    open_page: OpenPage, files: dict[str, Path]
) -> None:
    page = open_page()
    page.set_input_files("#choose", files["someone"])
    page.wait_for_url("**/jobs/*")
    expect(page.locator("#answer h1")).to_have_text("Someone else")
    expect(page.locator("#outcome")).to_have_text("human_detected, others")
    expect(page).to_have_title("Someone else · Spotter")
    picture = page.locator("#picture img").last
    expect(picture).to_have_attribute("alt", "Your picture someone.jpg")
    assert picture.evaluate("image => image.naturalWidth") == 512


def test_a_photo_can_be_sent_from_a_page_without_https(
    open_page: OpenPage, files: dict[str, Path]
) -> None:
    page = open_page()
    page.evaluate("delete Crypto.prototype.randomUUID")  # browsers withhold it there
    page.set_input_files("#choose", files["someone"])
    page.wait_for_url("**/jobs/*")


def test_the_sample_is_asked_with_one_click(open_page: OpenPage) -> None:
    page = open_page("/", size=PHONE)
    page.click("#sample")
    page.wait_for_url("**/jobs/*")
    expect(page.locator("#outcome")).to_have_text("human_detected, others")


def test_what_is_sent_is_small_upright_and_without_metadata(
    worker_away: BrowserStack, open_page: OpenPage, tmp_path: Path
) -> None:
    lying = make_astronaut().resize((3000, 1500))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90 degrees
    exif[0x010F] = "Camera maker"
    (tmp_path / "phone.jpg").write_bytes(encode(lying, exif=exif))
    page = open_page()
    page.set_input_files("#choose", tmp_path / "phone.jpg")
    page.wait_for_url("**/jobs/*")
    lease = worker_away.open_ledger().advance("browser-test", None, take=True).lease
    assert lease is not None
    sent = Image.open(io.BytesIO(lease.image))
    assert sent.format == "JPEG"
    assert sent.size == (640, 1280)
    assert not sent.getexif()
    assert b"Camera maker" not in lease.image


def test_a_photo_chosen_before_the_code_is_there_is_sent(
    open_page: OpenPage, files: dict[str, Path]
) -> None:
    page = open_page("/about")
    held: list[Route] = []
    page.route("**/js/upload*", lambda request: held.append(request))  # a slow line
    page.get_by_role("link", name="Photos").click()
    expect(page.locator("#door")).to_be_visible()
    page.set_input_files("#choose", files["someone"])
    page.wait_for_timeout(300)
    assert "/jobs/" not in page.url
    for request in held:
        request.continue_()
    page.wait_for_url("**/jobs/*")
    expect(page.locator("#outcome")).to_have_text("human_detected, others")


def test_back_and_reload_send_nothing_again(open_page: OpenPage, files: dict[str, Path]) -> None:
    page = open_page()
    page.set_input_files("#choose", files["someone"])
    page.wait_for_url("**/jobs/*")
    page.reload()
    page.go_back()
    expect(page.locator("#door")).to_be_visible()
    page.reload()
    page.go_forward()
    assert count_sent(page) == 1


def test_offline_is_said_and_sending_goes_on_by_itself(
    open_page: OpenPage, visits: Visits, files: dict[str, Path]
) -> None:
    visits.expected = ("ERR_INTERNET_DISCONNECTED",)
    page = open_page()
    page.context.set_offline(True)
    page.set_input_files("#choose", files["someone"])
    expect(page.locator("#sending")).to_contain_text("goes on by itself")
    page.context.set_offline(False)
    page.wait_for_url("**/jobs/*")


def test_a_file_that_is_no_picture_is_refused_with_the_reason(
    open_page: OpenPage, tmp_path: Path
) -> None:
    (tmp_path / "holiday.jpg").write_text("not a picture")
    page = open_page()
    page.set_input_files("#choose", tmp_path / "holiday.jpg")
    refusal = page.locator("#sending .notice")
    expect(refusal).to_contain_text("“holiday.jpg” was not sent.")
    expect(refusal).to_contain_text("Save it again as JPEG")
    expect(page).to_have_title("Not sent · Spotter")
    assert count_sent(page) == 0


def test_many_photos_fill_the_sheet_with_mixed_answers(
    open_page: OpenPage, files: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "notes.jpg").write_text("not a picture")
    page = open_page("/", size=PHONE)
    chosen = [files["someone"], files["rider"], files["nobody"], files["unsure"]] * 5
    page.set_input_files("#choose", [*chosen, tmp_path / "notes.jpg"])
    expect(page.locator("#sheet h1")).to_have_text("20 of 21 answered", timeout=40_000)
    chips = page.locator("#sheet .chip")
    expect(chips).to_have_text(
        ["5 riders", "5 someone else", "5 no human", "5 unsure", "1 without an answer"]
    )
    expect(page).to_have_title("21 photos · Spotter")

    chips.first.click()
    expect(page.locator(".tile:visible .badge")).to_have_text(["Rider"] * 5)

    with page.expect_download() as downloading:
        page.get_by_role("button", name="CSV").click()
    rows = downloading.value.path().read_text().splitlines()
    assert len(rows) == 22
    assert re.match(
        r'"rider.jpg","succeeded","human_detected, zomato_delivery_boy",'
        r'"zomato_delivery_boy","false","person 0\.\d+; zomato_rider 0\.\d+","","http://.*/jobs/',
        rows[2],
    )

    page.reload()
    expect(page.locator("#sheet h1")).to_have_text("20 of 21 answered")
    assert count_sent(page) == 20


def test_a_tile_leads_to_its_result_and_back_to_the_sheet(
    open_page: OpenPage, files: dict[str, Path]
) -> None:
    page = open_page()
    page.set_input_files("#choose", [files["nobody"], files["rider"]])
    expect(page.locator("#sheet h1")).to_have_text("All 2 answered")
    page.get_by_role("link", name="Rider").click()
    expect(page.locator("#answer h1")).to_have_text("Rider")
    page.go_back()
    expect(page.locator("#sheet h1")).to_have_text("All 2 answered")


def test_a_pasted_picture_is_sent(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate(GIVE, ["paste", "/static/img/astronaut.jpg", ["pasted.jpg"]])
    page.wait_for_url("**/jobs/*")
    expect(page.locator("#outcome")).to_have_text("human_detected, others")


def test_dropped_pictures_are_sent(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate(GIVE, ["dragenter", "/static/img/astronaut.jpg", ["one.jpg"]])
    expect(page.locator("#door")).to_have_class(re.compile("over"))
    page.evaluate(GIVE, ["drop", "/static/img/astronaut.jpg", ["one.jpg", "two.jpg"]])
    expect(page.locator("#sheet h1")).to_have_text("All 2 answered")


# What a clipboard or a drag hands to the page cannot be made from outside of it.
GIVE = """async ([kind, url, names]) => {
    const content = await (await fetch(url)).blob();
    const data = new DataTransfer();
    for (const name of names) data.items.add(new File([content], name, { type: content.type }));
    const event = kind === "paste"
        ? new ClipboardEvent(kind, { clipboardData: data, bubbles: true })
        : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
}"""


def test_a_full_queue_is_said_and_sending_goes_on_once_even_after_a_reload(
    worker_away: BrowserStack,
    small_web: Web,
    visits: Visits,
    browser: Browser,
    files: dict[str, Path],
    pictures: dict[str, bytes],
) -> None:
    visits.expected = ("503",)
    for _ in range(2):
        small_web.submit(pictures["nobody"], wait=0)
    page = visits.open(browser, address=small_web.address)
    page.set_input_files("#choose", files["someone"])
    expect(page.locator("#sending")).to_contain_text("The queue is full. Trying again in")
    page.reload()
    expect(page.locator("#sending")).to_contain_text("The queue is full. Trying again in")
    worker_away.bring_worker_back()
    page.wait_for_url("**/jobs/*")
    expect(page.locator("#outcome")).to_have_text("human_detected, others")
    assert count_sent(page) == 1


def test_pictures_that_wait_can_be_taken_back(
    worker_away: BrowserStack, open_page: OpenPage, files: dict[str, Path]
) -> None:
    page = open_page()
    page.set_input_files("#choose", [files["nobody"], files["rider"]])
    expect(page.locator(".tile .badge").first).to_contain_text("line")
    page.get_by_role("button", name="Cancel nobody.jpg").click()
    expect(page.locator(".tile .badge").first).to_have_text("Cancelled")
    page.get_by_role("button", name="Cancel the rest").click()
    expect(page.locator("#sheet h1")).to_have_text("0 of 2 answered")
    assert worker_away.open_ledger().census().waiting_interactive == 0
