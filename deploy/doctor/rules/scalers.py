"""Rules about what scales the workers: CREMA on Cloud Run, KEDA on Kubernetes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.doctor.containers import Container, list_containers
from deploy.doctor.documents import Document, Keys
from deploy.doctor.finding import Spot, rule, spot
from deploy.doctor.project import Project

SLOWEST_LOOK_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaler:
    """What scales one thing; `keys` lead to its triggers' parent, `target` is the last of its name."""

    document: Document
    keys: Keys
    target: str
    authentications: frozenset[str]

    def get(self, *keys: str, default: Any = None) -> Any:
        """Return what stands below it."""
        return self.document.get(*self.keys, *keys, default=default)

    def list_triggers(self) -> list[tuple[Keys, str, int]]:
        """Return each trigger's place, the key that it counts, and how many make one instance."""
        found: list[tuple[Keys, str, int]] = []
        for index, trigger in enumerate(self.get("triggers", default=())):
            told = trigger.get("metadata", {}) if isinstance(trigger, dict) else {}
            length = str(told.get("listLength", ""))
            place: Keys = (*self.keys, "triggers", index)
            found.append(
                (place, str(told.get("listName", "")), int(length) if length.isdecimal() else 0)
            )
        return found


def list_scalers(project: Project) -> list[Scaler]:
    """Return the scalers of both platforms."""
    found = []
    for document in project.find(folder="deploy/cloudrun/", kind="CremaConfig"):
        named = document.get("spec", "triggerAuthentications", default=())
        names = frozenset(str(one.get("metadata", {}).get("name")) for one in named)
        for index, _ in enumerate(document.get("spec", "scaledObjects", default=())):
            keys: Keys = ("spec", "scaledObjects", index, "spec")
            found.append(make_scaler(document, keys, names))
    known = project.find(folder="deploy/gke/", kind="TriggerAuthentication")
    names = frozenset(str(d.get("metadata", "name")) for d in known)
    objects = project.find(folder="deploy/gke/", kind="ScaledObject")
    return [*found, *(make_scaler(document, ("spec",), names) for document in objects)]


def make_scaler(document: Document, keys: Keys, names: frozenset[str]) -> Scaler:
    """Return the scaler at `keys`."""
    target = str(document.get(*keys, "scaleTargetRef", "name", default="")).rpartition("/")[2]
    return Scaler(document=document, keys=keys, target=target, authentications=names)


def find_target(project: Project, scaler: Scaler) -> Container | None:
    """Return the container that is scaled; none where there is no such thing beside the scaler."""
    folder = scaler.document.path.rpartition("/")[0]
    for container in list_containers(project):
        document = container.document
        if document.path.startswith(folder) and document.get("metadata", "name") == scaler.target:
            return container
    return None


@rule(
    "scaler-target",
    why="The scaler would change the size of something that is not there, and the workers keep theirs.",
    how="Name the worker pool of deploy/cloudrun, or the Deployment of deploy/gke.",
)
def find_lost_targets(project: Project) -> Iterator[Spot]:
    """What is scaled is there."""
    for scaler in list_scalers(project):
        if find_target(project, scaler) is None:
            keys = (*scaler.keys, "scaleTargetRef", "name")
            yield spot(scaler.document, *keys, what=f"nothing here is called {scaler.target}")


@rule(
    "scaler-key",
    why="A key that does not exist has the length 0: this trigger would never ask for a worker.",
    how="Write spotter:waiting:interactive, spotter:waiting:bulk or spotter:running.",
)
def find_unknown_keys(project: Project) -> Iterator[Spot]:
    """A trigger counts a key that the ledger keeps."""
    known = {*project.facts.waiting_keys, project.facts.running_key}
    for scaler in list_scalers(project):
        for place, name, _ in scaler.list_triggers():
            if name not in known:
                keys = (*place, "metadata", "listName")
                yield spot(scaler.document, *keys, what=f"the ledger keeps no {name or 'such key'}")


@rule(
    "scaler-waiting",
    why="Jobs in a queue that nobody counts would wait for workers that are never started.",
    how="Add a trigger for it.",
)
def find_uncounted_queues(project: Project) -> Iterator[Spot]:
    """Every queue of waiting jobs is counted."""
    for scaler in list_scalers(project):
        counted = {name for _, name, _ in scaler.list_triggers()}
        for name in sorted(project.facts.waiting_keys - counted):
            yield spot(scaler.document, *scaler.keys, "triggers", what=f"no trigger counts {name}")


@rule(
    "scaler-running",
    why="When nothing waits any more the scaler would take workers away that still work: their "
    "pictures wait for the lease to run out and are worked on again.",
    how="Add a trigger for spotter:running, with listLength equal to WORKERS.",
)
def find_uncounted_work(project: Project) -> Iterator[Spot]:
    """Jobs in hand are counted."""
    for scaler in list_scalers(project):
        if project.facts.running_key not in {name for _, name, _ in scaler.list_triggers()}:
            yield spot(
                scaler.document, *scaler.keys, "triggers", what="no trigger counts running jobs"
            )


@rule(
    "scaler-busy",
    why="One instance works on WORKERS jobs at a time. With a larger listLength fewer instances would "
    "be asked for than are at work, and busy ones are taken away.",
    how="Set listLength of the trigger for spotter:running to WORKERS of the thing that is scaled.",
)
def find_lost_workers(project: Project) -> Iterator[Spot]:
    """As many instances stay as are at work."""
    for scaler in list_scalers(project):
        target = find_target(project, scaler)
        children = int(target.value("WORKERS") or 1) if target else 0
        for place, name, length in scaler.list_triggers():
            if target and name == project.facts.running_key and length > children:
                what = f"listLength is {length}, and an instance works on {children} at a time"
                yield spot(scaler.document, *place, "metadata", "listLength", what=what)


@rule(
    "scaler-bounds",
    why="The autoscaler refuses its whole configuration.",
    how="Make minReplicaCount at most maxReplicaCount.",
)
def find_crossed_bounds(project: Project) -> Iterator[Spot]:
    """The least number of instances is at most the most."""
    for scaler in list_scalers(project):
        least, most = (
            scaler.get("minReplicaCount", default=0),
            scaler.get("maxReplicaCount", default=100),
        )
        if least > most:
            keys = (*scaler.keys, "minReplicaCount")
            yield spot(scaler.document, *keys, what=f"minReplicaCount {least} is above {most}")


@rule(
    "scaler-nobody",
    why="With no worker left, nothing sweeps: leases that ran out stay in `running`, and the first "
    "picture waits for a poll and a cold start.",
    how="Set minReplicaCount to at least 1.",
)
def find_empty_fleets(project: Project) -> Iterator[Spot]:
    """One worker stays."""
    for scaler in list_scalers(project):
        if scaler.get("minReplicaCount", default=0) == 0:
            keys = (*scaler.keys, "minReplicaCount")
            yield spot(scaler.document, *keys, what="the workers may become none")


@rule(
    "scaler-password",
    why="The queue asks for a password: without it the scaler sees nothing and changes nothing.",
    how="Refer to a TriggerAuthentication of the same file that gives the parameter password.",
)
def find_missing_passwords(project: Project) -> Iterator[Spot]:
    """Every trigger can sign in."""
    for scaler in list_scalers(project):
        for place, _, _ in scaler.list_triggers():
            name = scaler.document.get(*place, "authenticationRef", "name")
            if name not in scaler.authentications:
                keys = (*place, "authenticationRef", "name")
                what = f"no authentication is called {name}" if name else "no authenticationRef"
                yield spot(scaler.document, *keys, what=what)


@rule(
    "scaler-steady",
    why="Between two bursts workers would be ended and started again, each time with a cold start.",
    how="Set advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.stabilizationWindowSeconds to "
    "at least 60.",
)
def find_nervous_scalers(project: Project) -> Iterator[Spot]:
    """Fewer workers are wanted for a while before there are fewer."""
    window = ("advanced", "horizontalPodAutoscalerConfig", "behavior", "scaleDown")
    for scaler in list_scalers(project):
        seconds = scaler.get(*window, "stabilizationWindowSeconds", default=0)
        if seconds < 60:
            keys = (*scaler.keys, *window, "stabilizationWindowSeconds")
            yield spot(scaler.document, *keys, what=f"a burst is remembered for {seconds} s only")


@rule(
    "scaler-slow",
    why="Every look at most doubles the workers: in a burst pictures wait for two or three looks and as "
    "many starts (docs/scaling.md).",
    how="Set spec.pollingInterval to at most 5; without it CREMA looks only when it is called.",
)
def find_slow_scalers(project: Project) -> Iterator[Spot]:
    """CREMA looks often. On Kubernetes it is the cluster that asks, in its own time."""
    for document in project.find(folder="deploy/cloudrun/", kind="CremaConfig"):
        seconds = document.get("spec", "pollingInterval")
        if not isinstance(seconds, int) or seconds > SLOWEST_LOOK_SECONDS:
            what = f"pollingInterval is {seconds or 'not set'}"
            yield spot(document, "spec", "pollingInterval", what=what)
