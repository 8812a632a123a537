"""How a picture of any size is reached by doubling."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor

from ganvas.space import Space


class Doublings(NamedTuple):
    """``base`` (height, width), doubled ``times`` times, covers the picture; what is over is cropped."""

    base: tuple[int, int]
    times: int


def doublings(space: Space, smallest: int = 4) -> Doublings:
    """As many as leave the shorter side of the base at least ``smallest``: 64 = 4·2⁴, 28 = 7·2², 200 ≤ 7·2⁵."""
    times = max(0, int(math.log2(min(space.height, space.width) / smallest)))
    return Doublings((math.ceil(space.height / 2**times), math.ceil(space.width / 2**times)), times)


def crop(images: Tensor, space: Space) -> Tensor:
    """The middle (height, width) of (N, C, ≥ height, ≥ width)."""
    top, left = (images.shape[2] - space.height) // 2, (images.shape[3] - space.width) // 2
    return images[:, :, top : top + space.height, left : left + space.width]
