"""Alert rules and dashboard ask for metrics and labels that /metrics has. No Prometheus is needed.

deploy/monitoring/check tries the rules with Prometheus's own tool.
"""

import json
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse

import worker.exposition
from jobs.counters import BUCKETS
from jobs.metrics import Histogram
from jobs.settings import JobsSettings
from tests.conftest import ROOT
from tests.web.test_standing import make_reading
from web.exposition import HISTOGRAMS, expose
from worker.vitals import Vitals

FOLDER = ROOT / "deploy" / "monitoring"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana/dashboards/spotter.json").read_text())
PANELS: list[dict[str, Any]] = [one for one in DASHBOARD["panels"] if one["type"] != "row"]
QUERIES = [
    *((rule["alert"], rule["expr"]) for rule in RULES),
    *((panel["title"], one["expr"]) for panel in PANELS for one in panel["targets"]),
]


def list_metrics(text: str) -> dict[str, set[str]]:
    """Return every metric in the text with its labels, and with those that Prometheus adds."""
    found: defaultdict[str, set[str]] = defaultdict(lambda: {"instance", "job"})
    for family in parse(text):
        for sample in family.samples:
            found[sample.name] |= set(sample.labels)
    return dict(found)


def tell_all() -> str:
    """Write every metric that web's /metrics can have."""
    histogram = Histogram(counts=(1,) * len(BUCKETS), sum_seconds=1.0)
    reading = replace(
        make_reading(),
        counters={
            ("requests", "GET", "200", "/"): 1,
            ("refused", "queue_full"): 1,
            ("ended", "zomato-rider", "succeeded", "1", "sure", "others"): 1,
            ("ended", "zomato-rider", "failed", "1", "worker_lost"): 1,
        },
        histograms={
            (kind, *("x" for _ in labels)): histogram for kind, (_, _, labels) in HISTOGRAMS.items()
        },
    )
    text, _ = expose(reading, JobsSettings(redis_url="redis://unused"), "")
    return text.decode()


def tell_all_of_a_worker() -> str:
    """Write every metric that a worker's /metrics can have."""
    counters = {
        (kind, *("x" for _ in labels)): 1
        for kind, (_, _, labels) in worker.exposition.COUNTERS.items()
    }
    histograms = {
        (kind, *("x" for _ in labels), BUCKETS[0]): 1
        for kind, (_, _, labels) in worker.exposition.HISTOGRAMS.items()
    }
    return worker.exposition.expose(
        Vitals(
            is_ledger_up=True,
            doorbells=1,
            drains=1,
            memory_bytes={"main": 1},
            children=1,
            models={("person", "1"): 1},
            counts=counters | histograms,
        )
    )


OF_WEB = list_metrics(tell_all())
METRICS = OF_WEB | list_metrics(tell_all_of_a_worker())


@pytest.mark.parametrize(("title", "query"), QUERIES, ids=[title for title, _ in QUERIES])
def test_a_query_asks_for_what_there_is(title: str, query: str) -> None:
    asked = re.findall(r"\b(spotter_\w+)(?:\{([^}]*)\})?", query)
    assert asked or query.startswith("up{")
    known = {"alertname", "alertstate"}
    for name, selector in asked:
        assert name in METRICS, name
        known |= METRICS[name]
        labels = set(re.findall(r"(\w+)\s*[=!]~?", selector))
        assert labels <= METRICS[name], (name, labels)
    grouped = {
        label.strip() for by in re.findall(r"\bby \(([^)]*)\)", query) for label in by.split(",")
    }
    assert grouped <= known, grouped


def test_what_is_asked_of_a_job_is_scraped_by_that_name() -> None:
    asked = {job for _, query in QUERIES for job in re.findall(r'job="([^"]+)"', query)}
    scraped = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    assert asked == {one["job_name"] for one in scraped}


def test_every_worker_is_scraped_at_its_health_port() -> None:
    scrapes = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    found = next(one for one in scrapes if one["job_name"] == "spotter-worker")["dns_sd_configs"][0]
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    (name,) = found["names"]
    assert str(found["port"]) == services[name]["environment"]["SPOTTER_HEALTH_PORT"]
    assert set(services[name]["networks"]) & set(services["prometheus"]["networks"])


def test_every_alert_says_how_urgent_what_and_what_to_do() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "action"}


def test_every_alert_is_tried() -> None:
    tried = (FOLDER / "alerts.test.yml").read_text()
    assert [rule["alert"] for rule in RULES if rule["alert"] not in tried] == []


def test_every_metric_is_on_the_dashboard() -> None:
    shown = " ".join(one["expr"] for panel in PANELS for one in panel["targets"])
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in METRICS}
    assert {name for name in families if name not in shown} == set()


def test_every_metric_is_in_the_document() -> None:
    text = (ROOT / "docs" / "monitoring.md").read_text()
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in OF_WEB}
    listed = set(re.findall(r"^\| `(spotter_(?!worker_)\w+)`", text, re.MULTILINE))
    assert listed == families


def test_the_dashboard_is_provisioned_with_its_source() -> None:
    provisioning = FOLDER / "grafana" / "provisioning"
    source = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())
    uid = source["datasources"][0]["uid"]
    used = {one["datasource"]["uid"] for panel in PANELS for one in panel["targets"]}
    assert used == {uid}
    provider = yaml.safe_load((provisioning / "dashboards/spotter.yml").read_text())
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    folder = provider["providers"][0]["options"]["path"]
    assert f"./deploy/monitoring/grafana/dashboards:{folder}:ro" in compose["volumes"]


def test_panels_do_not_lie_over_each_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    assert max(x for x, _ in taken) < 24
