"""The rules of docker-compose.yml and of the images, held without an engine."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.embedded_redis import files
from jobs.tracing import ENDPOINTS
from tests.test_docs import settings_in_readme

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
# Those that run without a profile; the profile `monitoring` adds the others.
SPOTTER = {name: service for name, service in SERVICES.items() if "profiles" not in service}
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
QUEUE = ROOT / "deploy" / "queue"
STAGES = {
    name: text
    for text in re.split(r"^(?=FROM )", DOCKERFILE, flags=re.MULTILINE)
    if (name := text.splitlines()[0].rpartition(" AS ")[2])
}

every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))
every_target = pytest.mark.parametrize("target", ["web", "worker", "queue"])


def test_web_alone_is_published_and_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SPOTTER.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:${PORT:-8080}:8080"]}


def test_what_watches_is_published_on_loopback() -> None:
    ports = [one for service in SERVICES.values() for one in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert all(one["profiles"] == ["monitoring"] for n, one in SERVICES.items() if n not in SPOTTER)


def test_web_alone_can_reach_out() -> None:
    closed = {name for name, one in COMPOSE["networks"].items() if one == {"internal": True}}
    assert closed == {"queue", "watch"}
    reaching = {n for n, service in SPOTTER.items() if not closed.issuperset(service["networks"])}
    assert reaching == {"web"}


def test_prometheus_finds_every_worker_and_not_the_queue() -> None:
    services = COMPOSE["services"]
    assert set(services["prometheus"]["networks"]) == {"front", "watch"}
    assert "watch" in services["worker"]["networks"]
    scraped = yaml.safe_load((ROOT / "deploy/monitoring/prometheus.yml").read_text())
    worker = next(one for one in scraped["scrape_configs"] if one["job_name"] == "spotter-worker")
    found = worker["dns_sd_configs"][0]
    port = services["worker"]["environment"]["SPOTTER_HEALTH_PORT"]
    assert (found["names"], found["type"], str(found["port"])) == (["worker"], "A", port)


@every_service
def test_a_service_is_confined(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all("noexec" in place for place in service["tmpfs"])
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", service["user"])
    assert not {"privileged", "cap_add", "devices", "pid", "network_mode"} & set(service)
    assert not any("docker.sock" in volume for volume in service.get("volumes", ()))


@every_service
def test_a_service_has_limits(service: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+m", service["mem_limit"])
    assert 0 < service["pids_limit"] <= 256
    assert 0 < service["cpus"] <= 2
    assert service["logging"]["options"]["max-size"]


@every_service
def test_a_service_is_watched_reaped_and_given_time(service: dict[str, Any]) -> None:
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["init"] is True
    assert service["stop_grace_period"] == "10s"
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(SPOTTER.keys() - {"queue"}))
def test_the_queue_comes_first(name: str) -> None:
    assert SERVICES[name]["depends_on"] == {"queue": {"condition": "service_healthy"}}


def test_workers_can_be_many() -> None:
    assert not {"container_name", "hostname", "ports"} & set(SERVICES["worker"])


def test_every_setting_of_the_file_is_known_to_the_code() -> None:
    given = {name for service in SPOTTER.values() for name in service.get("environment", {})}
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert {"REDIS_URL", "SPOTTER_HOST"} <= given
    # The last ones are OpenTelemetry's own: docs/monitoring.md.
    known = {"COMMIT", "WORKER_OPTIONS", *ENDPOINTS}
    assert (given | asked) - known <= settings_in_readme()


def test_no_secret_stands_in_the_file() -> None:
    assert COMPOSE["secrets"] == {
        "queue_password": {"file": "./deploy/secrets/queue-password"},
        "grafana_password": {"file": "./deploy/secrets/grafana-password"},
        "metrics_key": {"file": "./deploy/secrets/metrics-key"},
    }
    urls = {service.get("environment", {}).get("REDIS_URL") for service in SERVICES.values()}
    assert urls == {None, "redis://app@queue:6379/0"}
    ignored = subprocess.run(
        ["git", "check-ignore", "-q", "deploy/secrets/queue-password"], cwd=ROOT, check=False
    )
    assert ignored.returncode == 0


def test_the_secret_is_made_once_and_closed(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets"
    script.write_bytes((ROOT / "deploy" / "make-secrets").read_bytes())
    password = tmp_path / "secrets" / "queue-password"
    seen = []
    for _ in range(2):
        subprocess.run(["sh", str(script)], check=True, capture_output=True)
        seen.append(password.read_text())
    assert seen[0] == seen[1]
    assert re.fullmatch(r"[0-9a-f]{64}", seen[0])
    # The containers' users must read the file; the folder keeps everybody else out.
    assert (password.stat().st_mode & 0o777, password.parent.stat().st_mode & 0o777) == (
        0o444,
        0o700,
    )
    made = sorted(path.name for path in password.parent.iterdir())
    assert made == ["grafana-password", "queue-password"]


def test_the_queue_keeps_what_it_took() -> None:
    settings = dict(
        line.split(" ", 1)
        for line in (QUEUE / "queue.conf").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "always"
    assert settings["maxmemory-policy"] == "noeviction"
    # Room for a second copy while the append-only file is rewritten.
    limit = int(SERVICES["queue"]["mem_limit"].removesuffix("m"))
    assert 2 * int(settings["maxmemory"].removesuffix("mb")) <= limit


def test_the_applications_may_do_what_they_may_under_make_up() -> None:
    users = dict(
        line.removeprefix("user ").split(" ", 1)
        for line in (QUEUE / "users.acl").read_text().splitlines()
    )
    assert users["default"] == files.DEFAULT_RULES
    assert users["app"] == f"on #@HASH@ {files._APP_RULES}"
    assert all("-@all" in rules for name, rules in users.items() if name not in ("app", "default"))


@every_target
def test_an_image_starts_directly_as_no_root_and_is_watched(target: str) -> None:
    whole = STAGES[target] if target == "queue" else STAGES["base"] + STAGES[target]
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", whole, re.MULTILINE)
    assert re.search(r"^ENTRYPOINT \[", whole, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\\\n +CMD \[", whole, re.MULTILINE)
    assert 'org.opencontainers.image.revision="${COMMIT}"' in whole
    assert f"target: {target}\n" in (ROOT / "docker-compose.yml").read_text()


@pytest.mark.parametrize("target", ["web", "worker"])
def test_an_image_installs_its_own_pinned_wheels(target: str) -> None:
    command = "install --require-hashes --only-binary :all: -r"
    assert f"{command} /tmp/{target}.txt" in STAGES[f"{target}-packages"]
    copied = re.findall(r"^COPY --from=(\S+)", STAGES[target], re.MULTILINE)
    assert copied == [f"{target}-packages", "sources"]


@pytest.mark.parametrize(
    ("target", "foreign"),
    [("web", ("numpy", "pillow", "ai-edge-litert")), ("worker", ("flask", "gevent", "gunicorn"))],
)
def test_an_image_installs_nothing_of_the_other(target: str, foreign: tuple[str, ...]) -> None:
    text = (ROOT / "requirements" / f"{target}.txt").read_text()
    pinned = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
    assert pinned.isdisjoint({*foreign, "tensorflow", "keras"})


def test_the_context_holds_no_secret_and_no_data() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule.strip("!/") for rule in rules if rule.startswith("!")} == {
        *("deploy/*.py", "deploy/embedded_redis", "deploy/queue"),
        *("jobs", "models", "requirements", "web", "worker"),
    }
