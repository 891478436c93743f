"""The page of a result in each of its states, all reached in the real stack."""

import pytest
from playwright.sync_api import Browser, expect

from jobs.messages import Job, JobState, StageResult
from tests.browser.conftest import DESKTOP, PHONE, OpenPage, Visits
from tests.browser.stack import BrowserStack
from tests.faults.fleet import wait_until
from tests.web.written import WRITTEN

pytestmark = pytest.mark.browser

ANSWERS = {
    "rider": ("Rider", "pass", "human_detected, zomato_delivery_boy"),
    "someone": ("Someone else", "stop", "human_detected, others"),
    "nobody": ("No human", "none", "no human detected"),
    "unsure": ("Unsure", "unsure", "human_detected, others"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_each_answer_has_its_words_its_colour_and_its_exact_text(
    name: str, stack: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    title, kind, text = ANSWERS[name]
    page = open_page(stack.web.submit(pictures[name])["links"]["page"])
    expect(page).to_have_title(f"{title} · Spotter")
    expect(page.locator("#answer h1")).to_have_text(title)
    expect(page.locator("#answer")).to_have_attribute("data-kind", kind)
    expect(page.locator("#answer .symbol use")).to_have_attribute("href", f"#i-{kind}")
    expect(page.locator("#outcome")).to_have_text(text)


def test_a_doubt_is_put_in_figures(
    stack: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    job = stack.web.submit(pictures["unsure"])
    page = open_page(job["links"]["page"])
    score = job["outcome"]["stages"][1]["score"]
    expect(page.locator("#answer .why")).to_have_text(
        f"Probably someone else: {score:.2f}, and between 0.40 and 0.60 this model is wrong too "
        "often to say."
    )


def test_gates_show_score_threshold_and_band(
    stack: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    job = stack.web.submit(pictures["rider"])
    page = open_page(job["links"]["page"])
    gates = page.locator(".gate")
    expect(gates.locator("h2")).to_have_text(
        ["Is there a human?", "Is it a Zomato delivery rider?"]
    )
    score = job["outcome"]["stages"][1]["score"]
    bar = gates.nth(1).get_by_role("img")
    expect(bar).to_have_attribute(
        "aria-label", "Score above 0.99 of 1; it passes from 0.50; unsure from 0.40 to 0.60."
    )
    # The bar grows for a fifth of a second.
    bar.evaluate("bar => Promise.all(bar.getAnimations({subtree: true}).map(one => one.finished))")
    whole = bar.locator(".track").bounding_box()
    filled = bar.locator(".fill").bounding_box()
    assert whole is not None
    assert filled is not None
    assert filled["width"] / whole["width"] == pytest.approx(score, abs=0.01)


def test_the_browser_writes_scores_as_the_server_does(open_page: OpenPage) -> None:
    code = """async (asked) => {
        const { writeScore } = await import("/static/js/scores.js");
        return asked.map(([score, limits]) => writeScore(score, limits));
    }"""
    asked = [[score, limits] for score, limits, _ in WRITTEN]
    assert open_page().evaluate(code, asked) == [written for _, _, written in WRITTEN]


def test_a_gate_that_was_not_asked_says_why(
    stack: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    page = open_page(stack.web.submit(pictures["nobody"])["links"]["page"])
    gate = page.locator(".gate").nth(1)
    expect(gate).to_have_attribute("data-kind", "idle")
    expect(gate.locator(".verdict")).to_have_text("Not asked: no human")


def test_mechanics_are_folded_and_complete(
    stack: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    job = stack.web.submit(pictures["someone"])
    page = open_page(job["links"]["page"])
    expect(page.locator("#curl")).to_be_hidden()
    page.get_by_text("How it was answered").click()
    expect(page.locator("#job-id")).to_have_text(job["id"])
    expect(page.locator("#curl")).to_contain_text(f"{stack.address}/api/v1/jobs")
    expect(page.locator("#json")).to_contain_text('"text": "human_detected, others"')
    expect(page.locator(".facts-list")).to_contain_text("model zomato_rider, version 1")
    page.locator("[data-copy=job-id]").click()
    expect(page.locator("[data-copy=job-id]")).to_have_text("Copied")


def test_a_picture_that_this_browser_does_not_have_is_explained(
    stack: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    page = open_page(stack.web.submit(pictures["someone"])["links"]["page"])
    expect(page.locator("#absent")).to_contain_text("This browser has no copy of the picture")


def test_a_damaged_picture_fails_in_words_with_a_way_on(
    stack: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    cut = pictures["someone"][: len(pictures["someone"]) // 2]
    job = stack.web.submit(cut, wait=0)
    page = open_page(job["links"]["page"])
    expect(page.locator("#answer h1")).to_have_text("The picture is cut off")
    expect(page.locator("#answer code")).to_have_text("image_truncated")
    expect(page.get_by_role("link", name="Another photo")).to_be_visible()


def test_an_unknown_result_is_a_page_with_a_way_on(visits: Visits, browser: Browser) -> None:
    visits.expected = ("404",)
    page = visits.open(browser, "/jobs/" + "A" * 22)
    expect(page.locator("h1")).to_have_text("No job has this id")
    expect(page.locator("main")).to_contain_text("404 job_unknown")
    page.get_by_role("link", name="To the photos").click()
    expect(page.locator("#door")).to_be_visible()


def test_an_answer_arrives_on_the_open_page(
    worker_away: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    job = worker_away.web.submit(pictures["rider"], wait=0)
    page = open_page(job["links"]["page"])
    expect(page.locator("#answer h1")).to_have_text("Next in line")
    expect(page.locator(".gate .verdict")).to_have_text(["Not asked yet"] * 2)
    worker_away.bring_worker_back()
    expect(page.locator("#outcome")).to_have_text("human_detected, zomato_delivery_boy")
    expect(page).to_have_title("Rider · Spotter")
    expect(page.get_by_role("status")).to_contain_text("Rider.")


def test_a_running_job_shows_the_gates_that_it_has_passed(
    worker_away: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    job = worker_away.web.submit(pictures["rider"], wait=0)
    ledger = worker_away.open_ledger()
    lease = ledger.advance("browser-test", None, take=True).lease
    assert lease is not None
    assert lease.job_id == job["id"]
    page = open_page(job["links"]["page"])
    expect(page.locator("#answer h1")).to_have_text("Looking…")
    assert ledger.extend(lease, "browser-test", [FIRST_GATE])
    verdicts = page.locator(".gate .verdict")
    expect(verdicts).to_have_text(["Yes", "Asking now…"])
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#answer h1")).to_have_text("Cancelled")
    expect(verdicts).to_have_text(["Not asked"] * 2)


FIRST_GATE = StageResult(
    stage="person",
    question="Is there a human?",
    model="person",
    version="1",
    label="human",
    score=0.98,
    threshold=0.5,
    unsure_band=(0.4, 0.6),
    passed=True,
    unsure=False,
    scores={"human": 0.98, "no_human": 0.02},
    milliseconds=3.0,
)


def test_every_other_end_is_explained(
    worker_away: BrowserStack, open_page: OpenPage, pictures: dict[str, bytes]
) -> None:
    web, ledger = worker_away.web, worker_away.open_ledger()
    older = web.submit(pictures["rider"], wait=0, camera="gate-1") | {"wanted": "Replaced"}
    status, expired = web.request(
        "POST", "/api/v1/jobs?max_wait=0.5", pictures["rider"], Content_Type="image/jpeg"
    )
    assert status == 202
    cases = [(expired["id"], "Waited too long")]
    for _ in range(2):
        job = web.request(
            "POST", "/api/v1/jobs?camera=gate", pictures["rider"], Content_Type="image/jpeg"
        )[1]
        cases.append((job["id"], "Replaced"))
    newest, _ = cases.pop()
    ledger.cancel(newest)
    ledger.cancel(older["id"])
    cases.append((newest, "Cancelled"))

    def has_ended(job_id: str) -> Job | None:
        job = ledger.get(job_id)
        return job if job and job.state is not JobState.QUEUED else None

    page = open_page("/about")
    for job_id, title in cases:
        wait_until(lambda job_id=job_id: has_ended(job_id), f"the end of {job_id}")
        page.goto(f"{worker_away.address}/jobs/{job_id}")
        expect(page.locator("#answer h1")).to_have_text(title)


def test_a_cancelled_picture_can_be_sent_again_from_this_browser(
    worker_away: BrowserStack, open_page: OpenPage, files: dict[str, object]
) -> None:
    page = open_page("/", size=PHONE)
    page.set_input_files("#choose", str(files["rider"]))
    page.wait_for_url("**/jobs/*")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#answer h1")).to_have_text("Cancelled")
    worker_away.bring_worker_back()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#outcome")).to_have_text("human_detected, zomato_delivery_boy")
    expect(page.locator("#picture img").last).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_jumps_when_picture_and_answer_arrive(
    size: tuple[int, int], worker_away: BrowserStack, open_page: OpenPage, files: dict[str, object]
) -> None:
    page = open_page("/", size=size)
    page.set_input_files("#choose", str(files["someone"]))
    page.wait_for_url("**/jobs/*")
    page.evaluate(WATCH_SHIFTS)
    worker_away.bring_worker_back()
    expect(page.locator("#outcome")).to_be_visible()
    expect(page.locator("#picture img").last).to_be_visible()
    assert page.evaluate("window.shifts") < 0.01


WATCH_SHIFTS = """() => {
    window.shifts = 0;
    const add = list => list.getEntries().forEach(entry => window.shifts += entry.value);
    new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
}"""
