import numpy as np
import pytest

from models.classifiers.image import Quantisation, normalise
from models.manifest import DType, InputSpec

LEVELS = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)


def spec(dtype: DType, mean: float = 127.0, scale: float = 128.0) -> InputSpec:
    return InputSpec(width=16, height=16, dtype=dtype, mean=mean, scale=scale)


def test_a_float_model_gets_the_value_range_of_its_manifest() -> None:
    tensor = normalise(LEVELS, spec("float32"))
    expected = (LEVELS.astype(np.float64) - 127) / 128
    assert (tensor.shape, tensor.dtype) == ((1, 16, 16, 3), np.float32)
    np.testing.assert_allclose(tensor[0], expected, atol=1e-7)


def test_int8_of_scale_one_128th_is_the_pixel_less_128() -> None:
    tensor = normalise(LEVELS, spec("int8"), Quantisation(scale=1 / 128, zero_point=-1))
    assert tensor.dtype == np.int8
    np.testing.assert_array_equal(tensor[0], LEVELS.astype(int) - 128)


@pytest.mark.parametrize(
    ("dtype", "mean", "scale", "quantisation"),
    [
        ("int8", 127.0, 128.0, Quantisation(scale=0.0078, zero_point=-2)),
        ("int8", 0.0, 255.0, Quantisation(scale=1 / 255, zero_point=-128)),
        ("uint8", 127.5, 127.5, Quantisation(scale=2 / 255, zero_point=128)),
        ("uint8", 0.0, 1.0, Quantisation(scale=1.0, zero_point=0)),
    ],
)
def test_integers_are_rounded_and_clipped_as_the_tensor_is_quantised(
    dtype: DType, mean: float, scale: float, quantisation: Quantisation
) -> None:
    tensor = normalise(LEVELS, spec(dtype, mean, scale), quantisation)
    real = (LEVELS.astype(np.float64) - mean) / scale
    limits = np.iinfo(dtype)
    steps = np.rint(real / quantisation.scale) + quantisation.zero_point
    np.testing.assert_array_equal(tensor[0], np.clip(steps, limits.min, limits.max))
    assert tensor.dtype == np.dtype(dtype)


def test_an_integer_model_needs_its_quantisation() -> None:
    with pytest.raises(ValueError, match="int8 input needs the quantisation"):
        normalise(LEVELS, spec("int8"))


def test_pixels_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected pixels \(16, 16, 3\), got \(8, 16, 3\)"):
        normalise(LEVELS[:8], spec("float32"))
