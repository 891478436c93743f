"""Rules about the queue server: our own, and the one that Google runs."""

import re
from collections.abc import Iterator

from deploy.doctor.finding import Spot, rule
from deploy.doctor.project import COMPOSE, SCRIPT, Project

CONF = "deploy/queue/queue.conf"
ACL = "deploy/queue/users.acl"
FILES = "deploy/embedded_redis/files.py"


def read_lines(project: Project, path: str) -> dict[str, tuple[str, int]]:
    """Return the settings of a server's configuration, each with its line."""
    lines = enumerate(project.read(path).splitlines(), 1)
    pairs = ((n, line.split(maxsplit=1)) for n, line in lines if line and not line.startswith("#"))
    return {pair[0]: (pair[1].strip(), n) for n, pair in pairs if len(pair) == 2}


@rule(
    "redis-policy",
    why="With another policy a full server throws accepted jobs away without a word; Google's default "
    "is volatile-lru.",
    how="Set maxmemory-policy noeviction.",
)
def find_eviction(project: Project) -> Iterator[Spot]:
    """A full server refuses, and forgets nothing."""
    policy, line = read_lines(project, CONF).get("maxmemory-policy", ("not set", 1))
    if policy != "noeviction":
        yield Spot(file=CONF, line=line, what=f"maxmemory-policy is {policy}")
    if '"maxmemory-policy noeviction"' not in project.read(FILES):
        yield Spot(file=FILES, line=1, what="the built-in server is not given noeviction")
    for number, command in list_commands(project, "gcloud redis instances create"):
        if "maxmemory-policy=noeviction" not in command:
            yield Spot(file=SCRIPT, line=number, what="Memorystore is not given noeviction")


@rule(
    "redis-durable",
    why="A job that was answered with 202 must be on the disk: any other setting loses jobs that were "
    "accepted when the server is killed.",
    how="Set appendonly yes and appendfsync always.",
)
def find_forgetful_servers(project: Project) -> Iterator[Spot]:
    """Our own server has every accepted job on its disk."""
    settings = read_lines(project, CONF)
    for name, wanted in (("appendonly", "yes"), ("appendfsync", "always")):
        value, line = settings.get(name, ("not set", 1))
        if value != wanted:
            yield Spot(file=CONF, line=line, what=f"{name} is {value}")


@rule(
    "redis-default-user",
    why="Redis 7.0 and Valkey 8.0 read their append-only file as the user default: without every right "
    "it drops each transaction in there, which is every accepted job.",
    how="Keep `user default off resetpass ~* &* +@all`: nobody can sign in as it.",
)
def find_powerless_default(project: Project) -> Iterator[Spot]:
    """The user default may do everything, and nobody is it."""
    lines = project.read(ACL).splitlines()
    found = next(((n, t) for n, t in enumerate(lines, 1) if t.startswith("user default ")), (1, ""))
    if not {"off", "resetpass", "~*", "&*", "+@all"} <= set(found[1].split()):
        yield Spot(
            file=ACL, line=found[0], what=f"default has the rules: {found[1][13:] or 'none'}"
        )


@rule(
    "redis-users",
    why="The applications could empty the server, change its settings or read another's keys.",
    how="Give app its own keys and channels, without @admin and @dangerous.",
)
def find_mighty_users(project: Project) -> Iterator[Spot]:
    """The applications have their own keys, and no power over the server."""
    for number, line in enumerate(project.read(ACL).splitlines(), 1):
        words = line.split()
        if words[:2] == ["user", "app"]:
            missing = {"~spotter:*", "&spotter:*", "-@admin", "-@dangerous"} - set(words)
            if missing or "~*" in words:
                yield Spot(
                    file=ACL, line=number, what=f"app lacks {', '.join(sorted(missing)) or '-'}"
                )


@rule(
    "redis-memory",
    why="A rewrite of the append-only file may need a second copy: the container would be killed.",
    how="Give the queue's container at least twice maxmemory of deploy/queue/queue.conf.",
)
def find_tight_containers(project: Project) -> Iterator[Spot]:
    """The queue's container holds its server twice."""
    most, _ = read_lines(project, CONF).get("maxmemory", ("0mb", 1))
    for document in project.read_documents(COMPOSE).documents:
        limit = str(document.get("services", "queue", "mem_limit", default=""))
        if limit.endswith("m") and int(limit[:-1]) < 2 * int(most.removesuffix("mb")):
            keys = ("services", "queue", "mem_limit")
            yield Spot(
                file=COMPOSE, line=document.line(*keys), what=f"{limit} for a server of {most}"
            )


@rule(
    "redis-open",
    why="Whoever reaches the network of the project could read and change every job.",
    how="Add --enable-auth; deploy/gcp.sh puts the password into Secret Manager.",
)
def find_open_servers(project: Project) -> Iterator[Spot]:
    """Google's server asks for a password."""
    for number, command in list_commands(project, "gcloud redis instances create"):
        if "--enable-auth" not in command:
            yield Spot(file=SCRIPT, line=number, what="Memorystore asks for no password")


@rule(
    "redis-old",
    why="Spotter's scripts need Redis 7.0 or newer, and Memorystore makes an older one unless told.",
    how="Write --redis-version=redis_7_2 (or newer).",
)
def find_old_servers(project: Project) -> Iterator[Spot]:
    """Google's server is new enough."""
    for number, command in list_commands(project, "gcloud redis instances create"):
        found = re.search(r"--redis-version=redis_(\d+)", command)
        if not found or int(found[1]) < 7:
            yield Spot(file=SCRIPT, line=number, what="Memorystore is not made as Redis 7")


def list_commands(project: Project, start: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the whole of each command in deploy/gcp.sh that begins so."""
    lines = project.read(SCRIPT).splitlines()
    for index, line in enumerate(lines):
        if start in line and not line.lstrip().startswith("#"):
            end = index
            while lines[end].endswith("\\") and end + 1 < len(lines):
                end += 1
            yield index + 1, " ".join(lines[index : end + 1])
