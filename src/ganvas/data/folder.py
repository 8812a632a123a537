"""Pictures in a folder and its sub-folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ganvas.data.annotations import Listing, annotate, sort_files
from ganvas.data.picture import EncodedPictures
from ganvas.data.source import Place, Source, file_stamp
from ganvas.errors import GanvasError


def locate_folder(path: Path, labels: str | None = None) -> Place:
    """All pictures at or below ``path``, and the label files beside them.

    Raises:
        GanvasError: it may not be read.
    """
    listing = sort_files(list(files_below(path)))
    used = [*listing.pictures, *listing.tables, *filter(None, [listing.labels])]
    stamp = ["folder", os.fspath(path.resolve()), [file_stamp(path / name, name) for name in used]]
    return Place(stamp, lambda: open_folder(path, listing, labels))


def open_folder(path: Path, listing: Listing, labels: str | None = None) -> Source:
    """The pictures of ``listing`` below ``path``, sorted by name.

    Raises:
        GanvasError: no picture, or broken label files.
    """
    if not listing.pictures:
        held = ", ".join(f"{count} {suffix}" for suffix, count in listing.others.items()) or "nothing"
        raise GanvasError(f"{path} holds no pictures ({held}); give a folder with .png, .jpg, .webp, … files in it")
    found = annotate(listing, lambda name: (path / name).read_bytes(), labels, str(path))

    def open_file(name: str) -> IO[bytes]:
        return (path / name).open("rb")

    pictures = EncodedPictures(listing.pictures, open_file)
    return Source(path.resolve().name, "folder", pictures, found.labels, found.attributes, tuple(found.notes))


def files_below(root: Path) -> Iterator[str]:
    """Names of all files below ``root``; linked folders are followed, each real folder once."""
    seen: set[str] = set()
    for folder, folders, files in os.walk(root, followlinks=True, onerror=_raise):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        base = Path(folder).relative_to(root)
        yield from ((base / file).as_posix() for file in files)


def _raise(error: OSError) -> None:
    raise GanvasError(f"cannot read {error.filename}: {error.strerror}; check its permissions")
