"""Fits a whole network to a dataset, epoch by epoch, and goes on where a killed run was.

Deterministic under the recipe's seed: shuffling, changes of pictures and dropout depend on the
seed and the epoch alone, and every epoch ends with a checkpoint of weights, optimizers and history.
A run that was killed gives the same network as one that was not.
"""

import dataclasses
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.training.datasets.entries import Split
from models.training.networks.batches import Batch, Part, draw_batches, normalise
from models.training.networks.build import HEAD, build_network
from models.training.networks.curves import write_curves
from models.training.networks.recipe import NetRecipe
from models.training.progress import say

Logits = NDArray[np.float64]  # (n, 1) or (n, labels)
_EVERY_SECONDS = 0.5  # between two looks of the progress line


@dataclasses.dataclass(slots=True, kw_only=True)
class Progress:
    """Where a fit is; kept with every checkpoint."""

    epoch: int = 0  # epochs that are done
    best_epoch: int = 0
    best_loss: float = float("inf")
    rows: list[dict[str, float]] = dataclasses.field(default_factory=list)


def fit_network(
    recipe: NetRecipe, labels: tuple[str, ...], parts: dict[Split, Part], run: Path
) -> keras.Model:
    """Fit, or go on fitting, in the folder `run`; return the network of the best epoch."""
    run.mkdir(parents=True, exist_ok=True)
    _prepare_machine(recipe)
    network = build_network(recipe.network, recipe.input, len(labels), parts[Split.TRAIN].folder)
    fitting = _Fitting(recipe, network, parts, run)
    if fitting.progress.epoch == 0:
        network.summary(print_fn=lambda text, **_: say(text))
    while not fitting.is_done():
        fitting.run_epoch()
    fitting.take_best()
    return network


def score_logits(network: keras.Model, pixels: NDArray[np.uint8], recipe: NetRecipe) -> Logits:
    """Return the logits of fitted pictures (n, height, width, 3)."""
    found = [
        np.asarray(network(normalise(pixels[start : start + 32], recipe.input), training=False))
        for start in range(0, len(pixels), 32)
    ]
    return np.concatenate(found).astype(np.float64)


def _prepare_machine(recipe: NetRecipe) -> None:
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    mixed = on_gpu and recipe.schedule.mixed_precision
    # bfloat16 has the range of float32: no scaling of the loss is needed.
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if mixed else "float32")


class _Fitting:
    """The state of one fit between its epochs."""

    def __init__(
        self, recipe: NetRecipe, network: keras.Model, parts: dict[Split, Part], run: Path
    ) -> None:
        self.recipe, self.network, self.parts, self.run = recipe, network, parts, run
        schedule = recipe.schedule
        train = parts[Split.TRAIN]
        self._steps = -(-len(train.entries) // schedule.batch)
        head = {id(v) for v in network.get_layer(HEAD).trainable_variables}
        groups = (
            ([v for v in network.trainable_variables if id(v) not in head], schedule.rate),
            (
                [v for v in network.trainable_variables if id(v) in head],
                schedule.head_rate or schedule.rate,
            ),
        )
        self._optimizers = [
            (keras.optimizers.Adam(rate), variables, rate)
            for variables, rate in groups
            if variables
        ]
        for optimizer, variables, _rate in self._optimizers:
            optimizer.build(variables)
        count = np.bincount(train.labels)
        self._weights = len(train.labels) / (len(count) * count)  # of each label
        self._outputs = int(network.output_shape[-1])
        self._validation = parts[Split.VALIDATION].read_all(recipe.input)
        self._step = self._build_step()
        self.progress = Progress()
        self._best = [np.copy(v.numpy()) for v in network.variables]
        self._file = run / f"fit-{recipe.digest()}.npz"
        self._restore()

    def is_done(self) -> bool:
        """Tell whether all epochs are done, or none got better for as long as the recipe waits."""
        schedule, now = self.recipe.schedule, self.progress
        waited = now.epoch - now.best_epoch
        return now.epoch >= schedule.epochs or bool(
            schedule.patience and now.epoch and waited >= schedule.patience
        )

    def run_epoch(self) -> None:
        """Fit for one epoch, measure on the validation part, and write a checkpoint."""
        epoch, schedule = self.progress.epoch, self.recipe.schedule
        self._seed_layers(epoch)
        started = shown = time.monotonic()
        total = 0.0
        batches = draw_batches(
            self.parts[Split.TRAIN],
            self.recipe.input,
            self.recipe.augmentation,
            size=schedule.batch,
            seed=self.recipe.seed,
            epoch=epoch,
        )
        for number, batch in enumerate(batches, 1):
            self._set_rates((epoch * self._steps + number - 1) / (schedule.epochs * self._steps))
            total += self._fit_batch(batch)
            now = time.monotonic()
            if now - shown > _EVERY_SECONDS:
                shown = now
                self._show(number, total / number, now - started)
        row = self._measure()
        row = {"epoch": epoch + 1, "loss": total / self._steps} | row
        self._note(row, time.monotonic() - started)

    def take_best(self) -> None:
        """Give the network the weights of the best epoch."""
        for variable, value in zip(self.network.variables, self._best, strict=True):
            variable.assign(value)

    def _fit_batch(self, batch: Batch) -> float:
        weights = self._weights[batch.labels] if self.recipe.schedule.class_weights else None
        if weights is None:
            weights = np.ones(len(batch.labels))
        loss = self._step(
            tf.constant(batch.values),
            tf.constant(self._encode(batch.labels)),
            tf.constant(weights, tf.float32),
        )
        return float(loss)

    def _encode(self, labels: NDArray[np.int64]) -> NDArray[np.float32]:
        if self._outputs == 1:
            return labels[:, None].astype(np.float32)  # (n, 1)
        return np.eye(self._outputs, dtype=np.float32)[labels]  # (n, labels)

    def _build_step(self) -> Callable[..., tf.Tensor]:
        """Return a compiled function that makes one step and returns its loss."""
        smoothing = self.recipe.schedule.smoothing
        kind = (
            keras.losses.BinaryCrossentropy
            if self._outputs == 1
            else keras.losses.CategoricalCrossentropy
        )
        measure = kind(from_logits=True, label_smoothing=smoothing, reduction="none")
        network, optimizers = self.network, self._optimizers
        variables = [v for _, mine, _ in optimizers for v in mine]
        shape = (None, *network.input_shape[1:])

        @tf.function(  # type: ignore[untyped-decorator]
            input_signature=[
                tf.TensorSpec(shape, tf.float32),
                tf.TensorSpec((None, self._outputs), tf.float32),
                tf.TensorSpec((None,), tf.float32),
            ]
        )
        def step(values: tf.Tensor, wanted: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                losses = measure(wanted, network(values, training=True))  # (n,)
                loss = tf.reduce_mean(losses * weights)
            slopes = tape.gradient(loss, [v.value for v in variables])
            place = 0
            for optimizer, mine, _rate in optimizers:
                optimizer.apply(slopes[place : place + len(mine)], mine)
                place += len(mine)
            return loss

        compiled: Callable[..., tf.Tensor] = step
        return compiled

    def _set_rates(self, done: float) -> None:
        fall = 0.5 * (1 + np.cos(np.pi * done)) if self.recipe.schedule.fall else 1.0
        for optimizer, _mine, rate in self._optimizers:
            optimizer.learning_rate.assign(rate * fall)

    def _seed_layers(self, epoch: int) -> None:
        """Make dropout depend on the seed and the epoch alone."""
        for place, layer in enumerate(self.network.layers):
            if (generator := getattr(layer, "seed_generator", None)) is not None:
                generator.state.assign([self.recipe.seed * 1000 + place, epoch << 16])

    def _measure(self) -> dict[str, float]:
        logits = score_logits(self.network, self._validation, self.recipe)
        labels = self.parts[Split.VALIDATION].labels
        if self._outputs == 1:
            margins = np.where(labels == 1, logits[:, 0], -logits[:, 0])
            losses, right = np.logaddexp(0, -margins), margins > 0
        else:
            top = logits.max(axis=1, keepdims=True)
            sums = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
            losses = sums - logits[np.arange(len(labels)), labels]
            right = logits.argmax(axis=1) == labels
        # Every label counts alike, as in training.
        count = np.bincount(labels, minlength=len(self._weights))
        weights = (len(labels) / (len(count) * count))[labels]
        return {
            "validation_loss": float((losses * weights).mean()),
            "validation_accuracy": float((right * weights).mean()),
        }

    def _note(self, row: dict[str, float], seconds: float) -> None:
        progress = self.progress
        progress.epoch += 1
        progress.rows.append(row)
        if row["validation_loss"] < progress.best_loss:
            progress.best_loss, progress.best_epoch = row["validation_loss"], progress.epoch
            self._best = [np.copy(v.numpy()) for v in self.network.variables]
        self._save()
        write_curves(self.run, progress.rows, progress.best_epoch)
        star = " *" if progress.best_epoch == progress.epoch else ""
        say(
            f"epoch {progress.epoch}/{self.recipe.schedule.epochs}: loss {row['loss']:.4f}, "
            f"validation loss {row['validation_loss']:.4f}, balanced accuracy "
            f"{row['validation_accuracy']:.1%}, {seconds:.0f} s{star}"
        )

    def _show(self, number: int, loss: float, seconds: float) -> None:
        left = seconds / number * (self._steps - number)
        epoch = self.progress.epoch + 1
        text = f"epoch {epoch}: step {number}/{self._steps}, loss {loss:.4f}, {left:.0f} s left"
        end = "\r" if sys.stderr.isatty() else "\n"
        print(text.ljust(60), end=end, file=sys.stderr, flush=True)

    def _list_state(self) -> dict[str, list[Any]]:
        state: dict[str, list[Any]] = {"network": list(self.network.variables)}
        for place, (optimizer, _mine, _rate) in enumerate(self._optimizers):
            state[f"optimizer{place}"] = list(optimizer.variables)
        return state

    def _save(self) -> None:
        arrays = {
            f"{name}-{place}": np.copy(variable.numpy())
            for name, variables in self._list_state().items()
            for place, variable in enumerate(variables)
        }
        arrays |= {f"best-{place}": value for place, value in enumerate(self._best)}
        arrays["progress"] = np.array(json.dumps(dataclasses.asdict(self.progress)))
        partial = self._file.with_suffix(".partial")
        with partial.open("wb") as opened:
            np.savez(opened, **arrays)  # type: ignore[arg-type]  # the stubs see allow_pickle
        partial.replace(self._file)

    def _restore(self) -> None:
        if not self._file.exists():
            return
        with np.load(self._file, allow_pickle=False) as arrays:
            for name, variables in self._list_state().items():
                for place, variable in enumerate(variables):
                    variable.assign(arrays[f"{name}-{place}"])
            self._best = [arrays[f"best-{place}"] for place in range(len(self._best))]
            self.progress = Progress(**json.loads(str(arrays["progress"])))
        say(f"fit: goes on after epoch {self.progress.epoch}")
