"""The files of a folder or of a zip, by name: what layouts are recognised from."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ganvas.data.folder import files_below
from ganvas.data.full_depth import DEEP_SUFFIXES, Opener
from ganvas.data.source import file_stamp
from ganvas.errors import GanvasError


@dataclass(frozen=True)
class Tree:
    """Names relative to the folder or archive, with forward slashes, sorted; hidden ones are passed over."""

    name: str
    path: Path
    names: Sequence[str]
    folders: Sequence[str]
    """Those of the two topmost floors, the empty ones too; of a zip those that it lists."""
    stamp: Any
    """JSON that changes whenever the files do."""
    open_file: Opener

    @property
    def pictures(self) -> list[str]:
        """Those that are pictures, by their suffix."""
        return [name for name in self.names if PurePosixPath(name).suffix.lower() in DEEP_SUFFIXES]

    def text(self, name: str) -> str:
        """A small text file. Raises `GanvasError` where it is none."""
        try:
            with self.open_file(name) as file:
                return file.read().decode("utf-8-sig")
        except (UnicodeDecodeError, OSError, zipfile.BadZipFile) as error:
            raise GanvasError(f"{self.path}: {name} is no readable text ({error}); mend it or take it away") from error


def open_tree(source: str) -> Tree:
    """The folder or zip at that path.

    Raises:
        GanvasError: there is neither, or no picture in it.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        tree = _folder(path)
    elif path.is_file() and zipfile.is_zipfile(path) and path.suffix.lower() != ".npz":
        tree = _zip(path)
    elif path.exists():
        raise GanvasError(f"{path} is neither a folder nor a zip: pictures to translate between come as one of these")
    else:
        raise GanvasError(f"there is no folder or zip '{source}': pictures to translate between come as one of these")
    if not tree.pictures:
        raise GanvasError(f"{path} holds no pictures ({len(tree.names)} other files); give one with .png, .jpg, …")
    return tree


def _folder(path: Path) -> Tree:
    names = _seen(files_below(path))
    stamp = ["tree", os.fspath(path.resolve()), [file_stamp(path / name, name) for name in names]]
    folders = [folder.relative_to(path).as_posix() for floor in ("*/", "*/*/") for folder in path.glob(floor)]
    return Tree(path.resolve().name, path, names, _seen(folders), stamp, lambda name: (path / name).open("rb"))


def _zip(path: Path) -> Tree:
    archive = zipfile.ZipFile(path)
    names = _seen(entry.filename for entry in archive.infolist() if not entry.is_dir())
    folders = _seen(entry.filename.rstrip("/") for entry in archive.infolist() if entry.is_dir())
    return Tree(path.stem, path, names, folders, ["tree", file_stamp(path)], archive.open)


def _seen(names: Any) -> list[str]:
    hidden = (".", "__MACOSX")
    return sorted(name for name in names if not any(part.startswith(hidden) for part in PurePosixPath(name).parts))
