"""Rules about deploy/cloudbuild.yaml and deploy/gcp.sh: what is built, who may do what."""

import re
from collections.abc import Iterator

from deploy.doctor.containers import Platform, list_containers
from deploy.doctor.documents import dig
from deploy.doctor.finding import Spot, rule, spot
from deploy.doctor.project import BUILD, SCRIPT, Project

# What Cloud Build fills in by itself.
BUILT_IN = {
    "PROJECT_ID",
    "PROJECT_NUMBER",
    "BUILD_ID",
    "LOCATION",
    "COMMIT_SHA",
    "SHORT_SHA",
    "REVISION_ID",
    "REPO_NAME",
    "BRANCH_NAME",
    "TAG_NAME",
}
_NAME = re.compile(r"(?<!\$)\$\{?([A-Z_][A-Z0-9_]*)\}?")
# It carries no other right than that to scan; the narrower roles cannot start a scan.
ALLOWED_ADMIN = "roles/ondemandscanning.admin"
TOO_WIDE = re.compile(r"--role=(roles/(?:owner|editor|viewer|[\w.]*admin|[\w.]*Admin))\b")


@rule(
    "build-substitution",
    why="Cloud Build refuses a build that uses a name which it is not given.",
    how="Add it to substitutions (names of yours begin with _), or write $$NAME for the shell's own.",
)
def find_unknown_substitutions(project: Project) -> Iterator[Spot]:
    """Every $NAME is Cloud Build's own or one of ours."""
    for document in project.read_documents(BUILD).documents:
        known = {*document.get("substitutions", default={}), *BUILT_IN}
        for number, line in enumerate(project.read(BUILD).splitlines(), 1):
            if not line.lstrip().startswith("#"):
                for name in _NAME.findall(line):
                    if name not in known:
                        yield Spot(file=BUILD, line=number, what=f"${name} is given by nobody")


@rule(
    "build-order",
    why="Images that were neither tested nor scanned would be pushed and rolled out.",
    how="Have push wait for test and scan, and release for push.",
)
def find_hasty_steps(project: Project) -> Iterator[Spot]:
    """Nothing is pushed before it was tested and scanned, nor rolled out before it was pushed."""
    wanted = {"scan": {"build"}, "push": {"test", "scan"}, "release": {"push"}}
    for document in project.read_documents(BUILD).documents:
        steps = document.get("steps", default=())
        ids = [dig(step, "id") for step in steps]
        for name in ("test", "build", *wanted):
            if name not in ids:
                yield spot(document, "steps", what=f"no step is called {name}")
        for place, step in enumerate(steps):
            missing = wanted.get(str(dig(step, "id")), set()) - set(
                dig(step, "waitFor", default=())
            )
            if missing:
                what = f"{ids[place]} does not wait for {' and '.join(sorted(missing))}"
                yield spot(document, "steps", place, "waitFor", what=what)


@rule(
    "build-tests",
    why="A build that does not test rolls out whatever was committed.",
    how="Run make lint and make test in the step `test`; the doctor is among the tests.",
)
def find_untested_builds(project: Project) -> Iterator[Spot]:
    """The build runs lint and every test."""
    for document in project.read_documents(BUILD).documents:
        for place, step in enumerate(document.get("steps", default=())):
            if dig(step, "id") == "test":
                text = " ".join(str(word) for word in dig(step, "args", default=()))
                for command in ("make lint", "make test"):
                    if command not in text:
                        keys = ("steps", place, "args")
                        yield spot(document, *keys, what=f"the step test runs no {command}")


@rule(
    "role-wide",
    why="Whoever takes over the program or the build could change everything in the project.",
    how="Give the role that lets it do its one thing, on the one secret, repository or service.",
)
def find_wide_roles(project: Project) -> Iterator[Spot]:
    """Nobody is given a role that is wider than its work."""
    for number, line in enumerate(project.read(SCRIPT).splitlines(), 1):
        for role in TOO_WIDE.findall(line):
            if role != ALLOWED_ADMIN:
                yield Spot(file=SCRIPT, line=number, what=f"{role} is given")


@rule(
    "account-unknown",
    why="Google refuses a service whose account does not exist.",
    how="Name one that deploy/gcp.sh makes: spotter-web, spotter-worker.",
)
def find_unknown_accounts(project: Project) -> Iterator[Spot]:
    """Accounts that files name are made by deploy/gcp.sh."""
    text = project.read(SCRIPT)
    made = {
        name for names in re.findall(r"for name in ([\w ]+); do", text) for name in names.split()
    }
    made.update(re.findall(r"plan_account (\w+)", text))
    for path in project.templates:
        for number, line in enumerate(project.read(path).splitlines(), 1):
            for name in re.findall(r"([\w-]+)@\$\{PROJECT_ID\}\.iam", line):
                if name.removeprefix("spotter-") not in made or not name.startswith("spotter-"):
                    yield Spot(file=path, line=number, what=f"{SCRIPT} makes no account {name}")


@rule(
    "secret-unknown",
    why="The platform refuses a container whose secret does not exist.",
    how="Name one that deploy/gcp.sh makes, or have it make one more.",
)
def find_unknown_secrets(project: Project) -> Iterator[Spot]:
    """Secrets that files name are made by deploy/gcp.sh."""
    made = set(re.findall(r"gcloud secrets create ([\w-]+)", project.read(SCRIPT)))
    patterns = (
        r"sm://\$\{PROJECT_ID\}/([\w-]+)/",
        r"secretName: ([\w-]+)",
        r"\bid: (spotter-[\w-]+)",
    )
    for path in project.templates:
        if path.startswith("deploy/gke/"):
            continue
        for number, line in enumerate(project.read(path).splitlines(), 1):
            for name in (found for pattern in patterns for found in re.findall(pattern, line)):
                if name not in made:
                    yield Spot(file=path, line=number, what=f"{SCRIPT} makes no secret {name}")
    for container in list_containers(project):
        if container.platform is Platform.CLOUD_RUN:
            for place, item in enumerate(container.get("env", default=())):
                name = dig(item, "valueFrom", "secretKeyRef", "name")
                if name and name not in made:
                    keys = ("env", place, "valueFrom", "secretKeyRef", "name")
                    yield container.spot(*keys, what=f"{SCRIPT} makes no secret {name}")


@rule(
    "secret-mount",
    why="The program would look for the password where nothing is mounted, and refuse to start.",
    how="Mount the secret into the folder of SPOTTER_REDIS_PASSWORD_FILE, under the file's name.",
)
def find_lost_passwords(project: Project) -> Iterator[Spot]:
    """The password's file is mounted where the setting says."""
    for container in list_containers(project):
        path = container.value("SPOTTER_REDIS_PASSWORD_FILE")
        if not path or container.platform not in (Platform.CLOUD_RUN, Platform.KUBERNETES):
            continue
        folder, _, file = path.rpartition("/")
        mounts = container.get("volumeMounts", default=())
        name = next((dig(m, "name") for m in mounts if dig(m, "mountPath") == folder), None)
        volumes = container.document.get("spec", "template", "spec", "volumes", default=())
        items = [
            i
            for v in volumes
            if dig(v, "name") == name
            for i in dig(v, "secret", "items", default=())
        ]
        if file not in {dig(item, "path") for item in items}:
            keys = container.settings["SPOTTER_REDIS_PASSWORD_FILE"].keys
            yield container.spot(*keys, what=f"no secret is mounted as {path}")
