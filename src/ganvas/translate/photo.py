"""One picture as a user's file has it: channels of 8 or 16 bit, opacity, colour profile; and back into a file.

What a file has is carried through a translation where the new format holds it: 16 bit stay 16 bit, opacity and an ICC
profile stay. EXIF orientation is applied; palettes, CMYK and the like become colour.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganvas.data import picture
from ganvas.data.full_depth import ARRAYS, Opener, read_deep
from ganvas.data.picture import Unreadable, opened
from ganvas.data.translation.class_maps import read_class_map
from ganvas.data.translation.halves import Half, columns_of
from ganvas.errors import GanvasError
from ganvas.files import write_whole
from ganvas.translate.deep_png import deep_png

Levels = NDArray[Any]
"""uint8 or uint16."""
WRITTEN: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"quality": 95}),
    ".tif": ("TIFF", {"compression": "tiff_deflate"}),
    ".tiff": ("TIFF", {"compression": "tiff_deflate"}),
    ".bmp": ("BMP", {}),
    ".npy": ("NPY", {}),
}
"""Ending → the format that is written, and how."""
_OPAQUE = frozenset({"JPEG", "BMP"})
_CHANNELS = {format: (1, 3) if format in _OPAQUE else (1, 2, 3, 4) for format, _ in WRITTEN.values() if format != "NPY"}
"""How many each holds, opacity among them; arrays hold any number."""


@dataclass(frozen=True)
class Photo:
    """Pixels and what else a file said of them."""

    pixels: Levels
    """(H, W, C), C = 1 grey or 3 colour; other bands are for networks that were trained on them."""
    alpha: Levels | None = None
    """(H, W), of the same type: 0 cannot be seen through to."""
    profile: bytes | None = None
    """ICC."""

    @property
    def white(self) -> int:
        """The highest level: 255 or 65535."""
        return int(np.iinfo(self.pixels.dtype).max)

    @property
    def grey(self) -> bool:
        return int(self.pixels.shape[2]) == 1


def read_photo(open_file: Opener, name: str) -> Photo:
    """Decode the picture of that name, at its full depth.

    Raises:
        Unreadable: no picture, damaged, or of a kind whose range nobody knows (floats, 32-bit integers).
    """
    read = read_deep(open_file, name)
    profile = None if Path(name).suffix.lower() in ARRAYS else _profile(open_file, name)
    if read.alpha:
        return Photo(read.pixels[..., :-1], read.pixels[..., -1], profile)
    return Photo(read.pixels, None, profile)


def read_labels(open_file: Opener, name: str) -> Photo:
    """A map of classes as a grey picture of class numbers: a palette's indices, or grey levels. Raises `Unreadable`."""
    return Photo(read_class_map(open_file, name))


def write_photo(photo: Photo, path: Path) -> None:
    """Write it whole or not at all, in the format of the path's ending (one of `WRITTEN`).

    What a format cannot hold is brought to what it can: opacity is laid on white, 16 bit become 8.

    Raises:
        GanvasError: more channels than the format holds, or it cannot be written.
    """
    format, options = WRITTEN[path.suffix.lower()]
    if photo.alpha is not None and format in _OPAQUE:
        photo = Photo(on_white(photo), None, photo.profile)
    channels = photo.pixels.shape[2] + (photo.alpha is not None)
    if channels not in (held := _CHANNELS.get(format, (channels,))):
        numbers = f"{', '.join(map(str, held[:-1]))} or {held[-1]}"
        wider = "png or npy" if channels <= 4 else "npy"
        raise GanvasError(
            f"{path}: {format} holds pictures of {numbers} channels, not {channels}; say --format {wider}"
        )
    write_whole(path, lambda beside: beside.write_bytes(_encoded(photo, format, options)))


def _encoded(photo: Photo, format: str, options: Mapping[str, Any]) -> bytes:
    buffer = io.BytesIO()
    if format == "NPY":
        np.save(buffer, _together(photo))
    elif photo.white > 255 and format == "PNG":
        return deep_png(_together(photo), photo.profile)
    else:
        if not _grey_tiff(photo, format):
            photo = narrowed(photo)
        extra = {"icc_profile": photo.profile} if photo.profile and format != "BMP" else {}
        _as_image(photo).save(buffer, format=format, **options, **extra)
    return buffer.getvalue()


def narrowing(photo: Photo, path: Path) -> str | None:
    """That 16 bit become 8 where the path's format cannot hold them, in words; None where nothing is lost."""
    format, _ = WRITTEN[path.suffix.lower()]
    if photo.white == 255 or format in ("PNG", "NPY") or _grey_tiff(photo, format):
        return None
    where = "TIFF (Pillow writes 16 bits of grey alone)" if format == "TIFF" else format
    return f"16-bit pictures become 8-bit in {where}; --format png keeps them"


def moving(open_file: Opener, name: str) -> str | None:
    """That only the first frame of an animation is taken where pictures are, in words; None for a single picture."""
    if PurePosixPath(name).suffix.lower() not in (".gif", ".webp"):
        return None
    with opened(open_file, name) as image:
        frames = getattr(image, "n_frames", 1)
    return f"{name} moves: its first frame of {frames} is taken; name it alone to have all" if frames > 1 else None


def halved(photo: Photo, half: Half | None) -> Photo:
    """The left or right half of a double picture, or with None all of it. Raises `Unreadable` for an odd width."""
    if half is None:
        return photo
    kept = columns_of(half, photo.pixels.shape[1])
    return Photo(photo.pixels[:, kept], None if photo.alpha is None else photo.alpha[:, kept], photo.profile)


def _grey_tiff(photo: Photo, format: str) -> bool:
    return photo.grey and photo.alpha is None and format == "TIFF"


def narrowed(photo: Photo) -> Photo:
    """16 bit → 8 bit: x / 257, rounded."""
    if photo.white == 255:
        return photo
    alpha = None if photo.alpha is None else picture.narrowed(photo.alpha)
    return Photo(picture.narrowed(photo.pixels), alpha, photo.profile)


def on_white(photo: Photo) -> Levels:
    """(H, W, C) as it looks on white paper."""
    if photo.alpha is None:
        return photo.pixels
    cover = photo.alpha[..., None] / photo.white
    laid: Levels = np.rint(photo.pixels * cover + photo.white * (1 - cover)).astype(photo.pixels.dtype)
    return laid


def _together(photo: Photo) -> Levels:
    """(H, W, C), opacity last where there is any."""
    if photo.alpha is None:
        return photo.pixels
    joined: Levels = np.concatenate([photo.pixels, photo.alpha[..., None]], axis=2)
    return joined


def _as_image(photo: Photo) -> Image.Image:
    pixels = np.ascontiguousarray(_together(photo))
    if pixels.shape[2] == 2:
        return Image.merge("LA", [Image.fromarray(np.ascontiguousarray(pixels[..., i])) for i in range(2)])
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _profile(open_file: Opener, name: str) -> bytes | None:
    """ICC, of grey and RGB files alone: other colours are converted, and a profile would be wrong for them."""
    try:
        with opened(open_file, name) as image:
            profile = image.info.get("icc_profile")
            return profile if isinstance(profile, bytes) and image.mode in {"L", "LA", "P", "RGB", "RGBA"} else None
    except Unreadable:  # a TIFF that only tifffile reads
        return None
