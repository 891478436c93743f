"""The platforms as the files of this repository set them up: what is simulated is what is deployed.

Reads the scaling of the worker pool (cloudrun/crema.yaml), of Kubernetes (gke/scaling.yaml) and the
fixed workers of App Engine, how much processor and memory an instance has, and web beside them
(web_places.py). What a platform adds to a container's own start is an assumption, in system.toml.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.doctor.facts import FactMissing
from deploy.doctor.quantities import read_cpus, read_gigabytes
from deploy.settings import ROOT
from deploy.simulate.documents import load
from deploy.simulate.front import WebPlace
from deploy.simulate.scaling import Rule
from deploy.simulate.system import SimulationError
from deploy.simulate.web_places import (
    HPA_SECONDS,
    read_app_engine_web,
    read_cloud_run_web,
    read_kubernetes_web,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """The workers' rule, what one of their instances is and costs (in prices.toml), and web."""

    rule: Rule
    children: int
    cpus: float
    gigabytes: float
    price: str
    web: WebPlace | None = None


def read_platforms(root: Path = ROOT, *, start_seconds: dict[str, float]) -> list[Platform]:
    """Read every platform's files; `start_seconds` by platform.

    Raises:
        SimulationError: a file does not say what is needed.
    """
    deploy = root / "deploy"
    try:
        return [
            _read_cloud_run(deploy / "cloudrun", start_seconds["cloud_run"]),
            _read_kubernetes(deploy / "gke", start_seconds["kubernetes"]),
            _read_app_engine(root, start_seconds["app_engine"]),
        ]
    except (OSError, KeyError, StopIteration, yaml.YAMLError, FactMissing) as error:
        raise SimulationError(f"a platform's files in {root} cannot be read: {error!r}") from error


def _read_cloud_run(folder: Path, start_seconds: float) -> Platform:
    pool = load(folder / "workerpool.yaml", "WorkerPool")["spec"]["template"]["spec"]
    crema = load(folder / "crema.yaml", "CremaConfig")["spec"]
    rule = _make_rule(
        crema["scaledObjects"][0]["spec"],
        poll_seconds=crema["pollingInterval"],
        start_seconds=start_seconds,
        name="cloud run",
        title="Cloud Run, worker pool with CREMA",
    )
    container = pool["containers"][0]
    limits = container["resources"]["limits"]
    return Platform(
        rule=rule,
        children=_count_children(container),
        cpus=read_cpus(limits["cpu"]),
        gigabytes=read_gigabytes(limits["memory"]),
        price="cloud-run-worker-pool",
        web=read_cloud_run_web(folder / "service.yaml", start_seconds),
    )


def _read_kubernetes(folder: Path, start_seconds: float) -> Platform:
    worker = load(folder / "worker.yaml", "Deployment")["spec"]["template"]["spec"]
    rule = _make_rule(
        load(folder / "scaling.yaml", "ScaledObject")["spec"],
        # Not pollingInterval: from one instance on it is the cluster that asks, in its own time.
        poll_seconds=HPA_SECONDS,
        start_seconds=start_seconds,
        name="kubernetes",
        title="Kubernetes with KEDA",
    )
    container = worker["containers"][0]
    requests = container["resources"]["requests"]  # Autopilot bills what pods ask for
    return Platform(
        rule=rule,
        children=_count_children(container),
        cpus=read_cpus(requests["cpu"]),
        gigabytes=read_gigabytes(requests["memory"]),
        price="gke-autopilot",
        web=read_kubernetes_web(folder / "web.yaml", start_seconds),
    )


def _make_rule(
    scaled: dict[str, Any], *, poll_seconds: float, start_seconds: float, name: str, title: str
) -> Rule:
    behaviour = scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    up, down = behaviour["scaleUp"], behaviour["scaleDown"]
    targets = {
        trigger["metadata"]["listName"]: float(trigger["metadata"]["listLength"])
        for trigger in scaled["triggers"]
    }
    grow = {policy["type"]: policy["value"] for policy in up["policies"]}
    return Rule(
        name=name,
        title=title,
        least=scaled["minReplicaCount"],
        most=scaled["maxReplicaCount"],
        poll_seconds=poll_seconds,
        start_seconds=start_seconds,
        interactive_target=targets["spotter:waiting:interactive"],
        bulk_target=targets["spotter:waiting:bulk"],
        running_target=targets["spotter:running"],
        grow_factor=1 + grow.get("Percent", 0) / 100,
        grow_count=grow.get("Pods", 0),
        grow_seconds=up["policies"][0]["periodSeconds"],
        shrink_count=down["policies"][0]["value"],
        shrink_seconds=down["policies"][0]["periodSeconds"],
        stabilise_seconds=down["stabilizationWindowSeconds"],
    )


def _count_children(container: dict[str, Any]) -> int:
    return int(next(one["value"] for one in container["env"] if one["name"] == "WORKERS"))


def _read_app_engine(root: Path, start_seconds: float) -> Platform:
    worker = load(root / "deploy" / "appengine" / "worker.yaml", None)
    count = worker["manual_scaling"]["instances"]
    rule = Rule(
        name="app engine",
        title=f"App Engine, {count} worker instance{'s' if count > 1 else ''}",
        least=count,
        most=count,
        poll_seconds=60.0,
        start_seconds=start_seconds,
    )
    return Platform(
        rule=rule,
        children=int(worker["env_variables"]["WORKERS"]),
        cpus=float(worker["resources"]["cpu"]),
        gigabytes=float(worker["resources"]["memory_gb"]),
        price="app-engine-flexible",
        web=read_app_engine_web(root / "app.yaml", start_seconds),
    )
