"""Fits the tail of the network to kept activations, deterministic under a seed.

The head learns ten times faster than the layers below it: it starts at zero, so that they move
only once it knows in which direction. Both rates fall along half a cosine.
"""

import time
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.training.architectures import HEAD_LAYERS
from models.training.features import Activations
from models.training.framing import THERE, UNKNOWN
from models.training.prepare import Pictures
from models.training.progress import say
from models.training.recipes import Recipe

_HEAD_FASTER = 10.0


def fit_tail(
    tail: keras.Model,
    recipe: Recipe,
    activations: Activations,
    pictures: Pictures,
    chosen: NDArray[np.int64],
    *,
    part: int = 0,
) -> None:
    """Fit a tail, as it is, to the chosen rows; `part` is the round, and its order."""
    seed = recipe.seed + part
    keras.utils.set_random_seed(seed)
    steps = max(1, int(recipe.fit.epochs * len(chosen) / recipe.fit.batch))
    step = _build_step(tail, recipe, steps)
    order = np.random.default_rng(seed)
    rows = np.concatenate(
        [order.permutation(chosen) for _ in range(int(np.ceil(recipe.fit.epochs)) + 1)]
    )
    started, recent = time.monotonic(), 0.0
    for number in range(steps):
        batch = np.sort(rows[number * recipe.fit.batch : (number + 1) * recipe.fit.batch])
        loss = step(
            tf.constant(activations[batch], tf.float32),
            tf.constant(pictures.labels[batch], tf.float32),
            tf.constant(pictures.cells[batch]),
        )
        recent += 0.02 * (float(loss) - recent) if number else float(loss)
        if number % 100 == 99 or number == steps - 1:
            left = (time.monotonic() - started) / (number + 1) * (steps - number - 1)
            say(f"fit: step {number + 1}/{steps}, loss {recent:.4f}, {left:.0f} s left")


def split_rounds(recipe: Recipe, chosen: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the chosen rows of the first round and, if there is one, of the second."""
    second = recipe.fit.second
    parts = [chosen[chosen < second], chosen[chosen >= second]]
    return [part for part in parts if len(part)]


def average(
    all_weights: Sequence[Sequence[NDArray[np.float32]]],
) -> list[NDArray[np.float32]]:
    """Return the mean of several sets of weights that began alike, array by array.

    What the second rounds learned is kept where they agree with each other and with the first, and
    sources that none has seen lose less than by any of them alone (Wortsman et al., Model soups,
    2022).
    """
    return [np.mean(arrays, axis=0) for arrays in zip(*all_weights, strict=True)]


def _build_step(tail: keras.Model, recipe: Recipe, steps: int):  # type: ignore[no-untyped-def]
    """Return a compiled function that makes one step and returns its loss."""
    new = [layer for layer in tail.layers if layer.name in HEAD_LAYERS]
    head = [variable for layer in new for variable in layer.trainable_variables]
    known = {id(variable) for variable in head}
    below = [v for v in tail.trainable_variables if id(v) not in known]
    slow = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(recipe.fit.rate, steps))
    fast = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(recipe.fit.rate * _HEAD_FASTER, steps)
    )
    slow.build(below)
    fast.build(head)
    measure = keras.losses.BinaryCrossentropy(
        from_logits=True, label_smoothing=recipe.fit.smoothing
    )
    guided = recipe.fit.guide > 0
    seen = {"logit": tail.output}
    if guided:
        seen["cells"] = tail.get_layer("cells").output
    network = keras.Model(tail.input, seen)

    @tf.function  # type: ignore[untyped-decorator]
    def step(values: tf.Tensor, labels: tf.Tensor, cells: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            found = network(values, training=True)
            loss = measure(labels[:, None], found["logit"])
            if guided:
                loss += recipe.fit.guide * _measure_cells(cells, found["cells"][..., 0])
        slopes = tape.gradient(loss, [*below, *head])
        slow.apply_gradients(zip(slopes[: len(below)], below, strict=True))
        fast.apply_gradients(zip(slopes[len(below) :], head, strict=True))
        return loss

    return step


def _measure_cells(cells: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the mean cross entropy of the cells, (n, rows, columns), of which something is known.

    It tells the network where to look: a person is in some places of a picture and not in others,
    so that a ground which is typical of pictures with people does not help it.
    """
    known = tf.cast(cells != UNKNOWN, tf.float32)
    there = tf.cast(cells == THERE, tf.float32)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(there, logits)
    return tf.reduce_sum(losses * known) / (tf.reduce_sum(known) + 1.0)


def score(
    tail: keras.Model, activations: Activations, chosen: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the scores in [0, 1] of the chosen rows, shape (n,)."""
    logits = [
        tail(tf.constant(activations[chosen[start : start + 64]], tf.float32), training=False)
        for start in range(0, len(chosen), 64)
    ]
    flat = np.concatenate([np.asarray(part)[:, 0] for part in logits]).astype(np.float64)
    return np.asarray(1 / (1 + np.exp(-flat)), np.float64)
