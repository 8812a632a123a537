"""One encoded picture: its header (cheap) and its pixels, in every mode that picture files come in.

Everything becomes uint8 here. 16-bit grey is divided by 257 and rounded; of 16-bit colour Pillow hands out the high
byte only, which differs by at most one level. EXIF orientation is applied. Palettes become colour.
"""

from __future__ import annotations

import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "TIFF", "GIF", "PPM")

WIDE = frozenset({"I", "I;16", "I;16L", "I;16B", "I;16N"})
GREY = frozenset({"1", "L", "LA", "La"}) | WIDE
_ORIENTATION = 0x0112  # the EXIF tag; its values 5 to 8 swap height and width
_DAMAGE = (  # what Pillow, zlib and zipfile raise on damaged files
    *(OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, OverflowError, RuntimeError, MemoryError),
    *(struct.error, zlib.error, zipfile.BadZipFile),
)


class Unreadable(Exception):  # noqa: N818
    """A single picture cannot be used; the text is the reason, fit to stand behind the file's name."""


@dataclass(frozen=True)
class Header:
    """What a picture will be once decoded; height and width in pixels, opacity not counted among the channels."""

    height: int
    width: int
    channels: int
    alpha: bool
    mode: str
    format: str


@dataclass(frozen=True)
class Picture:
    """Decoded pixels: uint8 (H, W, C); with ``alpha`` the last channel is opacity."""

    pixels: NDArray[np.uint8]
    alpha: bool = False


class Pictures(Protocol):
    """A row of pictures in a stable order, each read when asked for. Reading is safe from several threads."""

    @property
    def names(self) -> Sequence[str]:
        """One name a picture, unique, with forward slashes."""

    def header(self, index: int) -> Header:
        """Size and mode, without decoding. Raises `Unreadable`."""

    def read(self, index: int) -> Picture:
        """The pixels. Raises `Unreadable`."""


@dataclass(frozen=True)
class EncodedPictures:
    """`Pictures` in files of their own, wherever ``open_file`` finds them."""

    names: Sequence[str]
    open_file: Callable[[str], IO[bytes]]

    def header(self, index: int) -> Header:
        with (
            warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning),
            opened(self.open_file, self.names[index]) as image,
        ):
            if image.mode == "F":
                raise Unreadable("32-bit floats of unknown range; save as 8 or 16 bit")
            if min(image.size) < 2:
                raise Unreadable(f"only {image.height}x{image.width} pixels")
            sides = image.size if _orientation(image) in (5, 6, 7, 8) else image.size[::-1]
            channels = 1 if image.mode in GREY else 3
            alpha = image.has_transparency_data and image.mode not in WIDE
            return Header(*sides, channels, alpha, image.mode, image.format or "?")

    def read(self, index: int) -> Picture:
        with opened(self.open_file, self.names[index]) as image:
            image.load()
            return _pixels(ImageOps.exif_transpose(image))


def narrowed(values: NDArray[np.integer]) -> NDArray[np.uint8]:
    """16 bit [0, 65535] → 8 bit [0, 255]: x / 257 rounded to nearest, so that white stays white."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


@contextmanager
def opened(open_file: Callable[[str], IO[bytes]], name: str) -> Iterator[Image.Image]:
    """The picture of that name, its header read. Raises `Unreadable`, also for what fails inside the block."""
    with decoding(), open_file(name) as file, Image.open(file, formats=FORMATS) as image:
        yield image


@contextmanager
def decoding() -> Iterator[None]:
    """What decoders raise on damaged files becomes `Unreadable`."""
    try:
        yield
    except UnidentifiedImageError as error:
        raise Unreadable("not a picture that can be read") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unreadable(f"over {Image.MAX_IMAGE_PIXELS:,} pixels, maybe a decompression bomb") from error
    except _DAMAGE as error:
        raise Unreadable(_words(error)) from error


def _words(error: Exception) -> str:
    """Of an error of the system its reason alone: the name stands beside it anyway."""
    told = getattr(error, "strerror", None) or " ".join(str(error).split())
    return (told or type(error).__name__)[:120]


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8, where the size does not know of it yet.

    Of a TIFF Pillow turns the size itself. A PNG is not decoded to look for an EXIF chunk behind the pixels.
    """
    if image.format == "TIFF" or (image.format == "PNG" and "exif" not in image.info):
        return 1
    value = image.getexif().get(_ORIENTATION, 1)
    return value if isinstance(value, int) else 1


def _pixels(image: Image.Image) -> Picture:
    """Any mode → uint8 grey or colour, with opacity where the file has it."""
    if image.mode in WIDE:
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise Unreadable("32-bit integers of unknown range; save as 8 or 16 bit")
        return Picture(narrowed(values)[..., None])
    alpha = image.has_transparency_data
    mode = ("L" if image.mode in GREY else "RGB") + ("A" if alpha else "")
    pixels = np.asarray(image.convert(mode))
    return Picture(pixels.reshape(*pixels.shape[:2], -1), alpha)
