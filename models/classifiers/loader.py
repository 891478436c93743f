"""From an artefact's folder to a classifier that can be trusted, or a reason why not.

Owns the checks of a model file against its manifest and its golden inputs. Refuses a file whose
hash, tensors, pixels or scores are not as promised, and names the file, what was expected and what
came. Nothing in a folder is written.
"""

import hashlib
from pathlib import Path

import numpy as np

from models.classifiers.classifier import Classifier
from models.classifiers.golden import check_golden
from models.classifiers.litert import LiteRTModel
from models.errors import ArtefactMismatch
from models.manifest import Manifest, load_manifest


def load(folder: Path, *, golden: bool = True) -> Classifier:
    """Load the model in `folder` (.../artefacts/<model>/<version>) for this process and thread.

    `golden=False` leaves out the golden inputs: for the export, which has yet to write them.

    Raises:
        ManifestError: When the manifest is missing or malformed.
        ArtefactMismatch: When the model file does not fit its manifest or its golden inputs.
    """
    manifest = load_manifest(folder)
    path = folder / manifest.file
    model = _open_model(path, manifest)
    _check_tensors(path, manifest, model)
    classifier = Classifier(manifest, model)
    _check_scores(path, classifier)
    if golden:
        check_golden(folder, classifier)
    return classifier


def verify(folder: Path) -> Manifest:
    """Check an artefact as `load` does and return its manifest.

    Raises:
        ManifestError: When the manifest is missing or malformed.
        ArtefactMismatch: When the model file does not fit its manifest or its golden inputs.
    """
    return load(folder).manifest


def _open_model(path: Path, manifest: Manifest) -> LiteRTModel:
    """Read the file once, so that the bytes that were checked are the bytes that run."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtefactMismatch(f"{path}: the model file cannot be read: {error}") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != manifest.sha256:
        raise ArtefactMismatch(
            f"{path}: the manifest expects sha256 {manifest.sha256}, the file has {digest}; "
            "restore the file or export the model again"
        )
    try:
        return LiteRTModel(content)
    except (ValueError, RuntimeError) as error:
        raise ArtefactMismatch(f"{path}: LiteRT cannot run the file: {error}") from error


def _check_tensors(path: Path, manifest: Manifest, model: LiteRTModel) -> None:
    spec = manifest.input
    shape = (1, spec.height, spec.width, spec.channels)
    if model.input_shape != shape:
        raise ArtefactMismatch(f"{path}: expected an input {shape}, got {model.input_shape}")
    if model.input_dtype != np.dtype(spec.dtype):
        raise ArtefactMismatch(f"{path}: expected {spec.dtype} input, got {model.input_dtype}")
    if (model.input_quantisation is None) != (spec.dtype == "float32"):
        raise ArtefactMismatch(
            f"{path}: an integer input needs a quantisation and a float input none, "
            f"got {spec.dtype} with {model.input_quantisation}"
        )
    if model.output_shape != (1, manifest.outputs):
        raise ArtefactMismatch(
            f"{path}: expected an output (1, {manifest.outputs}) for a {manifest.task} task with "
            f"{len(manifest.labels)} labels, got {model.output_shape}"
        )


def _check_scores(path: Path, classifier: Classifier) -> None:
    """Catch logits that the manifest calls scores; a black, a grey and a white input will do."""
    spec = classifier.manifest.input
    for level in (0, 128, 255):
        pixels = np.full((spec.height, spec.width, spec.channels), level, dtype=np.uint8)
        scores = classifier.predict_pixels(pixels)
        # A quantised score of 1 comes out as 1 - 1/256, and softmax sums to 1 as roughly.
        if min(scores.values()) < -0.01 or not 0.95 <= sum(scores.values()) <= 1.05:
            raise ArtefactMismatch(
                f"{path}: expected scores from 0 to 1 that sum to 1, got {scores}; "
                'write activation = "none" in the manifest if the graph ends in logits'
            )
