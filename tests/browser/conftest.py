"""A real Chromium in front of a real Spotter; one of each for the whole run."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser.made import make_pictures, write_models, write_video
from tests.browser.stack import HOST, BrowserStack, Web
from tests.conftest import serve_queue
from tests.faults.fleet import Fleet

PHONE, DESKTOP = (390, 844), (1280, 800)
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *(
        "--disable-component-update",
        "--disable-sync",
        f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
    ),
]
EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")

expect.set_options(timeout=15_000)  # in ms; a machine may be busy

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def pictures() -> dict[str, bytes]:
    """A picture for each answer: someone, rider, nobody, unsure."""
    return make_pictures()


@pytest.fixture
def files(pictures: dict[str, bytes], tmp_path: Path) -> dict[str, Path]:
    """The same as files to choose."""
    for name, content in pictures.items():
        (tmp_path / f"{name}.jpg").write_bytes(content)
    return {name: tmp_path / f"{name}.jpg" for name in pictures}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserStack]:
    """The whole of Spotter on a queue server of its own, with made models."""
    folder = tmp_path_factory.mktemp("stack")
    for queue in serve_queue(folder / "queue", append_fsync="no"):
        models = write_models(folder / "models")
        web = Web(url=queue.url, folder=folder / "web")
        worker = Fleet(
            url=queue.url,
            log=folder / "worker.log",
            module="worker.app",
            children=1,
            environment={"SPOTTER_MODELS": str(models)},
        )
        try:
            web.start()
            yield BrowserStack(queue=queue, web=web, worker=worker.start())
        finally:
            worker.kill()
            web.stop()


@pytest.fixture(autouse=True)
def _worker(request: pytest.FixtureRequest, stack: BrowserStack) -> None:
    """See that the worker is there, or away for the tests that want that; a start takes seconds."""
    if "shipped_models" in request.fixturenames:
        return
    wanted = "worker_away" not in request.fixturenames
    if wanted and not stack.count_workers():
        stack.bring_worker_back()
    if not wanted and stack.count_workers():
        stack.send_worker_away()
    if not wanted:
        stack.queue.ask("FLUSHALL")  # what other tests left waiting


@pytest.fixture
def worker_away(stack: BrowserStack) -> BrowserStack:
    """The stack without a worker and with an empty queue."""
    return stack


@pytest.fixture
def small_web(stack: BrowserStack, tmp_path: Path) -> Iterator[Web]:
    """A second web on the same queue, for which two waiting jobs are a full queue."""
    web = Web(url=stack.queue.url, folder=tmp_path, environment={"SPOTTER_MAX_WAITING": "2"})
    yield web.start()
    web.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium with a camera that plays a made-up video."""
    video = write_video(tmp_path_factory.mktemp("camera") / "gate.mjpeg")
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={video}"]
    browser = launch(playwright, camera)
    yield browser
    browser.close()


def launch(playwright: Playwright, flags: list[str]) -> Browser:
    """Start the Chromium on PATH, else the one that Playwright installed."""
    found = next((path for name in EXECUTABLES if (path := shutil.which(name))), None)
    return playwright.chromium.launch(executable_path=found, args=[*FLAGS, *flags])


@dataclass
class Visits:
    """Opens pages in fresh profiles and collects what must never happen in any of them."""

    address: str
    problems: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def open(
        self,
        browser: Browser,
        path: str = "/",
        *,
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
        camera: bool = False,
        scripts: bool = True,
        address: str | None = None,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,  # type: ignore[arg-type]
            has_touch=size == PHONE,
            is_mobile=size == PHONE,
            java_script_enabled=scripts,
            permissions=["clipboard-write", *(["camera"] if camera else [])],
            accept_downloads=True,
        )
        context.set_default_timeout(20_000)
        self.contexts.append(context)
        page = context.new_page()
        base = address or self.address
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("request", lambda request: self._check_request(request.url, base))
        page.goto(base + path)
        return page

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(part in text for part in self.expected):
            self.problems.append(f"{kind}: {text}")

    def _check_request(self, url: str, base: str) -> None:
        if not url.startswith((base, "blob:", "data:")):
            self.problems.append(f"request to {url}")


@pytest.fixture
def visits(stack: BrowserStack) -> Iterator[Visits]:
    """Fails the test that uses it on a console message, a script error, or a foreign request."""
    found = Visits(address=stack.address)
    yield found
    for context in found.contexts:
        context.close()
    assert found.problems == []


@pytest.fixture
def open_page(visits: Visits, browser: Browser) -> OpenPage:
    """Open a page of Spotter in a fresh profile."""

    def open_path(path: str = "/", **options: object) -> Page:
        return visits.open(browser, path, **options)  # type: ignore[arg-type]

    return open_path
