"""What a picture shows more or less of, measured on the picture itself: factors that need no labels and no judge."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Attribute = Callable[[Tensor], Tensor]
"""uint8 (N, C, H, W) → (N,): whole numbers are classes, floats amounts."""


def brightness(images: Tensor) -> Tensor:
    """Mean grey level in [0, 1]."""
    return _grey(images).mean(dim=(1, 2))


def contrast(images: Tensor) -> Tensor:
    """Standard deviation of the grey levels."""
    return _grey(images).std(dim=(1, 2))


def width(images: Tensor) -> Tensor:
    """Horizontal standard deviation, in pixels, of what differs from the picture's median grey."""
    x, _, weight = _centred(images)
    return (weight * x.square()).sum(dim=(1, 2)).sqrt()


def slant(images: Tensor) -> Tensor:
    """Pixels that what differs from the median grey moves sideways for each pixel downwards."""
    x, y, weight = _centred(images)
    return (weight * x * y).sum(dim=(1, 2)) / (weight * y.square()).sum(dim=(1, 2)).clamp(min=1e-9)


PICTURE_ATTRIBUTES: dict[str, Attribute] = {
    "brightness": brightness,
    "contrast": contrast,
    "width": width,
    "slant": slant,
}


def _grey(images: Tensor) -> Tensor:
    return images.double().mean(dim=1) / 255


def _centred(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Columns and rows from the centre of mass, and the masses, which add up to 1 (or to 0 in a blank picture)."""
    grey = _grey(images)
    mass = (grey - grey.flatten(1).median(dim=1).values[:, None, None]).abs()
    mass = mass / mass.sum(dim=(1, 2), keepdim=True).clamp(min=1e-9)
    y, x = torch.meshgrid(*(torch.arange(n, dtype=mass.dtype) for n in grey.shape[1:]), indexing="ij")
    middle_x, middle_y = ((mass * axis).sum(dim=(1, 2))[:, None, None] for axis in (x, y))
    return x - middle_x, y - middle_y, mass
