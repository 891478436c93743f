from pathlib import Path

import keras
import numpy as np
import pytest

from models.manifest import InputSpec
from models.training.networks.build import build_network
from models.training.networks.recipe import Network, parse_net_recipe
from models.training.recipes import RecipeError

# Keras 3.15 hands NumPy arrays on in a way that NumPy 2 wants changed; it is not ours to change.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:keras"),
    pytest.mark.timeout(300),
]


def build(architecture: str, side: int, *, labels: int = 2, **settings: object) -> keras.Model:
    network = Network(architecture=architecture, **settings)  # type: ignore[arg-type]
    return build_network(network, InputSpec(width=side, height=side), labels, Path())


def test_the_seed_cnn_is_the_network_of_the_old_system() -> None:
    network = build("seed_cnn", 150)
    assert network.count_params() == 3_453_121
    kinds = [type(layer).__name__ for layer in network.layers[1:]]
    assert kinds == ["Conv2D", "MaxPooling2D"] * 4 + ["Flatten", "Dropout", "Dense", "Dense"]
    assert [layer.filters for layer in network.layers if hasattr(layer, "filters")] == [
        32,
        64,
        128,
        128,
    ]


def test_vgg16_has_the_old_systems_top_and_may_be_frozen() -> None:
    network = build("vgg16", 150, frozen="backbone")
    assert network.get_layer("flat").output.shape == (None, 8192)
    trained = sum(int(np.prod(v.shape)) for v in network.trainable_variables)
    assert trained == 8192 * 256 + 256 + 256 + 1


@pytest.mark.parametrize(("variant", "count"), [(1, 4_189_344), (2, 4_869_168)])
def test_larger_efficientnets_read_their_own_weights(variant: int, count: int) -> None:
    network = build(f"efficientnet_lite{variant}", 64, weights="imagenet", frozen=11)
    head = network.get_layer("head")
    assert network.count_params() - head.count_params() == count
    first = network.get_layer("conv_stem").get_weights()[0]
    assert 0.01 < float(first.std()) < 1
    assert not network.get_layer("block10_expand_conv").trainable
    assert network.get_layer("block11_expand_conv").trainable
    assert not network.get_layer("block11_bn0").trainable


def test_every_label_of_many_gets_a_logit() -> None:
    assert build("drawing_cnn", 28, labels=6).output_shape == (None, 6)


def test_a_frozen_block_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RecipeError, match="no block 40"):
        build("mobilenet_v2_0.35", 64, frozen=40)


def test_missing_weights_are_named() -> None:
    with pytest.raises(RecipeError, match=r"no weights at nothing\.h5"):
        build("mobilenet_v2_1.0", 64, weights="nothing.h5")


@pytest.mark.parametrize(
    ("table", "entry", "reason"),
    [
        ("network", {"architecture": "resnet"}, "expected one of seed_cnn"),
        ("schedule", {"epochs": 0}, "must be above zero"),
        ("augmentation", {"flipp": 0.5}, "flipp"),
        ("aim", {"label": "rider", "miss_at_most": 2}, "expected a share"),
    ],
)
def test_an_impossible_recipe_is_refused(table: str, entry: dict[str, object], reason: str) -> None:
    content: dict[str, object] = {
        "name": "x",
        "version": "1",
        "title": "?",
        "seed": 1,
        "input": {"width": 32, "height": 32},
        "network": {"architecture": "seed_cnn"},
        "schedule": {"epochs": 1},
    }
    content[table] = {**content.get(table, {}), **entry}  # type: ignore[dict-item]
    with pytest.raises(ValueError, match=reason):
        parse_net_recipe(content)
