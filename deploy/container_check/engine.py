"""Starts, stops and looks at containers as a strict platform would run them."""

import json
import secrets
import subprocess
import time
from collections.abc import Mapping
from typing import Any

from deploy.compose_check.compose import ROOT, CheckFailed, run_command, wait_until

# A platform may choose any user, gives half a gigabyte and one core, and lets nothing be written.
STRICT = (
    *("--read-only", "--tmpfs", "/tmp:size=64m,mode=1777,nosuid,nodev,noexec"),  # noqa: S108  of the container
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "54321:54321"),
    *("--memory", "512m", "--memory-swap", "512m", "--cpus", "1", "--pids-limit", "128"),
)
SIGTERM_SECONDS = 10  # from SIGTERM to SIGKILL, on Cloud Run and by Docker's default
PASSWORD = ROOT / "deploy" / "secrets" / "queue-password"


def ask(*arguments: str, seconds: float = 120) -> str:
    """Run a command of `docker` and return what it printed on stdout.

    Raises:
        CheckFailed: it failed; with its last lines.
    """
    return run_command(["docker", *arguments], seconds=seconds)


class Platform:
    """One network with the containers of one check; `close` leaves nothing behind."""

    def __init__(self) -> None:
        """Make the network."""
        self.name = f"spotter-check-{secrets.token_hex(3)}"
        self._containers: list[str] = []
        ask("network", "create", self.name)

    def start(
        self,
        image: str,
        *,
        name: str = "",
        environ: Mapping[str, str] | None = None,
        flags: tuple[str, ...] = STRICT,
        port: int | None = None,
        arguments: tuple[str, ...] = (),
    ) -> str:
        """Start a container and return its id; `port` is where the host finds the container's own.

        The queue's password is a file in every container.
        """
        settings = {"PORT": str(port)} if port else {}
        options = [
            *("--network", self.name, "--network-alias", name or "unnamed"),
            *("--volume", f"{PASSWORD}:/run/secrets/queue_password:ro"),
            *(["--publish", f"127.0.0.1:{port}:{port}"] if port else []),
            *flags,
        ]
        for key, value in {**settings, **(environ or {})}.items():
            options += ["--env", f"{key}={value}"]
        container = ask("run", "--detach", *options, image, *arguments)
        self._containers.append(container)
        return container

    def remove_containers(self) -> None:
        """Remove every container that was started."""
        for container in self._containers:
            subprocess.run(["docker", "rm", "-fv", container], capture_output=True, check=False)
        self._containers.clear()

    def close(self) -> None:
        """Remove what this check made."""
        self.remove_containers()
        subprocess.run(["docker", "network", "rm", self.name], capture_output=True, check=False)


def inspect(thing: str) -> dict[str, Any]:
    """Return what the engine knows of a container or an image."""
    known: dict[str, Any] = json.loads(ask("inspect", thing))[0]
    return known


def stop(container: str, what: str) -> float:
    """Send SIGTERM and wait; return the seconds until the end.

    Raises:
        CheckFailed: it had to be killed, or ended with another status than 0.
    """
    began = time.monotonic()
    ask("kill", "--signal", "TERM", container)
    wait_until(lambda: not inspect(container)["State"]["Running"], f"the end of {what}", 20)
    seconds = time.monotonic() - began
    state = inspect(container)["State"]
    if seconds > SIGTERM_SECONDS or state["ExitCode"] or state["OOMKilled"]:
        raise CheckFailed(
            f"{what} must end within {SIGTERM_SECONDS} s of SIGTERM with status 0, and took "
            f"{seconds:.1f} s, status {state['ExitCode']}, out of memory: {state['OOMKilled']}"
        )
    return seconds


def read_records(container: str, what: str) -> list[dict[str, Any]]:
    """Return what a container printed on stdout, as the JSON records that it must be.

    Raises:
        CheckFailed: a line is none, or says nothing of its severity.
    """
    records = []
    for line in ask("logs", container).splitlines():
        try:
            record = json.loads(line)
            record["severity"], record["event"]
        except (ValueError, KeyError, TypeError) as error:
            raise CheckFailed(
                f"{what} must print JSON records with severity and event, and printed {line!r}"
            ) from error
        records.append(record)
    return records


def find_in_image(image: str, script: str) -> str:
    """Run a shell script in an image, as its own user and without a network."""
    return ask("run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", script)
