"""The same windows of a translation's data, again and again: pictures with their sources, a few in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ganvas.games.batch import Batch, Place
from ganvas.nn.tested import as_tested
from ganvas.recipes.recipe import Recipe

CHUNK = 8


@dataclass(frozen=True)
class Windows:
    """The first ``count`` windows of a recipe's stream over ``data``: nothing is kept, they are cut anew each time.

    Of two sets, picture and source have nothing to do with each other. Degraded sources are always degraded alike.
    """

    recipe: Recipe
    data: Any
    count: int
    device: torch.device

    def batches(self) -> Iterator[Batch]:
        """The windows, `CHUNK` at a time; the last batch is smaller."""
        size = min(CHUNK, self.count)
        told = self.recipe.data.but(mirror=False) if self.recipe.data is not None else None
        stream = self.recipe.but(batch=size, parts=1, data=told).stream(self.data, 1, Place(self.device))
        for round in range(-(-self.count // size)):
            batch = stream.at(round, 0)
            left = min(size, self.count - round * size)
            assert batch.source is not None
            yield Batch(batch.images[:left], None, batch.key, source=batch.source[:left])

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """(source (1, C', h, w), picture (1, C, H, W)) of each window."""
        for batch in self.batches():
            assert batch.source is not None
            yield from zip(batch.source[:, None], batch.images[:, None], strict=True)


def translated(network: nn.Module, pictures: Tensor, mode: Literal["train", "eval"]) -> Tensor:
    """(N, …) → (N, …): one picture at a time, as a user's are, so that each is normalised by its own statistics."""
    with as_tested(network, mode):
        return torch.cat([network(picture) for picture in pictures[:, None]])
