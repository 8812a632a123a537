"""LPIPS: how different two pictures look, by what a classifier sees in them.

Zhang et al. 2018, "The unreasonable effectiveness of deep features as a perceptual metric", equation 1, in version 0.1
of the published heads. Pictures must be in [−1, 1]: values in [0, 1] give a plausible number that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ganvas.errors import GanvasError
from ganvas.nn.backbones.alexnet import AlexNetTaps
from ganvas.nn.backbones.filling import filled
from ganvas.nn.backbones.flax import from_flax
from ganvas.nn.backbones.vgg16 import VGG16Taps
from ganvas.weights import load_weights

Net = Literal["alexnet", "vgg16"]
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
"""ImageNet's mean and deviation, brought to [−1, 1]."""
EPSILON = 1e-10


@dataclass(frozen=True)
class Trunk:
    """What sees, where its weights are, and how small a picture it can look at."""

    make: Callable[[], nn.Module]
    weights: str
    smallest: int


TRUNKS: Mapping[Net, Trunk] = {
    "alexnet": Trunk(AlexNetTaps, "lpips-alexnet", 31),
    "vgg16": Trunk(VGG16Taps, "lpips-vgg16", 16),
}


class LPIPS(nn.Module):
    """Two float (N, 3 or 1, H, W) in [−1, 1] → (N,), 0 for equal pictures; differentiable in both."""

    def __init__(self, trunk: nn.Module, heads: Sequence[Tensor], smallest: int) -> None:
        """``trunk`` gives activations (N, c, h, w) in stages, ``heads`` weigh the channels (c,) of each."""
        super().__init__()
        self.trunk = trunk
        self.smallest = smallest
        self.heads = nn.ParameterList(nn.Parameter(head, requires_grad=False) for head in heads)
        self.shift: Tensor
        self.scale: Tensor
        self.register_buffer("shift", torch.tensor(SHIFT)[:, None, None])
        self.register_buffer("scale", torch.tensor(SCALE)[:, None, None])

    def forward(self, pictures: Tensor, targets: Tensor) -> Tensor:
        """Σ over stages of the mean over places of Σ over channels of head · (difference of unit vectors)².

        Raises:
            GanvasError: shapes that differ, or pictures too small or of another number of channels.
        """
        self._check(pictures, targets)
        mine, theirs = self._directions(pictures), self._directions(targets)
        stages = [
            ((a - b).square() * head[:, None, None]).sum(dim=1).mean(dim=(1, 2))
            for a, b, head in zip(mine, theirs, self.heads, strict=True)
        ]
        return torch.stack(stages).sum(dim=0)

    def _directions(self, pictures: Tensor) -> list[Tensor]:
        """Every place's activations as a unit vector; where nothing fires, 0 (and a gradient of 0, not NaN)."""
        activations: list[Tensor] = self.trunk((pictures.expand(-1, 3, -1, -1) - self.shift) / self.scale)
        return [a / (torch.linalg.vector_norm(a, dim=1, keepdim=True) + EPSILON) for a in activations]

    def _check(self, pictures: Tensor, targets: Tensor) -> None:
        if pictures.shape != targets.shape or pictures.ndim != 4 or pictures.shape[1] not in (1, 3):
            raise GanvasError(
                f"LPIPS compares two (N, 3, H, W) or (N, 1, H, W) of one shape, not {tuple(pictures.shape)} with "
                f"{tuple(targets.shape)}"
            )
        if min(pictures.shape[2:]) < self.smallest:
            height, width = pictures.shape[2:]
            raise GanvasError(f"pictures of {height}x{width} are too small for LPIPS: enlarge to {self.smallest} px")


def load_lpips(net: Net = "alexnet") -> LPIPS:
    """LPIPS v0.1 with its published weights: ``alexnet`` to report, ``vgg16`` for path lengths and as a loss.

    Raises:
        GanvasError: the weights are not on this machine; the line says how to get them.
    """
    trunk = TRUNKS[net]
    convolutions, heads = from_flax(load_weights(trunk.weights), trunk.make)
    return LPIPS(filled(trunk.make, convolutions, f"LPIPS with {net}"), heads, trunk.smallest).eval()
