"""Pictures through the frozen trunk, once, so that fitting the tail costs minutes.

The trunk runs as float LiteRT, which is five times faster on a CPU than TensorFlow is with
depthwise convolutions. Its outputs are kept as float16.
"""

import contextlib
import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.manifest import InputSpec
from models.training.progress import show_progress

Activations = NDArray[np.float16]  # (n, h, w, channels)


def keep_activations(
    trunk: bytes, pixels: NDArray[np.uint8], spec: InputSpec, file: Path, *, threads: int
) -> Activations:
    """Run pictures (n, height, width, 3) through a converted trunk, keep the results in `file`."""
    if not file.exists():
        partial = file.with_suffix(".partial")
        one = open_interpreter(trunk).get_output_details()[0]["shape"][1:]  # (h, w, channels)
        shape = (len(pixels), *(int(n) for n in one))
        kept = np.lib.format.open_memmap(partial, "w+", np.float16, shape)
        _run(trunk, pixels, spec, kept, threads)
        kept.flush()
        partial.replace(file)
    return np.asarray(np.load(file, mmap_mode="r"))


def _run(
    model: bytes, pixels: NDArray[np.uint8], spec: InputSpec, kept: Activations, threads: int
) -> None:
    def run_share(first: int) -> None:
        interpreter = open_interpreter(model)
        source = interpreter.get_input_details()[0]["index"]
        result = interpreter.get_output_details()[0]["index"]
        places = range(first, len(pixels), threads)
        for place in show_progress(places, len(places), "trunk") if first == 0 else places:
            values = (pixels[place].astype(np.float32) - spec.mean) / spec.scale  # (h, w, 3)
            interpreter.set_tensor(source, values[None])
            interpreter.invoke()
            kept[place] = interpreter.get_tensor(result)[0]

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run_share, range(threads)))


def open_interpreter(model: bytes) -> tf.lite.Interpreter:
    """Open a LiteRT file with TensorFlow's own interpreter, on one thread."""
    with warnings.catch_warnings():
        # It tells to use ai_edge_litert, which only models.classifiers.litert may import.
        warnings.simplefilter("ignore")
        interpreter = tf.lite.Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def convert_float(model: keras.Model) -> bytes:
    """Convert a network to a float LiteRT file for one picture at a time."""
    inputs = keras.Input(model.input_shape[1:], batch_size=1)
    wrapped = keras.Model(inputs, model(inputs))
    return run_converter(tf.lite.TFLiteConverter.from_keras_model(wrapped))


def run_converter(converter: tf.lite.TFLiteConverter) -> bytes:
    """Convert without the hundreds of lines that Keras prints about what it saved."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        # The statistics come from the representative pictures; the converter warns all the same.
        warnings.filterwarnings("ignore", "Statistics for quantized inputs")
        return bytes(converter.convert())
