"""The idx files of MNIST and its relatives, packed with gzip or not (LeCun, http://yann.lecun.com/exdb/mnist/).

Two zero bytes, the type of the numbers (8 = uint8), the number of dimensions, each dimension as a big-endian uint32,
then the numbers.
"""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from ganvas.data.arrays import ArrayPictures, channels_last
from ganvas.data.buffers import spooled
from ganvas.data.source import Labels, Place, Source, class_labels, file_stamp
from ganvas.errors import GanvasError

_UINT8 = 8
_IMAGES = re.compile(r"images.*idx\d|idx\d.*images", re.IGNORECASE)


def is_idx(path: Path) -> bool:
    """Whether the file begins as an idx file of uint8 does, packed or not."""
    try:
        with _opened(path) as stream:
            return bool(stream.read(3) == bytes((0, 0, _UINT8)))
    except (OSError, EOFError, zlib.error):
        return False


def images_in(folder: Path) -> Path | None:
    """The file of images in a folder of idx files: of the training part where there is one; None if there is none.

    Raises:
        GanvasError: several sets lie in the folder.
    """
    parts: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and _IMAGES.search(path.name):
            parts.setdefault(path.name.removesuffix(".gz"), path)
    training = {name: path for name, path in parts.items() if "train" in name.lower()}
    candidates = list((training or parts).values())
    if len(candidates) > 1:
        raise GanvasError(
            f"{folder} holds several sets ({', '.join(p.name for p in candidates)}); give one of the files"
        )
    return candidates[0] if candidates else None


def locate_idx(path: Path, classes: tuple[str, ...] | None = None, name: str | None = None) -> Place:
    """An idx file of images and the labels beside it; see `open_idx`."""
    files = [file for file in (path, _labels_beside(path)) if file]
    return Place(["idx", name, classes, [file_stamp(file) for file in files]], lambda: open_idx(path, classes, name))


def open_idx(path: Path, classes: tuple[str, ...] | None = None, name: str | None = None) -> Source:
    """An idx file of images (N, H, W) with the labels that lie beside it under the matching name.

    Raises:
        GanvasError: truncated, of another type, or labels that do not match.
    """
    images = channels_last(read_idx(path), None, str(path))
    beside = _labels_beside(path)
    labels: dict[str, Labels] = {}
    if beside:
        values = read_idx(beside)
        if values.shape != images.shape[:1]:
            raise GanvasError(f"{beside} holds labels of shape {values.shape} for {len(images)} images in {path.name}")
        labels["labels"] = class_labels(values, str(beside), classes)
    notes = () if beside else (f"no labels lie beside {path.name}",)
    return Source(name or _short_name(path), "idx", ArrayPictures(images, "idx"), labels, notes=notes)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of an idx file, as a read-only map.

    Raises:
        GanvasError: it is none, or shorter than its head says.
    """
    try:
        with _opened(path) as stream:
            shape = _shape(stream)
            values: NDArray[np.uint8] = np.frombuffer(spooled(stream), np.uint8)
    except (OSError, EOFError, zlib.error, struct.error, ValueError) as error:
        raise GanvasError(f"{path} is no readable idx file ({error}); fetch it anew") from error
    if values.size != math.prod(shape):
        raise GanvasError(f"{path} says {shape} and holds {values.size:,} bytes; fetch it anew")
    return values.reshape(shape)


def _shape(stream: IO[bytes]) -> tuple[int, ...]:
    zero, kind, dimensions = struct.unpack(">HBB", stream.read(4))
    if zero != 0 or kind != _UINT8 or not 1 <= dimensions <= 4:
        raise ValueError("it does not begin like one of uint8 numbers")
    return cast(tuple[int, ...], struct.unpack(f">{dimensions}I", stream.read(4 * dimensions)))


def _opened(path: Path) -> Any:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")


def _labels_beside(path: Path) -> Path | None:
    """`train-images-idx3-ubyte.gz` → `train-labels-idx1-ubyte.gz` or the same without `.gz`, whichever there is."""
    wanted = re.sub(r"idx\d", "idx1", path.name.removesuffix(".gz").replace("images", "labels"))
    candidates = (path.with_name(wanted), path.with_name(f"{wanted}.gz"))
    return next((file for file in candidates if file != path and file.is_file()), None)


def _short_name(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix("-ubyte").removesuffix("-idx3")
