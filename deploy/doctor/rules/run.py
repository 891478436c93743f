"""Rules about Cloud Run that its schema cannot know."""

import json
from collections.abc import Iterator
from typing import Any

from deploy.doctor.containers import Container, Platform, list_ours
from deploy.doctor.documents import Document
from deploy.doctor.facts import EVENTS
from deploy.doctor.finding import Spot, rule, spot, suggest
from deploy.doctor.project import Project
from deploy.doctor.rules.schemas import load

REVISION = ("spec", "template", "metadata", "annotations")
POD = ("spec", "template", "spec")
NETWORK = "run.googleapis.com/network-interfaces"
EGRESS = "run.googleapis.com/vpc-access-egress"
THROTTLING = "run.googleapis.com/cpu-throttling"
# What the discovery document's list leaves out: gcloud's own constants of worker pools.
POOL_ANNOTATIONS = (
    "run.googleapis.com/scalingMode",
    "run.googleapis.com/manualInstanceCount",
    "run.googleapis.com/description",
    "run.googleapis.com/launch-stage",
)


def list_run(project: Project) -> list[Container]:
    """Return our containers on Cloud Run."""
    return [c for c in list_ours(project) if c.platform is Platform.CLOUD_RUN]


def list_services(project: Project) -> list[Document]:
    """Return the services, which have an address; pools have none."""
    return [d for d in project.cloud_run if d.kind.endswith(" Service")]


def read_number(value: Any) -> int | None:
    """Return a whole number that may be written as text; None where it is none, or a ${NAME}."""
    text = str(value)
    return int(text) if text.isdecimal() else None


@rule(
    "run-annotation",
    why="Cloud Run refuses annotations that it does not know at this place, or passes over them.",
    how="Look up the name and whether it belongs to the service or to the revision (spec.template).",
)
def find_unknown_annotations(project: Project) -> Iterator[Spot]:
    """Annotations are those that Google's discovery document lists, each at its place."""
    listed = load("run.v1")["annotations"]
    for document in project.cloud_run:
        is_pool = document.kind.endswith("WorkerPool")
        for keys, place in ((("metadata", "annotations"), "Service"), (REVISION, "Revision")):
            for name in document.get(*keys, default={}):
                is_pools = is_pool and place == "Service"
                known = name in POOL_ANNOTATIONS if is_pools else place in listed.get(name, ())
                if not known:
                    resource = "WorkerPool" if is_pools else place
                    near = suggest(name, {*listed, *POOL_ANNOTATIONS} - {name})
                    what = f"{name} is no annotation of a {resource}{near}"
                    yield spot(document, *keys, name, what=what)


@rule(
    "run-throttled",
    why="Between requests Cloud Run takes the processor away; the workers in this container work then, "
    "so leases run out and every picture waits for the next request.",
    how='Set the revision\'s annotation run.googleapis.com/cpu-throttling: "false".',
)
def find_throttled_workers(project: Project) -> Iterator[Spot]:
    """A service with workers in it keeps its processor."""
    for container in list_run(project):
        is_service = container.document.kind.endswith(" Service")
        allowed = container.document.get(*REVISION, THROTTLING, default="true")
        if is_service and container.target != "web" and allowed != "false":
            what = f"{container.target} works in the background and may be throttled"
            yield spot(container.document, *REVISION, THROTTLING, what=what)


@rule(
    "run-many-queues",
    why="Each instance of all-in-one has a queue of its own: a job is unknown to the other one.",
    how='Set run.googleapis.com/minScale, maxScale and autoscaling.knative.dev/maxScale to "1".',
)
def find_many_queues(project: Project) -> Iterator[Spot]:
    """All-in-one has exactly one instance."""
    for container in list_run(project):
        if container.target != "all-in-one":
            continue
        document, head = container.document, ("metadata", "annotations")
        for keys, name in (
            (head, "run.googleapis.com/minScale"),
            (head, "run.googleapis.com/maxScale"),
            (REVISION, "autoscaling.knative.dev/maxScale"),
        ):
            if document.get(*keys, name) != "1":
                found = document.get(*keys, name, default="not set")
                yield spot(document, *keys, name, what=f"{name} is {found}, and must be 1")


@rule(
    "run-bounds",
    why="Cloud Run refuses a least number of instances above the most.",
    how="Make minScale at most maxScale; the revision's maxScale at least the service's.",
)
def find_crossed_bounds(project: Project) -> Iterator[Spot]:
    """The least number of instances is at most the most."""
    for document in list_services(project):
        head = document.get("metadata", "annotations", default={})
        least = read_number(head.get("run.googleapis.com/minScale", "0"))
        most = read_number(head.get("run.googleapis.com/maxScale", "100"))
        if least is not None and most is not None and least > most:
            keys = ("metadata", "annotations", "run.googleapis.com/minScale")
            yield spot(document, *keys, what=f"minScale {least} is above maxScale {most}")


@rule(
    "run-concurrency",
    why="Cloud Run sends so many requests at once to one process; above what it was measured to hold "
    "they wait inside it, and no further instance is started.",
    how="Set containerConcurrency to at most the number in deploy/doctor/measured.toml.",
)
def find_too_much_concurrency(project: Project) -> Iterator[Spot]:
    """A process is sent no more requests than it holds."""
    most = project.facts.capacity
    for document in list_services(project):
        given = document.get(*POD, "containerConcurrency", default=80)
        if isinstance(given, int) and not 0 < given <= most:
            what = f"containerConcurrency is {given}, and a process holds {most}"
            yield spot(document, *POD, "containerConcurrency", what=what)


@rule(
    "run-timeout",
    why="Cloud Run cuts a request that takes longer: event streams would break off with an error.",
    how="Set timeoutSeconds above STREAM_SECONDS of web/views/events.py, at most 3600.",
)
def find_cut_streams(project: Project) -> Iterator[Spot]:
    """A request may take as long as the longest that web holds."""
    longest = project.facts.find(EVENTS, "STREAM_SECONDS").value
    for document in list_services(project):
        given = document.get(*POD, "timeoutSeconds", default=300)
        if given <= longest:
            what = f"timeoutSeconds is {given}, and an event stream takes up to {longest:.0f} s"
            yield spot(document, *POD, "timeoutSeconds", what=what)


@rule(
    "run-network",
    why="The queue has a private address: without Direct VPC nothing reaches it.",
    how="Give the revision both annotations, network-interfaces (a JSON list with network and "
    "subnetwork) and vpc-access-egress: private-ranges-only.",
)
def find_missing_networks(project: Project) -> Iterator[Spot]:
    """Whoever needs the queue is on its network."""
    for container in list_run(project):
        if "REDIS_URL" not in container.settings:
            continue
        document = container.document
        if not names_network(document.get(*REVISION, NETWORK, default="")):
            yield spot(document, *REVISION, NETWORK, what="no network and subnetwork are named")
        elif document.get(*REVISION, EGRESS) not in ("private-ranges-only", "all-traffic"):
            yield spot(document, *REVISION, EGRESS, what=f"{EGRESS} says not what goes over it")


def names_network(text: str) -> bool:
    """Tell whether the annotation is the JSON that Cloud Run wants."""
    try:
        interfaces = json.loads(text)
    except ValueError:
        return False
    return bool(interfaces) and all({"network", "subnetwork"} <= set(one) for one in interfaces)


@rule(
    "run-port-given",
    why="Cloud Run sets PORT itself and refuses a service that sets it, too.",
    how="Take it out; containerPort says which one it is.",
)
def find_reserved_settings(project: Project) -> Iterator[Spot]:
    """PORT is Cloud Run's to set."""
    for container in list_run(project):
        if "PORT" in container.settings and container.document.kind.endswith(" Service"):
            yield container.spot(*container.settings["PORT"].keys, what="PORT is set here")


@rule(
    "run-account",
    why="Without an account of its own it runs as the project's default account, which may change "
    "nearly everything in the project.",
    how="Set serviceAccountName to an account that deploy/gcp.sh makes.",
)
def find_default_accounts(project: Project) -> Iterator[Spot]:
    """Each service and pool has an account of its own."""
    for document in project.cloud_run:
        if not document.get(*POD, "serviceAccountName"):
            yield spot(document, *POD, what="no serviceAccountName is given")


@rule(
    "run-pool-request",
    why="A worker pool has no address and gets no requests: this means nothing there.",
    how="Take it out; a health port needs no `ports`.",
)
def find_requests_of_pools(project: Project) -> Iterator[Spot]:
    """A pool says nothing about requests."""
    for document in project.cloud_run:
        if document.kind.endswith("WorkerPool"):
            for name in ("containerConcurrency", "timeoutSeconds"):
                if document.get(*POD, name) is not None:
                    yield spot(document, *POD, name, what=f"{name} is about requests")
    for container in list_run(project):
        if container.document.kind.endswith("WorkerPool") and container.get("ports"):
            yield container.spot("ports", what="ports is about requests")


@rule(
    "run-pool-count",
    why="A pool does not scale by itself: without both annotations it has whatever it had before.",
    how='Set run.googleapis.com/scalingMode: manual and manualInstanceCount: "${WORKER_INSTANCES}", '
    "which deploy/gcp.sh fills in, so that a release keeps what the scaler chose.",
)
def find_uncounted_pools(project: Project) -> Iterator[Spot]:
    """A pool says how many instances it has, and keeps the scaler's choice."""
    head = ("metadata", "annotations")
    for document in project.cloud_run:
        if not document.kind.endswith("WorkerPool"):
            continue
        mode, count = "run.googleapis.com/scalingMode", "run.googleapis.com/manualInstanceCount"
        if document.get(*head, mode) != "manual":
            yield spot(document, *head, mode, what=f"{mode} is not manual")
        if document.get(*head, count) != "${WORKER_INSTANCES}":
            found = document.get(*head, count, default="not set")
            yield spot(document, *head, count, what=f"the count is {found}: a release would set it")
