"""Makes .venv and installs one pinned set of requirements into it, if that is not done yet.

    python3 deploy/install.py up|dev|fuzz

Runs on the user's own Python, before anything is installed: standard library only, and plain
enough for an old Python to read it and say that it is too old.
"""

import hashlib
import os
import platform
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)
# TensorFlow, which the tests need, has none for 3.14.
NEWEST = {"up": (3, 14), "dev": (3, 13), "fuzz": (3, 13)}


def main(name):
    """Install the set `name`; return 0 when it is there."""
    problem = find_problem(name)
    if problem:
        print(problem, file=sys.stderr)
        return 1
    stamp = os.path.join(VENV, ".installed-" + name)
    wanted = hash_set(name)
    if runs(PYTHON) and read(stamp) == wanted:
        os.utime(stamp)  # for make, which compares times
        return 0
    if not runs(PYTHON) and not make_venv():
        return 1
    return install(name, stamp, wanted)


def find_problem(name):
    """Return what makes this Python unfit for the set, in one line, or an empty text."""
    found = sys.version_info[:2]
    if OLDEST <= found <= NEWEST[name]:
        return ""
    return (
        "Spotter needs Python %d.%d to %d.%d for this, and %s is %s. "
        "Name another one: make PYTHON=python3.12 %s"
        % (
            *(OLDEST + NEWEST[name]),
            sys.executable,
            platform.python_version(),
            {"dev": "test"}.get(name, name),
        )
    )


def make_venv():
    """Make .venv anew; return whether it worked."""
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", VENV], stdout=subprocess.PIPE, check=False
    )
    if made.returncode:
        print(
            "This Python cannot make a virtual environment. "
            "On Debian and Ubuntu: apt install python3-venv",
            file=sys.stderr,
        )
    return made.returncode == 0


def install(name, stamp, wanted):
    """Let pip install the set and note that it is there; return pip's exit status."""
    print("Installing the libraries into .venv (once, takes a minute or so)", flush=True)
    done = subprocess.run(
        [
            PYTHON, "-m", "pip", "install", "--quiet", "--no-input",
            "--disable-pip-version-check", "--require-hashes", "--no-deps",
            "-r", requirements(name),
        ],
        check=False,
    )  # fmt: skip
    if done.returncode:
        print("The libraries could not be installed; pip says why above.", file=sys.stderr)
        return done.returncode
    with open(stamp, "w") as file:
        file.write(wanted)
    return 0


def requirements(name):
    """Return the path of the set's requirements."""
    return os.path.join(ROOT, "requirements", name + ".txt")


def hash_set(name):
    """Return what the stamp of an installed set holds: its pins and the Python they are for."""
    with open(requirements(name), "rb") as file:
        pins = hashlib.sha256(file.read()).hexdigest()
    return "%s %s" % (pins, platform.python_version())


def runs(python):
    """Tell whether .venv's Python is there and starts; an upgrade of the system may break it."""
    try:
        return subprocess.run([python, "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def read(path):
    """Return the text of a file, empty where there is none."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
