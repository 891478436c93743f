"""Rules about deploy/Dockerfile: as whom an image runs, how it starts, what is put into it."""

import re
from collections.abc import Iterator

from deploy.doctor.dockerfile import Instruction, read_instructions, read_stages
from deploy.doctor.facts import DOCKERFILE
from deploy.doctor.finding import Spot, rule
from deploy.doctor.project import Project

# These run until they are told to stop, and somebody asks how they are; the others do one thing.
SERVERS = ("web", "worker", "all-in-one", "queue")
REVISION = "org.opencontainers.image.revision="


def list_images(project: Project) -> Iterator[tuple[str, tuple[Instruction, ...]]]:
    """Yield the stages that are images, each with its instructions; the others are on the way."""
    for name, instructions in read_stages(project.read(DOCKERFILE)).items():
        if name in project.facts.targets:
            yield name, instructions


def find_last(instructions: tuple[Instruction, ...], word: str) -> Instruction | None:
    """Return the instruction that holds, of those that say the same thing."""
    return next((one for one in reversed(instructions) if one.word == word), None)


@rule(
    "image-root",
    why="Whoever breaks into the program would be root in the container; a cluster that asks for "
    "runAsNonRoot cannot tell what a name stands for, and refuses it.",
    how="End the stage with USER and a number above 0, such as USER 10001:10001.",
)
def find_root_images(project: Project) -> Iterator[Spot]:
    """Every image runs as a user with a number, who is not root."""
    for name, instructions in list_images(project):
        user = find_last(instructions, "USER") or instructions[0]
        number = user.rest.partition(":")[0] if user.word == "USER" else "root"
        if not number.isdecimal() or int(number) == 0:
            what = f"the image {name} runs as {number}"
            yield Spot(file=DOCKERFILE, line=user.line, what=what)


@rule(
    "image-entry",
    why="A shell would be the first process: it hands no SIGTERM on, so the program never hears that "
    "it is to stop and is killed with its work in hand.",
    how='Write it as a list: ENTRYPOINT ["program", "argument"].',
)
def find_shell_entries(project: Project) -> Iterator[Spot]:
    """Programs are started without a shell."""
    for one in read_instructions(project.read(DOCKERFILE)):
        if one.word in ("ENTRYPOINT", "CMD") and not one.rest.startswith("["):
            yield Spot(file=DOCKERFILE, line=one.line, what=f"{one.word} goes through a shell")


@rule(
    "image-pins",
    why="What is installed would be whatever the index has that day, and could be anybody's.",
    how="Install with --require-hashes from a file of requirements/, and --only-binary :all:, so that "
    "nothing of a package runs while the image is built.",
)
def find_loose_installs(project: Project) -> Iterator[Spot]:
    """Packages come by their hashes, and none is compiled."""
    for one in read_instructions(project.read(DOCKERFILE)):
        if one.word == "RUN" and re.search(r"\bpip\b[^&|;]* install\b", one.rest):
            for flag in ("--require-hashes", "--only-binary :all:"):
                if flag not in one.rest:
                    yield Spot(file=DOCKERFILE, line=one.line, what=f"pip install lacks {flag}")


@rule(
    "image-health",
    why="An engine could not tell a hung container from a working one.",
    how="Give the stage a HEALTHCHECK that asks the program itself.",
)
def find_unasked_images(project: Project) -> Iterator[Spot]:
    """Every image that serves says how to ask for its health."""
    for name, instructions in list_images(project):
        check = find_last(instructions, "HEALTHCHECK")
        if name in SERVERS and (check is None or check.rest == "NONE"):
            line = (check or find_last(instructions, "FROM") or instructions[0]).line
            yield Spot(file=DOCKERFILE, line=line, what=f"the image {name} has no health check")


@rule(
    "image-commit",
    why="Nobody could tell which code runs in an image, or whether a hole that was mended is in it.",
    how=f'Label the stage, or the one below it: LABEL {REVISION}"${{COMMIT}}", after ARG COMMIT.',
)
def find_nameless_images(project: Project) -> Iterator[Spot]:
    """Every image says from which commit it is."""
    for name, instructions in list_images(project):
        if not any(one.word == "LABEL" and REVISION in one.rest for one in instructions):
            begin = find_last(instructions, "FROM") or instructions[0]
            what = f"the image {name} names no commit"
            yield Spot(file=DOCKERFILE, line=begin.line, what=what)
