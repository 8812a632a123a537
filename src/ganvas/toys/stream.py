"""Points of a target as the loop's batches: endless, so nothing can be learnt by heart."""

from __future__ import annotations

import numpy as np
import torch

from ganvas.games.batch import Batch, Key
from ganvas.space import Space
from ganvas.toys.targets import Target


def space_of(target: Target) -> Space:
    """A point is a picture of one pixel with a channel a coordinate."""
    return Space(channels=target.dimensions, height=1, width=1)


class Points:
    """``at(round, turn)``: ``size`` fresh points (N, dimensions, 1, 1), divided by the target's extent, so that
    networks see [−1, 1] as they do with pictures."""

    def __init__(self, target: Target, size: int, seed: int) -> None:
        self.target, self.size, self.seed = target, size, seed

    def at(self, round: int, turn: int) -> Batch:
        """The same points for the same place."""
        points = self.target.draw(self.size, np.random.default_rng([self.seed, round, turn])) / self.target.extent
        images = torch.from_numpy(points.astype(np.float32))[:, :, None, None]
        return Batch(images, None, Key(self.seed, round, turn, 0))
