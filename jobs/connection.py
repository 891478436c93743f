"""One way to reach Redis, for the ledger and whoever needs the same server: time limits, errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from jobs.errors import LedgerUnavailable

# redis-py types each answer as the union of what its sync, async, bytes and text clients give.
# Ours is the sync one and answers bytes, which its types cannot say.
Client = Any

CONNECT_SECONDS = 3
ANSWER_SECONDS = 4


def connect(
    url: str, *, max_connections: int = 32, answer_seconds: float = ANSWER_SECONDS
) -> Client:
    """Make a client that never retries by itself: a repeated command is decided by who knows it.

    At most `max_connections` are open; further callers wait for one. A server that is silent for
    `answer_seconds` raises, so that a frozen Redis cannot hold a web process.
    """
    over_network = {} if url.startswith("unix:") else {"socket_keepalive": True}
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=answer_seconds,
        socket_timeout=answer_seconds,
        socket_connect_timeout=min(CONNECT_SECONDS, answer_seconds),
        health_check_interval=0,
        retry=Retry(NoBackoff(), 0),
        **over_network,
    )
    return redis.Redis(connection_pool=pool)


@contextmanager
def translated() -> Iterator[None]:
    """Turn every way in which Redis can fail into LedgerUnavailable."""
    try:
        yield
    except redis.RedisError as error:
        raise LedgerUnavailable(f"the queue's Redis did not do its part: {error}") from error
    except OSError as error:
        raise LedgerUnavailable(f"the queue's Redis cannot be reached: {error}") from error
