"""Rules about App Engine that its parser passes over."""

from collections.abc import Iterator
from typing import Any

from deploy.doctor.documents import Document
from deploy.doctor.finding import Spot, rule, spot
from deploy.doctor.project import APP_ENGINE, DISPATCH, Project

SCALINGS = ("automatic_scaling", "manual_scaling", "basic_scaling")
STANDARD_SCALING = (
    "min_instances",
    "max_instances",
    "min_idle_instances",
    "max_idle_instances",
    "max_concurrent_requests",
    "target_cpu_utilization",
    "target_throughput_utilization",
    "min_pending_latency",
    "max_pending_latency",
)
QUOTA = 4
# Google's page on app.yaml: so many GB a core, of which 0.4 GB go to App Engine's own containers.
LEAST_GB, MOST_GB, OWN_GB = 1.0, 6.5, 0.4
START_SECONDS = 180  # a virtual machine, then the image, then the process


@rule(
    "gae-environment",
    why="Only the flexible environment runs a container with a queue's client and long waits.",
    how="Write env: flex and runtime: custom.",
)
def find_other_environments(project: Project) -> Iterator[Spot]:
    """Services are flexible, with a container of ours."""
    for document in project.app_engine:
        for name, wanted in (("env", "flex"), ("runtime", "custom")):
            if document.get(name) != wanted:
                found = document.get(name, default="not set")
                yield spot(document, name, what=f"{name} is {found}, and must be {wanted}")


@rule(
    "gae-version-unquoted",
    why="YAML reads 3.10 as the number 3.1: another version would run, or none.",
    how='Put it in quotes: runtime_version: "3.12".',
)
def find_unquoted_versions(project: Project) -> Iterator[Spot]:
    """A version is text."""
    for document in project.app_engine:
        version = document.get("runtime_config", "runtime_version")
        if isinstance(version, int | float):
            keys = ("runtime_config", "runtime_version")
            yield spot(document, *keys, what=f"runtime_version is the number {version}")


@rule(
    "gae-standard-scaling",
    why="The flexible environment passes over this name of the standard one: the default would hold.",
    how="Write min_num_instances, max_num_instances, cpu_utilization.target_utilization or "
    "target_concurrent_requests.",
)
def find_standard_scaling(project: Project) -> Iterator[Spot]:
    """Scaling is told in the flexible environment's words."""
    for document in project.app_engine:
        for name in STANDARD_SCALING:
            if document.get("automatic_scaling", name) is not None:
                what = f"{name} belongs to the standard environment"
                yield spot(document, "automatic_scaling", name, what=what)


@rule(
    "gae-handlers",
    why="The flexible environment sends every request to the container; handlers mean nothing there.",
    how="Take them out; web serves its own files.",
)
def find_handlers(project: Project) -> Iterator[Spot]:
    """No handlers stand in a flexible service."""
    for document in project.app_engine:
        if document.get("handlers") is not None:
            yield spot(document, "handlers", what="handlers are passed over")


@rule(
    "gae-one-scaling",
    why="App Engine takes exactly one way of scaling; without one it starts two instances and up to 20.",
    how="Keep one of automatic_scaling and manual_scaling.",
)
def find_two_scalings(project: Project) -> Iterator[Spot]:
    """A service has one block of scaling."""
    for document in project.app_engine:
        found = [name for name in SCALINGS if document.get(name) is not None]
        if len(found) != 1:
            what = f"{' and '.join(found) or 'no scaling'} stands here"
            yield spot(document, *found[-1:], what=what)


@rule(
    "gae-quota",
    why="While a new version starts the old one still runs. Above the quota of 4 the new one never "
    "becomes ready and the deployment hangs.",
    how="Lower max_num_instances or instances, or ask for a larger quota and raise QUOTA in "
    "deploy/doctor/rules/engine.py.",
)
def find_too_many_instances(project: Project) -> Iterator[Spot]:
    """All services at their most, and the largest new version, fit the quota."""
    documents = [d for d in project.app_engine if any(d.get(name) for name in SCALINGS)]
    if not documents:
        return
    most = sum(count(d, "max_num_instances", 20) for d in documents)
    starting = max(count(d, "min_num_instances", 2) for d in documents)
    if most + starting > QUOTA:
        largest = max(documents, key=lambda d: count(d, "max_num_instances", 20))
        what = f"up to {most} instances and {starting} of a new version are more than {QUOTA}"
        yield spot(largest, "automatic_scaling", "max_num_instances", what=what)


def count(document: Document, name: str, default: int) -> int:
    """Return a number of instances of a service, however it is scaled."""
    manual: Any = document.get("manual_scaling", "instances")
    found = (
        manual if manual is not None else document.get("automatic_scaling", name, default=default)
    )
    return int(found)


@rule(
    "gae-concurrency",
    why="App Engine starts another instance at this many requests at once; above what a process holds "
    "that is too late.",
    how="Set target_concurrent_requests to at most the number in deploy/doctor/measured.toml.",
)
def find_too_much_concurrency(project: Project) -> Iterator[Spot]:
    """A process is sent no more requests than it holds."""
    most = project.facts.capacity
    for document in project.app_engine:
        given = document.get("automatic_scaling", "target_concurrent_requests", default=0)
        if given > most:
            what = f"target_concurrent_requests is {given}, and a process holds {most}"
            yield spot(document, "automatic_scaling", "target_concurrent_requests", what=what)


@rule(
    "gae-memory",
    why="App Engine refuses memory that does not fit the cores: 1.0 to 6.5 GB a core, less 0.4.",
    how="Choose memory_gb by cpu; cpu is 1 or an even number.",
)
def find_odd_machines(project: Project) -> Iterator[Spot]:
    """Memory fits the cores."""
    for document in project.app_engine:
        cores = document.get("resources", "cpu", default=1)
        memory = document.get("resources", "memory_gb", default=0.6)
        if cores != 1 and cores % 2:
            yield spot(document, "resources", "cpu", what=f"cpu is {cores}")
        elif not cores * LEAST_GB - OWN_GB <= memory <= cores * MOST_GB - OWN_GB:
            what = f"memory_gb is {memory} for {cores} cores"
            yield spot(document, "resources", "memory_gb", what=what)


@rule(
    "gae-start-time",
    why="A virtual machine, the image and the process need minutes; a version that is given less is "
    "ended again and again.",
    how="Set readiness_check.app_start_timeout_sec to at least 180, and give liveness_check an "
    "initial_delay_sec.",
)
def find_short_starts(project: Project) -> Iterator[Spot]:
    """Both checks are there and patient."""
    for document in project.app_engine:
        if document.get("readiness_check", "app_start_timeout_sec", default=0) < START_SECONDS:
            what = f"a version gets less than {START_SECONDS} s to start"
            yield spot(document, "readiness_check", "app_start_timeout_sec", what=what)
        if document.get("liveness_check", "initial_delay_sec", default=0) < 60:
            what = "the liveness check begins less than 60 s after the start"
            yield spot(document, "liveness_check", "initial_delay_sec", what=what)


@rule(
    "gae-dispatch-service",
    why="Requests would be sent to a service that nothing deploys.",
    how="Name a service of app.yaml or deploy/appengine/worker.yaml.",
)
def find_unknown_services(project: Project) -> Iterator[Spot]:
    """The routing leads to services that are there."""
    known = {document.get("service", default="default") for document in project.app_engine}
    if any(project.read_documents(path).faults for path in APP_ENGINE):
        return  # what cannot be read may well have the service
    for document in project.read_documents(DISPATCH).documents:
        for index, entry in enumerate(document.get("dispatch", default=())):
            if isinstance(entry, dict) and entry.get("service") not in known:
                what = f"no file deploys the service {entry.get('service')}"
                yield spot(document, "dispatch", index, "service", what=what)
