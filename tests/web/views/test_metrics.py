"""`/metrics`: what a scraper reads, from any process, with any number of them."""

import re

from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse

from jobs.changes import Changes
from jobs.client import JobClient
from jobs.grants import GrantStore, Scope
from jobs.ledger import Ledger
from jobs.messages import Worker as Child
from jobs.settings import JobsSettings
from tests.jobs.factories import make_submission
from tests.web.conftest import Make, Worker
from tests.web.forms import FORM_TYPE, make_form
from web.app import create_app
from web.settings import Access, WebSettings

JOBS = "/api/v1/jobs"
Key = tuple[str, frozenset[tuple[str, str]]]


def scrape(http: FlaskClient, client: JobClient) -> dict[Key, float]:
    """Send and count what is pending, as the sweeper does every second, and read the metrics."""
    client.counters.send(client.ledger.client)
    client.ledger.sweep()
    answer = http.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse(answer.text)
        for sample in family.samples
    }


def key(name: str, **labels: str) -> Key:
    return f"spotter_{name}", frozenset((k.rstrip("_"), v) for k, v in labels.items())


def test_an_answered_photo_is_counted_all_the_way(
    http: FlaskClient, client: JobClient, worker: Worker, photo: bytes
) -> None:
    assert http.post(JOBS, data=photo, headers={"Prefer": "wait=10"}).status_code == 200
    seen = scrape(http, client)
    assert seen[key("requests_total", method="POST", status="200", route=JOBS)] == 1
    assert seen[key("request_seconds_count", method="POST", waits="yes", route=JOBS)] == 1
    assert seen[key("jobs_accepted_total")] == 1
    assert seen[key("jobs_ended_total", pipeline="zomato-rider", state="succeeded")] == 1
    outcome = {"pipeline": "zomato-rider", "label": "others", "sureness": "sure"}
    assert seen[key("outcomes_total", **outcome)] == 1
    assert seen[key("jobs_by_attempts_total", pipeline="zomato-rider", attempts="1")] == 1
    assert seen[key("waiting_seconds_count", class_="interactive")] == 1
    assert seen[key("service_seconds_count", pipeline="zomato-rider")] == 1
    assert seen[key("leases_total")] == 1
    assert seen[key("ledger_up")] == 1


def test_a_route_is_one_counter_whatever_was_asked_for(
    http: FlaskClient, client: JobClient
) -> None:
    for job_id in ("a" * 22, "b" * 22):
        http.get(f"{JOBS}/{job_id}")
    http.get("/wp-login.php")
    seen = scrape(http, client)
    assert seen[key("requests_total", method="GET", status="404", route=f"{JOBS}/<job_id>")] == 2
    assert seen[key("requests_total", method="GET", status="404", route="none")] == 1
    assert seen[key("refusals_total", code="job_unknown")] == 2


def test_an_unheard_of_method_makes_no_counter_of_its_own(
    http: FlaskClient, client: JobClient
) -> None:
    http.open("/", method="BREW")
    seen = scrape(http, client)
    assert seen[key("requests_total", method="OTHER", status="405", route="none")] == 1


def test_refused_pictures_of_a_batch_are_counted_by_code(
    http: FlaskClient, client: JobClient, photo: bytes
) -> None:
    form = make_form([photo, b"no picture", b"none either"])
    http.post("/api/v1/batches", data=form, headers={"Content-Type": FORM_TYPE})
    assert scrape(http, client)[key("refusals_total", code="image_unsupported")] == 2


def test_processes_count_together(
    http: FlaskClient, client: JobClient, settings: WebSettings, redis_url: str
) -> None:
    ledger = Ledger.connect(JobsSettings(redis_url=redis_url))
    other = JobClient(ledger, lambda names: None, Changes(ledger))
    create_app(settings, other).test_client().get("/healthz")
    http.get("/healthz")
    other.counters.send(ledger.client)
    other.close()
    seen = scrape(http, client)
    assert seen[key("requests_total", method="GET", status="200", route="/healthz")] == 2


def test_the_queue_and_the_fleet_are_told(http: FlaskClient, client: JobClient) -> None:
    client.ledger.sweep(Child(name="a", models={"person": "1"}))
    client.ledger.sweep(Child(name="b", models={"person": "2"}))
    client.ledger.accept([make_submission()])
    client.ledger.accept([make_submission(bulk=True)])
    seen = scrape(http, client)
    assert seen[key("workers")] == 2
    assert seen[key("model_info", model="person", version="2")] == 1
    assert seen[key("waiting_jobs", class_="interactive")] == 1
    assert seen[key("waiting_jobs", class_="bulk")] == 1
    assert seen[key("oldest_waiting_seconds", class_="bulk")] > 0
    assert seen[key("redis_memory_bytes")] > 1000
    assert seen[key("durability_info", level="fast")] == 1
    assert seen[key("doorbells_total")] == 2


def test_histograms_add_up(
    http: FlaskClient, client: JobClient, worker: Worker, photo: bytes
) -> None:
    for _ in range(3):
        http.post(JOBS, data=photo, headers={"Prefer": "wait=10"})
    seen = scrape(http, client)
    buckets = sorted(
        (float(dict(labels)["le"]), count)
        for (name, labels), count in seen.items()
        if name == "spotter_service_seconds_bucket"
    )
    assert [count for _, count in buckets] == sorted(count for _, count in buckets)
    assert buckets[-1] == (float("inf"), 3)
    assert seen[key("service_seconds_sum", pipeline="zomato-rider")] > 0


def test_prometheus_gets_the_format_that_it_asks_for_first(http: FlaskClient) -> None:
    wish = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3"
    answer = http.get("/metrics", headers={"Accept": wish})
    assert answer.content_type.startswith("application/openmetrics-text")
    assert {family.name for family in parse_openmetrics(answer.text)} >= {"spotter_workers"}


def test_without_the_ledger_a_scrape_says_so(lonely: Flask) -> None:
    answer = lonely.test_client().get("/metrics")
    assert answer.status_code == 200
    assert re.findall(r"^[a-z].*", answer.text, re.MULTILINE) == ["spotter_ledger_up 0.0"]


def test_a_scraper_needs_a_key_for_nothing_but_watching(make_app: Make, client: JobClient) -> None:
    http = make_app(access=Access.KEYS).test_client()
    _, key = GrantStore(client.ledger.client).make_key("scraper", [Scope.WATCH], 60)
    bearer = {"Authorization": f"Bearer {key}"}
    assert http.get("/metrics", headers=bearer).status_code == 200
    assert http.get("/status", headers=bearer).status_code == 403
    assert http.get(f"{JOBS}", headers=bearer).status_code == 403


def test_who_may_not_run_the_system_gets_no_numbers(make_app: Make) -> None:
    app = make_app(access=Access.KEYS)
    assert app.test_client().get("/metrics").status_code == 401
