"""The Celery task: a doorbell that wakes a drainer. The work is in `drain.py`."""

from typing import Any

from celery import shared_task
from celery.worker.request import Request

from jobs.queue import TASK
from worker import pool


class DoorbellRequest(Request):
    """A message whose acknowledgement does not fail in silence.

    Celery only logs an acknowledgement that could not be sent. The message then counts as in work
    for ever, and once there is one for each child, the worker takes no other: seen after every
    restart of Redis during which all children ended a drain (Celery and kombu 5.7.0). Raised
    instead, the error makes Celery connect anew.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take no error of the connection for harmless."""
        super().__init__(*arguments, **{**options, "connection_errors": ()})


@shared_task(name=TASK, ignore_result=True, Request=DoorbellRequest)
def drain(ring_id: str) -> None:
    """Answer the doorbell `ring_id`."""
    pool.answer_doorbell(ring_id)
