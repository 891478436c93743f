"""The platforms as the files of this repository set them up: what is simulated is what is deployed.

Reads the scaling of the worker pool (cloudrun/crema.yaml), of Kubernetes (gke/scaling.yaml) and the
fixed workers of App Engine, and how much processor and memory an instance has. What a platform adds
to a worker's own start is an assumption, named in system.toml.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.simulate.scaling import Rule
from deploy.simulate.system import SimulationError

DEPLOY = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A rule, and what an instance is and costs. `price` is a table of prices.toml."""

    rule: Rule
    children: int
    cpus: float
    gigabytes: float
    price: str


def read_platforms(folder: Path = DEPLOY, *, start_seconds: dict[str, float]) -> list[Platform]:
    """Read every platform's files; `start_seconds` by platform.

    Raises:
        SimulationError: a file does not say what is needed.
    """
    try:
        return [
            _read_cloud_run(folder / "cloudrun", start_seconds["cloud_run"]),
            _read_kubernetes(folder / "gke", start_seconds["kubernetes"]),
            _read_app_engine(folder / "appengine", start_seconds["app_engine"]),
        ]
    except (OSError, KeyError, StopIteration, yaml.YAMLError) as error:
        raise SimulationError(
            f"a platform's files in {folder} cannot be read: {error!r}"
        ) from error


def _read_cloud_run(folder: Path, start_seconds: float) -> Platform:
    pool = _load(folder / "workerpool.yaml", "WorkerPool")["spec"]["template"]["spec"]
    crema = _load(folder / "crema.yaml", "CremaConfig")["spec"]
    return _make_platform(
        crema["scaledObjects"][0]["spec"],
        pool["containers"][0],
        poll_seconds=crema["pollingInterval"],
        start_seconds=start_seconds,
        name="cloud run",
        title="Cloud Run, worker pool with CREMA",
        price="cloud-run-worker-pool",
    )


def _read_kubernetes(folder: Path, start_seconds: float) -> Platform:
    scaled = _load(folder / "scaling.yaml", "ScaledObject")["spec"]
    worker = _load(folder / "worker.yaml", "Deployment")["spec"]["template"]["spec"]
    return _make_platform(
        scaled,
        worker["containers"][0],
        poll_seconds=scaled["pollingInterval"],
        start_seconds=start_seconds,
        name="kubernetes",
        title="Kubernetes with KEDA",
        price="gke-autopilot",
    )


def _make_platform(
    scaled: dict[str, Any],
    container: dict[str, Any],
    *,
    poll_seconds: float,
    start_seconds: float,
    name: str,
    title: str,
    price: str,
) -> Platform:
    behaviour = scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    up, down = behaviour["scaleUp"], behaviour["scaleDown"]
    targets = {
        trigger["metadata"]["listName"]: float(trigger["metadata"]["listLength"])
        for trigger in scaled["triggers"]
    }
    grow = {policy["type"]: policy["value"] for policy in up["policies"]}
    rule = Rule(
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
    limits = container["resources"]["limits"]
    children = next(one["value"] for one in container["env"] if one["name"] == "WORKERS")
    return Platform(
        rule=rule,
        children=int(children),
        cpus=float(limits["cpu"]),
        gigabytes=_read_gigabytes(limits["memory"]),
        price=price,
    )


def _read_app_engine(folder: Path, start_seconds: float) -> Platform:
    worker = _load(folder / "worker.yaml", None)
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
    )


def _load(path: Path, kind: str | None) -> Any:
    documents = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    return next(one for one in documents if kind is None or one["kind"] == kind)


def _read_gigabytes(text: str) -> float:
    units = {"Mi": 2**20, "Gi": 2**30}
    return float(text[:-2]) * units[text[-2:]] / 1e9
