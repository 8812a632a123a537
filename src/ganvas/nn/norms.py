"""Normalisation by name, and the initial weights that go with it in pix2pix and CycleGAN."""

from __future__ import annotations

from typing import Literal

from torch import nn

Norm = Literal["batch", "instance", "none"]
"""``batch``: over the batch; ``instance``: each picture by itself, without learned scales; ``none``."""


def normalised(kind: Norm, width: int) -> nn.Module:
    """Normalisation of ``width`` channels."""
    layers = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d}
    return layers[kind](width) if kind in layers else nn.Identity()


def biased(kind: Norm) -> bool:
    """Whether the convolution before it has a bias: batch normalisation brings its own."""
    return kind != "batch"


def initialise(network: nn.Module) -> None:
    """N(0, .02) for all weights and 0 for biases, N(1, .02) for the scales of batch normalisation (Isola et al. 2017,
    section 6.2, and the published code)."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
