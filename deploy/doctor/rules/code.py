"""Rules about limits in the code that only hold together: Celery, the queue, the way to stop."""

from collections.abc import Iterator

from deploy.doctor.facts import CONTROLLER, GUNICORN, JOBS, MEASURED, QUEUE, WEB
from deploy.doctor.finding import Spot, rule
from deploy.doctor.project import Project

# Cloud Run and Compose kill ten seconds after SIGTERM, and the exit itself takes a moment.
KILL_SECONDS, ROOM_SECONDS = 10.0, 2.0


@rule(
    "celery-visibility",
    why="A message that is in hand longer than visibility_timeout is handed out a second time, while "
    "the first worker still has it.",
    how="Make visibility_timeout at least twice HARD_LIMIT_SECONDS.",
)
def find_early_redelivery(project: Project) -> Iterator[Spot]:
    """Messages come back only when their worker is gone."""
    visible = project.facts.find(QUEUE, "visibility_timeout")
    hard = project.facts.find(QUEUE, "HARD_LIMIT_SECONDS")
    if visible.value < 2 * hard.value:
        what = f"visibility_timeout is {visible.value} s, the hard time limit {hard.value} s"
        yield Spot(file=visible.path, line=visible.line, what=what)


@rule(
    "celery-limits",
    why="A drain that is not ended by itself is ended by Celery, in the middle of a picture.",
    how="Keep drain_seconds + picture_seconds below SOFT_LIMIT_SECONDS, and that below "
    "HARD_LIMIT_SECONDS.",
)
def find_crossed_limits(project: Project) -> Iterator[Spot]:
    """The drain ends before the soft limit, and that before the hard one."""
    facts = project.facts
    drain, picture = facts.find(JOBS, "drain_seconds"), facts.find(JOBS, "picture_seconds")
    soft, hard = facts.find(QUEUE, "SOFT_LIMIT_SECONDS"), facts.find(QUEUE, "HARD_LIMIT_SECONDS")
    if not drain.value + picture.value < soft.value < hard.value:
        steps = f"{drain.value + picture.value:g}, {soft.value:g}, {hard.value:g}"
        what = f"drain and picture, soft and hard limit take {steps} s"
        yield Spot(file=soft.path, line=soft.line, what=what)


@rule(
    "stop-in-time",
    why="Cloud Run kills ten seconds after SIGTERM: what is not finished then is worked on twice.",
    how="Keep STOP_SECONDS above picture_seconds and at least two seconds below ten.",
)
def find_slow_stops(project: Project) -> Iterator[Spot]:
    """Programs end before the platform's kill, and after the picture in hand."""
    stop = project.facts.find(CONTROLLER, "STOP_SECONDS")
    picture = project.facts.find(JOBS, "picture_seconds")
    if not picture.value < stop.value <= KILL_SECONDS - ROOM_SECONDS:
        what = f"a worker's stop takes up to {stop.value:g} s, a picture up to {picture.value:g} s"
        yield Spot(file=stop.path, line=stop.line, what=what)
    web = project.facts.find(GUNICORN, "graceful_timeout")
    if web.value > KILL_SECONDS - ROOM_SECONDS:
        what = f"web's stop takes up to {web.value:g} s"
        yield Spot(file=web.path, line=web.line, what=what)


@rule(
    "lease-lives",
    why="A lease that runs out between two heartbeats is given to a second worker.",
    how="Keep heartbeat_seconds at most a third of lease_seconds.",
)
def find_short_leases(project: Project) -> Iterator[Spot]:
    """Two heartbeats may be lost before a lease runs out."""
    beat = project.facts.find(JOBS, "heartbeat_seconds")
    lease = project.facts.find(JOBS, "lease_seconds")
    if beat.value * 3 > lease.value:
        what = f"a heartbeat every {beat.value:g} s, a lease of {lease.value:g} s"
        yield Spot(file=beat.path, line=beat.line, what=what)


@rule(
    "web-capacity",
    why="Web refuses connections above it, probes among them, and the instance is called sick.",
    how="Keep max_connections (SPOTTER_MAX_CONNECTIONS) at least 100 above the number in deploy/doctor/measured.toml.",
)
def find_small_door(project: Project) -> Iterator[Spot]:
    """A process has room for probes when it holds all that it was measured to hold."""
    room = project.facts.find(WEB, "max_connections")
    if room.value < project.facts.capacity + 100:
        what = f"max_connections is {room.value}, {MEASURED} says {project.facts.capacity} requests"
        yield Spot(file=room.path, line=room.line, what=what)
