"""Pictures in a zip, with or without the `dataset.json` of StyleGAN; nothing is unpacked to the disk."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO

from ganvas.data.annotations import annotate, sort_files
from ganvas.data.picture import EncodedPictures
from ganvas.data.source import Source, file_stamp
from ganvas.errors import GanvasError


def open_zip(path: Path, labels: str | None = None) -> Source:
    """All pictures in the archive, sorted by name.

    Raises:
        GanvasError: no zip, no picture in it, or broken label files.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise GanvasError(f"{path} is no readable zip archive ({error}); make or fetch it anew") from error
    listing = sort_files([entry.filename for entry in archive.infolist() if not entry.is_dir()])
    if not listing.pictures:
        held = ", ".join(f"{count} {suffix}" for suffix, count in listing.others.items()) or "nothing"
        raise GanvasError(f"{path} holds no pictures ({held}); give a zip with .png, .jpg, .webp, … files in it")

    def open_entry(name: str) -> IO[bytes]:
        try:
            return archive.open(name)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise OSError(str(error)) from error

    def read_entry(name: str) -> bytes:
        try:
            return archive.read(name)
        except (zipfile.BadZipFile, OSError, RuntimeError) as error:
            raise GanvasError(f"{path}: {name} is damaged ({error}); make or fetch the archive anew") from error

    found = annotate(listing, read_entry, labels, str(path))
    pictures = EncodedPictures(listing.pictures, open_entry)
    return Source(path.stem, "zip", pictures, [file_stamp(path)], found.labels, found.attributes, tuple(found.notes))
