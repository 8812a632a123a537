"""How a translation differs from the picture that it should be; or, without pairs, from one that it should resemble."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from ganvas.config import Family
from ganvas.errors import GanvasError
from ganvas.metrics.lpips import LPIPS, TRUNKS, load_lpips
from ganvas.nn.backbones.filling import filled
from ganvas.nn.backbones.flax import from_flax
from ganvas.nn.backbones.vgg16 import VGG16Taps
from ganvas.nn.backbones.vgg19 import VGG19Features
from ganvas.schedule import Value
from ganvas.space import Space
from ganvas.weights import load_weights, locate_weights


class Content(Family):
    """``content(pictures, targets)``: (N, C, H, W) in [−1, 1] twice → (N,), 0 where they are equal."""

    weight: Value = 1.0

    def __call__(self, pictures: Tensor, targets: Tensor) -> Tensor:
        raise NotImplementedError

    def unusable(self, space: Space) -> str | None:
        """Why this cannot be computed here, or not of pictures of this space; or None."""
        return None


class L1(Content):
    """Mean |x − y|: asks for the median of what is possible, which is less blurred than the mean."""

    kind: Literal["l1"] = "l1"

    def __call__(self, pictures: Tensor, targets: Tensor) -> Tensor:
        return (pictures - targets).abs().flatten(1).mean(1)


class MSE(Content):
    """Mean (x − y)²: the best PSNR, and the mean of what is possible."""

    kind: Literal["mse"] = "mse"

    def __call__(self, pictures: Tensor, targets: Tensor) -> Tensor:
        return (pictures - targets).square().flatten(1).mean(1)


class Perceptual(Content):
    """Mean squared difference of what a classifier sees: Ledig et al. 2017, equation 5.

    ``vgg19`` is the paper's: features of the sixteenth convolution, after its ReLU; ``vgg16`` those of its thirteenth,
    whose weights a package carries. Features are divided by 12.75, as the paper scales them. A grey picture is looked
    at as a colour one; at least 16 px a side.
    """

    kind: Literal["perceptual"] = "perceptual"
    network: Literal["vgg19", "vgg16"] = "vgg19"

    def __call__(self, pictures: Tensor, targets: Tensor) -> Tensor:
        see = _eyes(self.network, pictures.device)
        with torch.no_grad():
            wanted = see(targets)
        return ((see(pictures) - wanted) / FEATURE_SCALE).square().flatten(1).mean(1)

    def unusable(self, space: Space) -> str | None:
        if (reason := _unseen(space, SMALLEST)) is not None:
            return f"the perceptual content loss cannot look: {reason}"
        try:
            locate_weights(SEEING[self.network].weights)
        except GanvasError as error:
            other = "; or --set content.perceptual.network=vgg16" if self.network == "vgg19" else ""
            return f"the perceptual content loss cannot look: {error}{other}"
        return None


class Look(Content):
    """LPIPS (Zhang et al. 2018): how different two pictures look, by all stages of a classifier. Pictures that are a
    pixel apart look alike, which no difference of pixels knows. A grey picture is looked at as a colour one; at least
    31 px a side for ``alexnet``, 16 for ``vgg16``."""

    kind: Literal["lpips"] = "lpips"
    network: Literal["vgg16", "alexnet"] = "vgg16"

    def __call__(self, pictures: Tensor, targets: Tensor) -> Tensor:
        distances: Tensor = _lpips(self.network, pictures.device)(pictures, targets)
        return distances

    def unusable(self, space: Space) -> str | None:
        if (reason := _unseen(space, TRUNKS[self.network].smallest)) is not None:
            return f"the content loss lpips cannot look: {reason}"
        try:
            locate_weights(TRUNKS[self.network].weights)
        except GanvasError as error:
            return f"the content loss lpips cannot look: {error}"
        return None


FEATURE_SCALE = 12.75
SMALLEST = 16
"""Pixels a side of which four halvings leave one."""
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""ImageNet's mean and deviation, brought to [−1, 1]."""


def _unseen(space: Space, smallest: int) -> str | None:
    """Why a classifier that needs so many pixels a side cannot see pictures of this space, or None."""
    channels, height, width = space.shape
    if channels not in (1, 3):
        return f"it sees grey pictures and RGB, not {channels} channels; take content=l1 or mse instead"
    if min(height, width) < smallest:
        return f"it sees pictures of at least {smallest} px a side, not {height}x{width}; enlarge --crop or --size"
    return None


class Seeing(NamedTuple):
    """Which file of weights, and how a network is made of it."""

    weights: str
    make: Callable[[], nn.Module]


def _vgg16() -> nn.Module:
    trunk, _ = from_flax(load_weights("lpips-vgg16"), VGG16Taps)
    return filled(VGG16Taps, trunk, "the perceptual loss with vgg16").features


def _vgg19() -> nn.Module:
    weights = {name: tensor for name, tensor in load_weights("vgg19").items() if name.startswith("features.")}
    return filled(VGG19Features, weights, "the perceptual loss with vgg19").features


SEEING: Mapping[str, Seeing] = {"vgg16": Seeing("lpips-vgg16", _vgg16), "vgg19": Seeing("vgg19", _vgg19)}


@lru_cache(maxsize=4)
def _lpips(name: Literal["vgg16", "alexnet"], device: torch.device) -> LPIPS:
    """Made once; nobody moves it, and it takes nothing for its own."""
    network = load_lpips(name).requires_grad_(False).to(device)
    for layer in network.modules():
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    return network


@lru_cache(maxsize=4)
def _eyes(name: str, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Pictures in [−1, 1] → features; the network is made once, and belongs to no game: nobody moves it."""
    network = SEEING[name].make().requires_grad_(False).eval().to(device)
    for layer in network.modules():
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    shift, scale = (torch.tensor(numbers, device=device)[:, None, None] for numbers in (SHIFT, SCALE))
    return lambda pictures: network((pictures.expand(-1, 3, -1, -1) - shift) / scale)
