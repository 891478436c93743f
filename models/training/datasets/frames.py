"""Takes frames out of a video file or a camera, every so many seconds.

The only place that imports PyAV, which brings FFmpeg's decoders inside its wheel: files, RTSP
addresses, and local cameras (/dev/video0) all open the same way.
"""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from models.training.datasets.entries import DatasetError

_QUALITY = 92  # of the JPEG that a frame is kept as
_OPEN_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture of a video as a JPEG file."""

    name: str  # of the video, with the time of the frame
    data: bytes


def read_frames(source: str, *, every_seconds: float, most: int, seconds: float) -> Iterator[Frame]:
    """Yield a frame every `every_seconds`, at most `most`, from at most `seconds` of the source.

    Raises:
        DatasetError: when the source cannot be opened or holds no video.
    """
    import av  # it loads FFmpeg's libraries: only who reads videos pays for that

    form = "v4l2" if source.startswith("/dev/video") else None
    try:
        with av.open(source, format=form, timeout=_OPEN_SECONDS) as video:
            if not video.streams.video:
                raise DatasetError(f"{source}: holds no video")
            began, due, taken = time.monotonic(), 0.0, 0
            for number, picture in enumerate(video.decode(video=0)):
                # Cameras count from anywhere, some files not at all: then 25 frames are a second.
                at = picture.time if picture.time is not None else number / 25
                due = at if number == 0 else due
                if at >= due:
                    stream = io.BytesIO()
                    image: Image.Image = picture.to_image()  # type: ignore[no-untyped-call]  # no stubs
                    image.save(stream, "JPEG", quality=_QUALITY)
                    yield Frame(name=f"{Path(source).name}#{at:.2f}", data=stream.getvalue())
                    due, taken = at + every_seconds, taken + 1
                if taken >= most or time.monotonic() - began > seconds:
                    return
    except av.FFmpegError as error:
        raise DatasetError(f"{source}: cannot be read as a video: {error}") from error
