"""A worker with the two bugs that a checker must find: one finish in 200 is dropped for good, and
one result in 200 is written a second time, with another answer."""

import itertools

from jobs.ledger import Advanced, Ledger
from jobs.messages import Report
from jobs.records import PREFIX
from tests.faults.digest_app import make

_advance = Ledger.advance
_count = itertools.count(1)


def advance(self: Ledger, drainer: str, report: Report | None, **options: bool) -> Advanced:
    number = next(_count) if report else 0
    if report and number % 200 == 100:
        # Nobody leases it any more and nobody sweeps it up.
        self.client.zrem(f"{PREFIX}running", report.job_id)
        return _advance(self, drainer, None, **options)
    advanced = _advance(self, drainer, report, **options)
    if report and report.outcome and number % 200 == 0:
        text = report.outcome.to_json().replace(report.outcome.text, "ffffffff")
        self.client.hset(f"{PREFIX}job:{report.job_id}", "outcome", text)
    return advanced


Ledger.advance = advance
app = make("tests.faults.buggy_app")
