"""Rules about deploy/monitoring/prometheus.yml: does it ask where somebody answers?"""

from collections.abc import Iterator
from typing import Any

from deploy.doctor.documents import Keys, dig
from deploy.doctor.finding import Spot, rule, spot, suggest
from deploy.doctor.project import COMPOSE, WATCH, Project

WATCHER = "prometheus"  # its service in docker-compose.yml


def list_targets(scrape: Any) -> Iterator[tuple[Keys, str, str]]:
    """Yield where a target stands in its scrape config, the host that it names and the port."""
    for place, group in enumerate(dig(scrape, "static_configs", default=())):
        for index, target in enumerate(dig(group, "targets", default=())):
            host, _, port = str(target).rpartition(":")
            yield ("static_configs", place, "targets", index), host, port
    for place, group in enumerate(dig(scrape, "dns_sd_configs", default=())):
        for index, name in enumerate(dig(group, "names", default=())):
            yield ("dns_sd_configs", place, "names", index), str(name), str(dig(group, "port"))


def read_services(project: Project) -> dict[str, Any]:
    """Return the services of docker-compose.yml."""
    documents = project.read_documents(COMPOSE).documents
    return dict(documents[0].get("services", default={})) if documents else {}


def find_fault(host: str, port: str, services: dict[str, Any]) -> str:
    """Return why nobody would answer there; nothing where somebody does."""
    if host not in services:
        return f"{COMPOSE} has no service {host}{suggest(host, services)}"
    near, far = (dig(services.get(name), "networks", default=()) for name in (WATCHER, host))
    if not set(near) & set(far):
        return f"{WATCHER} and {host} are on no network together"
    settings = dig(services[host], "environment", default={})
    listens = {str(dig(settings, name)) for name in ("PORT", "SPOTTER_HEALTH_PORT")} - {"None"}
    return "" if port in listens else f"{host} does not listen at {port}"


@rule(
    "watch-target",
    why="Prometheus would see nothing of it: panels stay empty, and alerts that ask for its metrics "
    "never fire.",
    how=f"Name a service of {COMPOSE} that shares a network with {WATCHER}, at its PORT or "
    "SPOTTER_HEALTH_PORT.",
)
def find_deaf_targets(project: Project) -> Iterator[Spot]:
    """Every scrape goes where web or a worker answers."""
    services = read_services(project)
    for document in project.read_documents(WATCH).documents:
        for place, scrape in enumerate(document.get("scrape_configs", default=())):
            for keys, host, port in list_targets(scrape):
                if what := find_fault(host, port, services):
                    yield spot(document, "scrape_configs", place, *keys, what=what)


@rule(
    "watch-key",
    why="Web answers 401 without a key of the scope `watch`, and Prometheus does not start a scrape "
    "whose file is not there.",
    how=f"Let the service {WATCHER} have the secret, and name it as /run/secrets/NAME.",
)
def find_lost_keys(project: Project) -> Iterator[Spot]:
    """The file of a scrape's key is a secret that Prometheus is given."""
    given = dig(read_services(project).get(WATCHER), "secrets", default=())
    for document in project.read_documents(WATCH).documents:
        for place, scrape in enumerate(document.get("scrape_configs", default=())):
            path = dig(scrape, "authorization", "credentials_file", default="")
            if path and path.removeprefix("/run/secrets/") not in given:
                keys = ("scrape_configs", place, "authorization", "credentials_file")
                yield spot(document, *keys, what=f"{WATCHER} is not given {path}")
