"""Data sets known by name: found in a local place, else fetched from where they are published, with a checksum."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ganvas.data import cifar
from ganvas.data.idx import locate_idx
from ganvas.data.source import Place
from ganvas.errors import GanvasError
from ganvas.fetching import FetchError, download
from ganvas.files import cache_folder, replacing

_FASHION = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
_DIGITS = tuple("0123456789")
_MNIST_URLS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
_FASHION_URLS = ("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",)
_CIFAR_URLS = ("https://www.cs.toronto.edu/~kriz/",)


@dataclass(frozen=True)
class Published:
    """One file as its authors publish it."""

    file: str
    md5: str
    """The checksum that its authors give."""


@dataclass(frozen=True)
class Known:
    """A set by name: the folders it is usually kept in, its files, where they come from, and how to open the first."""

    folders: tuple[str, ...]
    files: tuple[Published, ...]
    urls: tuple[str, ...]
    locate: Callable[[Path], Place]
    unpacked: str | None = None
    """What the file is called once unpacked, if people do that."""


def _idx_pair(part: str, images_md5: str, labels_md5: str) -> tuple[Published, Published]:
    images = Published(f"{part}-images-idx3-ubyte.gz", images_md5)
    return images, Published(f"{part}-labels-idx1-ubyte.gz", labels_md5)


_MNIST_FOLDERS = ("mnist", "MNIST", "MNIST/raw", "mnist/raw")
_FASHION_FOLDERS = ("fashion-mnist", "fashion_mnist", "FashionMNIST", "FashionMNIST/raw", "fashion-mnist/data/fashion")
_CIFAR_FOLDERS = ("", "cifar10", "cifar-10", "CIFAR10")
_CIFAR_FILE = (Published("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"),)

KNOWN = {
    "mnist": Known(
        _MNIST_FOLDERS,
        _idx_pair("train", "f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432"),
        _MNIST_URLS,
        partial(locate_idx, classes=_DIGITS, name="mnist"),
    ),
    "mnist-test": Known(
        _MNIST_FOLDERS,
        _idx_pair("t10k", "9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c"),
        _MNIST_URLS,
        partial(locate_idx, classes=_DIGITS, name="mnist-test"),
    ),
    "fashion-mnist": Known(
        _FASHION_FOLDERS,
        _idx_pair("train", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe"),
        _FASHION_URLS,
        partial(locate_idx, classes=_FASHION, name="fashion-mnist"),
    ),
    "fashion-mnist-test": Known(
        _FASHION_FOLDERS,
        _idx_pair("t10k", "bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310"),
        _FASHION_URLS,
        partial(locate_idx, classes=_FASHION, name="fashion-mnist-test"),
    ),
    "cifar10": Known(
        _CIFAR_FOLDERS, _CIFAR_FILE, _CIFAR_URLS, partial(cifar.locate_cifar, name="cifar10"), "cifar-10-batches-bin"
    ),
    "cifar10-test": Known(
        _CIFAR_FOLDERS,
        _CIFAR_FILE,
        _CIFAR_URLS,
        partial(cifar.locate_cifar, batches=cifar.TEST, name="cifar10-test"),
        "cifar-10-batches-bin",
    ),
}


def locate_known(name: str) -> Place:
    """The set of that name: a local copy, else fetched into the cache.

    Raises:
        GanvasError: neither here nor to be fetched; the line says what to put where.
    """
    known = KNOWN[name]
    found = next(_local(known), None)
    return known.locate(found or _fetched(name, known))


def _local(known: Known) -> Iterator[Path]:
    """The first file of every local copy: in $GANVAS_DATA, ./data, ./datasets, here, or fetched before."""
    for place in (os.environ.get("GANVAS_DATA"), "data", "datasets", ".", cache_folder() / "downloads"):
        for folder in known.folders if place else ():
            here = Path(place or "") / folder
            if known.unpacked and (here / known.unpacked).is_dir():
                yield here / known.unpacked
            first = _either(here, known.files[0].file)
            if first and all(_either(here, published.file) for published in known.files):
                yield first


def _either(folder: Path, file: str) -> Path | None:
    """The file as published or with the `.gz` taken off (a tar stays packed)."""
    names = (file,) if ".tar" in file else (file, file.removesuffix(".gz"))
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _fetched(name: str, known: Known) -> Path:
    folder = cache_folder() / "downloads" / next(folder for folder in known.folders if folder)
    missing = [published for published in known.files if not (folder / published.file).is_file()]
    for published in missing:
        problems = list(_fetch(published, known.urls, folder))
        if len(problems) == len(known.urls):
            files = " and ".join(file.file for file in known.files)
            raise GanvasError(
                f"{name} is not on this machine and cannot be fetched ({problems[0]}); put {files} into {folder}"
            )
    return folder / known.files[0].file


def _fetch(published: Published, urls: tuple[str, ...], folder: Path) -> Iterator[str]:
    """Write the file from the first of ``urls`` that has it, whole or not at all; yields what was wrong with others."""
    for url in urls:
        try:
            with replacing(folder / published.file) as beside:
                download(url + published.file, beside, "md5", published.md5)
            return
        except FetchError as error:
            yield str(error)
