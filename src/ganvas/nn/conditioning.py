"""How a condition enters a network. ``None`` in its place means none, so no network branches on it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganvas.config import Family
from ganvas.nn.minibatch import Attached, Statistic
from ganvas.space import Classes, Condition


def _embed_classes(classes: Classes, width: int) -> nn.Module:
    return nn.Embedding(classes.count, width)


ENCODERS: dict[type[Family], Callable[..., nn.Module]] = {Classes: _embed_classes}
"""Condition kind → a module that maps its tensor to (N, width)."""


class Joined(nn.Module):
    """The generator's side: z with the encoded condition beside it (N, dimension + width)."""

    def __init__(self, dimension: int, condition: Condition | None, width: int) -> None:
        super().__init__()
        self.encode = ENCODERS[type(condition)](condition, width) if condition is not None else None
        self.width = dimension + (width if condition is not None else 0)

    def forward(self, z: Tensor, condition: Tensor | None) -> Tensor:
        return z if self.encode is None else torch.cat([z, self.encode(condition)], dim=1)


class Agreement(nn.Module):
    """How well features (N, width) fit their condition: ⟨encode(c), φ(x)⟩ / √width → (N,); zero without a condition.

    The inner product of Miyato & Koyama 2018, equation 3; the root keeps it alike in size whatever the width.
    """

    def __init__(self, width: int, condition: Condition | None) -> None:
        super().__init__()
        self.encode = ENCODERS[type(condition)](condition, width) if condition is not None else None

    def forward(self, features: Tensor, condition: Tensor | None) -> Tensor:
        if self.encode is None:
            return features.new_zeros(len(features))
        product: Tensor = (features * self.encode(condition)).sum(1)
        return product.div(features.shape[1] ** 0.5)


class Projected(nn.Module):
    """The discriminator's end: linear(φ(x), statistic) + agreement(φ(x), c), (N, width) → logits (N,)."""

    def __init__(self, width: int, condition: Condition | None, minibatch: Statistic | None = None) -> None:
        super().__init__()
        self.attached = Attached(minibatch, width)
        self.linear = nn.Linear(width + self.attached.size, 1)
        self.agreement = Agreement(width, condition)

    def forward(self, features: Tensor, condition: Tensor | None) -> Tensor:
        logits: Tensor = self.linear(self.attached(features)).squeeze(1) + self.agreement(features, condition)
        return logits
