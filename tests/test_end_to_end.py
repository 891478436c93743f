"""The whole of Spotter with the models that are shipped, as the README says it is used."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.browser.stack import Web
from tests.conftest import ROOT, serve_queue
from tests.faults.fleet import Fleet
from tests.web.forms import FORM_TYPE, make_form
from tests.web.hostile import CASES, Case, cut, jpeg

ASTRONAUT = (ROOT / "web/static/img/astronaut.jpg").read_bytes()
JOBS = "/api/v1/jobs?pipeline=zomato-rider"
WAITING = {"Prefer": "wait=25"}
OTHERS = "human_detected, others"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A web process in front of one pool child, with the artefacts of this repository."""
    folder = tmp_path_factory.mktemp("whole")
    for queue in serve_queue(folder / "queue", append_fsync="always"):
        worker = Fleet(url=queue.url, log=folder / "worker.log", module="worker.app", children=1)
        web = Web(url=queue.url, folder=folder / "web")
        try:
            worker.start()
            yield web.start()
        finally:
            web.stop()
            worker.kill()


def classify(web: Web, body: bytes, content_type: str = "image/jpeg") -> tuple[int, Any]:
    return web.request("POST", JOBS, body, **WAITING, **{"Content-Type": content_type})


def list_shape(value: Any, path: str = "") -> set[tuple[str, str]]:
    """Every path of a JSON value with the kind of what stands there; a list by its first item."""
    if isinstance(value, dict):
        return {pair for key, one in value.items() for pair in list_shape(one, f"{path}.{key}")}
    if isinstance(value, list):
        return list_shape(value[0], f"{path}[]") if value else {(path, "list")}
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {(path, "number" if is_number else type(value).__name__)}


def test_the_answer_in_the_readme_is_the_one_that_comes(web: Web) -> None:
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"<!-- answer:begin -->\n```json\n(.*?)```", readme, re.DOTALL)
    assert block is not None
    written = json.loads(block[1])
    status, answer = classify(web, ASTRONAUT)
    assert status == 200
    assert list_shape(answer) == list_shape(written)
    assert answer["outcome"]["text"] == written["outcome"]["text"]


@pytest.mark.parametrize("form", ["raw", "form", "base64", "data URL"])
def test_every_way_in_leads_to_the_same_answer(web: Web, form: str) -> None:
    text = b64encode(ASTRONAUT).decode()
    if form == "raw":
        status, job = classify(web, ASTRONAUT)
    elif form == "form":
        status, job = classify(web, make_form([ASTRONAUT]), FORM_TYPE)
    else:
        image = text if form == "base64" else f"data:image/jpeg;base64,{text}"
        body = json.dumps({"image": image, "pipeline": "zomato-rider"}).encode()
        status, job = classify(web, body, "application/json")
    assert (status, job["outcome"]["text"]) == (200, OTHERS)


def test_a_call_that_does_not_wait_finds_its_answer_later(web: Web) -> None:
    status, job = web.request("POST", JOBS, ASTRONAUT, **{"Content-Type": "image/jpeg"})
    assert status == 202
    found = web.request("GET", f"{job['links']['self']}?wait=25")[1]
    assert (found["state"], found["outcome"]["text"]) == ("succeeded", OTHERS)


def test_the_page_of_a_result_says_it_in_words(web: Web) -> None:
    job = classify(web, ASTRONAUT)[1]
    status, page = web.request("GET", job["links"]["page"], Accept="text/html")
    assert status == 200
    assert OTHERS in page


def test_the_events_of_a_job_come_in_one_order(web: Web) -> None:
    job = web.request("POST", JOBS, ASTRONAUT, **{"Content-Type": "image/jpeg"})[1]
    events = web.request("GET", job["links"]["events"])[1]
    names = re.findall(r"^event: (\w+)$", events, re.MULTILINE)
    assert list(dict.fromkeys(names)) == ["queued", "running", "stage", "done"]
    assert names.count("stage") == 2


def test_a_batch_refuses_a_bad_picture_by_itself(web: Web) -> None:
    body = make_form([ASTRONAUT, b"no picture"])
    status, batch = web.request(
        "POST", "/api/v1/batches?pipeline=zomato-rider", body, **{"Content-Type": FORM_TYPE}
    )
    assert status == 202
    good, bad = batch["items"]
    assert bad["error"]["code"] == "image_unsupported"
    found = web.request("GET", f"/api/v1/jobs/{good['id']}?wait=25")[1]
    assert found["outcome"]["text"] == OTHERS
    assert web.request("GET", batch["links"]["self"])[1]["finished"] is True


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_gets_its_answer_and_costs_no_worker(web: Web, case: Case) -> None:
    status, answer = classify(web, case.data)
    assert status in case.whole, answer
    if status != 200:
        assert answer["code"]
        assert answer["detail"]
    assert web.request("GET", "/readyz")[1]["workers"] == 1


def test_a_truncated_picture_is_found_on_its_job_by_who_did_not_wait(web: Web) -> None:
    status, job = web.request("POST", JOBS, cut(jpeg(), 0.5), **{"Content-Type": "image/jpeg"})
    assert status == 202
    found = web.request("GET", f"/api/v1/jobs/{quote(job['id'])}?wait=25")[1]
    assert (found["state"], found["outcome"]) == ("failed", None)
    assert found["error"]["code"] == "image_truncated"
    assert found["error"]["message"]
