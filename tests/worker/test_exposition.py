"""What a worker tells its own scraper."""

import http.client
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from jobs.ledger import Ledger
from tests.conftest import ROOT
from tests.deploy.servers import find_free_port
from tests.faults.fleet import Fleet, Sender, wait_until
from tests.jobs.factories import take
from tests.worker.conftest import MakeChild
from worker.child import Child
from worker.exposition import expose
from worker.vitals import Vitals, read_vitals

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Samples:
    return {
        (sample.name.removeprefix("spotter_worker_"), frozenset(sample.labels.items())): (
            sample.value
        )
        for family in parse(text)
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def make_vitals(**fields: object) -> Vitals:
    plain = {"is_ledger_up": True, "doorbells": 3, "drains": 1, "memory_bytes": {"main": 5}}
    return Vitals(**{**plain, **fields})


def test_labels_are_escaped() -> None:
    text = expose(make_vitals(models={('a"b\\c\nd', "1"): 2}))
    assert read(text)[key("model_children", model='a"b\\c\nd', version="1")] == 2


def test_a_ledger_that_is_away_leaves_out_what_it_alone_knows() -> None:
    found = read(expose(make_vitals(is_ledger_up=False)))
    assert found[key("ledger_up")] == 0
    assert found[key("doorbells_total")] == 3
    assert key("children") not in found


def test_a_histogram_is_cumulative() -> None:
    parts = ("stage", "zomato-rider", "person", "person", "2")
    counts = {(*parts, "5"): 2, (*parts, "50"): 1, (*parts, "sum"): 40_000}
    found = read(expose(make_vitals(counts=counts)))
    labels = {"pipeline": "zomato-rider", "stage": "person", "model": "person", "version": "2"}
    buckets = [found[key("stage_seconds_bucket", **labels, le=le)] for le in ("0.005", "0.05")]
    assert buckets == [2, 3]
    assert found[key("stage_seconds_sum", **labels)] == 0.04
    assert found[key("stage_seconds_count", **labels)] == 3


def test_a_child_counts_for_its_host(make_child: MakeChild, ledger: Ledger, submit) -> None:
    child = make_child()
    for _ in range(2):
        submit()
        lease = take(ledger)
        child.work(lease, "drainer")
    child._send_counts()
    found = read(expose(read_vitals(ledger, "child")))
    assert found[key("leases_total", pipeline="zomato-rider", attempt="1")] == 2
    assert sum(value for (name, _), value in found.items() if name == "jobs_total") == 2


def test_a_child_that_takes_leave_retires_and_one_that_dies_does_not(
    make_child: MakeChild, ledger: Ledger
) -> None:
    for end in (Child.close, Child.close, Child._send_counts):  # the last is its last beat
        child = make_child()
        child.start()
        end(child)
    found = read(expose(read_vitals(ledger, "child")))
    assert found[key("child_events_total", event="started")] == 3
    assert found[key("child_events_total", event="retired")] == 2


def test_the_document_lists_every_metric() -> None:
    names = set(re.findall(r"^# TYPE (\S+)", expose(make_vitals()), re.MULTILINE))
    listed = set(re.findall(r"`(spotter_worker_\w+)`", (ROOT / "docs/monitoring.md").read_text()))
    assert names == listed


@pytest.fixture
def port() -> int:
    return find_free_port()


def test_all_children_count_into_one_scrape(redis_url: str, tmp_path: Path, port: int) -> None:
    fleet = Fleet(
        url=redis_url, log=tmp_path / "log", environment={"SPOTTER_HEALTH_PORT": str(port)}
    )
    sender = Sender(redis_url)

    def scrape() -> Samples:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        assert answer.getheader("Content-Type").startswith("text/plain; version=0.0.4")
        return read(answer.read().decode())

    def count(name: str) -> float:
        return sum(value for (found, _), value in scrape().items() if found == name)

    try:
        fleet.start()
        jobs = [sender.submit("slow 0.05") for _ in range(12)]
        for job_id in jobs:
            sender.await_job(job_id)
        wait_until(lambda: count("jobs_total") == 12, "12 jobs counted")
        fleet.find_children()[0].kill()  # what was counted stays counted
        started = key("child_events_total", event="started")
        wait_until(lambda: scrape().get(started) == 3, "a third child")
        wait_until(lambda: count("children") == 2, "two children")
        found = scrape()
        assert key("child_events_total", event="retired") not in found
        job = key("jobs_total", pipeline="zomato-rider", state="succeeded", verdict="human")
        assert found[job] == count("leases_total") == 12
        assert found[key("doorbells_total")] >= 1
        assert found[key("memory_bytes", process="children")] > 20_000_000
        assert found[key("model_children", model="person", version="1")] == 2
    finally:
        sender.stop()
        fleet.kill()
