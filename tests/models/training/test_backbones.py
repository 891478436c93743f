import dataclasses
from pathlib import Path

import numpy as np
import pytest

from models.training.architectures import cut_tail, cut_trunk
from models.training.backbones import open_backbone
from models.training.recipes import BACKBONES, Recipe

# Keras 3.15 hands NumPy arrays on in a way that NumPy 2 wants changed; it is not ours to change.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")


@pytest.mark.parametrize(
    ("backbone", "starts"), [("efficientnet_lite0", 15), ("mobilenet_v2_0.35", 16)]
)
def test_every_backbone_falls_into_a_trunk_and_a_tail(
    scene_recipe: Recipe, backbone: str, starts: int
) -> None:
    fit = dataclasses.replace(scene_recipe.fit, backbone=backbone, starts=starts)
    recipe = dataclasses.replace(scene_recipe, fit=fit)
    network = open_backbone(recipe, Path(), pretrained=False)
    trunk, tail = cut_trunk(network, starts), cut_tail(network, starts, pooling="cells")
    picture = np.random.default_rng(1).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
    assert tuple(tail(trunk(picture)).shape) == (1, 1)
    assert tuple(network(picture).shape) == (1, 2, 2, 1280)
    assert backbone in BACKBONES
