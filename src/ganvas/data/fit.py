"""Bringing pictures of many sizes and channels to the one shape that networks need.

The rule, stated in every summary: opacity is laid on white (unless 4 channels are asked for); the picture is scaled so
that the wanted frame is just covered, and what sticks out is cut off evenly on both sides; the scaling is Pillow's
bicubic, whose kernel widens when shrinking, so that nothing aliases (Parmar et al. 2022, "On aliased resizing").
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganvas.data.picture import Picture, Unreadable

RESIZE_IN_WORDS = "scaled to cover the frame, centre-cropped, antialiased bicubic (Pillow)"
CONVERTIBLE = (1, 3, 4)
_MODES = {(1, False): "L", (2, True): "LA", (3, False): "RGB", (4, False): "RGBA", (4, True): "RGBA"}
_TARGETS = {1: "L", 3: "RGB", 4: "RGBA"}


def fit(picture: Picture, channels: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Picture → uint8 (channels, *size), by the rule above.

    Raises:
        Unreadable: the channels cannot be converted (only 1, 3 and 4 can).
    """
    pixels = picture.pixels
    same_size, converts = pixels.shape[:2] == size, picture.alpha or pixels.shape[2] != channels
    if converts or (channels == 3 and not same_size):
        image = _converted(picture, channels)
        image = image if same_size else _scaled(image, size)
        pixels = np.asarray(image).reshape(*size, channels)
    elif not same_size:
        planes = [_scaled(Image.fromarray(np.ascontiguousarray(plane)), size) for plane in pixels.transpose(2, 0, 1)]
        pixels = np.stack([np.asarray(plane) for plane in planes], axis=-1)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def suggest_size(sizes: Counter[tuple[int, int]], at_most: int = 256) -> int:
    """Side of the square frame to suggest for pictures of these (height, width): the largest power of two that nine
    pictures in ten need not be enlarged for, between 8 and ``at_most`` pixels."""
    ordered = sorted(sizes.elements(), key=min)
    tenth = min(ordered[len(ordered) // 10])
    return max(8, min(at_most, 1 << (tenth.bit_length() - 1)))


def _converted(picture: Picture, channels: int) -> Image.Image:
    mode = _MODES.get((picture.pixels.shape[2], picture.alpha))
    if mode is None or channels not in _TARGETS:
        raise Unreadable(f"{picture.pixels.shape[2]} channels cannot become {channels}")
    pixels = np.ascontiguousarray(picture.pixels)
    image = Image.fromarray(pixels[..., 0] if mode == "L" else pixels)
    if mode in ("LA", "RGBA") and channels != 4:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert(_TARGETS[channels])


def _scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale and crop in one step: the frame's shape, as large as it fits into the picture, is resampled to ``size``."""
    height, width = size
    scale = min(image.width / width, image.height / height)
    left, top = (image.width - scale * width) / 2, (image.height - scale * height) / 2
    box = (left, top, left + scale * width, top + scale * height)
    return image.resize((width, height), Image.Resampling.BICUBIC, box=box)
