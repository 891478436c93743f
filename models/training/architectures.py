"""The networks: EfficientNet-Lite0 as a frozen trunk and a tail that is trained.

EfficientNet-Lite (Google, 2020) is EfficientNet without squeeze-and-excite and with ReLU6, made
for int8. The trunk ends before block 11, where stage six begins: its outputs can be computed
once and kept, which makes a run on two cores a matter of minutes.
"""

import math

import keras
from keras import layers

from models.training.checkpoint import Arrays, find_weights, read_arrays

# Repeats, kernel, stride of the first, expansion, filters (EfficientNet-B0's table).
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM, _HEAD = 32, 1280
_SCALES = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}  # variant: width, depth
TAIL_STARTS = 11


def build_backbone(
    height: int, width: int, *, variant: int = 0, pretrained: bool = True
) -> keras.Model:
    """Build EfficientNet-Lite0, 1 or 2 without its top, for inputs (n, height, width, 3).

    The inputs are (x-127)/128. With `pretrained` it holds the ImageNet weights, else random ones.

    Raises:
        CheckpointError: when the package with the weights is not installed.
    """
    inputs = keras.Input((height, width, 3))
    x = layers.Conv2D(_STEM, 3, 2, padding="same", use_bias=False, name="conv_stem")(inputs)
    x = _norm(x, "bn0", relu=True)  # (n, height/2, width/2, 32)
    number = 0
    wider, deeper = _SCALES[variant]
    for place, (repeats, kernel, stride, expansion, filters) in enumerate(_STAGES):
        ends = place in (0, len(_STAGES) - 1)  # the first and the last stage are not deepened
        for repeat in range(repeats if ends else math.ceil(repeats * deeper)):
            step = stride if repeat == 0 else 1
            x = _add_block(x, number, kernel, step, expansion, _round(filters * wider))
            number += 1
    x = layers.Conv2D(_HEAD, 1, use_bias=False, name="conv_head")(x)
    x = _norm(x, "bn1", relu=True)  # (n, height/32, width/32, 1280)
    model = keras.Model(inputs, x, name=f"efficientnet_lite{variant}")
    if pretrained:
        _load(model, read_arrays(find_weights(variant)))
    return model


def _round(filters: float) -> int:
    """Round to a multiple of 8, never by more than a tenth down (as EfficientNet does)."""
    rounded = max(8, int(filters + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * filters else rounded + 8


def _norm(x: keras.KerasTensor, name: str, *, relu: bool) -> keras.KerasTensor:
    x = layers.BatchNormalization(epsilon=1e-3, name=name)(x)
    return layers.ReLU(6, name=f"{name}_relu")(x) if relu else x


def _add_block(
    x: keras.KerasTensor, number: int, kernel: int, stride: int, expansion: int, filters: int
) -> keras.KerasTensor:
    """Add one inverted residual block: widen, filter each channel, project."""
    came, channels, name = x, int(x.shape[-1]), f"block{number}"
    if expansion > 1:
        x = layers.Conv2D(channels * expansion, 1, use_bias=False, name=f"{name}_expand_conv")(x)
        x = _norm(x, f"{name}_bn0", relu=True)
    x = layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = _norm(x, f"{name}_bn1", relu=True)
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = _norm(x, f"{name}_bn2", relu=False)
    if stride == 1 and channels == filters:
        x = layers.Add(name=f"{name}_add")([came, x])
    return x


def _load(model: keras.Model, arrays: Arrays) -> None:
    """Copy the checkpoint's arrays into the layers; `block3_bn0` is `_blocks.3._bn0` there."""
    for layer in model.layers:
        if not layer.weights:
            continue
        name = layer.name
        if name.startswith("block"):
            block, part = name.removeprefix("block").split("_", 1)
            source = f"_blocks.{block}._{part}"
        else:
            source = f"_{name}"
        weight = arrays[f"{source}.weight"]
        if isinstance(layer, layers.BatchNormalization):
            moments = [arrays[f"{source}.{key}"] for key in ("bias", "running_mean", "running_var")]
            layer.set_weights([weight, *moments])
        elif isinstance(layer, layers.DepthwiseConv2D):
            layer.set_weights([weight.transpose(2, 3, 0, 1)])  # (h, w, channels, 1)
        else:
            layer.set_weights([weight.transpose(2, 3, 1, 0)])  # (h, w, in, out)


def cut_trunk(backbone: keras.Model, starts: int = TAIL_STARTS) -> keras.Model:
    """Return the part before block `starts`; it is frozen and its outputs can be kept."""
    trunk = keras.Model(backbone.input, _entry(backbone, starts), name="trunk")
    trunk.trainable = False
    return trunk


def cut_tail(backbone: keras.Model, starts: int = TAIL_STARTS, *, pooling: str) -> keras.Model:
    """Return the part from block `starts` on with a new head that gives one logit a picture.

    `pooling` is "mean"; "mean_max" where the evidence may be a small part of the picture; or
    "cells": every place of the last features gets a logit of its own (the layer "cells"), which a
    fit can guide, and the picture's comes from the highest and the mean of them.
    Batch normalisation stays as ImageNet left it: the few sources here would spoil its statistics.
    """
    tail = keras.Model(_entry(backbone, starts), backbone.output, name="tail_features")
    for layer in tail.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    if pooling == "cells":
        cells = layers.Conv2D(1, 1, name="cells", kernel_initializer="zeros")(tail.output)
        pools = [  # of (n, h/32, w/32, 1)
            layers.GlobalMaxPooling2D(name="max_pool")(cells),
            layers.GlobalAveragePooling2D(name="mean_pool")(cells),
        ]
        start = keras.initializers.Constant([[1.0], [0.5]])
        logit = layers.Dense(1, name="head", kernel_initializer=start)(
            layers.Concatenate(name="pools")(pools)  # (n, 2)
        )
        return keras.Model(tail.input, logit, name="tail")
    pooled = layers.GlobalAveragePooling2D(name="mean_pool")(tail.output)  # (n, 1280)
    if pooling == "mean_max":
        highest = layers.GlobalMaxPooling2D(name="max_pool")(tail.output)
        pooled = layers.Concatenate(name="pools")([pooled, highest])  # (n, 2560)
    logit = layers.Dense(1, name="head", kernel_initializer="zeros")(pooled)
    return keras.Model(tail.input, logit, name="tail")


HEAD_LAYERS = ("head", "cells")


def join(trunk: keras.Model, tail: keras.Model) -> keras.Model:
    """Return trunk and tail as one network with a sigmoid, for one picture at a time."""
    inputs = keras.Input(trunk.input_shape[1:], batch_size=1, name="image")
    score = layers.Activation("sigmoid", name="score")(tail(trunk(inputs)))
    return keras.Model(inputs, score, name="classifier")


def _entry(backbone: keras.Model, starts: int) -> keras.KerasTensor:
    known = {layer.name for layer in backbone.layers}
    ours, kerass = f"block{starts}_expand_conv", f"block_{starts}_expand"
    return backbone.get_layer(ours if ours in known else kerass).input
