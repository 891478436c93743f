"""Rules about docker-compose.yml that its schema cannot know."""

from collections.abc import Iterator
from typing import Any

from deploy.doctor.documents import Document, dig
from deploy.doctor.finding import Spot, rule, spot
from deploy.doctor.project import COMPOSE, Project


def list_services(project: Project) -> Iterator[tuple[Document, str, Any]]:
    """Yield the services of the file."""
    for document in project.read_documents(COMPOSE).documents:
        for name, body in document.get("services", default={}).items():
            yield document, name, body


@rule(
    "compose-published",
    why="Docker publishes past the machine's firewall: the port is open to the whole network.",
    how="Write 127.0.0.1: before it; a proxy with a certificate goes in front.",
)
def find_open_ports(project: Project) -> Iterator[Spot]:
    """Ports are published on loopback alone."""
    for document, name, body in list_services(project):
        for index, port in enumerate(dig(body, "ports", default=())):
            host = str(dig(port, "host_ip", default="") if isinstance(port, dict) else port)
            if not host.startswith("127.0.0.1"):
                what = f"{name} is published on every address"
                yield spot(document, "services", name, "ports", index, what=what)


@rule(
    "compose-confined",
    why="Whoever breaks into the program would have more than it needs.",
    how="Take over the block x-hardened: read_only, cap_drop ALL, no-new-privileges, init.",
)
def find_open_containers(project: Project) -> Iterator[Spot]:
    """Containers write nowhere, hold no capabilities and gain none."""
    for document, name, body in list_services(project):
        held = {
            "read_only": dig(body, "read_only") is True,
            "cap_drop": dig(body, "cap_drop") == ["ALL"],
            "security_opt": "no-new-privileges:true" in dig(body, "security_opt", default=()),
            "privileged": not dig(body, "privileged"),
        }
        for key, is_so in held.items():
            if not is_so:
                yield spot(document, "services", name, key, what=f"{name}: {key} leaves it open")


@rule(
    "compose-limits",
    why="One container could take the whole machine from the others.",
    how="Give it mem_limit and pids_limit.",
)
def find_boundless_containers(project: Project) -> Iterator[Spot]:
    """Containers have limits."""
    for document, name, body in list_services(project):
        for key in ("mem_limit", "pids_limit"):
            if not dig(body, key):
                yield spot(document, "services", name, key, what=f"{name} has no {key}")


@rule(
    "compose-secret",
    why="A secret in the environment is shown by `docker inspect` and by every dump of it.",
    how="Give secrets as files (secrets:, made by deploy/make-secrets), and keep the files ignored by "
    "git: deploy/secrets/.",
)
def find_careless_secrets(project: Project) -> Iterator[Spot]:
    """Secrets are files in deploy/secrets, which git ignores."""
    ignored = "deploy/secrets/" in project.read(".gitignore").split()
    for document in project.read_documents(COMPOSE).documents:
        for name, body in document.get("secrets", default={}).items():
            if not (ignored and str(dig(body, "file")).startswith("./deploy/secrets/")):
                yield spot(document, "secrets", name, what=f"the secret {name} is not kept apart")
