"""The endless order in which pictures are shown: one seeded permutation after another."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Steps(NamedTuple):
    """Some places of the walk: which pictures stand there, how they are shown."""

    indices: NDArray[np.int64]
    flips: NDArray[np.bool_]
    """(n,) whether mirrored."""
    corners: NDArray[np.float64]
    """(n, 2) in [0, 1): where a window is cut, down and across, among the places where it fits."""


class Walk:
    """A pure function of (seed, epoch, place): nothing is iterated, nothing to resume. Walks of one game have a number
    ``which``, so that none goes as another does."""

    def __init__(self, count: int, seed: int, which: int = 0) -> None:
        self.count, self.seed, self.which = count, seed, which
        self._epoch = lru_cache(maxsize=2)(self._permuted)

    def at(self, first: int, count: int) -> Steps:
        """What stands at the places ``first`` … ``first + count``; they may span epochs."""
        epochs, places = np.divmod(np.arange(first, first + count), self.count)
        indices, flips, corners = np.empty(count, np.int64), np.empty(count, np.bool_), np.empty((count, 2))
        for epoch in np.unique(epochs):
            here, whole = epochs == epoch, self._epoch(int(epoch))
            there = places[here]
            indices[here], flips[here], corners[here] = whole.indices[there], whole.flips[there], whole.corners[there]
        return Steps(indices, flips, corners)

    def _permuted(self, epoch: int) -> Steps:
        random = np.random.default_rng([self.seed, epoch, self.which])
        return Steps(random.permutation(self.count), random.random(self.count) < 0.5, random.random((self.count, 2)))
