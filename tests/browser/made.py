"""Pictures, a video and models made for the browser tests: the four answers on demand.

The models are real LiteRT files, as in `tests/models`: one sees a human where a picture is red, the
other a rider where it is green. Everything between the page and the score is the real thing.
"""

import hashlib
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from models.catalogue import load_pipelines
from models.classifiers.golden import write_golden
from models.classifiers.loader import load
from models.manifest import InputSpec, Manifest, OutputSpec, format_manifest
from tests.models.classifiers.conftest import SIDE, build_model, channel_means

ASTRONAUT = Path(__file__).resolve().parents[2] / "web/static/img/astronaut.jpg"
RED, GREEN = 0, 1
# Means of a channel at which a model says 0.5, in grey levels: the astronaut (125 and 104) is then
# surely a human and surely no rider.
MIDDLES = {RED: 96.0, GREEN: 140.0}
GAIN = 20.0


def write_models(root: Path) -> Path:
    """Write both artefacts of the pipeline zomato-rider."""
    _write_model(root, "person", ("no_human", "human"), RED)
    _write_model(root, "zomato_rider", ("others", "zomato_delivery_boy"), GREEN)
    return root


def _write_model(root: Path, name: str, labels: tuple[str, str], channel: int) -> None:
    stages = [stage for pipeline in load_pipelines().values() for stage in pipeline.stages]
    version = next(stage.version for stage in stages if stage.model == name)
    bias = np.array([-GAIN * (MIDDLES[channel] - 127) / 128], dtype=np.float32)
    content = build_model(channel_means(SIDE, [channel], GAIN), bias, "sigmoid")
    manifest = Manifest(
        name=name,
        version=version,
        title="Made for the browser tests",
        sha256=hashlib.sha256(content).hexdigest(),
        task="binary",
        labels=labels,
        input=InputSpec(width=SIDE, height=SIDE, dtype="float32"),
        output=OutputSpec(
            activation="sigmoid",
            threshold=0.5,
            unsure=(0.4, 0.6),
            threshold_chosen="by hand",
            positive=labels[1],
        ),
        provenance={"licence": "made for tests"},
    )
    folder = root / name / version
    folder.mkdir(parents=True)
    (folder / manifest.file).write_bytes(content)
    (folder / "manifest.toml").write_text(format_manifest(manifest), encoding="utf-8")
    write_golden(folder, manifest, load(folder, golden=False))


def make_scene(width: int = 640, height: int = 480) -> Image.Image:
    """Draw a gate in the evening with nobody in front of it."""
    scene = Image.new("RGB", (width, height), (52, 70, 96))
    draw = ImageDraw.Draw(scene)
    draw.rectangle((0, height * 0.7, width, height), fill=(58, 62, 60))
    draw.rectangle((width * 0.2, height * 0.25, width * 0.8, height * 0.75), fill=(40, 46, 58))
    for bar in range(9):
        at = width * (0.22 + 0.07 * bar)
        draw.line((at, height * 0.25, at, height * 0.75), fill=(104, 112, 124), width=5)
    lamp = (width * 0.86, height * 0.1, width * 0.94, height * 0.1 + width * 0.08)
    draw.ellipse(lamp, fill="#dcb")
    return scene


def make_astronaut(green: float | None = None) -> Image.Image:
    """Return the astronaut; with `green`, shifted so that this is the mean of the green channel."""
    picture = Image.open(ASTRONAUT).convert("RGB")
    if green is None:
        return picture
    pixels = np.asarray(picture).astype(np.float32)
    # A few rounds, since what leaves the range is cut off and moves the mean less.
    for _ in range(12):
        pixels[..., GREEN] = (pixels[..., GREEN] + green - pixels[..., GREEN].mean()).clip(0, 255)
    return Image.fromarray(pixels.round().astype(np.uint8))


def encode(picture: Image.Image, **options: object) -> bytes:
    """Write a picture as JPEG."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def make_pictures() -> dict[str, bytes]:
    """Return a picture for each of the four answers."""
    return {
        "someone": encode(make_astronaut()),
        "rider": encode(make_astronaut(green=175)),
        "nobody": encode(make_scene()),
        "unsure": encode(make_astronaut(green=MIDDLES[GREEN] - 0.8)),
    }


def write_video(path: Path, seconds_each: float = 3.0) -> Path:
    """Write what the fake camera plays for ever: somebody comes, and goes again (Motion JPEG)."""
    person = make_scene()
    person.paste(make_astronaut().resize((480, 480)), (80, 0))
    frames = [encode(person)] * int(30 * seconds_each) + [encode(make_scene())] * int(
        30 * seconds_each
    )
    path.write_bytes(b"".join(frames))
    return path
