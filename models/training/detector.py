"""Finds people in photos with YOLOX-nano, if it is at hand: boxes to cut and paste people by.

Only preparing uses it, never serving. Without the file (or without onnxruntime) training goes on
with whole photos alone. The network and its decoding: Ge et al., YOLOX, 2021.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.training.progress import say, show_progress
from models.training.sources import Box, Photo

_SIDE = 416  # pixels
_LEAST_SCORE, _MOST_OVERLAP, _MOST_BOXES = 0.04, 0.5, 40


class Detector:
    """Finds the people in one picture."""

    def __init__(self, model: Path, *, threads: int = 0) -> None:
        """Open the network; `threads` 0 uses all cores.

        Raises:
            ModuleNotFoundError: when onnxruntime is not installed.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(str(model), options, providers=providers)
        self._source = self._session.get_inputs()[0].name

    def find(self, image: Image.Image) -> list[Box]:
        """Return the boxes of people, best first."""
        scale = _SIDE / max(image.size)
        fed = {self._source: _letterbox(image, scale)}
        return _decode(self._session.run(None, fed)[0][0], image.size, scale)  # (3549, 85)


def open_detector(model: Path, *, threads: int = 0) -> Detector | None:
    """Open the detector, or say why there is none."""
    if not model.exists():
        say(f"no detector at {model}: people are neither cut out nor pasted")
        return None
    try:
        return Detector(model, threads=threads)
    except ModuleNotFoundError:
        say("onnxruntime is not installed: people are neither cut out nor pasted")
        return None


def find_people(model: Path, photos: Sequence[Photo]) -> dict[str, list[Box]]:
    """Return the boxes of people in each photo, best first; nothing when there is no detector."""
    detector = open_detector(model)
    if detector is None:
        return {}
    shown = show_progress(photos, len(photos), "people")
    return {photo.name: detector.find(photo.open()) for photo in shown}


def _letterbox(image: Image.Image, scale: float) -> NDArray[np.float32]:
    size = (round(image.width * scale), round(image.height * scale))
    canvas = np.full((_SIDE, _SIDE, 3), 114, np.float32)
    canvas[: size[1], : size[0]] = np.asarray(image.resize(size))[..., ::-1]  # BGR
    return canvas.transpose(2, 0, 1)[None]  # (1, 3, 416, 416)


def _decode(output: NDArray[np.float32], size: tuple[int, int], scale: float) -> list[Box]:
    """Turn the network's cells into boxes in pixels and drop those that overlap a better one."""
    cells, strides = [], []
    for stride in (8, 16, 32):
        y, x = np.mgrid[: _SIDE // stride, : _SIDE // stride]
        cells.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full((x.size, 1), stride))
    step = np.concatenate(strides)
    scores = output[:, 4] * output[:, 5]  # something, and a person
    centres = (output[:, :2] + np.concatenate(cells)) * step / scale
    sides = np.exp(output[:, 2:4]) * step / scale
    corners = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)
    corners = corners.clip(0, [*size, *size])  # (3549, 4)
    kept: list[Box] = []
    for place in np.argsort(-scores):
        if scores[place] < _LEAST_SCORE or len(kept) == _MOST_BOXES:
            break
        left, top, right, bottom = (round(float(edge), 2) for edge in corners[place])
        box = (left, top, right, bottom, round(float(scores[place]), 3))
        if all(_overlap(box, other) <= _MOST_OVERLAP for other in kept):
            kept.append(box)
    return kept


def _overlap(one: Box, other: Box) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return wide * high / (sum(areas) - wide * high)
