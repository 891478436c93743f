"""Judges a history, in the manner of Jepsen: it knows nothing of the system but what was seen.

The promise: what was answered with 2xx reaches exactly one final state, is observed as completed
exactly once, and its answer never changes. So of the jobs of a history it counts

    lost        taken, and at the end without a final state, or not known any more
    duplicated  one idempotency key with two jobs, or more ends in the books than jobs
    changed     a final answer that was later another one, or none; or the answer of another picture
    wrong       an end that neither its picture nor a fault explains (a poison that did not fail by
                its own reason, a version that was not in use), or an error where only a refusal
                for now is allowed
    late        an end more than `late_seconds` after the accept, beyond the time of faults

What each fault may cause stands in deploy/chaos/allowed.py.
"""

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from deploy.chaos.allowed import (
    AFTERMATH_SECONDS,
    FAILURES,
    NO_ANSWER,
    REFUSALS,
    VERSION_SECONDS,
    is_expected,
)
from deploy.chaos.history import FINAL, Entry
from deploy.chaos.verdict import Recovery, Verdict

LATE_SECONDS = 30.0
# Refused because the queue server did not answer in time; it may have read the request later.
DOUBTFUL = frozenset({"ledger_unavailable"})
WORKED = frozenset({"succeeded", "failed"})
WORST = 20  # how many are named


@dataclass(slots=True, kw_only=True)
class _Job:
    picture: int | None = None
    states: list[str] = field(default_factory=list)
    answers: set[str] = field(default_factory=set)
    content: set[tuple[str, str]] = field(default_factory=set)  # versions, what they said
    submitted: float = 0.0
    finished: float | None = None
    code: str | None = None
    attempts: int = 0


class Checker:
    """Reads a history once and keeps what it needs of each job."""

    def __init__(self, entries: Iterable[Entry], *, late_seconds: float = LATE_SECONDS) -> None:
        self._late_seconds = late_seconds
        self._verdict = Verdict()
        self._jobs: defaultdict[str, _Job] = defaultdict(_Job)
        self._taken: set[str] = set()
        self._keys: defaultdict[str, set[str]] = defaultdict(set)
        self._faults: list[Entry] = []
        self._troubles: list[tuple[float, float, str]] = []  # from, to, what: requests without 2xx
        self._poisons: dict[int, str] = {}
        self._versions: list[Entry] = []
        self._books: Entry | None = None
        self._unknown_pictures = 0
        readers = {
            "submit": self._read_submit,
            "observe": self._read_observe,
            "fault": self._read_fault,
            "poison": self._read_poison,
            "version": self._versions.append,
            "books": self._read_books,
        }
        for entry in entries:
            if entry["op"] in readers:
                readers[entry["op"]](entry)

    def judge(self) -> Verdict:
        """Return what the whole history shows."""
        self._judge_keys()
        self._judge_jobs()
        self._judge_pictures()
        self._judge_versions()
        self._judge_troubles()
        self._judge_books()
        self._verdict.accepted = len(self._taken)
        self._measure_recoveries()
        return self._verdict

    def _read_submit(self, entry: Entry) -> None:
        verdict = self._verdict
        verdict.requests += 1
        status = entry["status"]
        if status == 0 or status >= 400:
            self._read_trouble(entry)
        else:
            verdict.replayed += bool(entry["replayed"])
            self._taken.update(entry["ids"])
            for job_id, picture in zip(entry["ids"], entry["pictures"], strict=False):
                self._jobs[job_id].picture = picture
            if entry["key"]:
                self._keys[entry["key"]].add(",".join(entry["ids"]))

    def _read_trouble(self, entry: Entry) -> None:
        verdict, status, code = self._verdict, entry["status"], entry["code"]
        if status == 0:
            verdict.unknown += 1
        else:
            verdict.refusals[f"{status} {code}"] += 1
        if status == 0 or code in DOUBTFUL:
            self._unknown_pictures += len(entry["pictures"])
        if not is_expected(status):
            verdict.wrong += 1
            self._name(f"{entry['client']} was answered {status} {code}")
        what = f"{status} {code}" if status else NO_ANSWER
        self._troubles.append((entry["t0"], entry["t1"], what))

    def _read_fault(self, entry: Entry) -> None:
        if entry["error"]:
            self._verdict.undone[f"{entry['name']}: {entry['error']}"] += 1
        else:
            self._faults.append(entry)

    def _read_poison(self, entry: Entry) -> None:
        self._poisons[entry["picture"]] = entry["code"]

    def _read_observe(self, entry: Entry) -> None:
        job = self._jobs[entry["id"]]
        if not job.states or job.states[-1] != entry["state"]:
            job.states.append(entry["state"])
        if entry["state"] not in FINAL:
            return
        job.answers.add(entry["answer"])
        if entry["content"]:
            job.content.add((entry["versions"], entry["content"]))
        job.submitted, job.finished = entry["submitted"], entry["finished"]
        job.code, job.attempts = entry["code"], entry["attempts"]

    def _read_books(self, entry: Entry) -> None:
        self._books = entry

    def _judge_keys(self) -> None:
        for key, jobs in self._keys.items():
            if len(jobs) > 1:
                self._verdict.duplicated += len(jobs) - 1
                self._name(f"key {key} made {len(jobs)} jobs: {' and '.join(sorted(jobs))}")

    def _judge_jobs(self) -> None:
        verdict = self._verdict
        for job_id in self._taken | set(self._jobs):
            job = self._jobs[job_id]
            last = job.states[-1] if job.states else "never seen"
            if last not in FINAL:
                verdict.lost += job_id in self._taken
                self._name(f"job {job_id} is lost: {last}")
                continue
            verdict.states[last] += 1
            verdict.again += job.attempts > 1
            if last == "failed":
                verdict.failures[job.code or ""] += 1
            ends = [state for state in job.states if state in FINAL]
            if (
                len(job.answers) > 1
                or len(ends) > 1
                or job.states.index(ends[0]) + 1 < len(job.states)
            ):
                verdict.changed += 1
                self._name(f"job {job_id} changed after its end: {' > '.join(job.states)}")
            self._judge_end(job_id, job, last)
            self._judge_time(job)

    def _judge_end(self, job_id: str, job: _Job, state: str) -> None:
        """Look for an end that neither the picture nor a fault explains."""
        reason = self._poisons.get(job.picture) if job.picture is not None else None
        if reason is not None and (state, job.code) == ("failed", reason):
            self._verdict.poisons += 1
        elif reason is not None:
            self._verdict.wrong += 1
            self._name(f"job {job_id} must fail by {reason}: {state} {job.code or ''}")
        elif state == "failed" and job.code not in FAILURES:
            self._verdict.wrong += 1
            self._name(f"job {job_id} failed without a reason of its own: {job.code}")

    def _judge_time(self, job: _Job) -> None:
        if job.finished is None:
            return
        took = job.finished - job.submitted
        self._verdict.seconds.append(took)
        broken = sum(
            max(0.0, min(job.finished, fault["t1"]) - max(job.submitted, fault["t0"]))
            for fault in self._faults
        )
        if took - broken > self._late_seconds:
            self._verdict.late += 1

    def _judge_pictures(self) -> None:
        """Look for answers that belong to another picture.

        A picture has one answer of the same versions, always; that of most of its jobs counts.
        """
        seen: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)
        for job in self._jobs.values():
            if job.picture is not None:
                for versions, content in job.content:
                    seen[job.picture, versions][content] += 1
        own = {key: counts.most_common(1)[0][0] for key, counts in seen.items()}
        for job_id, job in self._jobs.items():
            if job.picture is not None and any(
                own[job.picture, versions] != content for versions, content in job.content
            ):
                self._verdict.changed += 1
                self._name(f"job {job_id} has the answer of another picture than {job.picture}")

    def _judge_versions(self) -> None:
        """Look for results of a version that was not in use between the job's accept and its end.

        Only where that is sure: between the end of one change, which every worker was seen to have
        followed, and the beginning of the next.
        """
        over = {"t0": math.inf}
        for change, after in pairwise([*self._versions, over]):
            if not change["sure"]:
                continue
            begin, named = change["t1"] + VERSION_SECONDS, f"{change['model']}={change['version']}"
            for job_id, job in self._jobs.items():
                if job.finished and begin < job.submitted and job.finished < after["t0"]:
                    for versions, _ in job.content:
                        self._verdict.sure_versions[change["version"]] += 1
                        if named not in versions.split():
                            self._verdict.wrong += 1
                            self._name(f"job {job_id} was done by {versions}, not by {named}")

    def _judge_troubles(self) -> None:
        """Count the refusals and lost answers that no fault explains."""
        spans: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        for fault in self._faults:
            for what in REFUSALS.get(fault["name"], ()):
                spans[what].append((fault["t0"], fault["t1"] + AFTERMATH_SECONDS))
        for began, ended, what in self._troubles:
            if not any(ended >= first and began <= last for first, last in spans[what]):
                self._verdict.unexplained[what] += 1

    def _judge_books(self) -> None:
        """Compare with the ledger's own count, which knows of jobs whose answer got lost too."""
        if self._books is None:
            return
        accepted, ended = self._books["accepted"], self._books["ended"]
        if ended > accepted:
            self._verdict.duplicated += ended - accepted
            self._name(f"the books have {ended} ends of {accepted} jobs")
        missing = accepted - ended - self._verdict.lost
        if missing > 0:
            self._verdict.lost += missing
            self._name(f"the books have {ended} ends of {accepted} jobs")
        strangers = accepted - len(self._taken) - self._unknown_pictures
        if strangers > 0:
            self._verdict.duplicated += strangers
            self._name(f"the books have {strangers} jobs that nobody can have sent")

    def _measure_recoveries(self) -> None:
        # A newer frame ends an older one at once, without any worker.
        worked = (job for job in self._jobs.values() if job.states and job.states[-1] in WORKED)
        ends = sorted(job.finished for job in worked if job.finished is not None)
        over = {"t0": math.inf}
        for fault, after in pairwise([*self._faults, over]):
            first = max(0, bisect_left(ends, fault["t0"]) - 1)
            last = bisect_left(ends, after["t0"]) + 1
            began = fault["t0"]
            gaps = [later - max(sooner, began) for sooner, later in pairwise(ends[first:last])]
            recovery = Recovery(name=fault["name"], gap=max(gaps, default=0.0))
            self._verdict.recoveries.append(recovery)

    def _name(self, what: str) -> None:
        if len(self._verdict.named) < WORST:
            self._verdict.named.append(what)


def check(entries: Iterable[Entry], *, late_seconds: float = LATE_SECONDS) -> Verdict:
    """Judge a history."""
    return Checker(entries, late_seconds=late_seconds).judge()
