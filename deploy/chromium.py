"""Finds the Chromium of the browser tests; as root on Debian it installs the package.

`python -m deploy.chromium` is a step of `make test`. It never fails: without a Chromium the browser
tests are not run, and the tests' summary says so.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HINT = (
    "Browser tests need a Chromium, and none was found. "
    "To get one: .venv/bin/python -m playwright install chromium"
)


def find_chromium(environ: Mapping[str, str]) -> Path | None:
    """Return the program on PATH, else the newest of those that Playwright installed."""
    for name in NAMES:
        if found := shutil.which(name, path=environ.get("PATH")):
            return Path(found)
    folder = environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if sys.platform == "darwin":
        default, pattern = "Library/Caches", "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/*"
    else:
        default, pattern = ".cache", "chromium-*/chrome-linux*/chrome"
    place = Path(folder) if folder else Path.home() / default / "ms-playwright"
    return max(place.glob(pattern), default=None)


def main() -> int:
    """Make sure that there is a Chromium, or say how to get one."""
    if find_chromium(os.environ):
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the browser tests", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in ("update", "install -y --no-install-recommends chromium"):
            subprocess.run(["apt-get", "-qq", *command.split()], env=quiet, check=False)
    if not find_chromium(os.environ):
        print(HINT, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
