"""The cascade: a pipeline's stages asked in turn until one declines.

Owns what a stage's scores mean for the outcome (label, passed, unsure) and the order of work: the
picture is decoded once, each stage fits its own input from it. Refuses a pipeline whose labels its
models do not know. Arrays stay inside; what leaves is plain data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from PIL import Image

from models.catalogue import Pipeline, Stage, artefact_folder
from models.classifiers.classifier import Classifier
from models.classifiers.image import decode
from models.classifiers.loader import load
from models.errors import ArtefactMismatch, CatalogueError


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What one stage answered."""

    stage: str
    question: str
    model: str
    version: str
    label: str  # the gate's label if passed, else the best of the others
    score: float  # of the gate's label; of the best label where a stage has no gate
    threshold: float
    unsure_band: tuple[float, float]
    passed: bool
    unsure: bool
    scores: Mapping[str, float]
    milliseconds: float  # fitting, normalising and inference, without decoding


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeResult:
    """What a pipeline answered about one picture."""

    text: str
    label: str
    unsure: bool  # one of the stages that were asked is
    stages: tuple[Prediction, ...]
    decoding_milliseconds: float


class Cascade:
    """A pipeline with its classifiers, for one process and one picture at a time."""

    def __init__(self, pipeline: Pipeline, classifiers: tuple[Classifier, ...]) -> None:
        """Join the stages of `pipeline` with one classifier each, in the same order.

        Raises:
            CatalogueError: When a stage passes on a label that its model does not know, or an
                outcome has no text.
        """
        self.pipeline = pipeline
        self._stages = tuple(zip(pipeline.stages, classifiers, strict=True))
        self._smallest = (
            max(classifier.manifest.input.width for classifier in classifiers),
            max(classifier.manifest.input.height for classifier in classifiers),
        )
        for stage, classifier in self._stages:
            _check_labels(pipeline, stage, classifier)

    @classmethod
    def load(
        cls,
        pipeline: Pipeline,
        root: Path,
        versions: Mapping[str, str] | None = None,
        *,
        golden: bool = True,
    ) -> "Cascade":
        """Load every model of `pipeline` from the folder of artefacts `root`, checks included.

        `versions` (model to version) replaces the versions that the pipeline names.
        `golden=False` leaves out the golden inputs, the dearest check: for a process whose like
        has just done it with the same files.

        Raises:
            CatalogueError: When the pipeline does not fit its models.
            ManifestError: When a manifest is missing or malformed.
            ArtefactMismatch: When a model file does not fit its manifest or its golden inputs.
        """
        chosen = versions or {}
        return cls(
            pipeline,
            tuple(
                _load_stage(stage, chosen.get(stage.model, stage.version), root, golden=golden)
                for stage in pipeline.stages
            ),
        )

    def on_threads(self, threads: int) -> "Cascade":
        """Return the same cascade on so many threads, beside this one: same answers, sooner."""
        classifiers = tuple(classifier.on_threads(threads) for _, classifier in self._stages)
        return Cascade(self.pipeline, classifiers)

    @property
    def versions(self) -> dict[str, str]:
        """The version of each model that is loaded."""
        return {stage.model: classifier.manifest.version for stage, classifier in self._stages}

    def run(
        self, data: bytes, on_stage: Callable[[Prediction], None] | None = None
    ) -> CascadeResult:
        """Classify the bytes of a picture; `on_stage` hears of each stage as it ends.

        Raises:
            ImageError: When the picture cannot be decoded.
        """
        started = perf_counter()
        image = decode(data, smallest=self._smallest)
        decoding_milliseconds = 1000 * (perf_counter() - started)
        predictions: list[Prediction] = []
        for stage, classifier in self._stages:
            prediction = _ask(stage, classifier, image)
            predictions.append(prediction)
            if on_stage is not None:
                on_stage(prediction)
            if not prediction.passed:
                break
        label = predictions[-1].label
        return CascadeResult(
            text=self.pipeline.texts[label],
            label=label,
            unsure=any(prediction.unsure for prediction in predictions),
            stages=tuple(predictions),
            decoding_milliseconds=decoding_milliseconds,
        )


def _load_stage(stage: Stage, version: str, root: Path, *, golden: bool) -> Classifier:
    folder = artefact_folder(stage.model, version, root)
    classifier = load(folder, golden=golden)
    manifest = classifier.manifest
    if (manifest.name, manifest.version) != (stage.model, version):
        raise ArtefactMismatch(
            f"{folder}: expected {stage.model} version {version}, its manifest says "
            f"{manifest.name} version {manifest.version}"
        )
    return classifier


def _ask(stage: Stage, classifier: Classifier, image: Image.Image) -> Prediction:
    started = perf_counter()
    scores = classifier.predict(image)
    milliseconds = 1000 * (perf_counter() - started)
    manifest, output = classifier.manifest, classifier.manifest.output
    gate = stage.passes_on or max(scores, key=scores.__getitem__)
    score = scores[gate]
    passed = score >= output.threshold
    others = [label for label in scores if label != stage.passes_on]
    low, high = output.unsure
    return Prediction(
        stage=stage.name,
        question=stage.question,
        model=manifest.name,
        version=manifest.version,
        label=gate if passed else max(others, key=scores.__getitem__),
        score=score,
        threshold=output.threshold,
        unsure_band=output.unsure,
        passed=passed,
        unsure=low <= score <= high,
        scores=scores,
        milliseconds=milliseconds,
    )


def _check_labels(pipeline: Pipeline, stage: Stage, classifier: Classifier) -> None:
    """Check that the stage's gate is a label of its model and every way to end has a text."""
    labels = classifier.manifest.labels
    where = f"pipeline {pipeline.slug}, stage {stage.name}"
    if stage.passes_on is not None and stage.passes_on not in labels:
        raise CatalogueError(
            f"{where}: passes_on must be one of {', '.join(labels)}, got {stage.passes_on!r}"
        )
    is_last = stage is pipeline.stages[-1]
    ends = [label for label in labels if is_last or label != stage.passes_on]
    if missing := [label for label in ends if label not in pipeline.texts]:
        raise CatalogueError(f"{where}: [pipeline.texts] has no text for {', '.join(missing)}")
