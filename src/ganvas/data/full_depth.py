"""Pictures read as deep as they are: 8 or 16 bits, any number of bands. (`picture` brings everything to 8 bits.)

16 bits are kept of PNG, grey TIFF and, where `tifffile` is installed, of any TIFF. Bands beyond colour and opacity come
from TIFF (with `tifffile`) and from `.npy` and `.npz` files of one array (H, W), (H, W, C) or (C, H, W) each: the
channels are the first axis where it is shorter than the last. Floats in [0, 1] become 16 bits.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

from ganvas.data.picture import SUFFIXES, WIDE, EncodedPictures, Unreadable, decoding, opened
from ganvas.data.png16 import CHANNELS, HEAD, png_head, read_png16

ARRAYS = frozenset({".npy", ".npz"})
DEEP_SUFFIXES = SUFFIXES | ARRAYS
Opener = Callable[[str], IO[bytes]]
Pixels = NDArray[Any]
"""uint8 or uint16."""
_BITS, _BANDS = 258, 277  # TIFF tags


@dataclass(frozen=True)
class DeepHeader:
    """What a picture will be once decoded; opacity is not counted among the channels."""

    height: int
    width: int
    channels: int
    alpha: bool
    deep: bool
    """16 bits, else 8."""
    mode: str

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.height, self.width


@dataclass(frozen=True)
class DeepPicture:
    """uint8 or uint16 (H, W, C); with ``alpha`` the last channel is opacity."""

    pixels: Pixels
    alpha: bool = False


def deep_header(open_file: Opener, name: str) -> DeepHeader:
    """Size, channels and depth, without decoding where the format allows it. Raises `Unreadable`."""
    if PurePosixPath(name).suffix.lower() in ARRAYS or _needs_tifffile(open_file, name):
        pixels = read_deep(open_file, name).pixels
        height, width, channels = pixels.shape
        return DeepHeader(height, width, channels, False, pixels.dtype == np.uint16, str(pixels.dtype))
    with decoding(), open_file(name) as file:
        png = png_head(file.read(HEAD))
    seen = EncodedPictures([name], open_file).header(0)
    if png and png.readable:
        return DeepHeader(seen.height, seen.width, CHANNELS[png.colour] - png.alpha, png.alpha, True, seen.mode)
    return DeepHeader(seen.height, seen.width, seen.channels, seen.alpha, seen.mode in WIDE, seen.mode)


def read_deep(open_file: Opener, name: str) -> DeepPicture:
    """The pixels. Raises `Unreadable`."""
    with decoding():
        if PurePosixPath(name).suffix.lower() in ARRAYS:
            with open_file(name) as file:
                return DeepPicture(_banded(_only_array(file.read())))
        if _needs_tifffile(open_file, name):
            with open_file(name) as file:
                return DeepPicture(_banded(_by_tifffile(file.read())))
        with open_file(name) as file:
            png = png_head(file.read(HEAD))
        if png and png.readable:
            with open_file(name) as file:
                return DeepPicture(read_png16(file.read()), png.alpha)
    return _by_pillow(open_file, name)


def _by_pillow(open_file: Opener, name: str) -> DeepPicture:
    with opened(open_file, name) as image:
        if image.mode in WIDE:
            values = np.asarray(ImageOps.exif_transpose(image))
            if values.min() < 0 or values.max() > 65535:
                raise Unreadable("32-bit integers of unknown range; save as 8 or 16 bit")
            return DeepPicture(values.astype(np.uint16)[..., None])
    picture = EncodedPictures([name], open_file).read(0)
    return DeepPicture(picture.pixels, picture.alpha)


def _needs_tifffile(open_file: Opener, name: str) -> bool:
    """Whether this is a TIFF that Pillow cannot read, or not at its full depth."""
    if PurePosixPath(name).suffix.lower() not in (".tif", ".tiff"):
        return False
    try:
        with opened(open_file, name) as image:
            tags: Any = getattr(image, "tag_v2", {})
            bits, bands = tags.get(_BITS, (8,)), tags.get(_BANDS, 1)
            return bool(bands > 1 and (bands > 4 or np.max(bits) > 8))
    except Unreadable:
        with decoding(), open_file(name) as file:
            return file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _by_tifffile(raw: bytes) -> NDArray[Any]:
    try:
        tifffile = importlib.import_module("tifffile")
    except ImportError as error:
        raise Unreadable("a TIFF of many bands or of 16-bit colour: pip install tifffile reads it") from error
    return np.asarray(tifffile.imread(io.BytesIO(raw)))


def _only_array(raw: bytes) -> NDArray[Any]:
    stored = np.load(io.BytesIO(raw), allow_pickle=False)
    if isinstance(stored, np.ndarray):
        return stored
    if len(stored.files) != 1:
        raise Unreadable(f"holds {len(stored.files)} arrays; one picture a file is one array")
    return np.asarray(stored[stored.files[0]])


def _banded(values: NDArray[Any]) -> Pixels:
    """(H, W), (H, W, C) or (C, H, W) of uint8, uint16, bool or floats in [0, 1] → uint8 or uint16 (H, W, C)."""
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise Unreadable(f"has shape {values.shape}; a picture is (H, W), (H, W, C) or (C, H, W)")
    if values.ndim == 2:
        values = values[..., None]
    elif values.shape[0] < values.shape[2]:
        values = values.transpose(1, 2, 0)
    if values.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(values)
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind == "f" and values.min() >= 0 and values.max() <= 1:
        return np.rint(values * 65535.0).astype(np.uint16)
    raise Unreadable(f"holds {values.dtype} from {values.min():g} to {values.max():g}; save as uint8 or uint16")
