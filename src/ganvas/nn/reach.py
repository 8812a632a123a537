"""How far a convolutional network looks, worked out from its layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from ganvas.nn.scaling import Blurred, Doubled

Interval = tuple[int, int]
"""First and last index along one side."""


def _conv(layer: Any, a: int, b: int) -> Interval:
    size, stride, padding = layer.kernel_size[0], layer.stride[0], layer.padding[0]
    return a * stride - padding, b * stride - padding + size - 1


def _transposed(layer: Any, a: int, b: int) -> Interval:
    # output o collects inputs i with o = i·stride − padding + k, k = 0 … size − 1
    size, stride, padding = layer.kernel_size[0], layer.stride[0], layer.padding[0]
    return -((size - 1 - padding - a) // stride), (b + padding) // stride


def _doubled(layer: Any, a: int, b: int) -> Interval:
    return ((a - 1) // 2, (b + 1) // 2) if layer.mode == "bilinear" else (a // 2, b // 2)


BACK: dict[type[nn.Module], Callable[[Any, int, int], Interval]] = {
    nn.Conv2d: _conv,
    nn.ConvTranspose2d: _transposed,
    nn.ReflectionPad2d: lambda layer, a, b: (a - layer.padding[0], b - layer.padding[0]),
    nn.PixelShuffle: lambda layer, a, b: (a // layer.upscale_factor, b // layer.upscale_factor),
    nn.PixelUnshuffle: lambda layer, a, b: (a * layer.downscale_factor, (b + 1) * layer.downscale_factor - 1),
    Doubled: _doubled,
    Blurred: lambda layer, a, b: (2 * a - 1, 2 * b + 1),
}
"""Layer → from the outputs a … b to the inputs that they depend on."""


def reach(network: nn.Module, scale: int, multiple: int) -> int:
    """How many source pixels away anything may lie that an output pixel depends on.

    Outputs are followed back through the layers, which must stand in the network in the order in which they run; what
    runs beside them (a skip connection) must reach no further. Layers that are not in `BACK` work pixel by pixel.
    """
    layers = [layer for layer in network.modules() if type(layer) in BACK][::-1]
    furthest = 0
    for output in range(scale * multiple):  # the pattern repeats after so many pixels
        a = b = output
        for layer in layers:
            a, b = BACK[type(layer)](layer, a, b)
        furthest = max(furthest, output // scale - a, b - output // scale)
    return furthest
