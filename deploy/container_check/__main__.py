"""Tries every image as strict platforms run them: `python -m deploy.container_check`.

The images must be there (deploy/verify_containers.sh builds them). Each runs with a read-only root
file system, no capabilities, a user id that it never heard of, 512 MB and one core. Tried are: the
port of `$PORT`, start to ready, a picture, bodies at the limit, large pictures in little memory,
JSON logs with severity and trace, SIGTERM under load (ten seconds, status 0, nothing lost), and for
the image with everything in it a restart over accepted jobs. Exits with 1 and one reason.
"""

import argparse
import contextlib
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from deploy.compose_check.client import ANSWER, JOBS, Client, Load, settle
from deploy.compose_check.compose import ROOT, CheckFailed, read_time, wait_until
from deploy.container_check import engine, images
from deploy.container_check.engine import Platform

CHILDREN = 1
LOAD_SECONDS = 4.0
TRACE = "0af7651916cd43dd8448eb211c80319c"
# The largest body that is taken, and Cloud Run's own limit: 20 MiB a picture, 32 MiB a batch.
MOST_BYTES = 20 * 2**20
CLIENT = {
    "REDIS_URL": "redis://app@queue:6379/0",
    "SPOTTER_REDIS_PASSWORD_FILE": "/run/secrets/queue_password",
}


def say(text: str) -> None:
    """Print a line at once, with the time."""
    print(f"{datetime.now(UTC):%H:%M:%S}  {text}", flush=True)


def start_queue(platform: Platform) -> None:
    """Start the queue's image, which brings its own users; it is no part of the contract."""
    flags = ("--user", "999:999", "--cap-drop", "ALL")
    queue = platform.start("spotter-queue", name="queue", flags=flags)
    wait_until(
        lambda: engine.inspect(queue)["State"].get("Health", {}).get("Status") == "healthy",
        "the queue is healthy",
    )


def start_web(platform: Platform, port: int) -> str:
    """Start web as Cloud Run would: a port of the platform's choice, the secret from outside."""
    environ = {**CLIENT, "SPOTTER_SECRET": secrets.token_hex(32), "SPOTTER_ACCESS": "open"}
    return platform.start("spotter-web", name="web", environ=environ, port=port)


def start_worker(platform: Platform) -> str:
    """Start a worker with one child and a memory limit for pictures that fits the container's."""
    environ = {**CLIENT, "WORKERS": str(CHILDREN), "SPOTTER_WORKER_MEMORY_MB": "320"}
    return platform.start("spotter-worker", name="worker", environ=environ)


def measure_start(container: str, client: Client, *, workers: int | None = None) -> float:
    """Return the seconds from the container's start to ready, by the engine's clock."""
    if workers is None:
        wait_until(lambda: client.call("GET", "/healthz")[0] == 200, "web answers")
    else:
        client.await_workers(workers)
    return time.time() - read_time(engine.inspect(container)["State"]["StartedAt"])


def classify(client: Client) -> None:
    """Send a picture and check the answer.

    Raises:
        CheckFailed: it is another one.
    """
    status, job = client.submit(wait_seconds=10)
    if status != 200 or job["outcome"]["text"] != ANSWER:
        raise CheckFailed(f"the picture was answered with {status} {job}")


def send_large_pictures(client: Client) -> None:
    """Send bodies at the limit and one byte over it, and a picture of 12 megapixels.

    Raises:
        CheckFailed: one of them is answered in another way than it should be.
    """
    picture = (ROOT / "web" / "static" / "img" / "astronaut.jpg").read_bytes()
    full = picture + bytes(MOST_BYTES - len(picture))  # what follows a picture's end is ignored
    for what, body, expected in (
        ("a picture of 20 MiB", full, 200),
        ("one byte more", full + b"\0", 413),
    ):
        status, _ = client.call(
            "POST",
            f"{JOBS}?pipeline=zomato-rider",
            body,
            Content_Type="image/jpeg",
            Prefer="wait=20",
        )
        if status != expected:
            raise CheckFailed(f"{what} must be answered with {expected}, not {status}")


def trace_a_picture(client: Client) -> str:
    """Send a picture with the trace headers of a platform and return its job's id."""
    status, job = client.call(
        "POST",
        f"{JOBS}?pipeline=zomato-rider",
        (ROOT / "web" / "static" / "img" / "astronaut.jpg").read_bytes(),
        Content_Type="image/jpeg",
        Prefer="wait=10",
        traceparent=f"00-{TRACE}-b7ad6b7169203331-01",
    )
    if status != 200:
        raise CheckFailed(f"a picture with a traceparent was answered with {status}")
    return str(job["id"])


def check_logs(web: str, worker: str, job_id: str) -> None:
    """See that both sides log the traced picture, with its job and its trace.

    Raises:
        CheckFailed: a line is missing or says less.
    """
    for what, container in (("web", web), ("worker", worker)):
        records = engine.read_records(container, what)
        of_job = [record for record in records if record.get("job_id") == job_id]
        traced = [r for r in of_job if TRACE in str(r.get("logging.googleapis.com/trace", ""))]
        if not traced:
            raise CheckFailed(f"no line of {what} names job {job_id} with its trace: {of_job}")
    say("ok   every line is a JSON record with a severity; both sides name the job and its trace")


def stop_under_load(client: Client, container: str, what: str) -> Load:
    """Send SIGTERM while pictures come in, and return what went on to send."""
    load = Load(client, senders=4, pause_seconds=0.1)
    time.sleep(LOAD_SECONDS)
    seconds = engine.stop(container, what)
    say(f"ok   {what}: SIGTERM under load, ended in {seconds:.1f} s with status 0")
    return load


def check_web_and_worker(platform: Platform, port: int) -> None:
    """Try the two images of a deployment with many instances."""
    client = Client(port)
    start_queue(platform)
    web = start_web(platform, port)
    say(f"ok   web: ready {measure_start(web, client):.1f} s after its start, on $PORT={port}")
    worker = start_worker(platform)
    seconds = measure_start(worker, client, workers=CHILDREN)
    say(f"ok   worker: ready {seconds:.1f} s after its start, one child")
    classify(client)
    send_large_pictures(client)
    say("ok   a picture; one of 20 MiB; one byte more is refused with 413")
    check_logs(web, worker, trace_a_picture(client))
    load = stop_under_load(client, worker, "worker")
    worker = start_worker(platform)
    time.sleep(LOAD_SECONDS)
    accepted = load.stop()
    settle(client, accepted)
    say(f"ok   worker: {len(accepted)} accepted around its stop, 0 lost")
    load = stop_under_load(client, web, "web")
    web = start_web(platform, port)
    time.sleep(LOAD_SECONDS)
    accepted = load.stop()
    settle(client, accepted)
    say(f"ok   web: {len(accepted)} accepted around its stop, 0 lost")
    for what, container in (("web", web), ("worker", worker)):
        if engine.inspect(container)["State"]["OOMKilled"]:
            raise CheckFailed(f"{what} ran out of its 512 MB")


def check_all_in_one(platform: Platform, port: int) -> None:
    """Try the image with everything in it, and start it again over its data."""
    client = Client(port)
    volume = f"{platform.name}-data"
    # As a plain `docker run -p` does it, with a volume; and as a platform without one does it.
    plain = ("--volume", f"{volume}:/var/lib/spotter", "--memory", "512m", "--memory-swap", "512m")
    environ = {"SPOTTER_ACCESS": "open", "WORKERS": "1", "SPOTTER_WORKER_MEMORY_MB": "256"}
    try:
        first = platform.start("spotter", environ=environ, flags=plain, port=port)
        seconds = measure_start(first, client, workers=1)
        say(f"ok   all-in-one: ready {seconds:.1f} s after its start")
        classify(client)
        engine.read_records(first, "all-in-one")
        load = stop_under_load(client, first, "all-in-one")
        second = platform.start("spotter", environ=environ, flags=plain, port=port)
        client.await_workers(1)
        accepted = load.stop()
        settle(client, accepted)
        say(f"ok   all-in-one: {len(accepted)} accepted around a restart over its data, 0 lost")
        engine.stop(second, "all-in-one")
    finally:
        platform.remove_containers()
        subprocess.run(["docker", "volume", "rm", volume], capture_output=True, check=False)
    # The image's own data folder belongs to its user; whoever runs it as another names a folder.
    anywhere = {**environ, "SPOTTER_DATA": "/tmp/spotter"}  # noqa: S108  of the container
    third = platform.start("spotter", environ=anywhere, port=port)
    client.await_workers(1)
    classify(client)
    say("ok   all-in-one: runs read-only, with any user id, without capabilities, in 512 MB")
    engine.stop(third, "all-in-one")
    check_keys(platform, port)


def check_keys(platform: Platform, port: int) -> None:
    """See that the image asks for a key where nobody said otherwise, and hands one out."""
    client = Client(port)
    container = platform.start("spotter", environ={"WORKERS": "1"}, flags=(), port=port)
    client.await_workers(1)
    status, _ = client.submit()
    if status != 401:
        raise CheckFailed(f"without a key a picture must be refused with 401, not {status}")
    client.key = engine.ask("exec", container, "python", "-m", "web.keys", "add", "check")
    classify(client)
    say("ok   all-in-one: asks for a key unless told otherwise, and makes one by docker exec")


@contextlib.contextmanager
def open_platform() -> Iterator[Platform]:
    """Make a network, and remove it with all that was started, whatever happens."""
    platform = Platform()
    try:
        yield platform
    finally:
        platform.close()


def main() -> int:
    """Read the command line and check."""
    parser = argparse.ArgumentParser(description="Tries every image as a platform runs it.")
    parser.add_argument("--port", type=int, default=18181)
    port = parser.parse_args().port
    subprocess.run([ROOT / "deploy" / "make-secrets"], check=True)
    try:
        images.check_images(say)
        with open_platform() as platform:
            check_web_and_worker(platform, port)
        with open_platform() as platform:
            check_all_in_one(platform, port)
    except (CheckFailed, subprocess.TimeoutExpired) as error:
        say(f"FAIL {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
