"""Pictures in a zip, with or without the `dataset.json` of StyleGAN; nothing is unpacked to the disk."""

from __future__ import annotations

import zipfile
from pathlib import Path

from ganvas.data.annotations import annotate, sort_files
from ganvas.data.picture import EncodedPictures
from ganvas.data.source import Place, Source, file_stamp
from ganvas.errors import GanvasError


def locate_zip(path: Path, labels: str | None = None) -> Place:
    """A zip of pictures."""
    return Place(["zip", file_stamp(path)], lambda: open_zip(path, labels))


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

    def read_entry(name: str) -> bytes:
        try:
            return archive.read(name)
        except (zipfile.BadZipFile, OSError, RuntimeError) as error:
            raise GanvasError(f"{path}: {name} is damaged ({error}); make or fetch the archive anew") from error

    found = annotate(listing, read_entry, labels, str(path))
    pictures = EncodedPictures(listing.pictures, archive.open)
    return Source(path.stem, "zip", pictures, found.labels, found.attributes, tuple(found.notes))
