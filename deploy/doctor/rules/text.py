"""Rules about the files as such: can they be read, is everything in them known, is nothing secret."""

import re
from collections.abc import Iterator

from deploy.doctor.finding import Spot, rule, suggest
from deploy.doctor.project import SCRIPT, VALUES, Project

_PLACEHOLDER = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_SECRETS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a service account's key": re.compile(r'"private_key"\s*:'),
    "an API key of Google": re.compile(r"\bAIza[\w-]{35}"),
    "an access token of Google": re.compile(r"\bya29\.[\w-]{20,}"),
    # `&` alone is what sed found: deploy/gcp.sh puts an address together with it.
    "a password in an address": re.compile(r"\brediss?://[^\s/@:]*:(?!&@)[^\s@/$<{%]+@"),
}


@rule(
    "yaml-broken",
    why="No tool can read the file, so nothing of it takes effect.",
    how="Look at the line and the one before: indentation, a colon, a quote that does not end.",
)
def find_broken_yaml(project: Project) -> Iterator[Spot]:
    """Every YAML file can be read."""
    for path in project.yaml_files:
        for fault in project.read_documents(path).faults:
            if not fault.is_duplicate:
                yield Spot(file=path, line=fault.line, what=f"this is no YAML: {fault.what}")


@rule(
    "yaml-twice",
    why="Of two values under one name the last one counts, without a word about the first.",
    how="Keep the one that you mean.",
)
def find_names_given_twice(project: Project) -> Iterator[Spot]:
    """A name stands once in its mapping."""
    for path in project.yaml_files:
        for fault in project.read_documents(path).faults:
            if fault.is_duplicate:
                yield Spot(file=path, line=fault.line, what=fault.what)


@rule(
    "placeholder-unknown",
    why="deploy/gcp.sh fills in the names of deploy/gcp.env; another one would be deployed as text.",
    how="Add it to deploy/gcp.env, or write one that is there, as ${NAME}.",
)
def find_unknown_placeholders(project: Project) -> Iterator[Spot]:
    """Every ${NAME} has a value."""
    known = set(re.findall(r"^([A-Z_]+)=", project.read(VALUES), re.MULTILINE))
    for path in project.templates:
        for number, line in enumerate(project.read(path).splitlines(), 1):
            if line.lstrip().startswith("#"):
                continue
            for found in _PLACEHOLDER.finditer(line):
                if found[1] not in known or not found[0].startswith("${"):
                    yield Spot(
                        file=path,
                        line=number,
                        what=f"{found[0]} is nothing of {VALUES}{suggest(found[1], known)}",
                    )


@rule(
    "secret-in-file",
    why="Whoever sees the repository, an image or the console could read it, now and in the history.",
    how="Put it into Secret Manager and take it back where it was in use; name it in the file only.",
)
def find_secrets(project: Project) -> Iterator[Spot]:
    """No file holds a secret."""
    for path in (
        *project.yaml_files,
        VALUES,
        SCRIPT,
        "deploy/Dockerfile",
        "deploy/queue/users.acl",
    ):
        for number, line in enumerate(project.read(path).splitlines(), 1):
            for what, pattern in _SECRETS.items():
                if pattern.search(line):
                    yield Spot(file=path, line=number, what=f"{what} stands here")
