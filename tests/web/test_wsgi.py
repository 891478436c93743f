"""The entry point: light, and clear about what it cannot use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gunicorn.arbiter import Arbiter

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numpy", "PIL", "ai_edge_litert", "tensorflow", "models.classifiers", "worker", "skimage")


def run(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_importing_it_loads_nothing_heavy_and_needs_no_queue() -> None:
    code = (
        "import sys, web.wsgi; "
        f"print([name for name in {HEAVY!r} if name in sys.modules], web.wsgi.app.name)"
    )
    done = run(code, REDIS_URL="redis://127.0.0.1:1/0", SPOTTER_SECRET="s" * 32)
    assert done.stdout.strip() == "[] web", done.stdout + done.stderr
    assert done.returncode == 0


def test_a_setting_that_cannot_be_used_is_one_line() -> None:
    done = run("import web.wsgi")
    assert done.returncode == Arbiter.WORKER_BOOT_ERROR, "else gunicorn would try again for ever"
    assert done.stderr.count("\n") == 1
    assert "REDIS_URL" in done.stderr
    done = run("import web.wsgi", REDIS_URL="redis://x", SPOTTER_SECRET="short")
    assert done.stderr.startswith("web: SPOTTER_SECRET")


def test_gunicorn_s_master_loads_nothing_that_is_patched_later() -> None:
    code = (
        "import sys, web.connections; "
        "print([name for name in ('flask', 'redis', 'celery', 'jobs') if name in sys.modules])"
    )
    assert run(code).stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["SPOTTER_MAX_IMAGE_BYTES", "SPOTTER_MAX_IMAGES", "REDIS_URL"])
def test_a_bad_setting_is_refused_before_flask_is_imported(name: str) -> None:
    fine = {"REDIS_URL": "redis://x", "SPOTTER_SECRET": 32 * "s"}
    code = (
        "import sys\n"
        "try:\n"
        "    import web.wsgi\n"
        "except SystemExit as error:\n"
        "    print(error.code, 'flask' in sys.modules)\n"
    )
    done = run(code, **{**fine, name: "x"})
    assert (done.stdout, done.stderr.startswith(f"web: {name} ")) == ("3 False\n", True)
