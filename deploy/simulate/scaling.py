"""The rules by which platforms start and stop instances, as far as their documents tell.

A rule looks at what it may see (waiting and running jobs for workers, requests in hand for web, how
busy processors are) every `poll_seconds` and says how many instances it wants; `Scaler` applies the
platform's bounds to it: the least and most, how fast it may grow, and how long a smaller wish must
last. Sources: KEDA's and the Horizontal Pod Autoscaler's documents, Cloud Run's and App Engine's
pages, and the source of Google's autoscaler for worker pools (CREMA), which takes the largest of
ceil(value / target).
"""

import math
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a rule may look at."""

    interactive: int = 0
    bulk: int = 0
    running: int = 0
    requests: float = 0.0  # in hand, on average
    unplaced: int = 0  # requests that found every instance full
    busy_share: float = 0.0  # of the processors of the instances that are ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One platform's rule for the workers or for web.

    Each target is how many jobs or requests one instance is wanted for; `busy_target` looks at
    processors. `start_seconds` is from the decision to a container's start.
    """

    name: str
    title: str
    least: int
    most: int
    poll_seconds: float
    start_seconds: float
    interactive_target: float | None = None
    bulk_target: float | None = None
    running_target: float | None = None
    requests_target: float | None = None
    busy_target: float | None = None
    grow_factor: float = 2.0  # the most instances after one look, times those before ...
    grow_count: int = 4  # ... or those plus this many, whichever is more
    grow_seconds: float = 15.0  # one such step in this time
    shrink_count: int | None = None  # so many fewer ...
    shrink_seconds: float = 60.0  # ... in this time; None: all at once
    stabilise_seconds: float = 0.0  # the largest wish of this time is what counts

    def wish(self, seen: Seen, ready: int) -> int:
        """Say how many instances the rule would like, without any bounds."""
        counts = (
            (seen.interactive, self.interactive_target),
            (seen.bulk, self.bulk_target),
            (seen.running, self.running_target),
            (seen.requests, self.requests_target),
        )
        wishes = [0, *(math.ceil(count / target) for count, target in counts if target)]
        if self.busy_target:
            wishes.append(math.ceil(ready * seen.busy_share / self.busy_target))
        if seen.unplaced and self.requests_target:
            wishes.append(ready + math.ceil(seen.unplaced / self.requests_target))
        return max(wishes)


@dataclass(slots=True, kw_only=True)
class Scaler:
    """Applies a rule's bounds over time."""

    rule: Rule
    wishes: deque[tuple[float, int]] = field(default_factory=deque)
    grown_at: float = -math.inf
    shrunk_at: float = -math.inf

    def decide(self, now: float, seen: Seen, *, instances: int, ready: int) -> int:
        """Return the number of instances to have from now on, starting ones included."""
        rule = self.rule
        wish = min(max(rule.wish(seen, ready), rule.least), rule.most)
        self.wishes.append((now, wish))
        while self.wishes[0][0] < now - rule.stabilise_seconds:
            self.wishes.popleft()
        if wish > instances:
            return self._grow(now, wish, instances)
        return self._shrink(now, max(one for _, one in self.wishes), instances)

    def _grow(self, now: float, wish: int, instances: int) -> int:
        if now - self.grown_at < self.rule.grow_seconds:
            return instances
        self.grown_at = now
        most = max(math.floor(instances * self.rule.grow_factor), instances + self.rule.grow_count)
        return min(wish, most)

    def _shrink(self, now: float, wish: int, instances: int) -> int:
        if wish >= instances:
            return instances
        if self.rule.shrink_count is None:
            return wish
        if now - self.shrunk_at < self.rule.shrink_seconds:
            return instances
        self.shrunk_at = now
        return max(wish, instances - self.rule.shrink_count)
