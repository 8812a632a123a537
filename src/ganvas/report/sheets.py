"""The sample sheets that travel inside the page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import PIL.Image

from ganvas.report.thinning import evenly

MOST_SHEETS = 60
LARGE, QUALITY = 96 * 2**10, 88
MOST_BYTES = 24 * 2**20  # of PNG, before base64 adds a third: a page that still opens at once and can be sent on


@dataclass(frozen=True)
class Image:
    """The bytes of a PNG, and its (width, height)."""

    content: bytes
    size: tuple[int, int]


@dataclass(frozen=True)
class Sheet:
    """A picture as a data address, its size in pixels, and the images seen when it was drawn."""

    images: int
    url: str
    width: int
    height: int


def embed(files: dict[int, Path], notes: list[str]) -> list[Sheet]:
    """Read the sheets, evenly thinned to `MOST_SHEETS` and `MOST_BYTES`, the first and the last kept.

    What was thinned out or could not be read is added to ``notes``.
    """
    counts = sorted(files)
    largest = max((path.stat().st_size for path in files.values()), default=1)
    chosen = [counts[i] for i in evenly(len(counts), min(MOST_SHEETS, max(2, MOST_BYTES // max(largest, 1))))]
    read = {images: _read(images, files[images]) for images in chosen}
    if len(chosen) < len(counts):
        notes.append(f"{len(chosen)} of {len(counts)} sheets are shown, evenly chosen, the first and the last kept.")
    damaged = [files[images].name for images, sheet in read.items() if sheet is None]
    if damaged:
        notes.append(f"Damaged and left out: {', '.join(damaged)}.")
    return [sheet for sheet in read.values() if sheet is not None]


def as_sheet(images: int, picture: PIL.Image.Image) -> Sheet:
    """A part of a sheet, as a sheet of its own."""
    written = io.BytesIO()
    picture.save(written, "PNG")
    return Sheet(images, _address(written.getvalue()), *picture.size)


def _read(images: int, path: Path) -> Sheet | None:
    image = read_png(path)
    return Sheet(images, _address(image.content), *image.size) if image else None


def _address(png: bytes) -> str:
    """The PNG itself if it is small; of photographs, whose PNG is not, a WebP that looks the same."""
    kind, content = "png", png
    if len(png) > LARGE:
        written = io.BytesIO()
        with PIL.Image.open(io.BytesIO(png)) as picture:
            picture.save(written, "WEBP", quality=QUALITY)
        kind, content = min(("png", png), ("webp", written.getvalue()), key=lambda each: len(each[1]))
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def read_png(path: Path) -> Image | None:
    """None where it is missing, damaged or no PNG."""
    try:
        content = path.read_bytes()
        with PIL.Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            picture.load()
            return Image(content, picture.size)
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError):
        return None
