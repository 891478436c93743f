"""Rules about how much processor a container is given for what it runs."""

from collections.abc import Iterator

from deploy.doctor.containers import Platform, list_ours
from deploy.doctor.documents import Keys
from deploy.doctor.finding import Spot, rule
from deploy.doctor.project import Project
from deploy.doctor.quantities import read_cpus

# Where each platform says how many cores a container can count on.
CORES: dict[Platform, Keys] = {
    Platform.CLOUD_RUN: ("resources", "limits", "cpu"),
    Platform.KUBERNETES: ("resources", "requests", "cpu"),
    Platform.APP_ENGINE: ("resources", "cpu"),
}


@rule(
    "worker-cores",
    why="A child uses a whole core while it works. With fewer, every picture takes longer, up to its "
    "time limit, and the simulation that chose the number of instances does not hold.",
    how="Give the container as many cores as WORKERS says (on Kubernetes resources.requests: what is "
    "above them is there only while nobody else wants it), or lower WORKERS.",
)
def find_crowded_children(project: Project) -> Iterator[Spot]:
    """Every pool child has a core."""
    for container in list_ours(project):
        children = container.value("WORKERS")
        if container.platform not in CORES or not children.isdecimal():
            continue
        keys = CORES[container.platform]
        try:
            cores = read_cpus(str(container.get(*keys)))
        except ValueError:
            continue  # nothing readable: that is the schema's to say
        if cores < int(children):
            what = f"{cores:g} cores are for {children} children"
            yield container.spot(*keys, what=what)
