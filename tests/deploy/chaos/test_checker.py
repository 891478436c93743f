"""The checker finds what was planted in a history, and nothing in a sound one."""

from typing import Any

import pytest

from deploy.chaos.checker import check
from deploy.chaos.verdict import Verdict

Entry = dict[str, Any]


def submit(
    *ids: str, key: str | None = None, status: int = 202, at: float = 0, **more: Any
) -> Entry:
    pictures = more.pop("pictures", [7] * max(1, len(ids)))
    return {
        "op": "submit",
        "t0": at,
        "t1": at + 0.1,
        "client": "c",
        "key": key,
        "status": status,
        "code": more.pop("code", ""),
        "ids": list(ids),
        "pictures": pictures,
        "replayed": more.pop("replayed", False),
    }


def observe(job: str, state: str = "succeeded", answer: str = "a", **more: Any) -> Entry:
    if state == "unknown":
        return {"op": "observe", "t": 1.0, "id": job, "state": state}
    is_final = state not in ("queued", "running")
    return {
        "op": "observe",
        "t": 1.0,
        "id": job,
        "state": state,
        "picture": None,
        "answer": answer if is_final else None,
        "content": "seven" if is_final else None,
        "versions": "person=1" if is_final else "",
        "code": None,
        "attempts": 1,
        "submitted": 0.0,
        "finished": 1.0 if is_final else None,
        **more,
    }


def books(accepted: int, ended: int) -> Entry:
    return {"op": "books", "t": 2.0, "accepted": accepted, "ended": ended}


def fault(t0: float, t1: float, name: str = "kill_web", error: str = "") -> Entry:
    return {"op": "fault", "t0": t0, "t1": t1, "name": name, "error": error}


def poison(picture: int, code: str) -> Entry:
    return {"op": "poison", "picture": picture, "order": "any", "code": code}


def change(at: float, version: str, *, sure: bool = True) -> Entry:
    entry = {"op": "version", "t0": at, "t1": at + 1, "model": "person", "version": version}
    return {**entry, "sure": sure}


def count(verdict: Verdict) -> tuple[int, int, int, int]:
    return verdict.lost, verdict.duplicated, verdict.changed, verdict.wrong


SOUND = [
    submit("a", at=0),
    submit("b", "c", key="k"),
    submit("b", "c", key="k", replayed=True),
    submit(status=503, code="queue_full"),
    observe("a", "queued"),
    observe("a", "running"),
    *[observe(job) for job in "abc"],
    *[observe(job) for job in "abc"],
    books(3, 3),
]

FAILED = observe("x", "failed", answer="f", code="worker_lost")


def test_a_sound_history_is_kept() -> None:
    verdict = check(SOUND)
    assert verdict.is_kept
    assert count(verdict) == (0, 0, 0, 0)
    assert (verdict.accepted, verdict.replayed, verdict.named) == (3, 1, [])


def test_refusals_are_counted_by_code() -> None:
    assert check(SOUND).refusals == {"503 queue_full": 1}


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ([submit("x")], (1, 0, 0, 0)),  # never seen again
        ([submit("x"), observe("x", "running")], (1, 0, 0, 0)),
        ([submit("x"), observe("x"), observe("x", "unknown")], (1, 0, 0, 0)),
        ([submit("x"), observe("x"), observe("x", "queued")], (1, 0, 0, 0)),
        ([submit("x", key="q"), submit("y", key="q"), observe("x"), observe("y")], (0, 1, 0, 0)),
        ([submit("x"), observe("x", answer="a"), observe("x", answer="b")], (0, 0, 1, 0)),
        ([submit("x"), observe("x"), FAILED], (0, 0, 1, 0)),
        ([submit("x"), observe("x"), observe("x", "running"), observe("x")], (0, 0, 1, 0)),
        ([submit("x"), observe("x", content="another picture's")], (0, 0, 1, 0)),
    ],
)  # fmt: skip
def test_what_was_planted_is_found(planted: list[Entry], found: tuple[int, int, int]) -> None:
    sound = [entry for entry in SOUND if entry["op"] != "books"]
    verdict = check([*sound, *planted])
    assert count(verdict) == found
    assert not verdict.is_kept
    assert verdict.named


@pytest.mark.parametrize(
    ("ledger", "found"),
    [
        (books(3, 4), (0, 1, 0, 0)),  # a job that ended twice
        (books(3, 2), (1, 0, 0, 0)),  # one that ended never, though it looks ended
        (books(4, 4), (0, 1, 0, 0)),  # one that nobody sent
    ],
)
def test_the_ledgers_own_books_are_compared(ledger: Entry, found: tuple[int, int, int]) -> None:
    verdict = check([*SOUND[:-1], ledger])
    assert count(verdict) == found
    assert not verdict.is_kept


def test_a_request_without_an_answer_may_have_made_a_job() -> None:
    verdict = check([*SOUND[:-1], submit(status=0), observe("unknown-to-its-sender"), books(4, 4)])
    assert verdict.is_kept
    assert verdict.unknown == 1


def test_a_refused_request_may_have_made_a_job_where_the_server_did_not_answer() -> None:
    refused = submit(status=503, code="ledger_unavailable")
    verdict = check([*SOUND[:-1], refused, observe("taken-all-the-same"), books(4, 4)])
    assert verdict.is_kept


def test_an_error_where_only_a_refusal_is_allowed_is_wrong() -> None:
    verdict = check([*SOUND, submit(status=500, code="internal")])
    assert (count(verdict), verdict.is_kept) == ((0, 0, 0, 1), False)


@pytest.mark.parametrize(
    ("state", "code", "wrong"),
    [
        ("failed", "out_of_memory", 0),
        ("failed", "worker_lost", 1),
        ("succeeded", None, 1),
    ],
)
def test_a_poison_must_fail_by_its_own_reason(state: str, code: str | None, wrong: int) -> None:
    history = [
        poison(-1, "out_of_memory"),
        submit("x", pictures=[-1]),
        observe("x", state, code=code),
    ]
    verdict = check([*SOUND[:-1], *history])
    assert (verdict.wrong, verdict.poisons) == (wrong, 1 - wrong)


@pytest.mark.parametrize(("code", "wrong"), [("worker_lost", 0), ("internal_error", 1)])
def test_a_good_picture_may_fail_by_its_workers_loss_alone(code: str, wrong: int) -> None:
    history = [submit("x"), observe("x", "failed", code=code)]
    assert check([*SOUND[:-1], *history]).wrong == wrong


def test_an_answer_may_differ_between_versions() -> None:
    other = [submit("x"), observe("x", content="eight", versions="person=2")]
    assert check([*SOUND[:-1], *other]).is_kept


@pytest.mark.parametrize(
    ("changes", "submitted", "wrong"),
    [
        ([change(1, "2")], 10.0, 1),  # all workers had the second, and the first did it
        ([change(1, "2")], 3.0, 0),  # it was just changing
        ([change(1, "2", sure=False)], 10.0, 0),  # nobody knows when
        ([change(1, "2"), change(11, "1")], 10.0, 0),  # it was changing back before the end
        ([change(1, "2"), change(20, "1")], 10.0, 1),
        ([change(1, "1")], 10.0, 0),
    ],
)
def test_a_version_that_was_not_in_use_is_wrong(
    changes: list[Entry], submitted: float, wrong: int
) -> None:
    job = observe("x", submitted=submitted, finished=submitted + 2, versions="person=1")
    assert check([*SOUND[:-1], *changes, submit("x"), job]).wrong == wrong


@pytest.mark.parametrize(
    ("name", "at", "unexplained"),
    [
        ("freeze_the_queue", 15.0, 0),
        ("freeze_the_queue", 35.0, 0),  # soon afterwards
        ("freeze_the_queue", 45.0, 1),
        ("freeze_the_queue", 5.0, 1),
        ("double_the_doorbells", 15.0, 1),  # which harms nobody
    ],
)
def test_a_refusal_is_explained_by_a_fault_that_may_cause_it(
    name: str, at: float, unexplained: int
) -> None:
    refused = submit(status=503, code="ledger_unavailable", at=at)
    verdict = check([*SOUND, fault(10, 20, name), refused])
    assert verdict.unexplained["503 ledger_unavailable"] == unexplained


def test_a_fault_that_could_not_be_done_explains_nothing_and_is_told() -> None:
    undone = fault(10, 20, "freeze_the_queue", error="nobody there")
    refused = submit(status=503, code="ledger_unavailable", at=15)
    verdict = check([*SOUND, undone, refused])
    assert (verdict.unexplained["503 ledger_unavailable"], verdict.recoveries) == (1, [])
    assert dict(verdict.undone) == {"freeze_the_queue: nobody there": 1}


def test_late_is_what_took_long_without_a_fault() -> None:
    late = [submit("x"), observe("x", finished=50.0)]
    assert check([*SOUND[:-1], *late]).late == 1
    assert check([*SOUND[:-1], *late, fault(5.0, 30.0)]).late == 0


def test_lateness_breaks_no_promise() -> None:
    assert check([*SOUND[:-1], submit("x"), observe("x", finished=50.0)]).is_kept


def test_a_fault_is_felt_as_the_longest_time_without_an_end() -> None:
    ends = [observe(str(at), submitted=at - 1, finished=float(at)) for at in (1, 2, 3, 9, 10)]
    replaced = observe("frame", "superseded", finished=6.0)  # without any worker
    ends.append(replaced)
    sent = [submit(entry["id"]) for entry in ends]
    assert [one.gap for one in check([*sent, *ends, fault(3.5, 4.0)]).recoveries] == [5.5]
