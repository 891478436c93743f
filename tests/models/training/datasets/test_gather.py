from pathlib import Path

import numpy as np
import pytest

from models.training.datasets.download import Downloader
from models.training.datasets.entries import DatasetError
from models.training.datasets.gather import Video, from_table, from_video


@pytest.fixture
def downloader(tmp_path: Path) -> Downloader:
    return Downloader(folder=tmp_path / "kept")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Three seconds of a bar that moves, ten frames a second."""
    import av

    path = tmp_path / "gate.mp4"
    with av.open(str(path), "w") as video:
        stream = video.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(30):
            pixels = np.full((64, 96, 3), 40, np.uint8)
            pixels[:, 3 * number : 3 * number + 8] = 230
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                video.mux(packet)
        for packet in stream.encode():
            video.mux(packet)
    return path


def test_frames_come_every_so_many_seconds_in_one_group(clip: Path) -> None:
    frames = list(from_video(Video(label="person", source=str(clip), every_seconds=0.5)))
    assert [frame.origin for frame in frames] == [f"gate.mp4#{n / 2:.2f}" for n in range(6)]
    assert {(frame.label, frame.group) for frame in frames} == {("person", "gate.mp4")}
    assert frames[0].read()[:2] == b"\xff\xd8"


def test_no_more_frames_than_asked_for_are_taken(clip: Path) -> None:
    video = Video(label="person", source=str(clip), every_seconds=0.1, most=4)
    assert len(list(from_video(video))) == 4


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gate.mp4").write_bytes(b"nothing" * 100)
    with pytest.raises(DatasetError, match="cannot be read as a video"):
        list(from_video(Video(label="x", source=str(tmp_path / "gate.mp4"))))


def test_a_table_keeps_group_licence_and_slices(tmp_path: Path, downloader: Downloader) -> None:
    (tmp_path / "a.jpg").write_bytes(b"content")
    table = tmp_path / "table.csv"
    table.write_text("file,label,group,licence,slice_light\na.jpg,cat,cam1,CC0,night\n", "utf-8")
    (candidate,) = from_table(table, downloader)
    assert candidate.read() == b"content"
    assert (candidate.group, candidate.licence) == ("cam1", "CC0")
    assert candidate.slices == {"light": "night"}


def test_a_row_without_a_picture_is_refused_by_its_line(
    tmp_path: Path, downloader: Downloader
) -> None:
    table = tmp_path / "table.csv"
    table.write_text("url,label\nhttp://x/a.jpg,cat\n,dog\n", "utf-8")
    with pytest.raises(DatasetError, match="line 3"):
        list(from_table(table, downloader))
