"""Instance noise: what the discriminator sees, real or generated, is blurred in distribution."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ganvas.augment.augmented import Augment
from ganvas.schedule import Schedule, Value


class InstanceNoise(Augment):
    """Sønderby et al. 2017, section 2.5: Gaussian noise of deviation ``sigma`` (pictures reach from −1 to 1) on both
    sides, so that the two distributions overlap from the start; it should fade as training goes on."""

    kind: Literal["instance-noise"] = "instance-noise"
    sigma: Value = Schedule(start=0.1, end=0.0, shape="linear")

    @property
    def amount(self) -> Value:
        return self.sigma

    def __call__(self, images: Tensor, amount: Tensor) -> Tensor:
        return images + amount * torch.randn_like(images)
