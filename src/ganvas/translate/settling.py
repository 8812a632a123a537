"""Normalisation by a picture's own statistics, when the picture is worked through in tiles.

A layer such as instance normalisation takes mean and variance over the whole picture; over a tile they are others, and
every tile would come out in its own colours. So the tiles are passed through several times. The first such layer's
input depends on no statistics: its sums over the tiles' cores, which cover the picture once, are those of the whole
picture. With these known, the next pass finds the second layer's, and so on; no pass goes further than to the layer
that it asks about. With n layers that is exact after n passes, of half a network on average, and one more for the
picture. (Letting all layers take whatever the last pass pooled, and waiting until it stands still, takes as many
passes: what lies behind a layer that is not yet right is no better than before.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ganvas.translate.spans import Span


@dataclass
class Moments:
    """Sums over places of one layer's input, a channel a row: float64 on the CPU."""

    count: float
    first: Tensor
    second: Tensor

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.count + other.count, self.first + other.first, self.second + other.second)

    @property
    def mean(self) -> Tensor:
        return self.first / self.count

    @property
    def variance(self) -> Tensor:
        return (self.second / self.count - self.mean.square()).clamp(min=0)


class Enough(Exception):  # noqa: N818
    """A pass has come to the layer that it asks about."""


class Settling:
    """Within: layers normalise by what is known of the whole picture; the first one of which nothing is known looks at
    its input and ends the pass with `Enough`."""

    def __init__(self, network: nn.Module) -> None:
        self.layers = [module for module in network.modules() if of_the_picture(module)]
        self.known: list[Moments] = []
        """Of the whole picture, in the order in which the layers run."""
        self.asks = True
        """Whether to look; if not, layers of which nothing is known take each tile by itself."""
        self._gathered: Moments | None = None
        self._calls = 0
        self._tile: tuple[Span, Span] | None = None
        self._hooks: list[RemovableHandle] = []

    def __enter__(self) -> Self:
        self._hooks = [layer.register_forward_hook(self._seen) for layer in self.layers]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    @property
    def unknown(self) -> int:
        """How many layers took the last tile by itself."""
        return max(0, self._calls - len(self.known))

    def begin(self, row: Span, column: Span) -> None:
        """The next forward pass is over this tile."""
        self._tile, self._calls = (row, column), 0

    def pool(self) -> None:
        """All tiles have been asked about the next layer."""
        if self._gathered is not None:
            self.known.append(self._gathered)
            self._gathered = None

    def _seen(self, layer: Any, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor | None:
        x, call = inputs[0], self._calls
        self._calls += 1
        if call < len(self.known):
            return _normalised(layer, x, self.known[call])
        if not self.asks:
            return None
        here, before = self._moments(x), self._gathered
        self._gathered = here if before is None else before + here
        raise Enough

    def _moments(self, x: Tensor) -> Moments:
        """Over the places of (1, c, h, w) whose centres lie in the tile's core."""
        assert self._tile is not None
        rows, columns = (_inside(span, side) for span, side in zip(self._tile, x.shape[2:], strict=True))
        core = x[0, :, rows, columns].flatten(1)
        count = core.shape[1]
        if count == 0:  # at a coarse layer a core can lie between the places
            return Moments(0, torch.zeros(len(core), dtype=torch.float64), torch.zeros(len(core), dtype=torch.float64))
        variance, mean = (part.cpu().double() for part in torch.var_mean(core.float(), dim=1, correction=0))
        return Moments(count, count * mean, count * (variance + mean.square()))


def of_the_picture(module: nn.Module) -> bool:
    """Whether a layer normalises by statistics of the very picture that it is given."""
    if isinstance(module, nn.InstanceNorm2d):
        return module.training or not module.track_running_stats
    if isinstance(module, nn.BatchNorm2d):
        return module.training or module.running_mean is None
    return isinstance(module, nn.GroupNorm)


def _inside(span: Span, side: int) -> slice:
    """Of ``side`` places spread evenly over the window, those with their centre in the core."""
    start, stop = span.window
    each = (stop - start) / side
    return slice(*(max(0, math.ceil((place - start) / each - 0.5)) for place in span.core))


def _normalised(layer: Any, x: Tensor, moments: Moments) -> Tensor:
    """As the layer does, by these moments: (x − mean) / √(variance + ε) · weight + bias."""
    mean, variance = moments.mean, moments.variance
    if isinstance(layer, nn.GroupNorm):
        groups = Moments(
            moments.count * layer.num_channels / layer.num_groups,
            *(_summed(sums, layer.num_groups) for sums in (moments.first, moments.second)),
        )
        mean, variance = groups.mean, groups.variance
    gain = torch.rsqrt(variance + layer.eps)
    if layer.weight is not None:
        gain = gain * layer.weight.cpu().double()
    shift = -mean * gain
    if layer.bias is not None:
        shift = shift + layer.bias.cpu().double()
    gain, shift = (part.to(x.dtype).to(x.device)[:, None, None] for part in (gain, shift))
    return (x * gain).add_(shift)


def _summed(sums: Tensor, groups: int) -> Tensor:
    """Channels (c,) → (c,), each the sum over its group."""
    width = len(sums) // groups
    return sums.view(groups, width).sum(dim=1).repeat_interleave(width)
