"""One running Spotter: queue server, worker and web, from the first check to the last farewell."""

import contextlib
import http.client
import json
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from deploy.checks import (
    check_no_leftover_server,
    check_port,
    claim_data_folder,
    tell_access,
)
from deploy.embedded_redis.binary import find_binary
from deploy.embedded_redis.client import ask
from deploy.embedded_redis.errors import QueueServerError
from deploy.embedded_redis.files import ServerFiles, remove_socket_folder, write_files
from deploy.embedded_redis.messages import explain
from deploy.embedded_redis.rewrite import Rewrites
from deploy.errors import StackError
from deploy.known_holes import warn_of_hole
from deploy.output import Output, tell_record
from deploy.processes import Ended, Processes, Program
from deploy.programs import make_queue, make_web, make_worker
from deploy.settings import StackSettings

# Before the stack is ready this many ends in a row of one program mean that it never will be;
# unless a signal ended it: that was somebody else, and the next start may well succeed.
_FAILURES_TO_GIVE_UP = 3
_REMIND_SECONDS = 15.0
_TICK_SECONDS = 1.0
_POLL_SECONDS = 0.05


class Stack:
    """Brings the programs up, watches over them, and ends them.

    `say` shows a line to the user, `show` one that a program (by name) has printed.
    """

    def __init__(
        self,
        settings: StackSettings,
        environ: Mapping[str, str],
        *,
        say: Callable[[str], None],
        show: Callable[[str, str], None],
        worker_module: str = "worker.app",
    ) -> None:
        """Check what can be checked and write the queue server's files; start nothing.

        `worker_module` holds the Celery application; only tests have another one.

        Raises:
            StackError: when the stack cannot start, in one line.
        """
        self._settings = settings
        self._say = say
        self._lock = claim_data_folder(settings.data)
        check_port(settings)
        self._queue_folder = settings.data / "queue"
        self._farewell = "Accepted jobs are kept and continue at the next start."
        self._files, redis_url = self._prepare_queue()
        queue = [make_queue(self._files, environ)] if self._files else []
        if access := tell_access(settings):
            say(access)
        worker = make_worker(settings, redis_url, environ, worker_module)
        programs = [*queue, worker, make_web(settings, redis_url, environ)]
        self._names = [program.name for program in programs]
        folder = None if settings.logs == "stdout" else settings.data / "log"
        self._output = Output(folder, show=show)
        self._processes = Processes(programs, on_start=self._on_start)
        self._rewrites = Rewrites(self._files) if self._files else None
        self._wanted_to_end = 0
        self._ready = False

    def end_soon(self, *_: object) -> None:
        """Ask for the end, as a signal handler; asked twice, nothing is waited for any more."""
        self._wanted_to_end += 1

    def run(self, wake_descriptor: int) -> None:
        """Start everything, say the address when a worker is ready, return when the end is asked.

        Signals must write to `wake_descriptor`'s pipe. Everything has ended when this returns or
        raises.

        Raises:
            StackError: when a program does not come up, in one line.
        """
        self._output.wake_on(wake_descriptor)
        try:
            self._come_up()
            while not self._wanted_to_end:
                self._tend(_TICK_SECONDS)
        finally:
            self._end()

    def _prepare_queue(self) -> tuple[ServerFiles | None, str]:
        """Return the files of a queue server of our own, if we start one, and its address."""
        if self._settings.redis_url is not None:
            self._look_at_given_redis(self._settings.redis_url)
            return None, self._settings.redis_url
        files = self._write_queue_files()
        return files, files.app_url

    def _write_queue_files(self) -> ServerFiles:
        binary = find_binary()
        check_no_leftover_server(self._queue_folder)
        strict = self._settings.durability == "strict"
        files = write_files(
            self._queue_folder,
            append_fsync="always" if strict else "no",
            max_memory_bytes=self._settings.max_memory_bytes,
        )
        promise = (
            "every accepted job is on the disk before the answer"
            if strict
            else "an accepted job survives a crash, but not a power cut (SPOTTER_DURABILITY=fast)"
        )
        self._say(f"queue: {binary.title} ({binary.origin}), {self._queue_folder}, {promise}")
        if warning := warn_of_hole(binary.title):
            self._say(warning)
        return files

    def _look_at_given_redis(self, url: str) -> None:
        from deploy.given_redis import look_at

        given = look_at(url, self._settings.redis_password_file)
        self._say(f"queue: {given.title} (REDIS_URL), {given.address}, {given.promise}")
        for warning in given.warnings:
            self._say(warning)
        if given.durability == "off":
            self._farewell = (
                "Accepted jobs wait in the memory of the Redis of REDIS_URL and continue at the "
                "next start if that server runs on until then."
            )
        else:
            self._farewell = "Accepted jobs wait in the Redis of REDIS_URL for the next start."

    def _come_up(self) -> None:
        if self._files is not None:
            self._processes.start("queue")
            self._wait_for(self._queue_answers, "the queue server to load its files")
        self._processes.start("worker")
        self._processes.start("web")
        self._say(f"worker and web: starting, logs {self._output.place}")
        self._wait_for(self._is_ready, "web and a worker to be ready")
        if not self._wanted_to_end:
            self._ready = True
            # For `make key`, whose links begin with it.
            (self._settings.data / "address").write_text(f"{self._settings.link_address}\n")
            self._say(f"Spotter is at {self._settings.address} - Ctrl-C ends it")

    def _wait_for(self, fact: Callable[[], bool], what: str) -> None:
        remind_at = time.monotonic() + _REMIND_SECONDS
        while not self._wanted_to_end and not fact():
            self._tend(_POLL_SECONDS)
            if time.monotonic() > remind_at:
                remind_at += _REMIND_SECONDS
                self._say(f"still waiting for {what}")

    def _queue_answers(self) -> bool:
        if self._files is None:
            return False
        try:
            ask(self._files, "PING")
        except (OSError, QueueServerError):
            return False
        return True

    def _is_ready(self) -> bool:
        """Tell whether web accepts jobs and says that a worker has loaded its models."""
        connection = http.client.HTTPConnection(
            self._settings.reachable_host, self._settings.port, timeout=2
        )
        with contextlib.closing(connection):
            try:
                connection.request("GET", "/readyz")
                answer = connection.getresponse()
                body = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                return False
        return answer.status == 200 and bool(body.get("workers"))

    def _tend(self, timeout_seconds: float) -> None:
        due = self._processes.seconds_until_due()
        self._output.read(timeout_seconds if due is None else min(timeout_seconds, due))
        for ended in self._processes.tend():
            self._report(ended)
        if self._rewrites:
            self._rewrites.tend()

    def _report(self, ended: Ended) -> None:
        name = ended.program.name
        self._output.read(0)  # its last words
        lines = self._output.last_lines(name)
        if ended.status > 0 and not self._ready and (bad := _find_bad_setting(name, lines)):
            raise StackError(bad)
        reason = self._explain(name, lines, ended.status)
        gave_up = ended.status >= 0 and ended.failures >= _FAILURES_TO_GIVE_UP
        if gave_up and not self._ready:
            raise StackError(f"{name} does not start: {reason}")
        if ended.failures <= _FAILURES_TO_GIVE_UP or ended.failures % 20 == 0:
            self._say(f"{name} ended and starts again in {ended.pause_seconds:.1f} s: {reason}")

    def _explain(self, name: str, lines: Sequence[str], status: int) -> str:
        if status < 0:
            return f"it was ended by {signal.Signals(-status).name}"
        if name == "queue":
            return explain(lines, self._queue_folder)
        said = [line for line in lines if line.strip()] or ["it said nothing"]
        # gunicorn's own lines, "[time] [pid] [ERROR] …", say that it ends; the one before says why.
        last = next((line for line in reversed(said) if not line.startswith("[")), said[-1])
        return f"exit status {status}: {tell_record(last)}"

    def _end(self) -> None:
        self._say(f"ending {', '.join(reversed(self._names))}")
        killed = self._processes.stop(
            hurry=lambda: self._wanted_to_end > 1, while_waiting=lambda: self._output.read(0)
        )
        self._output.read(0)
        self._output.close()
        if self._files is not None:
            remove_socket_folder(self._files)
        if killed:
            self._say(f"{' and '.join(killed)} did not end in time and had to be killed")
        self._say(f"Ended. {self._farewell}")

    def _on_start(self, program: Program, pipe: IO[bytes]) -> None:
        self._output.follow(program.name, pipe)


def _find_bad_setting(name: str, lines: Sequence[str]) -> str:
    """Return what a program said of a setting that it cannot use ("worker: WORKERS must …")."""
    marks = (f"{name}: SPOTTER_", f"{name}: REDIS_URL", f"{name}: WORKERS")
    said = next((line for line in reversed(lines) if line.startswith(marks)), "")
    return said and said.removeprefix(f"{name}: ").rstrip(".") + "."
