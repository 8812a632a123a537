"""DiffAugment: the discriminator never sees an unchanged picture, real or fake, so it cannot learn the few by heart.

Zhao et al. 2020. All operations are twice differentiable in the picture and draw from torch's global generator, which
every part of a turn seeds (one draw per sample, in the order in which the samples stand).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from ganvas.augment.augmented import Augment
from ganvas.schedule import Value


def color(images: Tensor) -> Tensor:
    """Brightness ±.5, saturation 0…2 (where there is colour) and contrast .5…1.5."""
    brightness, saturation, contrast = torch.rand(3, len(images), 1, 1, 1, device=images.device).unbind()
    images = images + (brightness - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * (2.0 * saturation)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * (contrast + 0.5)


def translation(images: Tensor, ratio: float = 0.125) -> Tensor:
    """Shifted by up to an eighth of each side, padded with the grey middle (0)."""
    n, _, h, w = images.shape
    dy, dx = (torch.randint(-round(s * ratio), round(s * ratio) + 1, (n, 1), device=images.device) for s in (h, w))
    # the border of one pixel of zeros is where everything from outside comes from
    y = (torch.arange(h, device=images.device) + dy + 1).clamp(0, h + 1)
    x = (torch.arange(w, device=images.device) + dx + 1).clamp(0, w + 1)
    padded = pad(images, (1, 1, 1, 1)).permute(0, 2, 3, 1)
    rows = torch.arange(n, device=images.device)[:, None, None]
    return padded[rows, y[:, :, None], x[:, None, :]].permute(0, 3, 1, 2)


def cutout(images: Tensor, ratio: float = 0.5) -> Tensor:
    """One box of half the side, at a random place, set to the grey middle."""
    n, _, h, w = images.shape
    inside = torch.ones(n, h, w, dtype=torch.bool, device=images.device)
    for dim, side in ((1, h), (2, w)):
        centre = torch.randint(0, side + 1, (n, 1), device=images.device)
        along = (torch.arange(side, device=images.device) - centre).abs() <= int(side * ratio / 2)
        inside &= along.unsqueeze(3 - dim)
    return images * ~inside[:, None]


OPERATIONS: dict[str, Callable[[Tensor], Tensor]] = {"color": color, "translation": translation, "cutout": cutout}


class DiffAugment(Augment):
    """Zhao et al. 2020: color, translation, cutout, each applied to each picture with ``probability``."""

    kind: Literal["diffaugment"] = "diffaugment"
    probability: Value = 1.0
    policy: tuple[Literal["color", "translation", "cutout"], ...] = ("color", "translation", "cutout")

    @property
    def amount(self) -> Value:
        return self.probability

    def __call__(self, images: Tensor, amount: Tensor) -> Tensor:
        for name in self.policy:
            chosen = torch.rand(len(images), 1, 1, 1, device=images.device) < amount
            images = torch.where(chosen, OPERATIONS[name](images), images)
        return images
