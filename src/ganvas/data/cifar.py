"""CIFAR-10 in its *binary* version: records of 1 label and 3072 bytes (3, 32, 32).

Krizhevsky 2009, "Learning multiple layers of features from tiny images". The Python version holds pickles, which can
run code, and is not read.
"""

from __future__ import annotations

import tarfile
import zlib
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from ganvas.data.arrays import ArrayPictures
from ganvas.data.buffers import spooled
from ganvas.data.source import Place, Source, class_labels, file_stamp
from ganvas.errors import GanvasError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAIN = tuple(f"data_batch_{k}.bin" for k in range(1, 6))
TEST = ("test_batch.bin",)
_RECORD = 1 + 3 * 32 * 32


def is_cifar(path: Path) -> bool:
    """Whether it is a folder with the batches in it, or an archive with the name that they come in."""
    if path.is_dir():
        return any((path / batch).is_file() for batch in (*TRAIN, *TEST))
    return path.name.startswith("cifar-10-binary") and path.name.endswith((".tar.gz", ".tgz", ".tar"))


def locate_cifar(path: Path, batches: tuple[str, ...] = TRAIN, name: str = "cifar10") -> Place:
    """The archive `cifar-10-binary.tar.gz` or the folder `cifar-10-batches-bin` that it unpacks to."""
    files = [file for file in (path / batch for batch in batches) if file.is_file()] if path.is_dir() else [path]
    stamps = [file_stamp(file) for file in files]
    return Place(["cifar", name, batches, stamps], lambda: open_cifar(path, batches, name))


def open_cifar(path: Path, batches: tuple[str, ...] = TRAIN, name: str = "cifar10") -> Source:
    """The pictures and labels of those batches, in their order.

    Raises:
        GanvasError: damaged, or a batch is missing.
    """
    try:
        with ExitStack() as stack:
            streams = _folder(path, batches, stack) if path.is_dir() else _archive(path, batches, stack)
            records = np.frombuffer(spooled(*streams), np.uint8)
    except (tarfile.TarError, OSError, EOFError, KeyError, zlib.error) as error:
        raise GanvasError(
            f"{path} is no whole CIFAR-10 binary set ({error}); fetch cifar-10-binary.tar.gz anew"
        ) from error
    if records.size == 0 or records.size % _RECORD:
        raise GanvasError(f"{path} does not hold whole records of {_RECORD} bytes; fetch cifar-10-binary.tar.gz anew")
    records = records.reshape(-1, _RECORD)
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    labels = {"labels": class_labels(records[:, 0], f"{path}: labels", CLASSES)}
    return Source(name, "cifar", ArrayPictures(images, "CIFAR binary"), labels)


def _folder(path: Path, batches: tuple[str, ...], stack: ExitStack) -> list[IO[bytes]]:
    return [stack.enter_context((path / batch).open("rb")) for batch in batches]


def _archive(path: Path, batches: tuple[str, ...], stack: ExitStack) -> list[IO[bytes]]:
    archive = stack.enter_context(tarfile.open(path))  # noqa: SIM115
    members = {PurePosixPath(member.name).name: member for member in archive if member.isfile()}
    streams = [archive.extractfile(members[batch]) for batch in batches]
    return [stack.enter_context(stream) for stream in streams if stream]
