"""The extractors by name: those that need nothing but the data, and those whose weights must be on this machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
from torch import nn

from ganvas.config import suggest
from ganvas.errors import GanvasError
from ganvas.evaluate.extractor import Extractor, Material, NetworkExtractor, Resize
from ganvas.evaluate.judge import self_trained
from ganvas.evaluate.public import PUBLIC

RANDOM_WIDTHS = (32, 64, 64)


def pixels(material: Material) -> NetworkExtractor:
    """The pixels themselves, averaged over areas down to at most 32 px a side."""
    space = material.space
    resizing = Resize.at_most(32, space, mode="area")
    dimension = space.channels * resizing.height * resizing.width
    return NetworkExtractor("pixels", resizing, nn.Flatten(), dimension, material.device)


def random_conv(material: Material) -> NetworkExtractor:
    """Three convolutions with seeded random weights, pooled to 2×2: texture and rough place, trained on nothing.

    Random features tell distributions apart without any training data (Naeem et al. 2020, section 4).
    """
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(material.seed)
        for before, after in pairwise((material.space.channels, *RANDOM_WIDTHS)):
            convolution = nn.Conv2d(before, after, 3, stride=2, padding=1)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            layers += [convolution, nn.ReLU()]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten()).to(material.device)
    resizing = Resize.at_most(64, material.space, mode="bilinear", antialias=True)
    return NetworkExtractor("random-conv", resizing, network, 4 * RANDOM_WIDTHS[-1], material.device)


EXTRACTORS: dict[str, Callable[[Material], Extractor]] = {
    "pixels": pixels,
    "random-conv": random_conv,
    "self-trained": self_trained,
}
"""Those that need nothing but the data: what a card is measured with unless others are asked for."""


def extractor_factory(name: str) -> Callable[[Material], Extractor]:
    """What makes the extractor of that name; it raises `UnsuitableError` where its material does not suffice.

    A name from `PUBLIC` may carry an argument behind a colon: ``inception:legacy``, ``dinov2:PATH``, ``onnx:PATH``.

    Raises:
        GanvasError: an unknown name; the near ones are listed.
    """
    public, _, argument = name.partition(":")
    if public in PUBLIC:
        return partial(PUBLIC[public], argument)
    if name not in EXTRACTORS:
        raise GanvasError(f"no extractor is called '{name}'; {suggest(public, [*EXTRACTORS, *PUBLIC])}")
    return EXTRACTORS[name]
