"""The limit: `worker.bare`, one process a core, told when to run."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.bench.load import Slice
from deploy.bench.system import BenchError
from deploy.settings import ROOT


class Limit:
    """Bare loops over the same photos."""

    def __init__(
        self, paths: Sequence[Path], environment: Mapping[str, str], *, processes: int
    ) -> None:
        """Start the processes; they load the models and wait."""
        models = environment.get("SPOTTER_MODELS") or str(ROOT / "models" / "artefacts")
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "worker.bare", models, *map(str, paths)],
                cwd=ROOT,
                env={**environment, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for _ in range(processes)
        ]

    def __enter__(self) -> "Limit":
        """Wait until all are ready."""
        for process in self._processes:
            self._read(process)
        return self

    def __exit__(self, *_: object) -> None:
        """End them."""
        for process in self._processes:
            process.communicate()

    def run(self, seconds: float, *, processes: int) -> Slice:
        """Have so many of them work for so long.

        Raises:
            BenchError: a photo did not pass the first stage.
        """
        began = time.perf_counter()
        for process in self._processes[:processes]:
            assert process.stdin is not None
            process.stdin.write(f"{seconds}\n")
            process.stdin.flush()
        answers = [json.loads(self._read(process)) for process in self._processes[:processes]]
        wall_seconds = time.perf_counter() - began
        milliseconds = [one for answer in answers for one in answer["milliseconds"]]
        if sum(answer["stages"] for answer in answers) != 2 * len(milliseconds):
            raise BenchError("The limit's photos do not run through both stages.")
        cpu_seconds = sum(answer["cpu_seconds"] for answer in answers)
        return Slice(cpu_seconds=cpu_seconds, wall_seconds=wall_seconds, milliseconds=milliseconds)

    def _read(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise BenchError("The bare loop ended; `python -m worker.bare` says why.")
        return line
