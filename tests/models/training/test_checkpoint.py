import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from models.training.checkpoint import CheckpointError, find_weights, read_arrays


def test_the_package_holds_all_arrays_of_efficientnet_lite0() -> None:
    arrays = read_arrays(find_weights())
    counted = {k: v for k, v in arrays.items() if "num_batches" not in k and "running" not in k}
    assert arrays["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert sum(a.size for a in counted.values()) == 4_652_008


def test_arrays_are_in_order_although_kernels_are_stored_transposed() -> None:
    kernel = read_arrays(find_weights())["_conv_head.weight"]
    assert kernel.flags.c_contiguous
    assert np.isfinite(kernel).all()
    assert 0.001 < kernel.std() < 1


class _Attack:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(pickle.dumps(_Attack()))
    with pytest.raises(CheckpointError, match="refused to load"):
        read_arrays(file)


def test_another_format_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    pickle.dump(12345, stream)
    file = tmp_path / "weights.pth"
    file.write_bytes(stream.getvalue())
    with pytest.raises(CheckpointError, match=r"from before 1\.6"):
        read_arrays(file)
