"""The pages with the models that are shipped, and the pictures of the README, made anew each time.

SPOTTER_PICTURES=docs/img make test      # replaces the committed pictures by today's
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.made import encode, make_scene
from tests.browser.stack import BrowserStack
from tests.faults.fleet import ROOT, Fleet, wait_until

pytestmark = pytest.mark.browser

SHIPPED = ROOT / "docs/img"
MOST_PICTURE_BYTES = 300_000
README = (1080, 760)


@pytest.fixture(scope="module")
def shipped_models(
    stack: BrowserStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserStack]:
    """The stack with a worker that has loaded `models/artefacts`."""
    if stack.count_workers():
        stack.send_worker_away()
    log = tmp_path_factory.mktemp("shipped") / "worker.log"
    worker = Fleet(url=stack.queue.url, log=log, module="worker.app", children=1).start()
    yield stack
    worker.stop()
    wait_until(lambda: stack.count_workers() == 0, "no worker")


@pytest.fixture
def pictures_folder(tmp_path: Path) -> Path:
    """Where today's pictures go: a place that is forgotten, unless one is named."""
    named = os.environ.get("SPOTTER_PICTURES")
    folder = ROOT / named if named else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def take_picture(page: Page, path: Path) -> None:
    """Save what the page shows, in few bytes."""
    page.mouse.move(0, 0)
    page.screenshot(path=path, animations="disabled")
    shrink_picture(Image.open(path).convert("RGB")).save(path, optimize=True)
    assert path.stat().st_size < MOST_PICTURE_BYTES


def shrink_picture(shot: Image.Image) -> Image.Image:
    """Keep the flat colours of the page as they are and share the rest of 256 among the photo."""
    flat = sorted(shot.getcolors(maxcolors=shot.width * shot.height), reverse=True)[:64]
    colours = [value for _, colour in flat for value in colour]
    photo = shot.quantize(192, method=Image.Quantize.MAXCOVERAGE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette((colours + photo)[:768])
    return shot.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def test_the_astronaut_is_a_human_and_no_rider(
    shipped_models: BrowserStack, open_page: OpenPage, pictures_folder: Path
) -> None:
    page = open_page("/", size=README)
    take_picture(page, pictures_folder / "upload.png")
    page.click("#sample")
    page.wait_for_url("**/jobs/*")
    expect(page.locator("#outcome")).to_have_text("human_detected, others")
    expect(page.locator("#picture img").last).to_be_visible()
    take_picture(page, pictures_folder / "result.png")


def test_an_empty_scene_has_no_human(shipped_models: BrowserStack) -> None:
    job = shipped_models.web.submit(encode(make_scene()))
    assert job["outcome"]["text"] == "no human detected"


def test_the_webcam_answers_on_its_captures(
    shipped_models: BrowserStack, open_page: OpenPage, pictures_folder: Path
) -> None:
    page = open_page("/webcam", size=PHONE, camera=True, scheme="dark")
    page.locator("#name").fill("gate")
    page.locator("#every").fill("3")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#strip .badge", has_text="No human").first).to_be_visible(timeout=30_000)
    expect(page.locator("#cam[data-state=live] #strip li:nth-child(4)")).to_be_visible(
        timeout=30_000
    )
    take_picture(page, pictures_folder / "webcam.png")


@pytest.mark.parametrize("name", ["upload.png", "result.png", "webcam.png"])
def test_the_pictures_of_the_readme_are_there_and_small(name: str) -> None:
    assert (SHIPPED / name).stat().st_size < MOST_PICTURE_BYTES
