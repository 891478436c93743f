"""What the doctor looks at: the files of a deployment, read once each.

`overrides` puts another text in a file's place (or leaves the file out, by None), so that a mistake
can be planted without touching the disk.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path

from deploy.doctor.documents import Document, Reading, read_yaml
from deploy.doctor.facts import Facts

ROOT = Path(__file__).resolve().parents[2]
VALUES = "deploy/gcp.env"
APP_ENGINE = ("app.yaml", "deploy/appengine/worker.yaml")
DISPATCH = "deploy/appengine/dispatch.yaml"
BUILD = "deploy/cloudbuild.yaml"
COMPOSE = "docker-compose.yml"
SCRIPT = "deploy/gcp.sh"
WATCH = "deploy/monitoring/prometheus.yml"
FOLDERS = ("deploy/cloudrun", "deploy/appengine", "deploy/gke")

_read = lru_cache(maxsize=512)(read_yaml)


@lru_cache(maxsize=1024)
def _read_file(place: Path, _changed: int) -> str:
    return place.read_text(encoding="utf-8")


class Project:
    """The files under one folder."""

    def __init__(
        self, root: Path = ROOT, overrides: Mapping[str, str | None] | None = None
    ) -> None:
        self.root = root
        self.overrides = dict(overrides or {})

    def read(self, path: str) -> str:
        """Return a file's text; nothing where there is no such file."""
        if path in self.overrides:
            return self.overrides[path] or ""
        place = self.root / path
        return _read_file(place, place.stat().st_mtime_ns) if place.is_file() else ""

    def list_files(self, folder: str, pattern: str) -> list[str]:
        """Return the paths in one folder that fit a pattern such as `*.yaml`."""
        found = {f"{folder}/{path.name}" for path in (self.root / folder).glob(pattern)}
        planted = {
            p for p in self.overrides if p.rpartition("/")[0] == folder and Path(p).match(pattern)
        }
        return sorted(p for p in found | planted if self.overrides.get(p, "") is not None)

    def read_documents(self, path: str) -> Reading:
        """Return a YAML file's documents and faults."""
        return _read(path, self.read(path))

    @cached_property
    def yaml_files(self) -> tuple[str, ...]:
        """Every YAML file that a deployment is made of, as far as it is there."""
        found = [path for folder in FOLDERS for path in self.list_files(folder, "*.yaml")]
        alone = [path for path in (APP_ENGINE[0], BUILD, COMPOSE, WATCH) if self.read(path)]
        return tuple(sorted({*found, *alone}))

    @cached_property
    def templates(self) -> tuple[str, ...]:
        """The files in which `deploy/gcp.sh` fills in values."""
        return tuple(path for path in self.yaml_files if path not in (BUILD, COMPOSE, WATCH))

    def find(self, *, folder: str = "", kind: str = "") -> Iterator[Document]:
        """Yield the documents of a folder, of one kind: `Service` or `apps/v1 Deployment`."""
        for path in self.yaml_files:
            if path.startswith(folder):
                for document in self.read_documents(path).documents:
                    if not kind or kind in (document.kind, document.kind.rpartition(" ")[2]):
                        yield document

    @cached_property
    def cloud_run(self) -> tuple[Document, ...]:
        """The services and worker pools of Cloud Run."""
        found = self.find(folder="deploy/cloudrun/")
        return tuple(d for d in found if d.kind.rpartition(" ")[2] in ("Service", "WorkerPool"))

    @cached_property
    def app_engine(self) -> tuple[Document, ...]:
        """The services of App Engine."""
        return tuple(
            document
            for path in APP_ENGINE
            for document in self.read_documents(path).documents
            if isinstance(document.data, dict)
        )

    @cached_property
    def facts(self) -> Facts:
        """What the code itself says."""
        return Facts(self.read, lambda folder: self.list_files(folder, "*.py"))
