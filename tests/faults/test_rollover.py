"""A model's version changed under load: nothing is lost, and no answer mixes versions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.messages import Job, JobState
from tests.conftest import ROOT
from tests.faults.conftest import MakeFleet
from tests.faults.fleet import Fleet, Sender
from tests.worker.artefacts import add_version, copy_artefacts
from worker.versions import main, own_version

ASTRONAUT = ROOT / "web/static/img/astronaut.jpg"


class Pictures(Sender):
    """Sends the same photo whatever the order is."""

    def submit(self, order: str, **fields: object) -> str:
        return self.send(ASTRONAUT.read_bytes(), **fields)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_artefacts(tmp_path_factory.mktemp("artefacts"))
    add_version(root, "person", "next")
    return root


@pytest.fixture
def fleet(make_fleet: MakeFleet, root: Path) -> Fleet:
    return make_fleet(module="worker.app", environment={"SPOTTER_MODELS": str(root)}).start()


@pytest.fixture
def sender(fleet: Fleet) -> Iterator[Sender]:
    sender = Pictures(fleet.url)
    sender.start_sweeper()
    yield sender
    sender.stop()


@pytest.fixture(autouse=True)
def _environment(fleet: Fleet, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", fleet.url)
    monkeypatch.setenv("SPOTTER_MODELS", str(root))


def read_version(job: Job) -> str:
    assert job.outcome is not None, job.failure
    return job.outcome.stages[0].version


def test_a_promotion_and_a_rollback_lose_no_job(sender: Sender) -> None:
    sender.keep_sending("")
    assert main(["promote", "person", "next"]) == 0
    # Ended before the rollback: a job has the version that is in use when its turn comes.
    at_new = sender.await_job(sender.submit(""))
    assert main(["rollback", "person"]) == 0
    at_old = sender.await_job(sender.submit(""))
    sender.stop()
    jobs = sender.await_end()
    assert {job.state for job in jobs} == {JobState.SUCCEEDED}
    assert [read_version(at_new), read_version(at_old)] == ["next", own_version("person")]


def test_no_child_is_replaced(sender: Sender, fleet: Fleet) -> None:
    before = [child.pid for child in fleet.find_children()]
    main(["promote", "person", "next"])
    sender.await_job(sender.submit(""))
    assert [child.pid for child in fleet.find_children()] == before
