"""From what the user wrote after `--data` to a `Place`."""

from __future__ import annotations

import zipfile
from importlib import resources
from pathlib import Path

from ganvas.config import suggest
from ganvas.data.archive import locate_zip
from ganvas.data.arrays import locate_npz, open_npz
from ganvas.data.cifar import is_cifar, locate_cifar
from ganvas.data.folder import locate_folder
from ganvas.data.idx import images_in, is_idx, locate_idx
from ganvas.data.known import KNOWN, locate_known
from ganvas.data.source import Place, Source, file_stamp
from ganvas.data.stacked import STACKED, locate_stacked
from ganvas.errors import GanvasError

PACKAGED = {"digits": "digits.npz"}
"""Name → file inside this package."""


def locate(source: str, labels: str | None = None) -> Place:
    """A packaged name, a known name, or a path (write `./mnist` for a folder that is called like a known name).

    ``labels`` as in `DataSpec`: "none" lets broken label files be passed by.

    Raises:
        GanvasError: there is nothing of that name, or nothing that can be opened.
    """
    if source in PACKAGED:
        return _packaged(source)
    if source in KNOWN:
        return locate_known(source)
    if source in STACKED:
        return locate_stacked(source, locate(STACKED[source].digits))
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return _in_folder(path, labels)
        if path.is_file():
            return _in_file(path, labels)
    except OSError as error:
        raise GanvasError(f"cannot read {error.filename or path}: {error.strerror}; check its permissions") from error
    raise GanvasError(
        f"there is no file, folder or data set '{source}'; {suggest(source, [*PACKAGED, *KNOWN, *STACKED])}"
    )


def _packaged(name: str) -> Place:
    resource = resources.files("ganvas.data") / PACKAGED[name]

    def open_it() -> Source:
        with resources.as_file(resource) as path:
            return open_npz(path)

    with resources.as_file(resource) as path:
        return Place(["packaged", name, file_stamp(path)], open_it)


def _in_folder(path: Path, labels: str | None) -> Place:
    images = images_in(path)
    if images is not None:
        return locate_idx(images, name=path.resolve().name)
    return locate_cifar(path, name=path.resolve().name) if is_cifar(path) else locate_folder(path, labels)


def _in_file(path: Path, labels: str | None) -> Place:
    if path.suffix.lower() == ".npz":
        return locate_npz(path)
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        return locate_zip(path, labels)
    if is_cifar(path):
        return locate_cifar(path)
    if is_idx(path):
        return locate_idx(path)
    raise GanvasError(f"{path} is no zip, npz, idx or CIFAR binary file; give one of these, or a folder of pictures")
