"""Makes deploy/doctor/schemas/ anew, out of published packages: what files are held against.

    python -m deploy.doctor.extract

Needs pip and the network; the doctor itself needs neither. The packages are 220 MB installed, what
is taken of them is a few hundred KB: the definitions that our files can reach, without their
descriptions. Each file names its source, version and licence; NOTICE tells the same for people.
"""

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parent / "schemas"
GOOGLE = "google-api-python-client==2.202.0"
KUBERNETES = "kubernetes-validate==1.37.0"
COMPOSE = "docker-compose==1.29.2"  # the older of the two that docker-compose.yml is written for
KUBERNETES_VERSION = "v1.34.0"
DISCOVERY = "googleapiclient/discovery_cache/documents"

# What our files are, by the names of each source.
GOOGLE_ROOTS = {"run.v1": ("Service", "WorkerPool"), "cloudbuild.v1": ("Build",)}
KUBERNETES_ROOTS = (
    "deployment-apps-v1",
    "horizontalpodautoscaler-autoscaling-v2",
    "ingress-networking-v1",
    "namespace-v1",
    "networkpolicy-networking-v1",
    "poddisruptionbudget-policy-v1",
    "service-v1",
    "serviceaccount-v1",
)
# Texts for people, and what a validator passes over.
_TEXTS = ("description", "title", "format", "id", "$id", "$schema", "default")
_WHOLE_NUMBERS = ("int64", "uint64")  # strings in JSON, and numbers where a person writes YAML

Schema = dict[str, Any]


def main() -> None:
    """Download the packages and write the extracts."""
    with tempfile.TemporaryDirectory() as folder:
        google, kubernetes, compose = (
            fetch(name, folder) for name in (GOOGLE, KUBERNETES, COMPOSE)
        )
        for api, roots in GOOGLE_ROOTS.items():
            document = json.loads(google.read(f"{DISCOVERY}/{api}.json"))
            source = f"{GOOGLE}, {api}.json, revision {document['revision']}"
            write(api, source, convert_discovery(document["schemas"], roots))
        write("kubernetes", f"{KUBERNETES}, {KUBERNETES_VERSION}", convert_kubernetes(kubernetes))
        text = json.loads(compose.read("compose/config/compose_spec.json"))
        write("compose", COMPOSE, strip(text))


def fetch(requirement: str, folder: str) -> zipfile.ZipFile:
    """Download one wheel and open it."""
    place = Path(folder, requirement)
    command = ("pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", requirement)
    subprocess.run([sys.executable, "-m", *command, "--dest", str(place)], check=True)
    return zipfile.ZipFile(next(place.glob("*.whl")))


def convert_discovery(schemas: Mapping[str, Schema], roots: tuple[str, ...]) -> Schema:
    """Turn a discovery document's schemas into strict JSON Schema, with `roots` to choose from."""
    found = {name: convert_node(schemas[name]) for name in reach(schemas, roots)}
    annotations = list_annotations(schemas["ObjectMeta"]) if "ObjectMeta" in schemas else {}
    return {"roots": {n: n for n in roots}, "annotations": annotations, "$defs": found}


def list_annotations(meta: Schema) -> dict[str, list[str]]:
    """Return what may be annotated, and on which resources, out of the text that lists it."""
    text = meta["properties"]["annotations"]["description"]
    return {
        name: re.findall(r"\w+", kinds)
        for name, kinds in re.findall(r"\* `([^`]+)`: ([\w, ]+)\.", text)
    }


def convert_node(node: Schema) -> Schema:
    """Turn one node of a discovery document into JSON Schema; unknown names are refused by it."""
    if "$ref" in node:
        return {"$ref": f"#/$defs/{node['$ref']}"}
    kind = node.get("type", "any")
    if kind == "any":
        return {}
    made: Schema = {"type": kind}
    if node.get("format") in _WHOLE_NUMBERS and kind == "string":
        made["type"] = ["string", "integer"]
    if "enum" in node:
        made["enum"] = node["enum"]
    if kind == "array":
        made["items"] = convert_node(node["items"])
    if kind == "object" and "additionalProperties" in node:
        made["additionalProperties"] = convert_node(node["additionalProperties"])
    elif kind == "object":
        properties = node.get("properties", {})
        made["properties"] = {name: convert_node(value) for name, value in properties.items()}
        made["additionalProperties"] = False
    return made


def convert_kubernetes(package: zipfile.ZipFile) -> Schema:
    """Gather the kinds that we use, and all that they reach."""
    folder = f"kubernetes_validate/kubernetes-json-schema/{KUBERNETES_VERSION}-local-strict"
    shared = json.loads(package.read(f"{folder}/_definitions.json"))["$defs"]
    kinds = {name: json.loads(package.read(f"{folder}/{name}.json")) for name in KUBERNETES_ROOTS}
    known = {**shared, **kinds}
    found = {name: refuse_nothing(strip(known[name])) for name in reach(known, KUBERNETES_ROOTS)}
    roots = {name_kind(kinds[name]): name for name in KUBERNETES_ROOTS}
    return {"roots": roots, "$defs": found}


def name_kind(schema: Schema) -> str:
    """Return, for example, `apps/v1 Deployment`."""
    properties = schema["properties"]
    return f"{properties['apiVersion']['enum'][0]} {properties['kind']['enum'][0]}"


def refuse_nothing(node: Any) -> Any:
    """Take `null` from what is allowed: a name with nothing behind it is a mistake in our files."""
    if isinstance(node, list):
        return [refuse_nothing(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {name: refuse_nothing(value) for name, value in node.items()}
    if isinstance(made.get("type"), list):
        kinds = [kind for kind in made["type"] if kind != "null"]
        made["type"] = kinds[0] if len(kinds) == 1 else kinds
    return made


def strip(node: Any, *, names_follow: bool = False) -> Any:
    """Leave out texts for people; references become local. `names_follow`: keys are names."""
    if isinstance(node, list):
        return [strip(item) for item in node]
    if isinstance(node, str):
        return node.replace("/api/_definitions.json#/$defs/", "#/$defs/")
    if not isinstance(node, dict):
        return node
    return {
        name: strip(value, names_follow=name in ("properties", "patternProperties", "definitions"))
        for name, value in node.items()
        if names_follow or not (name in _TEXTS or name.startswith("x-"))
    }


def reach(schemas: Mapping[str, Schema], roots: tuple[str, ...]) -> list[str]:
    """Return the names that the roots lead to, the roots among them, sorted."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(find_references(schemas[name]))
    return sorted(found)


def find_references(node: Any) -> Iterator[str]:
    """Yield the names that a schema refers to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from find_references(value)
    elif isinstance(node, list):
        for item in node:
            yield from find_references(item)


def write(name: str, source: str, schema: Schema) -> None:
    """Write one extract, a definition a line, so that a new version can be read as a diff."""
    head = {"$comment": f"{source}; Apache-2.0; made by python -m deploy.doctor.extract"}
    definitions = schema.pop("$defs", None)
    body = write_rows({**head, **schema})
    if definitions is not None:
        body += f',\n"$defs": {{\n{write_rows(definitions)}\n}}'
    (SCHEMAS / f"{name}.json").write_text(f"{{\n{body}\n}}\n", encoding="utf-8")


def write_rows(values: Schema) -> str:
    """Return the members of a JSON object, one a line."""
    packed = (
        (name, json.dumps(v, separators=(",", ":"), sort_keys=True)) for name, v in values.items()
    )
    return ",\n".join(f"{json.dumps(name)}: {text}" for name, text in packed)


if __name__ == "__main__":
    main()
