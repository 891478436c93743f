"""deploy/gcp.sh prints plans that are sound shell, asks nobody, and fills every value in."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.doctor.containers import Container, list_ours
from deploy.doctor.project import ROOT, Project
from jobs.settings import JobsSettings
from web.settings import Access, WebSettings
from worker.settings import WorkerSettings

PLATFORMS = ("cloudrun", "demo", "appengine", "gke")
SHELLCHECK = Path(sys.executable).with_name("shellcheck")
VALUES = {
    "PROJECT_ID": "mine",
    "PROJECT_NUMBER": "123",
    "REDIS_HOST": "10.64.0.3",
    "WORKER_INSTANCES": "3",
    "TAG": "0123456789ab",
    "DOMAIN": "gate.example",
}


def run_script(
    *arguments: str, folder: Path = ROOT, **values: str
) -> subprocess.CompletedProcess[str]:
    # No gcloud on this PATH: who asks Google fails.
    return subprocess.run(
        ["bash", "deploy/gcp.sh", *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **VALUES, **values},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def check_shell(*arguments: str, text: str | None = None) -> None:
    done = subprocess.run(
        [SHELLCHECK, "--shell=bash", "--external-sources", *arguments],
        input=text,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_script_is_sound_shell() -> None:
    check_shell("deploy/gcp.sh")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_plan_is_sound_shell_and_names_the_project_it_is_for(platform: str) -> None:
    done = run_script("plan", platform)
    assert (done.returncode, done.stderr) == (0, "")
    assert "export CLOUDSDK_CORE_PROJECT=mine" in done.stdout
    assert "your-project" not in done.stdout
    check_shell("-", text=done.stdout)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_plan_makes_nothing_twice(platform: str) -> None:
    plan = re.sub(r"\\\n *", "", run_script("plan", platform).stdout)
    lines = [line for line in plan.splitlines() if re.search(r"gcloud .* create(-auto)? ", line)]
    assert lines
    plan = plan.replace("||\n", "|| ").replace("|\n", "| ")
    for line in plan.splitlines():
        if re.search(r"\bgcloud (?!secrets versions).*? create(-auto)? ", line):
            assert re.search(r"\b(describe|dry-run)\b.*\|\|", line), line


def test_nothing_is_applied_for_nobody_s_project() -> None:
    done = run_script("apply", "cloudrun", PROJECT_ID="your-project")
    assert done.returncode == 1
    assert "set PROJECT_ID" in done.stderr


def commit_copy(folder: Path, *names: str) -> None:
    """Put a copy of files and folders of the project into a repository of their own."""
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--message=x"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)


def test_what_no_commit_has_is_not_built(tmp_path: Path) -> None:
    """Images are named after the commit: a folder with changes would get another's name."""
    commit_copy(tmp_path, "deploy/gcp.sh", "deploy/gcp.env")
    clean = run_script("apply", "demo", folder=tmp_path)
    assert "gcloud" in clean.stderr, "there is none on this PATH, so it gets no further"
    assert "commit first" not in clean.stderr
    with (tmp_path / "deploy/gcp.env").open("a") as file:
        file.write("\n")
    changed = run_script("apply", "demo", folder=tmp_path)
    assert (changed.returncode, "commit first" in changed.stderr) == (1, True)


# A Google that has nothing yet, and keeps the secrets that it is given as files in $KEPT.
GCLOUD = """#!/bin/sh
case "$*" in
    *get-auth-string*) echo hush-hush ;;
    "redis instances describe"*value*) echo 10.0.0.9 ;;
    "secrets create"*) cat >"$KEPT/$3" ;;
    *describe*) exit 1 ;;
esac
"""


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_plan_runs_to_its_end_and_shows_no_secret(platform: str, tmp_path: Path) -> None:
    project, programs, kept = (tmp_path / name for name in ("project", "programs", "kept"))
    for folder in (project, programs, kept):
        folder.mkdir()
    folders = ("deploy/cloudrun", "deploy/appengine", "deploy/gke")
    commit_copy(project, "deploy/gcp.sh", "deploy/gcp.env", "app.yaml", *folders)
    for name, text in (("gcloud", GCLOUD), ("kubectl", "#!/bin/sh\ncat >/dev/null\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    path = f"{programs}:/usr/bin:/bin"
    done = run_script("apply", platform, folder=project, PATH=path, KEPT=str(kept))
    assert done.returncode == 0, done.stderr
    secrets = {one.name: one.read_text() for one in kept.iterdir()}
    assert len(secrets["spotter-cookie-secret"]) == 64
    if platform != "demo":
        assert secrets["spotter-queue-password"] == "hush-hush"
    if platform == "appengine":
        assert secrets["spotter-redis-url"] == "redis://:hush-hush@10.0.0.9:6379/0"
    for secret in secrets.values():
        assert secret not in done.stdout + done.stderr, "it would stay in a terminal or a log"


@pytest.mark.parametrize(
    ("found", "order"), [("exit 0", ["worker", "web"]), ("exit 1", ["web", "worker"])]
)
def test_a_new_application_gets_its_default_service_first(
    found: str, order: list[str], tmp_path: Path
) -> None:
    """App Engine takes no other one before it; later on workers go first, as everywhere."""
    commit_copy(tmp_path, "deploy/gcp.sh", "deploy/gcp.env", "app.yaml", "deploy/appengine")
    (tmp_path / "gcloud").write_text(f"""#!/bin/sh
case "$*" in
    *describe*) {found} ;;
    *--image-url*) echo "$*" >>deployed ;;
esac
""")
    (tmp_path / "gcloud").chmod(0o755)
    done = run_script("release", "appengine", folder=tmp_path, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    deployed = (tmp_path / "deployed").read_text()
    assert re.findall(r"/(web|worker):0123456789ab ", deployed) == order


def test_every_account_of_the_plans_stands_in_the_runbook() -> None:
    runbook = (ROOT / "deploy" / "README.md").read_text()
    plans = "".join(run_script("plan", platform).stdout for platform in PLATFORMS)
    accounts = set(re.findall(r"(spotter-\w+)@mine\.iam", plans))
    assert len(accounts) >= 5
    assert accounts <= set(re.findall(r"^\| `(spotter-\w+)`", runbook, re.MULTILINE))


def test_no_node_runs_as_the_default_account() -> None:
    plan = re.sub(r"\\\n *", "", run_script("plan", "gke").stdout)
    (create,) = [line for line in plan.splitlines() if "create-auto" in line]
    assert "--service-account=spotter-node@mine.iam.gserviceaccount.com" in create


def test_without_a_platform_it_asks_for_one() -> None:
    assert "say which" in run_script("plan").stderr


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the deployment's files with every value filled in."""
    folder = tmp_path_factory.mktemp("rendered")
    shutil.copytree(
        ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("*.py*", "var")
    )
    shutil.copy(ROOT / "app.yaml", folder)
    done = run_script(
        "render", "app.yaml", "deploy/cloudrun", "deploy/appengine", "deploy/gke", folder=folder
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "var" / "gcp"


def test_every_value_is_filled_in(rendered: Path) -> None:
    files = sorted(rendered.rglob("*.yaml"))
    assert [str(path.relative_to(rendered)) for path in files] == sorted(Project().templates)
    for path in files:
        for document in yaml.safe_load_all(path.read_text()):
            assert "${" not in str(document), path


def test_a_release_keeps_the_number_of_workers(rendered: Path) -> None:
    text = (rendered / "deploy/cloudrun/workerpool.yaml").read_text()
    assert 'run.googleapis.com/manualInstanceCount: "3"' in text


def list_rendered(rendered: Path) -> list[Container]:
    return [
        one for one in list_ours(Project(rendered)) if one.document.path != "docker-compose.yml"
    ]


@pytest.mark.parametrize("target", ["web", "worker"])
def test_programs_accept_the_settings_that_the_files_give(
    rendered: Path, target: str, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("hush")
    containers = [one for one in list_rendered(rendered) if one.target == target]
    assert len(containers) == 3
    for container in containers:
        given = {name: setting.value or "x" * 32 for name, setting in container.settings.items()}
        if "SPOTTER_REDIS_PASSWORD_FILE" in given:
            given["SPOTTER_REDIS_PASSWORD_FILE"] = str(password)
        if given["REDIS_URL"].startswith("sm://"):  # read from Secret Manager before anything else
            given["REDIS_URL"] = "redis://:hush@10.64.0.3:6379/0"
        assert JobsSettings.from_env(given).redis_url
        if target == "worker":
            settings = WorkerSettings.from_env(given, cores=64)
            assert (settings.children, settings.health_port > 0) == (2, True)
        else:
            web = WebSettings.from_env({"SPOTTER_HOST": "0.0.0.0", **given})
            assert web.access is Access.KEYS
            assert web.trusted_proxies


def test_all_in_one_accepts_its_settings(rendered: Path) -> None:
    (container,) = [one for one in list_rendered(rendered) if one.target == "all-in-one"]
    given = {name: setting.value or "x" * 32 for name, setting in container.settings.items()}
    assert WebSettings.from_env({"SPOTTER_HOST": "0.0.0.0", **given}).access is Access.KEYS


def test_a_value_that_nobody_gives_is_asked_of_google(tmp_path: Path) -> None:
    asked = tmp_path / "gcloud"
    asked.write_text('#!/bin/sh\necho "$*" >asked\necho 10.0.0.9\n')
    asked.chmod(0o755)
    shutil.copytree(ROOT / "deploy/cloudrun", tmp_path / "deploy/cloudrun")
    for name in ("gcp.sh", "gcp.env"):
        shutil.copy(ROOT / "deploy" / name, tmp_path / "deploy")
    path = f"{tmp_path}:/usr/bin:/bin"
    done = run_script(
        "render", "deploy/cloudrun/crema.yaml", folder=tmp_path, REDIS_HOST="", PATH=path
    )
    assert done.returncode == 0, done.stderr
    assert "redis instances describe spotter-queue" in (tmp_path / "asked").read_text()
    assert "10.0.0.9:6379" in (tmp_path / "var/gcp/deploy/cloudrun/crema.yaml").read_text()
