"""What a fault may do to callers and to jobs without any promise being broken.

Whatever else is seen counts against the system: an error that no fault explains, or an end that
neither its picture nor a fault explains.
"""

from collections.abc import Mapping

# A connection that broke or an answer that did not come: nobody knows whether the jobs were taken.
NO_ANSWER = "no answer"
NO_QUEUE = "503 ledger_unavailable"
FULL = "503 queue_full"
# While work stands still, those who wait for an answer would wait too long: they are not taken.
_WORKERS_ARE_AWAY = frozenset({FULL})
_QUEUE_IS_AWAY = frozenset({NO_QUEUE, FULL})

REFUSALS: Mapping[str, frozenset[str]] = {
    "kill_a_child": _WORKERS_ARE_AWAY,
    "freeze_a_child": _WORKERS_ARE_AWAY,
    "kill_the_worker": _WORKERS_ARE_AWAY,
    "freeze_and_kill_the_worker": _WORKERS_ARE_AWAY,
    "wake_a_zombie": _WORKERS_ARE_AWAY,
    "stop_the_worker": _WORKERS_ARE_AWAY,
    "put_rubbish_on_the_list": _WORKERS_ARE_AWAY,  # Celery ends at some of it
    "kill_the_queue": _QUEUE_IS_AWAY,
    "freeze_the_queue": _QUEUE_IS_AWAY,
    "cut_every_connection": _QUEUE_IS_AWAY,
    "fill_the_disk": _QUEUE_IS_AWAY,
    "fill_the_memory": _QUEUE_IS_AWAY,
    "kill_web": frozenset({NO_ANSWER}),
    "kill_a_web_process": frozenset({NO_ANSWER}),
    "send_poison": _WORKERS_ARE_AWAY,
    "send_a_burst": _WORKERS_ARE_AWAY,
}
# For so many seconds after a fault its consequences may still be felt.
AFTERMATH_SECONDS = 20.0

# A good picture may fail where its worker was killed or frozen under it three times.
FAILURES = frozenset({"worker_lost", "picture_too_slow"})

# Between the choice of a version and the moment from which on no other is used: a worker that had
# read the choice before may be starting, and a job in hand ends as it began.
VERSION_SECONDS = 5.0


def is_expected(status: int) -> bool:
    """Tell whether a sound request may be answered so at all: refused for now, or with no word."""
    return status in (0, 429, 503)
