"""Bringing pictures of any depth to the channels and the size that are wanted, two of a pair in the same way.

Opacity is laid on white, unless 4 channels are wanted; grey is what Pillow calls grey (ITU-R 601: .299 R + .587 G +
.114 B). Scaling is Pillow's antialiased bicubic, of maps of classes the nearest pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

from ganvas.data.fit import CONVERTIBLE
from ganvas.data.full_depth import DeepPicture, Pixels
from ganvas.data.picture import Unreadable
from ganvas.data.spec import Fit
from ganvas.images import LUMA

Size = tuple[int, int]
FITS_IN_WORDS: Mapping[Fit, str] = {
    "cover": "scaled to cover the frame, centre-cropped",
    "stretch": "scaled to the frame, whatever the proportions",
    "scale-width": "scaled to the width, proportions kept",
    "none": "sizes left as they are",
}


def with_channels(picture: DeepPicture, channels: int, deep: bool) -> Pixels:
    """uint8, or with ``deep`` uint16, (H, W, channels).

    Raises:
        Unreadable: only 1, 3 and 4 channels convert into each other.
    """
    pixels = _deepened(picture.pixels) if deep else picture.pixels
    white = np.iinfo(pixels.dtype).max
    colours = pixels.shape[2] - picture.alpha
    if not picture.alpha and colours == channels:
        return pixels
    if not {colours, channels} <= set(CONVERTIBLE) or (picture.alpha and colours == 4):
        raise Unreadable(f"{colours} channels cannot become {channels}")
    opacity = pixels[..., -1:] if picture.alpha or colours == 4 else np.full_like(pixels[..., :1], white)
    values = pixels[..., : min(colours, 3)]
    if channels == 4:
        return np.concatenate([np.broadcast_to(values, (*values.shape[:2], 3)), opacity], axis=2)
    share = opacity.astype(np.float64) / white
    laid = values * share + white * (1 - share)
    if channels == 1 and laid.shape[2] == 3:
        laid = laid @ np.array(LUMA)[:, None]
    levels: Pixels = np.rint(laid).astype(pixels.dtype)
    return np.broadcast_to(levels, (*laid.shape[:2], channels))


def scaled(pixels: Pixels, fit: Fit, frame: Size | None, nearest: bool = False) -> Pixels:
    """(H, W, C) brought to ``frame`` as ``fit`` says; without a frame left alone."""
    if frame is None or fit == "none":
        return pixels
    box, size = _BOXES[fit]((pixels.shape[0], pixels.shape[1]), frame)
    if size == pixels.shape[:2] and box == (0, 0, pixels.shape[1], pixels.shape[0]):
        return pixels
    planes = [_resized(plane, box, size, nearest) for plane in np.moveaxis(pixels, 2, 0)]
    return np.stack(planes, axis=2)


def _deepened(pixels: Pixels) -> Pixels:
    return pixels if pixels.dtype == np.uint16 else pixels.astype(np.uint16) * np.uint16(257)


def _resized(plane: Pixels, box: tuple[float, float, float, float], size: Size, nearest: bool) -> Pixels:
    deep = plane.dtype == np.uint16
    image = Image.fromarray(np.ascontiguousarray(plane.astype(np.float32) if deep else plane))
    how = Image.Resampling.NEAREST if nearest else Image.Resampling.BICUBIC
    resized = np.asarray(image.resize(size[::-1], how, box=box))
    return np.clip(np.rint(resized), 0, 65535).astype(np.uint16) if deep else resized


Box = tuple[tuple[float, float, float, float], Size]


def _cover(have: Size, frame: Size) -> Box:
    scale = min(have[0] / frame[0], have[1] / frame[1])
    top, left = (have[0] - scale * frame[0]) / 2, (have[1] - scale * frame[1]) / 2
    return (left, top, left + scale * frame[1], top + scale * frame[0]), frame


def _stretch(have: Size, frame: Size) -> Box:
    return (0, 0, have[1], have[0]), frame


def _scale_width(have: Size, frame: Size) -> Box:
    return (0, 0, have[1], have[0]), (max(1, round(have[0] * frame[1] / have[1])), frame[1])


_BOXES: Mapping[Fit, Callable[[Size, Size], Box]] = {
    "cover": _cover,
    "stretch": _stretch,
    "scale-width": _scale_width,
}
