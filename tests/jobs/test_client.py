"""What a front end sees: accept and ring, wait for the end, and a sweeper that goes on."""

import threading
import time
from collections.abc import Iterator

import pytest

from jobs.changes import Changes
from jobs.client import JobClient
from jobs.errors import TooManyWaiters
from jobs.ledger import CHANGES, Ledger
from jobs.messages import JobState, Worker
from jobs.records import read_change
from tests.jobs.factories import finish, look_up, make_submission, take

# A job that waits, as a stranger may tell it: no end, so nobody must be shown it as one.
WAITING = (
    b'["state", "queued", "pipeline", "zomato-rider", "owner", "local", "class", "interactive", '
    b'"attempts", "0", "submitted", "1"]'
)


class Bell:
    """Keeps what was rung; `broken` makes it raise as a broker that is away would."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.broken = False

    def __call__(self, names: tuple[str, ...]) -> None:
        if self.broken:
            raise ConnectionError("the broker is away")
        self.rung += names


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def client(ledger: Ledger, bell: Bell) -> Iterator[JobClient]:
    client = JobClient(ledger, bell, Changes(ledger))
    yield client
    close(client)


def close(client: JobClient) -> None:
    """Close it and see its listener end, which the next test would count for its own."""
    client.close()
    if client.changes._listener:
        client.changes._listener.join(5)


def finish_soon(ledger: Ledger) -> threading.Thread:
    """Play a worker that takes whatever comes next and finishes it."""

    def work() -> None:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            lease = ledger.await_lease("drainer", 0.1)
            if lease:
                finish(ledger, lease)
                return

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_submitting_rings_the_bell(client: JobClient, bell: Bell) -> None:
    client.ledger.sweep(Worker(name="w1", models={}))
    client.submit(make_submission())
    assert len(bell.rung) == 1


def test_a_broken_bell_does_not_lose_the_job(client: JobClient, bell: Bell) -> None:
    client.ledger.sweep(Worker(name="w1", models={}))
    bell.broken = True
    submitted = client.submit(make_submission())
    assert look_up(client.ledger, submitted.id).state is JobState.QUEUED


def test_a_waiting_submit_returns_the_ended_job(client: JobClient) -> None:
    worker = finish_soon(client.ledger)
    submitted = client.submit(make_submission(), wait_seconds=5)
    worker.join()
    assert submitted.job is not None
    assert submitted.job.state is JobState.SUCCEEDED


def test_a_wait_that_is_too_short_returns_the_job_as_it_is(client: JobClient) -> None:
    submitted = client.submit(make_submission(), wait_seconds=0.05)
    assert submitted.job is not None
    assert submitted.job.state is JobState.QUEUED


def test_a_wait_is_woken_and_does_not_poll(client: JobClient) -> None:
    submitted = client.submit(make_submission())
    client.wait(submitted.id, 0.01)  # the listener is there now
    lease = take(client.ledger)
    timer = threading.Timer(0.1, finish, (client.ledger, lease))
    timer.start()
    started = time.monotonic()
    job = client.wait(submitted.id, 5)
    assert job is not None
    assert job.state is JobState.SUCCEEDED
    assert time.monotonic() - started < 0.6


def test_an_unknown_job_is_not_waited_for(client: JobClient) -> None:
    assert client.wait("A" * 22, 5) is None


def test_a_replayed_submit_waits_for_the_first_job(client: JobClient) -> None:
    first = client.submit(make_submission(), idempotency_key="key", fingerprint="f")
    finish(client.ledger, take(client.ledger))
    again = client.submit(make_submission(), idempotency_key="key", fingerprint="f", wait_seconds=2)
    assert (again.id, again.replayed) == (first.id, True)
    assert again.job is not None
    assert again.job.state is JobState.SUCCEEDED


def await_listener(client: JobClient) -> None:
    deadline = time.monotonic() + 5
    while client.ledger.client.pubsub_numsub(CHANGES)[0][1] != 1:
        assert time.monotonic() < deadline, "not one listener"


def count_looks(ledger: Ledger) -> int:
    """Count how often anybody has read a job."""
    return int(ledger.client.info("commandstats").get("cmdstat_hgetall", {}).get("calls", 0))


def test_who_waits_is_told_the_end_and_need_not_look(client: JobClient) -> None:
    for _ in range(2):  # the first one waits for the listener as well
        before = count_looks(client.ledger)
        worker = finish_soon(client.ledger)
        told = client.submit(make_submission(), wait_seconds=5).job
        worker.join()
    # One look is the script's own, to have something to tell.
    assert count_looks(client.ledger) - before == 1
    assert told == look_up(client.ledger, told.id)


@pytest.mark.parametrize(
    "message",
    [b"", b"%s", b"%s [", b"%s {}", b'%s ["state"]', b'%s ["state", "done"]', b"%s " + WAITING],
)
def test_a_message_without_an_end_tells_none_and_the_next_is_heard(
    client: JobClient, message: bytes
) -> None:
    submitted = client.submit(make_submission())
    text = message.replace(b"%s", submitted.id.encode())
    assert read_change(text)[1] is None
    with client.changes.watch(submitted.id) as watch:
        await_listener(client)
        client.ledger.client.publish(CHANGES, text)
        finish_soon(client.ledger).join()
        deadline = time.monotonic() + 5
        while watch.ended is None:
            assert time.monotonic() < deadline, "the end was not told"
            time.sleep(0.01)
    assert watch.ended.state is JobState.SUCCEEDED


def test_a_listener_that_stumbles_goes_on(
    client: JobClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stumbled: list[bytes] = []

    def wake(self: Changes, message: bytes) -> None:
        monkeypatch.undo()
        stumbled.append(message)
        raise RuntimeError("no such thing was thought of")

    monkeypatch.setattr(Changes, "_wake", wake)
    with client.changes.watch("a job") as watch:
        await_listener(client)
        client.ledger.client.publish(CHANGES, "another job")
        while not stumbled:
            time.sleep(0.01)
        assert watch.event.wait(3)  # it looks after everybody when it is back


def test_following_ends_with_the_final_state(client: JobClient) -> None:
    submitted = client.submit(make_submission())
    states = []
    for job in client.follow(submitted.id, 5):
        assert job is not None
        states.append(job.state)
        if job.state is JobState.QUEUED:
            finish(client.ledger, take(client.ledger))
    assert states == [JobState.QUEUED, JobState.SUCCEEDED]


def test_readers_beyond_the_limit_are_refused_before_anything_is_accepted(ledger: Ledger) -> None:
    client = JobClient(ledger, Bell(), Changes(ledger, max_waiters=1))
    with client.changes.watch("some job"), pytest.raises(TooManyWaiters):
        client.submit(make_submission(), wait_seconds=1)
    assert client.census().waiting_interactive == 0
    close(client)


def test_many_readers_share_one_connection(client: JobClient) -> None:
    submitted = client.submit(make_submission())
    readers = [threading.Thread(target=client.wait, args=(submitted.id, 5)) for _ in range(30)]
    for reader in readers:
        reader.start()
    await_listener(client)
    finish(client.ledger, take(client.ledger))
    for reader in readers:
        reader.join()
    assert client.ledger.client.pubsub_numsub(CHANGES)[0][1] == 1


def test_the_sweeper_rings_for_what_waits(client: JobClient, bell: Bell) -> None:
    client.submit(make_submission())
    client.ledger.sweep(Worker(name="w1", models={}))  # its ring is lost: nobody passed it on
    client.ledger.client.delete("spotter:rung")
    thread = client.start_sweeper()
    deadline = time.monotonic() + 5
    while not bell.rung:
        assert time.monotonic() < deadline, "the sweeper did not ring"
        time.sleep(0.05)
    client.close()
    thread.join()
