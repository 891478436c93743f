"""App Engine within a quota of four instances: how many people it serves, by how the four are used.

A person is a webcam page that sends a frame every ten seconds and follows it to its answer. One
instance is left free for the new version of a release.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.simulate.platforms import Platform
from deploy.simulate.runs import SEED, Run, run
from deploy.simulate.system import System
from deploy.simulate.traces import make_cameras

PEOPLE = (5, 100, 250, 400, 500, 1000)
SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One use of the quota."""

    title: str
    platform: Platform


def list_splits(shipped: Platform) -> list[Split]:
    """Return the uses that are compared; each leaves one instance of the four for a release."""
    web = shipped.web
    assert web is not None
    one_of_web = dataclasses.replace(web, rule=dataclasses.replace(web.rule, most=web.rule.least))
    larger = dataclasses.replace(
        shipped,
        children=2 * shipped.children,
        cpus=2 * shipped.cpus,
        gigabytes=2 * shipped.gigabytes,
    )
    two = dataclasses.replace(shipped.rule, least=2, most=2)
    told = f"web {web.rule.least} to {web.rule.most}"
    return [
        Split(title=f"{told}, a worker of {shipped.cpus:g} cores", platform=shipped),
        Split(title=f"{told}, a worker of {larger.cpus:g} cores", platform=larger),
        Split(
            title=f"web {web.rule.least}, two workers of {shipped.cpus:g} cores",
            platform=dataclasses.replace(shipped, rule=two, web=one_of_web),
        ),
    ]


def run_quota(
    system: System, shipped: Platform, people: Sequence[int] = PEOPLE
) -> Iterator[tuple[Split, int, Run]]:
    """Simulate every use with every number of people."""
    for split in list_splits(shipped):
        for count in people:
            yield split, count, run(system, make_cameras(count, 10, SECONDS, SEED), split.platform)
