"""Rules out of the schemas that Google, Kubernetes and Compose publish, and App Engine's own parser."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from deploy.doctor.documents import Document
from deploy.doctor.finding import Spot, rule, spot, suggest
from deploy.doctor.project import APP_ENGINE, BUILD, COMPOSE, DISPATCH, Project

SCHEMAS = Path(__file__).parents[1] / "schemas"
_LOOK_UP = (
    "The name or value must be one that the schema knows: compare with the platform's reference."
)


@cache
def load(name: str) -> dict[str, Any]:
    """Return one of the schema files."""
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


@cache
def make_validator(name: str, root: str) -> Draft202012Validator:
    """Make the validator of one kind in a schema file; no root: the file is one schema."""
    schema = load(name)
    if root:
        schema = {"$ref": f"#/$defs/{schema['roots'][root]}", "$defs": schema["$defs"]}
    return Draft202012Validator(schema)


def validate(document: Document, name: str, root: str = "") -> Iterator[Spot]:
    """Yield what the schema refuses."""
    for error in make_validator(name, root).iter_errors(document.data):
        # Of several forms that were possible, the most exact complaint.
        while error.context:
            error = max(error.context, key=lambda one: len(one.absolute_path))
        keys = tuple(error.absolute_path)
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = error.schema.get("properties", {})
            for extra in (name for name in error.instance if name not in known):
                if isinstance(extra, str) and f"'{extra}'" in error.message:
                    what = f"{extra} is unknown here{suggest(extra, known)}"
                    yield spot(document, *keys, extra, what=what)
            continue
        where = ".".join(str(key) for key in keys) or "the file"
        yield spot(document, *keys, what=f"{where}: {shorten(error.message)}")


def shorten(text: str) -> str:
    """Cut a message that repeats a whole block of the file."""
    return text if len(text) <= 160 else f"{text[:70]} … {text[-80:]}"


@rule("schema-cloud-run", why="Google refuses the file, or passes over what it says.", how=_LOOK_UP)
def check_cloud_run(project: Project) -> Iterator[Spot]:
    """Services and worker pools fit Google's discovery document run.v1."""
    for document in project.cloud_run:
        yield from validate(document, "run.v1", document.kind.rpartition(" ")[2])


@rule("schema-cloud-build", why="Google refuses the build before its first step.", how=_LOOK_UP)
def check_cloud_build(project: Project) -> Iterator[Spot]:
    """The build fits Google's discovery document cloudbuild.v1."""
    for document in project.read_documents(BUILD).documents:
        yield from validate(document, "cloudbuild.v1", "Build")


@rule(
    "schema-kubernetes",
    why="The cluster refuses the manifest, or passes over what it says.",
    how=_LOOK_UP,
)
def check_kubernetes(project: Project) -> Iterator[Spot]:
    """Manifests fit the Kubernetes API; of additions, what deploy/doctor/schemas/own.json knows."""
    for document in project.find(folder="deploy/gke/"):
        source = next((n for n in ("kubernetes", "own") if document.kind in load(n)["roots"]), "")
        if source:
            yield from validate(document, source, document.kind)
        else:
            yield spot(document, "kind", what=f"no schema for {document.kind or 'this'} is here")


@rule(
    "schema-crema",
    why="The autoscaler refuses its whole configuration, and the pool keeps its size for ever.",
    how="Compare with the file as shipped; CREMA knows less than KEDA (no cooldownPeriod, no fallback).",
)
def check_crema(project: Project) -> Iterator[Spot]:
    """The autoscaler's configuration fits what CREMA reads."""
    for document in project.find(folder="deploy/cloudrun/", kind="CremaConfig"):
        yield from validate(document, "own", document.kind)


@rule(
    "kind-unknown",
    why="Nothing reads such a file, or the doctor cannot say whether it is right.",
    how="Write one of: Service, WorkerPool, CremaConfig; or teach the doctor the new kind.",
)
def find_unknown_kinds(project: Project) -> Iterator[Spot]:
    """What lies in deploy/cloudrun is of a kind that a command there takes."""
    kinds = (
        "serving.knative.dev/v1 Service",
        "run.googleapis.com/v1 WorkerPool",
        "crema/v1 CremaConfig",
    )
    for document in project.find(folder="deploy/cloudrun/"):
        if document.kind not in kinds:
            yield spot(
                document, "kind", what=f"no command takes {document.kind or 'this document'}"
            )


@rule("schema-compose", why="Compose refuses the whole file.", how=_LOOK_UP)
def check_compose(project: Project) -> Iterator[Spot]:
    """docker-compose.yml fits the Compose specification as docker-compose 1.29 knows it."""
    for document in project.read_documents(COMPOSE).documents:
        yield from validate(document, "compose")


@rule(
    "schema-app-engine",
    why="This is what App Engine's own parser says: the deployment would end with it.",
    how="Use a name that the parser knows, of the right type.",
)
def parse_app_engine(project: Project) -> Iterator[Spot]:
    """App Engine's own parser reads the services' files."""
    from google.appengine.api import appinfo  # slow to import, and of no use to anything else here

    for path in APP_ENGINE:
        if text := project.read(path):
            yield from parse(path, text, appinfo.LoadSingleAppInfo)


@rule(
    "schema-dispatch",
    why="This is what App Engine's own parser says: the routing would stay as it was.",
    how="Each entry is a url (host and path with *) and a service.",
)
def parse_dispatch(project: Project) -> Iterator[Spot]:
    """App Engine's own parser reads the routing."""
    from google.appengine.api import dispatchinfo

    if text := project.read(DISPATCH):
        yield from parse(DISPATCH, text, dispatchinfo.LoadSingleDispatch)


def parse(path: str, text: str, load_file: Any) -> Iterator[Spot]:
    """Yield what App Engine's parser refuses; it tells one thing at a time."""
    try:
        load_file(text)
    except Exception as error:  # noqa: BLE001  its errors share no base that is its own
        said = " ".join(str(error).split())
        names = [line.partition(":")[0].strip() for line in text.splitlines()]
        quoted = (index for index, name in enumerate(names, 1) if name and f"'{name}'" in said)
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else next(quoted, 1)
        yield Spot(file=path, line=line, what=shorten(said))
