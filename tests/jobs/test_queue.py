"""The one Celery configuration: what keeps messages safe, and where the doorbell goes."""

import json
from typing import Any

import pytest

from jobs.ledger import Ledger
from jobs.queue import QUEUE, TASK, make_celery, ring


def test_a_doorbell_is_one_small_message_in_our_list(ledger: Ledger, redis_url: str) -> None:
    ring(make_celery(redis_url), ("ring-7",))
    (message,) = ledger.client.lrange(f"spotter:{QUEUE}", 0, -1)
    assert json.loads(message)["headers"]["task"] == TASK
    assert b"ring-7" in json.dumps(json.loads(message)).encode()
    assert len(message) < 1000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", True),
        ("task_ignore_result", True),
        ("accept_content", ["json"]),
        ("worker_pool", "prefork"),
        ("worker_pool_start_method", "spawn"),
        ("worker_enable_remote_control", False),
    ],
)
def test_settings_that_were_measured(name: str, value: Any) -> None:
    assert getattr(make_celery("redis://localhost/0").conf, name) == value


def test_no_doorbell_is_returned_to_the_list_while_a_drain_may_still_run() -> None:
    conf = make_celery("redis://localhost/0").conf
    assert conf.broker_transport_options["visibility_timeout"] > 2 * conf.task_time_limit


@pytest.mark.parametrize(
    ("given", "broker"),
    [
        ("redis://:pw@host:6379/2", "redis://:pw@host:6379/2"),
        ("unix://app:pw@/run/s.sock?db=3", "redis+socket://app:pw@/run/s.sock?virtual_host=3"),
    ],
)
def test_a_unix_socket_is_spelled_as_celery_wants_it(given: str, broker: str) -> None:
    assert make_celery(given).conf.broker_url == broker
