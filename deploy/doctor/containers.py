"""The containers of every platform in one form: a rule about all of them is written once."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from deploy.doctor.documents import Document, Key, Keys, dig
from deploy.doctor.finding import Spot, spot
from deploy.doctor.project import COMPOSE, Project

PATH_IN_CHECK = re.compile(r"'GET', '(/[^']*)'")
_POD: Keys = ("spec", "template", "spec")


class Platform(StrEnum):
    """Where a container runs."""

    CLOUD_RUN = "Cloud Run"
    APP_ENGINE = "App Engine"
    KUBERNETES = "Kubernetes"
    COMPOSE = "Compose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A variable of a container's environment; its value is None where a secret gives it."""

    value: str | None
    keys: Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A question over HTTP by which a platform tells whether a container is well."""

    path: str
    port: int | None  # None: wherever the platform sends requests
    keys: Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container; `target` is what the Dockerfile calls its image, nothing for a foreign one."""

    platform: Platform
    document: Document
    keys: Keys
    image: str
    target: str
    settings: Mapping[str, Setting]
    probes: tuple[Probe, ...]

    def spot(self, *keys: Key, what: str) -> Spot:
        """Return a place below this container."""
        return spot(self.document, *self.keys, *keys, what=what)

    def get(self, *keys: Key, default: Any = None) -> Any:
        """Return what stands below this container."""
        return self.document.get(*self.keys, *keys, default=default)

    def value(self, name: str) -> str:
        """Return a setting's value; nothing where it has none or a secret gives it."""
        setting = self.settings.get(name)
        return (setting.value or "") if setting else ""


@lru_cache(maxsize=8)
def list_containers(project: Project) -> tuple[Container, ...]:
    """Return the containers of every file."""
    found: list[Container] = []
    for document in project.cloud_run:
        found.extend(read_pod(Platform.CLOUD_RUN, document))
    for document in project.find(folder="deploy/gke/", kind="Deployment"):
        found.extend(read_pod(Platform.KUBERNETES, document))
    found.extend(read_app_engine(document) for document in project.app_engine)
    for document in project.read_documents(COMPOSE).documents:
        found.extend(read_compose(document))
    return tuple(found)


def list_ours(project: Project) -> list[Container]:
    """Return the containers that run web or worker or both."""
    return [c for c in list_containers(project) if c.target in ("web", "worker", "all-in-one")]


def read_pod(platform: Platform, document: Document) -> Iterator[Container]:
    """Yield the containers of a Deployment, or of a Service or WorkerPool of Cloud Run."""
    for index, body in enumerate(document.get(*_POD, "containers", default=())):
        keys: Keys = (*_POD, "containers", index)
        image = str(dig(body, "image", default=""))
        yield Container(
            platform=platform,
            document=document,
            keys=keys,
            image=image,
            target=name_target(image),
            settings={
                str(dig(item, "name", default="")): Setting(
                    value=None if dig(item, "valueFrom") else str(dig(item, "value", default="")),
                    keys=("env", place),
                )
                for place, item in enumerate(dig(body, "env", default=()))
            },
            probes=tuple(list_probes(body)),
        )


def list_probes(body: Any) -> Iterator[Probe]:
    """Yield the probes of a container of Kubernetes or Cloud Run."""
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        if path := dig(body, name, "httpGet", "path"):
            port = dig(body, name, "httpGet", "port")
            yield Probe(path=path, port=port, keys=(name, "httpGet", "path"))


def name_target(image: str) -> str:
    """Return what an image's address ends with, without registry and tag."""
    return image.rpartition("/")[2].partition(":")[0]


def read_app_engine(document: Document) -> Container:
    """Return the one container of a service of App Engine, whose image the command names."""
    service = document.get("service", default="default")
    checks = [n for n in ("liveness_check", "readiness_check") if document.get(n, "path")]
    return Container(
        platform=Platform.APP_ENGINE,
        document=document,
        keys=(),
        image="",
        target="web" if service == "default" else str(service),
        settings={
            name: Setting(value=str(value), keys=("env_variables", name))
            for name, value in document.get("env_variables", default={}).items()
        },
        probes=tuple(
            Probe(path=document.get(name, "path"), port=8080, keys=(name, "path"))
            for name in checks
        ),
    )


def read_compose(document: Document) -> Iterator[Container]:
    """Yield the services of a Compose file."""
    for name, body in document.get("services", default={}).items():
        given = dig(body, "environment", default={})
        if isinstance(given, list):
            given = dict(item.partition("=")[::2] for item in given)
        asked = PATH_IN_CHECK.findall(str(dig(body, "healthcheck", "test", default="")))
        yield Container(
            platform=Platform.COMPOSE,
            document=document,
            keys=("services", name),
            image=str(dig(body, "image", default="")),
            target=str(dig(body, "build", "target", default="")),
            settings={
                key: Setting(value=str(value), keys=("environment", key))
                for key, value in given.items()
            },
            probes=tuple(Probe(path=p, port=None, keys=("healthcheck", "test")) for p in asked),
        )
