"""What must hold inside running containers: no root, no writing, no privileges, no strangers."""

import re

from deploy.compose_check.compose import ROOT, CheckFailed, Compose
from deploy.known_holes import warn_of_hole

# Modules that an image must not carry.
FOREIGN = {
    "web": ("numpy", "PIL", "ai_edge_litert", "tensorflow", "pip"),
    "worker": ("flask", "werkzeug", "gevent", "gunicorn", "tensorflow", "pip"),
}
PASSWORD = ROOT / "deploy" / "secrets" / "queue-password"


def check_container(compose: Compose, service: str) -> None:
    """Look into a service's first container.

    Raises:
        CheckFailed: a rule does not hold.
    """
    container = compose.find(service)[0]
    seen = compose.execute(
        container,
        "id -u; touch /x; touch /app/x; touch /tmp/x && echo tmp is writable; "
        "grep -E '^(CapEff|NoNewPrivs):' /proc/1/status | tr -d '[:blank:]'; "
        "command -v gcc cc make pip; true",
    ).splitlines()
    facts = {
        "runs as a user that is not root": seen[0] not in ("", "0"),
        "cannot write outside its folders": sum("Read-only file system" in x for x in seen) >= 1,
        "can write /tmp": "tmp is writable" in seen,
        "has no capabilities": "CapEff:0000000000000000" in seen,
        "can gain no privileges": "NoNewPrivs:1" in seen,
        "has no compiler and no pip": not any(line.startswith("/usr") for line in seen),
        "has the password nowhere but in its file": PASSWORD.read_text()
        not in str(compose.inspect(container)),
    }
    if service in FOREIGN:
        code = (
            f"import importlib.util as u; print([m for m in {FOREIGN[service]} if u.find_spec(m)])"
        )
        facts["carries no foreign library"] = (
            compose.execute(container, f'python -c "{code}"').strip() == "[]"
        )
    broken = [fact for fact, holds in facts.items() if not holds]
    if broken:
        raise CheckFailed(f"{service}: not so: {', '.join(broken)}; seen: {seen}")


def check_queue_version(compose: Compose) -> str:
    """Return a warning where the queue server has a known hole, or nothing."""
    info = compose.execute(compose.find("queue")[0], "valkey-server --version")
    found = re.search(r"(\w+) server v=(\S+)", info)
    if not found:
        raise CheckFailed(f"the queue server tells no version: {info}")
    return warn_of_hole(f"{found[1]} {found[2]}")


def check_doors(compose: Compose, port: int) -> None:
    """Make sure that web alone is published, on loopback, and that the queue asks who is there.

    Raises:
        CheckFailed: a door is open.
    """
    for service in ("queue", "rewrites", "worker"):
        if compose.ask_engine("port", compose.find(service)[0]):
            raise CheckFailed(f"{service} publishes a port")
    published = compose.ask_engine("port", compose.find("web")[0])
    if published != f"8080/tcp -> 127.0.0.1:{port}":
        raise CheckFailed(f"web must be published on 127.0.0.1:{port} alone, not: {published}")
    queue = compose.find("queue")[0]
    signed_in = "REDISCLI_AUTH=$(cat /run/secrets/queue_password) valkey-cli --user"
    as_app, as_rewrites = f"{signed_in} app", f"{signed_in} rewrites"
    for command, answer in (
        ("valkey-cli PING", "NOAUTH"),
        ("valkey-cli --user probe --pass x KEYS '*'", "NOPERM"),
        (f"{as_app} PING", "PONG"),
        (f"{as_app} FLUSHALL", "NOPERM"),
        (f"{as_app} SET foreign 1", "NOPERM"),
        (f"{as_app} CONFIG GET appendfsync", "always"),
        (f"{as_rewrites} BGREWRITEAOF", "Background append only file rewriting"),
        (f"{as_rewrites} KEYS '*'", "NOPERM"),
    ):
        seen = compose.execute(queue, command)
        if answer not in seen:
            raise CheckFailed(f"the queue must answer {answer} to `{command}`, not: {seen}")
