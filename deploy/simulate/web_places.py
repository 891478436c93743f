"""Web as the files of this repository set it up on each platform: places, bounds, and the rule.

What Cloud Run does is on its page about instance autoscaling: every 5 s it looks at processors and
requests in hand, averaged over a minute, and aims at 60 % of either; a request waits up to 10 s for
a place. Of App Engine's autoscaler and of the delays of Kubernetes' processor metrics only the
order of magnitude is known.
"""

from pathlib import Path
from typing import Any

from deploy.doctor.facts import WEB
from deploy.doctor.project import Project
from deploy.doctor.quantities import read_cpus, read_gigabytes
from deploy.simulate.documents import load
from deploy.simulate.front import WebPlace
from deploy.simulate.scaling import Rule

TARGET_SHARE = 0.6  # Cloud Run, of processors and of concurrency
IDLE_SECONDS = 900.0  # an instance of Cloud Run without requests is ended within 15 minutes
MINUTE = 60.0
# The cluster's own time; it looks at what pods used in the half minute before.
HPA_SECONDS, HPA_AVERAGE_SECONDS = 15.0, 30.0
COMPUTE_STABLE_SECONDS = 600.0  # Compute Engine's autoscaler, below App Engine, remembers as long


def read_cloud_run_web(file: Path, start_seconds: float) -> WebPlace:
    """Read cloudrun/service.yaml."""
    service = load(file, "Service")
    scale, pod = service["metadata"]["annotations"], service["spec"]["template"]["spec"]
    limits = pod["containers"][0]["resources"]["limits"]
    concurrency = int(pod["containerConcurrency"])
    rule = Rule(
        name="cloud run",
        title="Cloud Run",
        least=int(scale["run.googleapis.com/minScale"]),
        most=int(scale["run.googleapis.com/maxScale"]),
        poll_seconds=5.0,
        start_seconds=start_seconds,
        requests_target=TARGET_SHARE * concurrency,
        busy_target=TARGET_SHARE,
        grow_count=100,
        grow_seconds=0.0,
        stabilise_seconds=IDLE_SECONDS,
    )
    return WebPlace(
        rule=rule,
        concurrency=concurrency,
        patience_seconds=10.0,
        average_seconds=MINUTE,
        cpus=read_cpus(limits["cpu"]),
        gigabytes=read_gigabytes(limits["memory"]),
        price="cloud-run-service",
        idle_price=True,
    )


def read_kubernetes_web(file: Path, start_seconds: float) -> WebPlace:
    """Read gke/web.yaml; nothing but web's own limit of connections bounds a pod's requests."""
    scaled = load(file, "HorizontalPodAutoscaler")["spec"]
    pod = load(file, "Deployment")["spec"]["template"]["spec"]
    requests = pod["containers"][0]["resources"]["requests"]
    target = scaled["metrics"][0]["resource"]["target"]["averageUtilization"] / 100
    rule = Rule(
        name="kubernetes",
        title="Kubernetes",
        least=scaled["minReplicas"],
        most=scaled["maxReplicas"],
        poll_seconds=HPA_SECONDS,
        start_seconds=start_seconds,
        # Of what a pod asks for, not of the core that it may use.
        busy_target=target * read_cpus(requests["cpu"]),
        stabilise_seconds=scaled["behavior"]["scaleDown"]["stabilizationWindowSeconds"],
    )
    return WebPlace(
        rule=rule,
        concurrency=int(Project().facts.find(WEB, "max_connections").value),
        patience_seconds=0.0,
        average_seconds=HPA_AVERAGE_SECONDS,
        cpus=read_cpus(requests["cpu"]),
        gigabytes=read_gigabytes(requests["memory"]),
        price="gke-autopilot",
    )


def read_app_engine_web(file: Path, start_seconds: float) -> WebPlace:
    """Read app.yaml."""
    service: Any = load(file, None)
    scaled, machine = service["automatic_scaling"], service["resources"]
    rule = Rule(
        name="app engine",
        title="App Engine",
        least=scaled["min_num_instances"],
        most=scaled["max_num_instances"],
        poll_seconds=HPA_SECONDS,
        start_seconds=start_seconds,
        requests_target=scaled["target_concurrent_requests"],
        busy_target=scaled["cpu_utilization"]["target_utilization"],
        stabilise_seconds=COMPUTE_STABLE_SECONDS,
    )
    return WebPlace(
        rule=rule,
        concurrency=int(Project().facts.find(WEB, "max_connections").value),
        patience_seconds=0.0,
        average_seconds=MINUTE,
        cpus=float(machine["cpu"]),
        gigabytes=float(machine["memory_gb"]),
        price="app-engine-flexible",
    )
