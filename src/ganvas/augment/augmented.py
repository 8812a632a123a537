"""A discriminator that never sees a picture as it is."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from ganvas.config import Family
from ganvas.nn.judgement import Judgement
from ganvas.schedule import Value


class Augment(Family):
    """One thing that is done to every picture that the discriminator sees; draws from torch's global generator, which
    every part of a turn seeds."""

    @property
    def amount(self) -> Value:
        """The number that says how much; it may be a schedule."""
        raise NotImplementedError

    def __call__(self, images: Tensor, amount: Tensor) -> Tensor:
        """(N, C, H, W) in [−1, 1] → the same, changed by ``amount`` (0-dim); differentiable in the picture."""
        raise NotImplementedError


class Augmented(nn.Module):
    """A discriminator behind augmentations, in every turn; penalties reach through to the pictures."""

    def __init__(self, network: nn.Module, augments: Iterable[Augment]) -> None:
        super().__init__()
        self.network, self.augments = network, tuple(augments)
        for augment in self.augments:
            self.register_buffer(_slot(augment), torch.ones(()), persistent=False)

    def amount(self, augment: Augment) -> Tensor:
        """Where the amount of this augmentation is written, 0-dim."""
        return self.get_buffer(_slot(augment))

    @property
    def mixes_samples(self) -> bool:
        return bool(getattr(self.network, "mixes_samples", False))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        for augment in self.augments:
            images = augment(images, self.amount(augment))
        judgement: Judgement = self.network(images, condition)
        return judgement


def _slot(augment: Augment) -> str:
    return f"amount of {augment.kind}"
