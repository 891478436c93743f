"""The only file that knows LiteRT: a model file becomes a function from tensor to numbers.

Owns the interpreter and its threads. Refuses to be shared: an interpreter belongs to the process
that built it, after any fork, and to one caller at a time.
"""

from typing import Self

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from models.classifiers.image import Quantisation


class LiteRTModel:
    """A `.tflite` model with one input and one output, run through XNNPACK."""

    def __init__(self, content: bytes, *, threads: int = 1) -> None:
        """Build the interpreter from the content of a model file.

        One thread costs least: a layer split over two takes two thirds of the time on both.

        Raises:
            ValueError: When the content is no model, or has several inputs or outputs.
        """
        self._content = content
        self._interpreter = Interpreter(model_content=content, num_threads=threads)
        self._interpreter.allocate_tensors()
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ValueError(f"expected 1 input and 1 output, got {len(inputs)} and {len(outputs)}")
        self.input_shape: tuple[int, ...] = tuple(int(side) for side in inputs[0]["shape"])
        self.input_dtype: np.dtype[np.generic] = np.dtype(inputs[0]["dtype"])
        self.output_shape: tuple[int, ...] = tuple(int(side) for side in outputs[0]["shape"])
        self._input_quantisation = _read_quantisation(inputs[0]["quantization"])
        self._output_quantisation = _read_quantisation(outputs[0]["quantization"])
        self._input_index: int = inputs[0]["index"]
        self._output_index: int = outputs[0]["index"]

    def on_threads(self, threads: int) -> Self:
        """Build the same model on so many threads, from the content that is held; it is warm."""
        model = type(self)(self._content, threads=threads)
        model.outputs(np.zeros(model.input_shape, model.input_dtype))
        return model

    @property
    def input_quantisation(self) -> Quantisation | None:
        """How the input tensor stands for real values; None for a float tensor."""
        return self._input_quantisation

    def outputs(self, tensor: NDArray[np.generic]) -> NDArray[np.float64]:
        """Run the model on a tensor of `input_shape` and `input_dtype`; outputs of shape (n,)."""
        self._interpreter.set_tensor(self._input_index, tensor)
        self._interpreter.invoke()
        values: NDArray[np.float64] = (
            self._interpreter.get_tensor(self._output_index).reshape(-1).astype(np.float64)
        )
        quantisation = self._output_quantisation
        if quantisation is None:
            return values
        return (values - quantisation.zero_point) * quantisation.scale


def _read_quantisation(details: tuple[float, int]) -> Quantisation | None:
    """LiteRT writes a scale of 0 for a tensor that is not quantised."""
    scale, zero_point = details
    if scale == 0:
        return None
    return Quantisation(scale=float(scale), zero_point=int(zero_point))
