"""What must hold of the images themselves, before anything runs."""

import re
from collections.abc import Callable

from deploy.compose_check.compose import CheckFailed
from deploy.container_check.engine import find_in_image, inspect

# image: (modules that it must not carry, bytes over its base that it may have; None: not bounded)
IMAGES: dict[str, tuple[tuple[str, ...], int | None]] = {
    "spotter-web": (("numpy", "PIL", "ai_edge_litert", "tensorflow", "pip", "worker"), 60_000_000),
    "spotter-worker": (("flask", "werkzeug", "gevent", "tensorflow", "pip", "web"), 200_000_000),
    "spotter": (("tensorflow", "pip"), None),
    "spotter-train": (("flask", "gunicorn", "pip"), None),
}
# What the images' programs import as they start; nothing may be left to compile then, since each
# process would do it anew.
PROGRAMS = {
    "spotter-web": "gunicorn.app.wsgiapp, web.connections, web.app",
    "spotter-worker": "worker.fleet, worker.controller, models.classifiers.cascade",
    "spotter": "deploy.up, worker.fleet, worker.controller, models.classifiers.cascade, web.app",
}
REVISION_LABEL = "org.opencontainers.image.revision"
COMMIT = re.compile(r"[0-9a-f]{7,40}(-with-changes)?")  # as verify_containers.sh tells it
BASE_LABEL = "org.opencontainers.image.base.name"
TOOLS = ("gcc", "cc", "make", "pip", "pip3", "git")


def check_images(say: Callable[[str], None]) -> None:
    """Look into each image.

    Raises:
        CheckFailed: a rule does not hold.
    """
    for image, (foreign, most) in IMAGES.items():
        known = inspect(image)
        config = known["Config"]
        labels = config.get("Labels") or {}
        over = int(known["Size"]) - int(inspect(labels[BASE_LABEL])["Size"])
        facts = {
            "runs as a user that is not root": config["User"].split(":")[0]
            not in ("", "0", "root"),
            "has an entry point in exec form": config["Entrypoint"][0] != "/bin/sh",
            "names the commit it was made of": COMMIT.fullmatch(labels.get(REVISION_LABEL, "")),
            "carries no foreign library": _find_modules(image, foreign) == "",
            "has compiled what it imports": _find_uncompiled(image) == "",
            "has no build tools": find_in_image(image, f"command -v {' '.join(TOOLS)}; true") == "",
            f"is at most {most} bytes over its base": most is None or over <= most,
            "is watched by a health check": image == "spotter-train" or bool(config["Healthcheck"]),
        }
        broken = [fact for fact, holds in facts.items() if not holds]
        if broken:
            raise CheckFailed(f"{image}: not so: {'; '.join(broken)} ({over:,} bytes over base)")
        say(f"ok   {image}: {int(known['Size']) / 1e6:.0f} MB, {over / 1e6:.0f} MB over its base")


def _find_modules(image: str, names: tuple[str, ...]) -> str:
    """Return the modules of `names` that Python finds in an image, with blanks between."""
    code = f"import importlib.util as u; print(*[m for m in {names} if u.find_spec(m)])"
    return find_in_image(image, f'python -c "{code}"')


def _find_uncompiled(image: str) -> str:
    """Return Python's words about modules that an image's programs compile as they start."""
    modules = PROGRAMS.get(image)
    code = f"python -v -c 'import {modules}' 2>&1 | grep '^# code object from /'; true"
    return find_in_image(image, code) if modules else ""
