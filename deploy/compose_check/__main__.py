"""Tries docker-compose.yml on a real engine, in a project of its own, and tears it down again.

    python -m deploy.compose_check [--compose 'docker compose'] [--port 18080] [--keep]

Builds and brings up, makes a key and a sign-in link, classifies a picture, looks into the
containers, scales to two workers, kills a worker and the queue server under load, stops, comes up
again over a full queue, and counts: every accepted job must reach its one answer. Exits with 1 and
one reason where something does not hold.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import time
from datetime import UTC, datetime

from deploy.compose_check.client import ANSWER, Client, Load, settle
from deploy.compose_check.compose import (
    BUILD_SECONDS,
    ROOT,
    CheckFailed,
    Compose,
    read_time,
    wait_until,
)
from deploy.compose_check.rules import check_container, check_doors, check_queue_version

CHILDREN = 2  # pool children of a worker's container
LOAD_SECONDS = 4.0  # before, between and after the kills
STOP_SECONDS = 10.0


def say(text: str) -> None:
    """Print a line at once, with the time."""
    print(f"{datetime.now(UTC):%H:%M:%S}  {text}", flush=True)


def bring_up(compose: Compose, client: Client) -> None:
    """Build, start everything and classify one picture."""
    began = time.monotonic()
    compose.run("build", seconds=BUILD_SECONDS)
    say(f"ok   built in {time.monotonic() - began:.0f} s (less where layers were there already)")
    began = time.monotonic()
    compose.run("up", "-d", "--no-build")
    client.await_workers(CHILDREN)
    say(f"ok   up: a worker is ready {time.monotonic() - began:.1f} s after the command")
    ask_who_is_there(compose, client)
    _, census = client.call("GET", "/readyz")
    if census["durability"] != "strict":
        raise CheckFailed(f"durability must be strict, not {census['durability']}")
    status, job = client.submit(wait_seconds=10)
    if status != 200 or job["outcome"]["text"] != ANSWER:
        raise CheckFailed(f"the picture was answered with {status} {job}")
    say(f"ok   the picture was answered: {ANSWER}")


def ask_who_is_there(compose: Compose, client: Client) -> None:
    """See that strangers are refused, and that a key and a sign-in link open the door."""
    status, _ = client.submit()
    if status != 401 or client.open_page("/")[0] != 401:
        raise CheckFailed(f"a stranger must be answered with 401, not {status}")
    command = ("exec", "-T", "web", "python", "-m", "web.keys")
    client.key = compose.run(*command, "add", "compose check").split()[-1]
    link = compose.run(*command, "link", "compose check").split()[-1]
    if not link.startswith(f"http://127.0.0.1:{client.port}/sign-in?link="):
        raise CheckFailed(f"the sign-in link must lead to port {client.port}, not: {link}")
    status, _, cookie = client.open_page("/sign-in", form=link.partition("?")[2])
    signed_in = client.open_page("/", cookie=cookie)[0]
    if (status, signed_in) != (303, 200):
        raise CheckFailed(f"the sign-in link was answered with {status}, the page with {signed_in}")
    say("ok   strangers are refused; a key and a sign-in link, each by one command, let in")


def look_inside(compose: Compose, port: int) -> None:
    """Check the containers' hardening and tell the images' sizes."""
    for service in ("queue", "rewrites", "web", "worker"):
        check_container(compose, service)
    check_doors(compose, port)
    if warning := check_queue_version(compose):
        say(f"     {warning}")
    say("ok   no root, read-only, no capabilities, no foreign library, one door on loopback")
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    found = re.search(r"^ARG PYTHON=(\S+)$", text, re.MULTILINE)
    base = int(compose.inspect(f"python:{found[1] if found else ''}")["Size"])
    for image in ("spotter-web", "spotter-worker"):
        size = int(compose.inspect(image)["Size"])
        say(f"     {image}: {size / 1e6:.0f} MB, {(size - base) / 1e6:.0f} MB over its base")


def measure_starts(compose: Compose, client: Client) -> None:
    """Tell the seconds from a container's start until it is ready, by the engine's clock."""
    web, worker = compose.find("web")[0], compose.find("worker")[0]
    compose.ask_engine("stop", web, worker)
    compose.ask_engine("start", web)
    wait_until(lambda: client.call("GET", "/healthz")[0] == 200, "web answers")
    seconds = time.time() - read_time(compose.inspect(web)["State"]["StartedAt"])
    say(f"     web: start to ready {seconds:.1f} s")
    compose.ask_engine("start", worker)
    client.await_workers(CHILDREN)
    seconds = time.time() - read_time(compose.inspect(worker)["State"]["StartedAt"])
    say(f"     worker: start to ready {seconds:.1f} s")


def kill_under_load(compose: Compose, client: Client) -> None:
    """Kill a worker and the queue server while pictures come in; nothing may be lost."""
    compose.run("up", "-d", "--no-build", "--scale", "worker=2")
    client.await_workers(2 * CHILDREN)
    say("ok   scaled to two workers")
    load = Load(client)
    time.sleep(LOAD_SECONDS)
    compose.ask_engine("kill", compose.find("worker")[0])
    say(f"     killed a worker after {len(load.accepted)} accepted jobs")
    time.sleep(LOAD_SECONDS)
    # All but the init: the container ends as in a crash, and its restart policy takes over.
    compose.ask_engine("exec", "-d", compose.find("queue")[0], "sh", "-c", "kill -9 -1")
    began = time.monotonic()
    say(f"     killed the queue server after {len(load.accepted)} accepted jobs")
    wait_until(lambda: client.count_workers() >= CHILDREN, "the queue server is back")
    say(f"     jobs are accepted again after {time.monotonic() - began:.1f} s")
    time.sleep(LOAD_SECONDS)
    accepted = load.stop()
    again = settle(client, accepted)
    say(f"     {again} of {len(accepted)} ran more than once")
    say(f"ok   {len(accepted)} accepted, {load.refused} refused and sent again, 0 lost")


def restart_with_waiting_jobs(compose: Compose, client: Client) -> None:
    """Take everything down over jobs that wait, and have the next start finish them."""
    compose.run("stop", "worker")
    accepted = [client.submit()[1]["id"] for _ in range(20)]
    containers = {name: compose.find(name)[0] for name in ("queue", "web")}
    began = time.monotonic()
    compose.run("stop")
    seconds = time.monotonic() - began
    codes = {n: compose.inspect(c)["State"]["ExitCode"] for n, c in containers.items()}
    if seconds > STOP_SECONDS or any(codes.values()):
        raise CheckFailed(f"the stop took {seconds:.1f} s and ended with {codes}")
    say(f"ok   stopped in {seconds:.1f} s, exit statuses {codes}")
    compose.run("down")
    compose.run("up", "-d", "--no-build")
    settle(client, accepted)
    say(f"ok   after down and up, {len(accepted)} jobs that had waited have their answers")


def stop_under_load(compose: Compose, client: Client) -> None:
    """Stop the worker by SIGTERM while it works: in time, with status 0, and nothing lost."""
    client.await_workers(CHILDREN)
    load = Load(client, senders=4, pause_seconds=0.05)
    time.sleep(LOAD_SECONDS)
    worker = compose.find("worker")[0]
    began = time.monotonic()
    compose.run("stop", "worker")
    seconds = time.monotonic() - began
    accepted = load.stop()
    code = compose.inspect(worker)["State"]["ExitCode"]
    if seconds > STOP_SECONDS or code:
        raise CheckFailed(f"the worker's stop took {seconds:.1f} s and ended with {code}")
    say(f"ok   the worker stopped under load in {seconds:.1f} s, exit status 0")
    compose.run("up", "-d", "--no-build")
    settle(client, accepted)
    say(f"ok   {len(accepted)} accepted, 0 lost")


def check(compose: Compose, port: int, *, keep: bool) -> None:
    """Do all of it, and take the project down whatever happens."""
    client = Client(port)
    try:
        bring_up(compose, client)
        look_inside(compose, port)
        measure_starts(compose, client)
        kill_under_load(compose, client)
        compose.run("up", "-d", "--no-build", "--scale", "worker=1")
        stop_under_load(compose, client)
        restart_with_waiting_jobs(compose, client)
    except BaseException:
        print(compose.run("logs", "--no-color", "--tail", "15"), file=sys.stderr)
        raise
    finally:
        if not keep:
            compose.run("down", "-v", "--remove-orphans")
            say("     torn down, with its volumes")


def main() -> int:
    """Read the command line and check."""
    parser = argparse.ArgumentParser(description="Tries docker-compose.yml on a real engine.")
    parser.add_argument("--compose", default="docker-compose", help="or 'docker compose'")
    parser.add_argument("--port", type=int, default=18080)
    parser.add_argument("--keep", action="store_true", help="leave it running")
    options = parser.parse_args()
    subprocess.run([ROOT / "deploy" / "make-secrets"], check=True)
    environ = {**os.environ, "PORT": str(options.port), "WORKERS": str(CHILDREN)}
    compose = Compose(
        command=shlex.split(options.compose), project="spotter-check", environ=environ
    )
    try:
        check(compose, options.port, keep=options.keep)
    except (CheckFailed, subprocess.TimeoutExpired) as error:
        say(f"FAIL {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
