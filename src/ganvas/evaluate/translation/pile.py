"""Pictures of one size, looked up when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganvas.evaluate.features_cache import digest
from ganvas.evaluate.looking import Fakes
from ganvas.images import to_uint8, viewable

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Pile:
    """``network(rows (n,))`` → float (n, C, H, W) in [−1, 1]."""

    draw: Callable[[Rows], Tensor]
    chosen: Rows
    """Which rows of the whole they are."""
    key: str
    """Says what they are, for what is kept on the disk."""
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.chosen)

    def network(self, rows: Rows) -> Tensor:
        """float32 (n, C, H, W) in [−1, 1]."""
        return self.draw(self.chosen[rows])

    def levels(self, rows: Rows) -> Tensor:
        """uint8 (n, C, H, W)."""
        return viewable(to_uint8(self.network(rows)))

    def some(self, most: int) -> Pile:
        """At most so many, spread evenly."""
        if len(self) <= most:
            return self
        kept = np.linspace(0, len(self) - 1, most).round().astype(np.int64)
        return Pile(
            self.draw, self.chosen[kept], f"{self.key}, rows {digest(kept)}", tuple(self.names[i] for i in kept)
        )

    def fakes(self) -> Fakes:
        """For extractors."""
        return Fakes(self.levels, len(self), key=self.key)


class Stacked:
    """Several piles as the rows of one array: what trains a classifier indexes it."""

    def __init__(self, *piles: Pile) -> None:
        self.piles = piles
        self.ends = np.cumsum([len(pile) for pile in piles])

    def __len__(self) -> int:
        return int(self.ends[-1])

    def __getitem__(self, rows: Rows) -> np.ndarray:
        which = np.searchsorted(self.ends, rows, side="right")
        first = self.piles[0].levels(np.zeros(1, np.int64))
        pictures = np.empty((len(rows), *first.shape[1:]), np.uint8)
        for number, pile in enumerate(self.piles):
            mine = which == number
            if mine.any():
                pictures[mine] = pile.levels(rows[mine] - (self.ends[number] - len(pile))).numpy()
        return pictures

    def as_array(self) -> np.ndarray:
        """For those who ask for an array and only index it."""
        return cast(np.ndarray, self)
