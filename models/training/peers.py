"""Other people's small person detectors, scored on the same pictures for comparison."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.training.features import open_interpreter
from models.training.progress import show_progress


def score_peer(file: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Score fitted pictures (n, h, w, 3) with an int8 net whose outputs are [no person, person]."""
    interpreter = open_interpreter(file.read_bytes())
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    _, height, width, channels = source["shape"]
    scale, zero = result["quantization"]
    scores = []
    for picture in show_progress(pixels, len(pixels), file.stem):
        image = Image.fromarray(np.asarray(picture)).convert("RGB" if channels == 3 else "L")
        small = np.asarray(image.resize((int(width), int(height)), Image.Resampling.BILINEAR))
        values = (small.astype(np.int16) - 128).astype(np.int8)  # pixel - 128, as both nets want it
        interpreter.set_tensor(source["index"], values.reshape(source["shape"]))
        interpreter.invoke()
        outputs = (interpreter.get_tensor(result["index"])[0].astype(np.float64) - zero) * scale
        scores.append(outputs[1] / outputs.sum())
    return np.array(scores)
