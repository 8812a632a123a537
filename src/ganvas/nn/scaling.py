"""How a source's size and its target's belong together, and how to change from one to the other."""

from __future__ import annotations

import math
from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, pad

from ganvas.errors import GanvasError
from ganvas.space import Source, Space


def scale_between(source: Source, target: Space, known: Collection[int], network: str) -> int:
    """Target pixels for each source pixel of a side.

    Raises:
        GanvasError: not one of the ``known`` ones, or not the same in both directions.
    """
    scale = target.height // source.height
    if (target.height, target.width) != (scale * source.height, scale * source.width) or scale not in known:
        sizes = f"{source.height}x{source.width} into {target.height}x{target.width}"
        raise GanvasError(f"{network} cannot turn {sizes}; each side may grow {_either(known)} times")
    return scale


def check_multiple(source: Source, multiple: int, network: str) -> None:
    """Whether a source can be worked on as it is.

    Raises:
        GanvasError: a side is no multiple of ``multiple``; the line names sizes that are.
    """
    if source.height % multiple or source.width % multiple:
        height, width = (max(1, round(side / multiple)) * multiple for side in (source.height, source.width))
        raise GanvasError(
            f"{network} needs sides that are multiples of {multiple}, not {source.height}x{source.width}; "
            f"the nearest size is {height}x{width}"
        )


def halvings(height: int, width: int) -> int:
    """How often both sides can be halved without a rest: 256×192 → 6."""
    common = math.gcd(height, width)
    return (common & -common).bit_length() - 1


class Doubled(nn.Module):
    """Twice the size, (N, C, h, w) → (N, C, 2h, 2w), by repeating pixels or between their centres."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        return interpolate(x, scale_factor=2, mode=self.mode)


class Blurred(nn.Module):
    """Half the size, after the filter [1, 2, 1] / 4 each way (Zhang 2019, *Making convolutional networks
    shift-invariant again*); borders are mirrored."""

    filter: Tensor

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("filter", torch.outer(taps, taps)[None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        taps = self.filter.to(x.dtype).expand(x.shape[1], -1, -1, -1)
        return conv2d(pad(x, (1, 1, 1, 1), mode="reflect"), taps, stride=2, groups=x.shape[1])


def _either(known: Collection[int]) -> str:
    *most, last = map(str, known)
    return f"{', '.join(most)} or {last}" if most else last
