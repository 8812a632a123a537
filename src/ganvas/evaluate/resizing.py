"""Bringing pictures to the one size that a public network takes. The filter changes every number measured after it.

Parmar et al. 2022, "On aliased resizing": the filter alone moves FID by whole points. `clean` is what they propose and
what to use; `legacy` is what the numbers in papers before 2021 were measured with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ganvas.images import on_white


def bicubic(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Float grey levels (N, C, H, W) → (N, C, *size): antialiased bicubic, kept in [0, 255], not rounded.

    Equals Pillow's bicubic on single float channels, hence clean-fid's, within 0.001 grey levels. In float64, since
    float32 misplaces the far end of a row by enough to miss that (0.006 at 400 px); Apple's GPUs have none.
    """
    if tuple(images.shape[2:]) == size:
        return images
    exact = images if images.device.type == "mps" else images.double()
    resized = functional.interpolate(exact, size, mode="bicubic", antialias=True, align_corners=False)
    return resized.clamp(0, 255).to(images.dtype)


def tensorflow1_bilinear(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Float grey levels (N, C, H, W) → (N, C, *size) as TensorFlow 1's `resize_bilinear` did: without antialiasing, on
    the grid source = place · side / new side, whose pictures lie half a pixel off."""
    if tuple(images.shape[2:]) == size:
        return images
    top, below, down = _neighbours(images.shape[2], size[0], images)
    left, right, across = _neighbours(images.shape[3], size[1], images)
    rows = torch.lerp(images[:, :, top], images[:, :, below], down[:, None])
    return torch.lerp(rows[..., left], rows[..., right], across)


def _neighbours(side: int, new: int, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each new place the old ones before and after it, and how far it lies between them."""
    source = torch.arange(new, device=like.device, dtype=torch.float64) * (side / new)
    before = source.floor().long()
    return before, (before + 1).clamp(max=side - 1), (source - before).to(like.dtype)


@dataclass(frozen=True)
class Filter:
    """A way to resize, and what to call it in a protocol."""

    words: str
    apply: Callable[[Tensor, tuple[int, int]], Tensor]


FILTERS: Mapping[str, Filter] = {
    "clean": Filter("antialiased bicubic", bicubic),
    "legacy": Filter("TensorFlow 1 bilinear, not antialiased,", tensorflow1_bilinear),
}


def to_rgb(images: Tensor) -> Tensor:
    """uint8 (N, 1 | 3 | 4, H, W) → float32 grey levels (N, 3, H, W): grey thrice, opacity laid on white."""
    levels = images.float()
    if levels.shape[1] == 4:
        return on_white(levels)
    return levels.expand(-1, 3, -1, -1)
