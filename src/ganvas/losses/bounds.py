"""What is done to a player's weights after its own step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import nn

from ganvas.config import Family


class Bound(Family):
    """Keeps a network's weights inside a set."""

    def __call__(self, parameters: Iterable[nn.Parameter]) -> None:
        """Change the weights in place."""
        raise NotImplementedError


class Clip(Bound):
    """Arjovsky et al. 2017, algorithm 1, line 7: w ← clip(w, −c, c)."""

    kind: Literal["clip"] = "clip"
    limit: float = Field(default=0.01, gt=0.0)

    @torch.no_grad()
    def __call__(self, parameters: Iterable[nn.Parameter]) -> None:
        for weight in parameters:
            weight.clamp_(-self.limit, self.limit)
