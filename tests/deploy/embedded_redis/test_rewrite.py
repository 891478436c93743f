"""How long a deleted picture's bytes stay on the disk: the bound that the README states."""

import re

import pytest
import redis

from deploy.embedded_redis import rewrite
from deploy.embedded_redis.rewrite import EVERY_SECONDS, FIRST_SECONDS, Rewrites, read_persistence
from jobs.ledger import Ledger
from jobs.messages import Report
from jobs.settings import JobsSettings
from tests.conftest import ROOT, QueueServer
from tests.jobs.factories import make_outcome, make_submission, take

PICTURE = b"GPS 28.6139 N 77.2090 E" * 50


def is_on_disk(server: QueueServer, content: bytes) -> bool:
    return any(content in path.read_bytes() for path in server.files.append_only_folder.iterdir())


def await_rewrite(server: QueueServer) -> None:
    for _ in range(2000):
        state = read_persistence(server.files)
        bases = [path.name for path in server.files.append_only_folder.glob("*.base.*")]
        if bases == ["appendonly.aof.2.base.aof"] and not state["aof_rewrite_in_progress"]:
            return
    raise AssertionError("the rewrite did not end")


def test_of_an_answered_picture_nothing_is_left(own_queue_server: QueueServer) -> None:
    ledger = Ledger.connect(JobsSettings(redis_url=own_queue_server.url))
    job_id = ledger.accept([make_submission(image=PICTURE)]).id
    lease = take(ledger)
    report = Report(job_id=job_id, token=lease.token, outcome=make_outcome())
    ledger.advance("drainer", report, take=False)
    client = redis.Redis.from_url(own_queue_server.url)
    values = [client.dump(name) for name in client.scan_iter()]
    assert not any(PICTURE[:20] in (value or b"") for value in values)
    assert is_on_disk(own_queue_server, PICTURE)
    Rewrites(own_queue_server.files, first_seconds=0).tend()
    await_rewrite(own_queue_server)
    assert not is_on_disk(own_queue_server, PICTURE[:20])


def test_a_rewrite_is_asked_for_every_quarter_of_an_hour_and_soon_after_a_start(
    own_queue_server: QueueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    clock = 1000.0

    def ask(_: object, *command: str) -> str:
        if command == ("BGREWRITEAOF",):
            asked.append(clock)
        return "aof_current_size:2\naof_base_size:1\naof_rewrite_in_progress:0\n"

    monkeypatch.setattr(rewrite.time, "monotonic", lambda: clock)
    monkeypatch.setattr(rewrite, "ask", ask)
    rewrites = Rewrites(own_queue_server.files)
    while clock < 1000 + FIRST_SECONDS + 2 * EVERY_SECONDS:
        rewrites.tend()
        clock += 1
    rewrites.tend()
    assert asked == [1000 + FIRST_SECONDS + n * EVERY_SECONDS for n in range(3)]


def test_the_bound_is_the_one_that_the_readme_states() -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())
    found = re.search(r"append-only file until it is rewritten, at most (\d+) minutes", readme)
    assert found is not None
    assert int(found[1]) * 60 == EVERY_SECONDS
    assert f"sleep {EVERY_SECONDS:.0f}\n" in (ROOT / "deploy" / "queue" / "rewrite").read_text()
