"""Which network a recipe builds on, and where its weights come from.

EfficientNet-Lite0 for the shipped models; MobileNetV2 at 0.35 of its width for machines on which
that is too slow. Refuses names that it does not know.
"""

from pathlib import Path

import keras

from models.training.architectures import build_backbone
from models.training.recipes import BACKBONES, Recipe


def open_backbone(recipe: Recipe, data: Path, *, pretrained: bool = True) -> keras.Model:
    """Build a recipe's backbone without a top, for inputs (n, height, width, 3) of (x-127)/128.

    MobileNetV2 reads ImageNet weights from the recipe's `extras.weights` below the data folder, or
    lets Keras download them where the recipe names none.
    """
    height, width = recipe.input.height, recipe.input.width
    if recipe.fit.backbone == "efficientnet_lite0":
        return build_backbone(height, width, pretrained=pretrained)
    weights: str | None = None
    if pretrained:
        named = recipe.extras.get("weights")
        weights = str(data / named) if named else "imagenet"
    return keras.applications.MobileNetV2(
        input_shape=(height, width, 3), alpha=0.35, include_top=False, weights=weights
    )


def name_origin(recipe: Recipe) -> str:
    """Say which weights the backbone started from, for the manifest."""
    return BACKBONES[recipe.fit.backbone]
