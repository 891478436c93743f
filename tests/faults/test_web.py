"""Web dies when the ledger has a job and its caller does not know it yet; keys name one job."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.browser.made import ASTRONAUT
from tests.faults.conftest import MakeFleet, MakeWeb
from tests.faults.fleet import Sender, wait_until
from tests.web.hostile import jpeg

JOBS = "/api/v1/jobs?pipeline=zomato-rider"
HEADERS = {"Content-Type": "image/jpeg", "Idempotency-Key": "mine"}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("where", ["accepted", "rung"])
def test_the_callers_retry_gets_the_same_job_and_it_is_done(
    make_web: MakeWeb, make_fleet: MakeFleet, sender: Sender, tmp_path: Path, where: str
) -> None:
    mark = tmp_path / "mark"
    web = make_web(
        module="tests.faults.fragile_web",
        environment={"FRAGILE_AT": where, "FRAGILE_MARK": str(mark)},
    ).start()
    make_fleet(module="tests.faults.digest_app", children=1).start()
    # The sweeper of a web process rings too; this one must hold its tongue at the wrong moment.
    mark.touch()
    with pytest.raises((http.client.HTTPException, OSError)):
        web.request("POST", JOBS, ASTRONAUT.read_bytes(), **HEADERS)
    assert not mark.exists()
    wait_until(web.is_ready, "the next web process")
    status, job = web.request("POST", JOBS, ASTRONAUT.read_bytes(), **HEADERS)
    assert status == 202
    assert sender.await_job(job["id"]).attempts == 1
    assert sender.ledger.census().counters["accepted"] == 1


def test_one_key_fifty_times_at_once_is_one_job(make_web: MakeWeb, sender: Sender) -> None:
    web = make_web().start()
    photo = ASTRONAUT.read_bytes()
    with ThreadPoolExecutor(50) as pool:
        calls = [pool.submit(web.request, "POST", JOBS, photo, **HEADERS) for _ in range(50)]
        answers = [call.result() for call in calls]
    assert {status for status, _ in answers} == {202}
    assert len({job["id"] for _, job in answers}) == 1
    assert sender.ledger.census().counters["accepted"] == 1


def test_the_same_key_for_another_picture_is_refused(make_web: MakeWeb, sender: Sender) -> None:
    web = make_web().start()
    web.request("POST", JOBS, ASTRONAUT.read_bytes(), **HEADERS)
    status, problem = web.request("POST", JOBS, jpeg(), **HEADERS)
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    assert sender.ledger.census().counters["accepted"] == 1
