"""The Celery task: a doorbell that wakes a drainer. The work is in `drain.py`."""

from celery import shared_task

from jobs.queue import TASK
from worker import pool


@shared_task(name=TASK, ignore_result=True)
def drain(ring_id: str) -> None:
    """Answer the doorbell `ring_id`."""
    pool.answer_doorbell(ring_id)
