"""Rules about the containers of every platform: images, settings, probes, time to stop."""

import re
from collections.abc import Iterator

from deploy.doctor.containers import (
    PATH_IN_CHECK,
    Container,
    Platform,
    list_containers,
    list_ours,
)
from deploy.doctor.documents import Document, dig
from deploy.doctor.facts import CONTROLLER, DOCKERFILE, GUNICORN
from deploy.doctor.finding import Spot, rule, spot, suggest
from deploy.doctor.project import BUILD, Project

REGISTRY = "${REGION}-docker.pkg.dev/${PROJECT_ID}/${REPOSITORY}/"
# Read by libraries and by the platforms' own programs in the image.
FOREIGN_SETTINGS = re.compile(r"OTEL_[A-Z_]+|GOOGLE_CLOUD_PROJECT|COMMIT|TZ")
SECRET_NAMES = re.compile(r"(SECRET|PASSWORD|TOKEN|API_KEY)$")
# Where a container's settings stand.
PLACES = {Platform.COMPOSE: "environment", Platform.APP_ENGINE: "env_variables"}
# Between the end of the longest way to stop and the platform's kill.
ROOM_SECONDS = 2.0
# A program that is slower than this is slow by itself: rule stop-in-time says so.
SLOWEST_SECONDS = 8.0


def list_cloud(project: Project) -> list[Container]:
    """Return our containers that Google runs."""
    return [c for c in list_ours(project) if c.platform is not Platform.COMPOSE]


@rule(
    "image-unknown",
    why="Nothing builds such an image: the deployment would end with `not found`, or run another's.",
    how="Write ${REGION}-docker.pkg.dev/${PROJECT_ID}/${REPOSITORY}/TARGET:${TAG}, where TARGET is one "
    "of deploy/Dockerfile.",
)
def find_unknown_images(project: Project) -> Iterator[Spot]:
    """Google's platforms run images of our registry, made by our Dockerfile."""
    for container in list_containers(project):
        if container.platform in (Platform.CLOUD_RUN, Platform.KUBERNETES):
            name = (
                container.image.rpartition(":")[0] if ":$" in container.image else container.image
            )
            if not (name.startswith(REGISTRY) and container.target in project.facts.targets):
                yield container.spot("image", what=f"{container.image} is no image of ours")
        elif container.target and container.target not in project.facts.targets:
            keys = (
                ("service",) if container.platform is Platform.APP_ENGINE else ("build", "target")
            )
            yield container.spot(*keys, what=f"deploy/Dockerfile has no target {container.target}")


@rule(
    "image-tag",
    why="A tag that moves cannot be rolled back, and two instances may run different code.",
    how="Our images take :${TAG}; another's image takes the version that was tried.",
)
def find_moving_tags(project: Project) -> Iterator[Spot]:
    """Every image has a tag that stands still."""
    for container in list_containers(project):
        if container.platform is Platform.APP_ENGINE or container.get("build"):
            continue
        tag = container.image.rpartition("/")[2].partition(":")[2]
        is_ours = container.image.startswith(REGISTRY)
        if tag in ("", "latest") or (is_ours and tag != "${TAG}"):
            yield container.spot("image", what=f"{container.image} has the tag {tag or '(none)'}")


@rule(
    "image-not-built",
    why="The build would succeed and the deployment would find no image of this commit.",
    how="Add a build step with --target, a push, and the image to `images` in deploy/cloudbuild.yaml.",
)
def find_unbuilt_images(project: Project) -> Iterator[Spot]:
    """Whatever Google runs is built and pushed by deploy/cloudbuild.yaml."""
    documents = project.read_documents(BUILD).documents
    images = [str(image) for d in documents for image in d.get("images", default=())]
    pushed = {image.rpartition("/")[2].partition(":")[0] for image in images}
    text = "\n".join(str(word) for word in list_words(documents))
    for container in list_cloud(project):
        is_built = re.search(rf"(--target|for image in(?=\s)[^;]*?)\s{container.target}[\s;]", text)
        if container.target in project.facts.targets and not (
            is_built and container.target in pushed
        ):
            keys = ("service",) if container.platform is Platform.APP_ENGINE else ("image",)
            yield container.spot(*keys, what=f"{BUILD} does not build {container.target}")


def list_words(documents: tuple[Document, ...]) -> Iterator[object]:
    """Yield the arguments of the build's steps that run docker build."""
    for document in documents:
        for step in document.get("steps", default=()):
            if dig(step, "id") == "build":
                yield from dig(step, "args", default=())


@rule(
    "setting-unknown",
    why="The program does not read this variable: whoever set it expects something that will not be.",
    how="Look for the name in README.md (Settings), and whether web or worker reads it.",
)
def find_unknown_settings(project: Project) -> Iterator[Spot]:
    """Every variable is one that the image's code reads."""
    for container in list_ours(project):
        known = project.facts.list_settings(container.target)
        for name, setting in container.settings.items():
            if name not in known and not FOREIGN_SETTINGS.fullmatch(name):
                yield container.spot(
                    *setting.keys, what=f"{container.target} reads no {name}{suggest(name, known)}"
                )


@rule(
    "setting-type",
    why="An environment holds text alone: the platform refuses a list, and `true` becomes True or true.",
    how="Put the value into quotes.",
)
def find_odd_values(project: Project) -> Iterator[Spot]:
    """A variable's value is text or a number; the schemas say so for Cloud Run and Kubernetes."""
    for container in list_ours(project):
        if container.platform in (Platform.APP_ENGINE, Platform.COMPOSE):
            for name, setting in container.settings.items():
                value = container.get(*setting.keys, default="")
                is_listed = setting.keys[0] == "environment" and isinstance(
                    container.get("environment"), list
                )
                if not is_listed and (
                    isinstance(value, bool) or not isinstance(value, str | int | float)
                ):
                    yield container.spot(*setting.keys, what=f"{name} is a {type(value).__name__}")


@rule(
    "setting-missing",
    why="Without it the program refuses to start, or takes a value that is wrong in a container: "
    "WORKERS would be the cores of the whole machine, SPOTTER_HOSTS would refuse the public name.",
    how="Set it; a secret by reference.",
)
def find_missing_settings(project: Project) -> Iterator[Spot]:
    """What each program needs is set."""
    web = ("SPOTTER_HOSTS", "SPOTTER_TRUSTED_PROXIES", "SPOTTER_ADDRESS")
    needed = {
        "web": ("REDIS_URL", "SPOTTER_SECRET|SPOTTER_DATA", *web),
        "worker": ("REDIS_URL", "WORKERS"),
        "all-in-one": ("SPOTTER_SECRET", "WORKERS", *web),
    }
    for container in list_ours(project):
        if container.target == "all-in-one" and container.platform is Platform.COMPOSE:
            continue
        for names in needed[container.target]:
            if not any(name in container.settings for name in names.split("|")):
                place = PLACES.get(container.platform, "env")
                what = f"{container.target} is not told {names.replace('|', ' or ')}"
                yield container.spot(place, what=what)


@rule(
    "setting-secret",
    why="Whoever sees the file or the console could read it; a secret that was written down once stays "
    "in the history.",
    how="Take it from Secret Manager: valueFrom.secretKeyRef, a mounted file, or sm://PROJECT/NAME/latest.",
)
def find_secret_values(project: Project) -> Iterator[Spot]:
    """No variable holds a secret as text."""
    for container in list_containers(project):
        for name, setting in container.settings.items():
            value = setting.value or ""
            is_referred = not value or value.startswith(("sm://", "${", "/run/secrets/"))
            if SECRET_NAMES.search(name) and not is_referred:
                yield container.spot(*setting.keys, what=f"{name} has its value here")


@rule(
    "probe-route",
    why="The program answers 404 there: the platform would call every instance sick and restart it.",
    how="Ask for /healthz (the process lives) or /readyz (it reaches the queue).",
)
def find_unknown_routes(project: Project) -> Iterator[Spot]:
    """A probe asks for a path that its program answers."""
    for container in list_ours(project):
        routes = project.facts.list_routes("worker" if container.target == "worker" else "web")
        for probe in container.probes:
            if probe.path not in routes:
                yield container.spot(
                    *probe.keys, what=f"{container.target} answers no {probe.path}"
                )
    web = project.facts.list_routes("web")
    for document in project.find(folder="deploy/gke/", kind="BackendConfig"):
        path = document.get("spec", "healthCheck", "requestPath")
        if path and path not in web:
            keys = ("spec", "healthCheck", "requestPath")
            yield spot(document, *keys, what=f"web answers no {path}")
    for number, line in enumerate(project.read(DOCKERFILE).splitlines(), 1):
        for path in PATH_IN_CHECK.findall(line):
            if path not in web:
                yield Spot(file=DOCKERFILE, line=number, what=f"web answers no {path}")


@rule(
    "probe-port",
    why="Nothing listens there: the platform would call every instance sick and restart it.",
    how="Web listens on its containerPort; a worker on SPOTTER_HEALTH_PORT, and only where that is set.",
)
def find_wrong_ports(project: Project) -> Iterator[Spot]:
    """A probe asks at the port where its program listens."""
    for container in list_cloud(project):
        port = container.get("ports", 0, "containerPort", default=8080)
        if container.target == "worker":
            port = int(container.value("SPOTTER_HEALTH_PORT") or 0)
        for probe in container.probes:
            if probe.port is not None and probe.port != port:
                what = f"the probe asks at {probe.port}, {container.target} listens at {port or 'none'}"
                yield container.spot(*probe.keys[:-1], "port", what=what)


@rule(
    "probe-none",
    why="The platform could not tell a hung instance from a working one, and never replaces it.",
    how="Give it a start-up and a liveness probe; a worker's health port is SPOTTER_HEALTH_PORT.",
)
def find_unwatched(project: Project) -> Iterator[Spot]:
    """Google's platforms watch every container of ours."""
    for container in list_cloud(project):
        asked = {probe.keys[0] for probe in container.probes}
        wanted = (
            {"liveness_check", "readiness_check"}
            if container.platform is Platform.APP_ENGINE
            else {"startupProbe", "livenessProbe"}
        )
        for name in sorted(wanted - asked):
            yield container.spot(name, what=f"{container.target} has no {name}")


@rule(
    "stop-grace",
    why="A worker ends the picture in hand within STOP_SECONDS; killed before that, the picture waits "
    "for its lease to run out and is worked on twice.",
    how="Give at least two seconds more than STOP_SECONDS of worker/controller.py.",
)
def find_short_graces(project: Project) -> Iterator[Spot]:
    """Platforms wait longer than a stop takes."""
    worker = project.facts.find(CONTROLLER, "STOP_SECONDS").value
    web = project.facts.find(GUNICORN, "graceful_timeout").value
    for container in list_ours(project):
        longest = web if container.target == "web" else worker
        needed = min(longest, SLOWEST_SECONDS) + ROOM_SECONDS
        if container.platform is Platform.COMPOSE:
            text = str(container.get("stop_grace_period", default="10s"))
            found = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", text)
            given = int(found[1] or 0) * 60 + int(found[2] or 0) if found else 0
            keys: tuple[str, ...] = ("stop_grace_period",)
            if given < needed:
                yield container.spot(*keys, what=f"{text} to stop, and it may take {needed:g} s")
        elif container.platform is Platform.KUBERNETES:
            yield from check_pod_grace(container, needed)


def check_pod_grace(container: Container, needed: float) -> Iterator[Spot]:
    """A pod's time includes what its preStop hook takes."""
    document, keys = (
        container.document,
        ("spec", "template", "spec", "terminationGracePeriodSeconds"),
    )
    given = document.get(*keys, default=30)
    needed += container.get("lifecycle", "preStop", "sleep", "seconds", default=0)
    if given < needed:
        what = f"{given} s to stop, and it may take {needed:g} s"
        yield Spot(file=document.path, line=document.line(*keys), what=what)
