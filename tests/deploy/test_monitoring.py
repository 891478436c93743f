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

from jobs.counters import BUCKETS
from jobs.metrics import Histogram
from jobs.settings import JobsSettings
from tests.conftest import ROOT
from tests.web.test_standing import make_reading
from web.exposition import HISTOGRAMS, expose

FOLDER = ROOT / "deploy" / "monitoring"
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0][
    "rules"
]
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana/dashboards/spotter.json").read_text())
PANELS: list[dict[str, Any]] = [one for one in DASHBOARD["panels"] if one["type"] != "row"]
QUERIES = [
    *((rule["alert"], rule["expr"]) for rule in RULES),
    *((panel["title"], one["expr"]) for panel in PANELS for one in panel["targets"]),
]


def list_metrics() -> dict[str, set[str]]:
    """Every metric that /metrics can have, with its labels."""
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
    found: defaultdict[str, set[str]] = defaultdict(set)
    for family in parse(text.decode()):
        for sample in family.samples:
            found[sample.name] |= set(sample.labels)
    return dict(found)


METRICS = list_metrics()


@pytest.mark.parametrize(("title", "query"), QUERIES, ids=[title for title, _ in QUERIES])
def test_a_query_asks_for_what_there_is(title: str, query: str) -> None:
    asked = re.findall(r"\b(spotter_\w+)(?:\{([^}]*)\})?", query)
    assert asked or title == "SpotterDown"
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
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in METRICS}
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
