"""Pictures that hang, crash or bloat their worker fail by themselves, and by their own reason."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.messages import Job, JobState
from tests.conftest import QueueServer
from tests.faults.fleet import QUICK, Fleet, Sender

REASONS = {
    "hang": "picture_too_slow",
    "freeze": "worker_lost",  # nothing in the process could say more
    "crash": "worker_lost",
    "leave": "worker_lost",
    "memory": "out_of_memory",
    "bug": "internal_error",
    "damaged": "image_damaged",
}
GOOD = 30


class Meal:
    """All poisons among good pictures, sent to three children at once."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        sender = Sender(fleet.url)
        sender.start_sweeper()
        orders = [*REASONS, *["ok"] * GOOD]
        for order in orders:
            sender.submit(order)
        jobs = sender.await_end(seconds=100)
        self.poisons: dict[str, Job] = dict(zip(REASONS, jobs, strict=False))
        self.good = jobs[len(REASONS) :]
        # One more at the end: the fleet still works.
        self.after = sender.await_job(sender.submit("ok"))
        sender.stop()


@pytest.fixture(scope="module")
def meal(queue_server: QueueServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meal]:
    queue_server.ask("FLUSHALL")
    log: Path = tmp_path_factory.mktemp("poison") / "worker.log"
    fleet = Fleet(url=queue_server.url, log=log, settings=QUICK, children=3).start()
    yield Meal(fleet)
    fleet.kill()


@pytest.mark.timeout(240)
def test_every_good_picture_among_them_succeeds(meal: Meal) -> None:
    assert {job.state for job in meal.good} == {JobState.SUCCEEDED}


@pytest.mark.parametrize("order", REASONS)
def test_the_reason_is_told(meal: Meal, order: str) -> None:
    assert meal.poisons[order].failure.code == REASONS[order]


@pytest.mark.parametrize("order", [order for order in REASONS if order != "damaged"])
def test_what_may_be_the_workers_fault_is_tried_three_times(meal: Meal, order: str) -> None:
    assert meal.poisons[order].attempts == 3


def test_what_is_surely_the_pictures_fault_is_tried_once(meal: Meal) -> None:
    assert meal.poisons["damaged"].attempts == 1


def test_the_fleet_works_on_afterwards(meal: Meal) -> None:
    assert meal.after.state is JobState.SUCCEEDED


def test_the_log_has_no_stack_trace(meal: Meal) -> None:
    assert "Traceback" not in meal.fleet.read_log()
