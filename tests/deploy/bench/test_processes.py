"""CPU and memory of a tree of processes, against processes whose use is known."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from deploy.bench.processes import find_tree, read_cpu_seconds, read_pss_megabytes

BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"
PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", {burn!r}])
child = subprocess.Popen([sys.executable, "-c", {burn!r} + "print('done', flush=True); input()"],
                         stdin=subprocess.PIPE)
input()
"""


@pytest.fixture
def family() -> Iterator[subprocess.Popen[str]]:
    """A process with a child that has ended and one that lives; each burned 0.3 s of CPU."""
    code = PARENT.format(burn=BURN.format(seconds=0.3))
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.communicate()


def test_the_time_of_children_counts_ended_or_not(family: subprocess.Popen[str]) -> None:
    assert 0.6 <= read_cpu_seconds(family.pid) < 1.5


def test_a_tree_is_the_process_and_what_it_started(family: subprocess.Popen[str]) -> None:
    tree = find_tree(family.pid)
    assert tree[0] == family.pid
    assert len(tree) == 2


def test_memory_has_a_line_for_each_process(family: subprocess.Popen[str]) -> None:
    sizes = read_pss_megabytes(family.pid)
    assert len(sizes) == 2
    assert all(1 < size < 100 for size in sizes.values())


def test_a_process_that_waits_uses_nothing(family: subprocess.Popen[str]) -> None:
    before = read_cpu_seconds(family.pid)
    time.sleep(0.2)
    assert read_cpu_seconds(family.pid) - before <= 0.02
