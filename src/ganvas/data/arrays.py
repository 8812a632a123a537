"""Pictures in one array: the base of idx and CIFAR files, and `.npz` archives.

An `.npz` holds ``images`` (or exactly one array of 3 or 4 dimensions): (N, H, W), (N, H, W, C) or (N, C, H, W), of
uint8, uint16, bool, or floats in [0, 1]. In 4 dimensions the channels are the last axis if it has at most 4 entries,
else the second one if it has; an array ``layout`` holding "NHWC" or "NCHW" decides otherwise (needed for 5 channels
and more). Optional: ``labels`` (N,) with ``classes`` (their names); every other array of N numbers or texts is an
attribute, (N, K) numbers are K attributes. Pickled objects are never read.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ganvas.data.buffers import spooled
from ganvas.data.picture import Header, Picture, narrowed
from ganvas.data.source import Labels, Place, Source, class_labels, file_stamp
from ganvas.errors import GanvasError

NOT_ATTRIBUTES = frozenset({"labels", "classes", "layout"})
LAYOUTS = ("NHWC", "NCHW")


@dataclass(frozen=True)
class Numbered(Sequence[str]):
    """Names of pictures that have none: their numbers."""

    total: int

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, index: Any) -> Any:
        return (
            [f"#{i}" for i in range(self.total)[index]] if isinstance(index, slice) else f"#{range(self.total)[index]}"
        )


@dataclass(frozen=True)
class ArrayPictures:
    """`Pictures` in an array (N, H, W, C) of uint8, uint16, bool, or floats in [0, 1]; a view costs nothing."""

    values: NDArray[Any]
    format: str

    @property
    def names(self) -> Sequence[str]:
        return Numbered(len(self.values))

    def header(self, index: int) -> Header:
        height, width, channels = self.values.shape[1:]
        return Header(height, width, channels, False, str(self.values.dtype), self.format)

    def read(self, index: int) -> Picture:
        values = self.values[range(len(self.values))[index]]
        match values.dtype.kind:
            case "f":
                return Picture(np.rint(values.astype(np.float32) * 255).astype(np.uint8))
            case "b":
                return Picture(values.astype(np.uint8) * np.uint8(255))
            case _:
                return Picture(values if values.dtype == np.uint8 else narrowed(values))


def channels_last(values: NDArray[Any], layout: str | None, what: str) -> NDArray[Any]:
    """(N, H, W), NHWC or NCHW → a view (N, H, W, C), by the module's rule.

    Raises:
        GanvasError: the rule cannot tell, or there is nothing in it.
    """
    if values.ndim == 3:
        values = values[..., None]
    elif values.ndim != 4:
        raise GanvasError(f"{what} has shape {values.shape}; images are (N, H, W), (N, H, W, C) or (N, C, H, W)")
    elif layout is None and values.shape[3] > 4 and values.shape[1] > 4:
        raise GanvasError(
            f"{what} has shape {values.shape}: add an array `layout` holding 'NHWC' or 'NCHW' to say which"
        )
    elif layout == "NCHW" or (layout is None and values.shape[3] > 4):
        values = values.transpose(0, 2, 3, 1)
    if 0 in values.shape:
        raise GanvasError(f"{what} has shape {values.shape} and so holds no picture")
    return values


def locate_npz(path: Path) -> Place:
    """An `.npz` archive as described above."""
    return Place(["npz", file_stamp(path)], lambda: open_npz(path))


def open_npz(path: Path) -> Source:
    """An `.npz` archive as described above.

    Raises:
        GanvasError: damaged, pickled, without images, or values outside their range.
    """
    stored = _stored(path)
    key = _images_key(stored, path)
    layout = str(stored["layout"]) if "layout" in stored else None
    if layout not in (None, *LAYOUTS):
        raise GanvasError(f"{path}: layout is '{layout}'; it must be one of {', '.join(LAYOUTS)}")
    values = channels_last(stored.pop(key), layout, f"{path}: {key}")
    _check_range(values, f"{path}: {key}")
    labels, attributes = _annotations(stored, len(values), path)
    return Source(path.stem, "npz", ArrayPictures(values, "npz"), labels, attributes)


def _stored(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of the archive by name; the bytes stay on the disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            return {name.removesuffix(".npy"): _read_npy(archive, name, path) for name in names}
    except (zipfile.BadZipFile, zlib.error, struct.error, ValueError, EOFError, OSError, RuntimeError) as error:
        raise GanvasError(f"{path} is no readable .npz archive ({error}); write it with numpy.savez") from error


def _read_npy(archive: zipfile.ZipFile, name: str, path: Path) -> NDArray[Any]:
    with archive.open(name) as stream:
        shape, fortran, dtype = _npy_header(stream)
        if dtype.hasobject:
            raise GanvasError(
                f"{path} holds pickled objects in '{name}', which could run code; save plain arrays instead"
            )
        array: NDArray[Any] = np.frombuffer(spooled(stream), dtype)
        return array.reshape(shape, order="F" if fortran else "C")


def _npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(stream)


def _images_key(stored: dict[str, NDArray[Any]], path: Path) -> str:
    candidates = ["images"] if "images" in stored else [k for k, v in stored.items() if v.ndim in (3, 4)]
    if len(candidates) == 1:
        return candidates[0]
    held = ", ".join(f"{name} {array.shape}" for name, array in stored.items()) or "nothing"
    raise GanvasError(f"{path} holds {held}; name the array of pictures `images`")


def _check_range(values: NDArray[Any], what: str) -> None:
    if values.dtype in (np.uint8, np.uint16, np.bool_):
        return
    if values.dtype.kind != "f":
        raise GanvasError(f"{what} is {values.dtype}; save it as uint8, uint16, or floats in [0, 1]")
    rows = max(1, (1 << 22) // values[0].size)
    for start in range(0, len(values), rows):
        block = values[start : start + rows]
        if not (block.min() >= 0 and block.max() <= 1):  # also false for NaN
            raise GanvasError(f"{what} holds {block.min():g} … {block.max():g}; floats must lie in [0, 1]")


def _annotations(
    stored: dict[str, NDArray[Any]], count: int, path: Path
) -> tuple[dict[str, Labels], dict[str, NDArray[Any]]]:
    if "labels" in stored and len(np.atleast_1d(stored["labels"])) != count:
        raise GanvasError(f"{path} holds {count} images and labels of shape {stored['labels'].shape}; they must match")
    attributes: dict[str, NDArray[Any]] = {}
    for name, values in stored.items():
        per_picture = values.ndim in (1, 2) and len(values) == count and values.dtype.kind in "biufU"
        if per_picture and name not in NOT_ATTRIBUTES:
            attributes |= as_attributes(name, values)
    labels = stored.get("labels")
    if labels is None:
        return {}, attributes
    if labels.ndim == 2 and labels.shape[1] > 1:
        return {}, attributes | as_attributes("label", labels)
    names = [str(name) for name in stored["classes"].ravel()] if "classes" in stored else None
    return {"labels": class_labels(labels.ravel(), f"{path}: labels", names)}, attributes


def as_attributes(name: str, values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """(N,) → one attribute, (N, K) → K of them, as int64, float64 or text."""
    columns = {name: values} if values.ndim == 1 else {f"{name}_{k}": values[:, k] for k in range(values.shape[1])}
    kinds = {"f": np.float64, "U": np.str_}
    return {key: np.array(column, kinds.get(column.dtype.kind, np.int64)) for key, column in columns.items()}
