"""The application on a real queue server; a stand-in plays the worker, the bell is a list."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jobs.changes import Changes
from jobs.client import JobClient
from jobs.ledger import Ledger
from jobs.messages import Failure, Lease, Outcome, Report
from jobs.settings import JobsSettings
from tests.conftest import QueueServer
from tests.jobs.factories import make_outcome
from tests.web import hostile
from tests.web.serving import Web
from web.app import create_app
from web.settings import WebSettings

Make = Callable[..., Flask]


@dataclass
class Worker:
    """Takes jobs as a worker does and answers what it is told to."""

    ledger: Ledger
    answer: Outcome | Failure = field(default_factory=make_outcome)
    done: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        report: Report | None = None
        while not self.stopped.is_set():
            lease = self.ledger.advance("stand-in", report, take=True).lease
            lease = lease or self.ledger.await_lease("stand-in", 0.2)
            report = self.work(lease) if lease else None

    def work(self, lease: Lease) -> Report:
        self.done.append(lease.job_id)
        outcome = self.answer if isinstance(self.answer, Outcome) else None
        failure = self.answer if isinstance(self.answer, Failure) else None
        return Report(
            job_id=lease.job_id,
            token=lease.token,
            outcome=outcome,
            failure=failure,
            decoding_milliseconds=1.9,
        )


@pytest.fixture
def settings() -> WebSettings:
    return WebSettings(secret="s" * 32)


@pytest.fixture
def jobs_settings(redis_url: str) -> JobsSettings:
    return JobsSettings(redis_url=redis_url)


@pytest.fixture
def rings() -> list[str]:
    """What was rung."""
    return []


@pytest.fixture
def client(jobs_settings: JobsSettings, rings: list[str]) -> Iterator[JobClient]:
    ledger = Ledger.connect(jobs_settings)
    client = JobClient(ledger, rings.extend, Changes(ledger))
    yield client
    client.close()


@pytest.fixture
def make_app(client: JobClient, settings: WebSettings) -> Make:
    def make(**changes: object) -> Flask:
        values = {name: getattr(settings, name) for name in WebSettings.__slots__}
        return create_app(WebSettings(**{**values, **changes}), client)

    return make


@pytest.fixture
def app(make_app: Make) -> Flask:
    return make_app()


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    return app.test_client(use_cookies=False)


@pytest.fixture
def lonely(own_queue_server: QueueServer, settings: WebSettings) -> Iterator[Flask]:
    """An application whose queue server has gone."""
    client = JobClient.connect(JobsSettings(redis_url=own_queue_server.url))
    own_queue_server.kill()
    yield create_app(settings, client)
    client.close()  # else its listener would tell every later test that the server is away


@pytest.fixture
def worker(client: JobClient) -> Iterator[Worker]:
    """A stand-in worker at work."""
    yield from _run(Worker(Ledger.connect(client.ledger.settings)))


@pytest.fixture(scope="session")
def photo() -> bytes:
    return hostile.jpeg(640, 480)


@pytest.fixture(scope="session")
def other_photo() -> bytes:
    return hostile.jpeg(640, 480, seed=2)


@pytest.fixture
def hand(web: Web) -> Iterator[Worker]:
    """A stand-in worker behind the real web process that a module starts as its fixture `web`."""
    yield from _run(Worker(Ledger.connect(web.ledger.settings)))


def _run(worker: Worker) -> Iterator[Worker]:
    thread = threading.Thread(target=worker.run)
    thread.start()
    yield worker
    worker.stopped.set()
    thread.join()
