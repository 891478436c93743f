"""The mixed load: people who wait, programs that poll, folders, cameras, and stubborn repeaters.

Each kind is a closed loop, so that the load follows what the system can do. Random choices come
from the seed; how the threads interleave does not.
"""

import threading
from collections.abc import Callable, Mapping
from random import Random

from deploy.chaos.caller import Answer, Caller
from deploy.chaos.history import FINAL, History
from deploy.chaos.pictures import make_picture

PICTURES = 500  # different ones
BATCH = 100
BATCH_LOOK_SECONDS = 1.0  # to look at a batch is to read a hundred jobs
END_SECONDS = 120.0  # after so long a caller gives a job up; the audit still looks for it
# How many callers of each kind.
CREW: Mapping[str, int] = {"waiting": 3, "polling": 2, "stubborn": 2, "folder": 6, "camera": 2}


class Load:
    """Callers in threads of their own, from `start` until `stop`."""

    def __init__(
        self, port: int, history: History, *, seed: int, crew: Mapping[str, int] = CREW
    ) -> None:
        self._port = port
        self._history = history
        self._data = [make_picture(number) for number in range(PICTURES)]
        self._stop = threading.Event()
        self._threads = []
        for kind, count in crew.items():
            for number in range(count):
                name = f"{kind}-{seed}-{number}"
                loop: Callable[[Caller, Random], None] = getattr(self, f"_act_as_{kind}")
                arguments = (loop, name)
                self._threads.append(threading.Thread(target=self._run, args=arguments))

    def start(self) -> None:
        """Let all callers begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each caller end what it has in hand."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, act: Callable[[Caller, Random], None], name: str) -> None:
        caller, chance = Caller(self._port, self._history, name=name), Random(name)  # noqa: S311
        while not self._stop.is_set():
            act(caller, chance)

    def _pick(self, chance: Random) -> tuple[int, bytes]:
        number = chance.randrange(PICTURES)
        return number, self._data[number]

    def _rest(self, answer: Answer) -> None:
        if answer.status not in (200, 202):
            self._stop.wait(answer.retry_seconds)

    def _act_as_waiting(self, caller: Caller, chance: Random) -> None:
        """Send one photo and wait for its answer, as a person does."""
        picture, data = self._pick(chance)
        answer = caller.submit(picture, data, wait_seconds=10)
        self._rest(answer)
        if answer.status == 202:
            self._follow(caller, answer.body["id"], picture)

    def _act_as_polling(self, caller: Caller, chance: Random) -> None:
        """Send one photo and ask for it again and again; change one's mind now and then."""
        picture, data = self._pick(chance)
        answer = caller.submit(picture, data)
        self._rest(answer)
        if answer.status != 202:
            return
        job_id = answer.body["id"]
        if chance.random() < 0.02:
            caller.ask("DELETE", f"/api/v1/jobs/{job_id}")
        self._follow(caller, job_id, picture)

    def _act_as_stubborn(self, caller: Caller, chance: Random) -> None:
        """Repeat a request with its key until it was taken, and sometimes once more."""
        picture, data = self._pick(chance)
        key = f"{caller.name}-{chance.getrandbits(64):x}"
        answer = self._insist(lambda: caller.submit(picture, data, key=key))
        if answer.status == 202 and chance.random() < 0.2:
            caller.submit(picture, data, key=key)
        if answer.status == 202:
            self._follow(caller, answer.body["id"], picture)

    def _act_as_folder(self, caller: Caller, chance: Random) -> None:
        """Send a batch, stubbornly, and look at it until it is finished."""
        picked = [self._pick(chance) for _ in range(BATCH)]
        numbers, data = [number for number, _ in picked], [one for _, one in picked]
        key = f"{caller.name}-{chance.getrandbits(64):x}"
        answer = self._insist(lambda: caller.submit_batch(numbers, data, key=key))
        if answer.status != 202:
            return
        path, waited = answer.body["links"]["self"], 0.0
        while waited < END_SECONDS and not self._stop.is_set():
            found = caller.look_at_batch(path, numbers)
            if found.status == 200 and found.body["finished"]:
                return
            self._stop.wait(BATCH_LOOK_SECONDS)
            waited += BATCH_LOOK_SECONDS

    def _act_as_camera(self, caller: Caller, chance: Random) -> None:
        """Send a frame five times a second and look at nothing."""
        picture, data = self._pick(chance)
        self._rest(caller.submit(picture, data, camera=caller.name))
        self._stop.wait(0.2)

    def _insist(self, send: Callable[[], Answer]) -> Answer:
        answer = send()
        while answer.status not in (200, 202) and not self._stop.is_set():
            self._rest(answer)
            answer = send()
        return answer

    def _follow(self, caller: Caller, job_id: str, picture: int) -> None:
        waited = 0.0
        while waited < END_SECONDS and not self._stop.is_set():
            answer = caller.look(job_id, picture)
            if answer.status == 200 and answer.body["state"] in FINAL:
                return
            if answer.status == 404:
                return
            self._stop.wait(0.1)
            waited += 0.1
