"""Dense layers: Goodfellow et al. 2014's networks, and those for points in the plane, which are pictures of one pixel.

A ReLU network is slow to learn what changes over short distances (spectral bias, Rahaman et al. 2019); sines and
cosines of the input, doubled in frequency ``octaves`` times, cure that (Tancik et al. 2020).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, relu, silu

from ganvas.latent.priors import Prior
from ganvas.models import networks
from ganvas.nn.conditioning import Joined, Projected
from ganvas.nn.judgement import Judgement
from ganvas.space import Space


class MLPGenerator(networks.GeneratorConfig):
    """z → dense layers → all numbers of a picture at once."""

    kind: Literal["mlp"] = "mlp"
    widths: tuple[int, ...] = (128, 128, 128)
    output: Literal["tanh", "linear"] = "tanh"
    """`linear` for data that may lie anywhere, such as points."""
    activation: Literal["relu", "silu"] = "relu"
    """ReLU bends sharply and can leap from mode to mode; SiLU is smooth, and so is the density it makes."""

    def network(self, space: Space, prior: Prior) -> networks.Generator:
        return Generator(self, space, prior)


class Generator(networks.Generator):
    """(N, dimension) → (N, C, H, W)."""

    def __init__(self, config: MLPGenerator, space: Space, prior: Prior) -> None:
        super().__init__()
        self.shape, self.output = space.shape, torch.tanh if config.output == "tanh" else nn.Identity()
        self.activation = relu if config.activation == "relu" else silu
        self.latent = Joined(prior.dimension, space.condition, prior.dimension)
        self.layers = _dense([self.latent.width, *config.widths, math.prod(space.shape)])

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        x = self.latent(z, condition)
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        numbers: Tensor = self.output(self.layers[-1](x))
        return numbers.view(-1, *self.shape)


class MLPDiscriminator(networks.DiscriminatorConfig):
    """All numbers of a picture → waves → dense layers → logit."""

    kind: Literal["mlp"] = "mlp"
    widths: tuple[int, ...] = (128, 128)
    octaves: int = Field(default=0, ge=0)
    """How many: the k-th has a wavelength of 4 / 2ᵏ, k = 0, 1, …, so the longest is twice as long as [−1, 1]."""

    def network(self, space: Space) -> networks.Discriminator:
        return Discriminator(self, space)


class Discriminator(networks.Discriminator):
    """(N, C, H, W) → logits (N,)."""

    frequencies: Tensor

    def __init__(self, config: MLPDiscriminator, space: Space) -> None:
        super().__init__()
        frequencies = 0.5 * math.pi * 2.0 ** torch.arange(config.octaves)
        self.register_buffer("frequencies", frequencies, persistent=False)
        widths = [math.prod(space.shape) * (1 + 2 * config.octaves), *config.widths]
        self.layers = _dense(widths)
        self.judge = Projected(widths[-1], space.condition, config.minibatch)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        x = images.flatten(1)
        angles = (x[:, :, None] * self.frequencies).flatten(1)
        x = torch.cat([x, angles.sin(), angles.cos()], dim=1)
        for layer in self.layers:
            x = leaky_relu(layer(x), 0.2)
        return Judgement(self.judge(x, condition))


def _dense(widths: list[int]) -> nn.ModuleList:
    return nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
