"""Builds the networks by name; each ends in logits, one for two labels, else one a label.

Owns which layers stay as they are. The activation is added at export: a loss on logits is steadier.
"""

from pathlib import Path

import keras
from keras import layers

from models.manifest import InputSpec
from models.training.architectures import build_backbone
from models.training.networks.recipe import Network
from models.training.recipes import RecipeError

HEAD = "head"


def build_network(
    network: Network, spec: InputSpec, label_count: int, folder: Path, *, pretrained: bool = True
) -> keras.Model:
    """Build a network for inputs (n, height, width, 3) as the spec normalises them.

    Weights named by a file are looked for in `folder`; without `pretrained` all are random, for
    whoever loads other ones anyway.

    Raises:
        RecipeError: when the weights are missing or do not exist for this architecture.
    """
    outputs = 1 if label_count == 2 else label_count
    shape = (spec.height, spec.width, 3)
    match network.architecture:
        case "seed_cnn":
            return _build_seed_cnn(shape, outputs)
        case "drawing_cnn":
            return _build_drawing_cnn(shape, outputs, network.dropout)
    backbone = _open_backbone(network, shape, folder, pretrained=pretrained)
    _freeze(backbone, network)
    if network.architecture == "vgg16":
        x = layers.Flatten(name="flat")(backbone.output)  # (n, 8192) at 150 pixels
        x = layers.Dense(256, activation="relu", name="dense")(x)
        x = layers.Dropout(0.5, name="dropout")(x)
    else:
        x = layers.GlobalAveragePooling2D(name="mean_pool")(backbone.output)  # (n, 1280)
        x = layers.Dropout(network.dropout, name="dropout")(x)
    start = "zeros" if network.weights != "random" else "glorot_uniform"
    logits = layers.Dense(outputs, name=HEAD, kernel_initializer=start, dtype="float32")(x)
    return keras.Model(backbone.input, logits, name=network.architecture.replace(".", "_"))


def _build_seed_cnn(shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build the network of the system that Spotter succeeds: 3,453,121 parameters at 150 pixels."""
    inputs = keras.Input(shape)
    x = inputs
    for number, filters in enumerate((32, 64, 128, 128)):
        x = layers.Conv2D(filters, 3, activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = layers.Flatten(name="flat")(x)  # (n, 6272) at 150 pixels
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Dense(512, activation="relu", name="dense")(x)
    logits = layers.Dense(outputs, name=HEAD, dtype="float32")(x)
    return keras.Model(inputs, logits, name="seed_cnn")


def _build_drawing_cnn(shape: tuple[int, int, int], outputs: int, dropout: float) -> keras.Model:
    """Build a small network for drawings: two pairs of convolutions and a narrow top."""
    inputs = keras.Input(shape)
    x = inputs
    for number, filters in enumerate((24, 48)):
        for part in "ab":
            name = f"{number}{part}"
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{name}")(x)
            x = layers.BatchNormalization(name=f"norm{name}", momentum=0.9)(x)
            x = layers.ReLU(6, name=f"relu{name}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = layers.Flatten(name="flat")(x)  # (n, 2352) at 28 pixels
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(96, activation="relu", name="dense")(x)
    logits = layers.Dense(outputs, name=HEAD, dtype="float32")(x)
    return keras.Model(inputs, logits, name="drawing_cnn")


def _open_backbone(
    network: Network, shape: tuple[int, int, int], folder: Path, *, pretrained: bool
) -> keras.Model:
    name, weights = network.architecture, network.weights
    if name.startswith("efficientnet_lite"):
        if weights not in ("imagenet", "random"):
            raise RecipeError(f'weights of {name} must be "imagenet" or "random", not {weights!r}')
        wanted = pretrained and weights == "imagenet"
        return build_backbone(shape[0], shape[1], variant=int(name[-1]), pretrained=wanted)
    source = None if weights == "random" or not pretrained else weights
    if source not in (None, "imagenet"):
        source = str(folder / source)
        if not Path(source).exists():
            raise RecipeError(f"no weights at {source}: [network] weights names them")
    if name == "vgg16":
        return keras.applications.VGG16(include_top=False, input_shape=shape, weights=source)
    return keras.applications.MobileNetV2(
        include_top=False, input_shape=shape, alpha=float(name.rpartition("_")[2]), weights=source
    )


def _freeze(backbone: keras.Model, network: Network) -> None:
    """Freeze what the recipe says, and the statistics that came with the weights."""
    first = network.frozen
    below = first != "nothing"
    for layer in backbone.layers:
        if isinstance(first, int) and _begins_block(layer.name, first):
            below = False
        statistics = isinstance(layer, layers.BatchNormalization) and network.weights != "random"
        layer.trainable = not (below or statistics)
    if isinstance(first, int) and below:
        raise RecipeError(f"{network.architecture} has no block {first} to fit from")


def _begins_block(name: str, block: int) -> bool:
    """Tell whether a layer is in a block: block3_..., or block_3_... in MobileNetV2."""
    return name.startswith((f"block{block}_", f"block_{block}_"))
