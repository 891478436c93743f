"""The queue's folder outlives a power cut: its name and those above it are on the disk."""

import os
from pathlib import Path

import pytest

from deploy.embedded_redis.files import write_files


def test_the_way_to_the_append_only_files_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data/queue"
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_ino))
    files = write_files(folder, append_fsync="always", max_memory_bytes=2**30)
    assert files.append_only_folder.is_dir()
    # A folder's name is saved with the folder that it is in.
    assert {path.stat().st_ino for path in (folder, folder.parent, tmp_path)} <= set(synced)
