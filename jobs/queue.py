"""Celery as the fleet and the doorbell: ONE configuration for both sides, one task, one queue.

A message wakes a drainer and carries nothing but the doorbell's name; the ledger holds the jobs.
The settings follow measurements that docs/decisions/0001 tells of.
"""

from typing import Any
from urllib.parse import urlsplit

from celery import Celery

from jobs.records import PREFIX

TASK = "spotter.drain"
QUEUE = "drain"
SOFT_LIMIT_SECONDS = 20
HARD_LIMIT_SECONDS = 30


def make_celery(redis_url: str) -> Celery:
    """Make the Celery application that web rings with and workers run."""
    app = Celery("spotter", broker=_broker_url(redis_url), set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        result_backend=None,
        accept_content=["json"],
        task_serializer="json",
        task_default_queue=QUEUE,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_soft_time_limit=SOFT_LIMIT_SECONDS,
        task_time_limit=HARD_LIMIT_SECONDS,
        worker_pool="prefork",
        worker_pool_start_method="spawn",
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=200,
        worker_max_memory_per_child=400_000,  # kilobytes
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_publish_retry_policy={
            "max_retries": 2,
            "interval_start": 0.1,
            "interval_step": 0.2,
            "interval_max": 0.5,
        },
        broker_transport_options={
            "visibility_timeout": 120,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "unacked_mutex_expire": 15,
            "socket_timeout": 2,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "retry_on_timeout": True,
            # A half-open connection is given up when kombu's BRPOP is silent for this and 1 s more,
            # looked at as often; each dead connection of its pool costs a socket_timeout besides.
            "health_check_interval": 4,
            "global_keyprefix": PREFIX,
        },
    )
    return app


def _broker_url(redis_url: str) -> str:
    """Spell a Redis address as Celery wants it: a Unix socket is `redis+socket://`."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    query = parts.query.replace("db=", "virtual_host=")
    # Not urlunsplit: it drops the // of a scheme that it does not know where no user is named.
    return f"redis+socket://{parts.netloc}{parts.path}" + (f"?{query}" if query else "")


def ring(app: Celery, names: "tuple[str, ...]", producer: Any = None) -> None:
    """Publish one message a doorbell; the drainer that answers takes the doorbell's name."""
    for name in names:
        app.send_task(TASK, args=(name,), queue=QUEUE, ignore_result=True, producer=producer)
