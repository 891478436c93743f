"""Rules about the probes by which Cloud Run and others ask whether a program lives and is ready."""

from collections.abc import Iterator

from deploy.doctor.containers import Platform, list_ours
from deploy.doctor.documents import dig
from deploy.doctor.finding import Spot, rule
from deploy.doctor.project import Project
from deploy.doctor.rules.run import NETWORK, REVISION, list_run

# Google's page on Direct VPC: "a minute or more" until a new instance reaches the network.
VPC_SECONDS = 120
START_SECONDS = 240  # the most that Cloud Run waits


@rule(
    "run-start-budget",
    why="A new instance may need a minute or more until Direct VPC lets it reach the queue, and Cloud "
    "Run waits at most 240 s.",
    how="Have periodSeconds x failureThreshold + initialDelaySeconds lie between 120 and 240.",
)
def find_short_starts(project: Project) -> Iterator[Spot]:
    """The start-up probe leaves time for the network, and no more than Cloud Run takes."""
    for container in list_run(project):
        probe = container.get("startupProbe", default={})
        seconds = dig(probe, "periodSeconds", default=10) * dig(
            probe, "failureThreshold", default=3
        )
        seconds += dig(probe, "initialDelaySeconds", default=0)
        least = VPC_SECONDS if container.document.get(*REVISION, NETWORK) else 0
        if not least <= seconds <= START_SECONDS:
            what = f"a start may take {seconds} s, and should between {least} and {START_SECONDS}"
            yield container.spot("startupProbe", "failureThreshold", what=what)


@rule(
    "run-start-path",
    why="Only /readyz asks the queue. With another path an instance counts as started before its way "
    "to the queue is open, and its first requests fail.",
    how="Set the start-up probe's path to /readyz.",
)
def find_blind_starts(project: Project) -> Iterator[Spot]:
    """The start-up probe asks whether the queue can be reached."""
    for container in list_run(project):
        path = container.get("startupProbe", "httpGet", "path", default="nothing")
        if path != "/readyz":
            what = f"the start-up probe asks for {path}, which does not ask the queue"
            yield container.spot("startupProbe", "httpGet", "path", what=what)


@rule(
    "run-liveness-path",
    why="/readyz fails while the queue is away; as a liveness probe it would have every instance "
    "restarted again and again for a fault that is elsewhere.",
    how="Set the liveness probe's path to /healthz.",
)
def find_nervous_liveness(project: Project) -> Iterator[Spot]:
    """The liveness probe asks about the process alone; of Kubernetes and App Engine, too."""
    for container in list_ours(project):
        keys = {Platform.APP_ENGINE: ("liveness_check", "path")}.get(
            container.platform, ("livenessProbe", "httpGet", "path")
        )
        if container.get(*keys) == "/readyz":
            yield container.spot(*keys, what="the liveness probe asks for /readyz")


@rule(
    "run-probe-timeout",
    why="Cloud Run refuses a probe whose answer may take longer than the time to the next one.",
    how="Make timeoutSeconds at most periodSeconds.",
)
def find_slow_probes(project: Project) -> Iterator[Spot]:
    """A probe ends before the next one begins."""
    for container in list_run(project):
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = container.get(name, default={})
            timeout, period = (
                dig(probe, "timeoutSeconds", default=1),
                dig(probe, "periodSeconds", default=10),
            )
            if timeout > period:
                what = f"{name} waits {timeout} s for an answer and asks every {period} s"
                yield container.spot(name, "timeoutSeconds", what=what)
