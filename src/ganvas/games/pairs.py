"""Batches for translations: pictures and what they are translated from."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganvas.data.degradation import Degradation
from ganvas.data.translation.translations import Translations, flipped_windows, windows
from ganvas.errors import GanvasError
from ganvas.games.batch import Batch, Key, Place
from ganvas.games.walk import Steps, Walk


class PairBatches:
    """``at(round, turn)`` is this process's share of the ``size`` pictures of that round with their sources: the same
    for every turn of a round, so that an epoch is one for every player.

    Where pictures and sources are two sets, each has a walk of its own; where there are no sources, ``degradation``
    makes them.
    """

    def __init__(
        self,
        data: Translations,
        size: int,
        seed: int,
        place: Place,
        parts: int = 1,
        mirror: bool = False,
        degradation: Degradation | None = None,
    ) -> None:
        if degradation is not None and data.sources is not None:
            raise GanvasError(
                f"{data.name} brings its own sources, {data.names[0]}: --set degradation=none trains on them"
            )
        self.data, self.size, self.seed, self.place = data, size, seed, place
        self.parts, self.mirror, self.degradation = parts, mirror, degradation
        self.walk = Walk(len(data.images), seed)
        self.other = Walk(len(data.sources), seed, 1) if data.sources is not None and not data.paired else None

    def at(self, round: int, turn: int) -> Batch:
        """The batch of a round; of its turns only the noise differs."""
        share = self.size // self.place.world
        first = round * self.size + self.place.rank * share
        pictures, sources = windows(self.data, *self._mirrored(self.walk.at(first, share)))
        images = self.data.images_as_network(pictures, self.place.device)
        source: Tensor | None = None
        if self.degradation is not None:
            chance = torch.Generator().manual_seed(Key(self.seed, round, 0, self.place.rank).number)
            source = self.degradation(images, chance)
        elif self.other is not None and self.data.sources is not None and self.data.space.source is not None:
            sizes = self.data.space.source.shape[1:]
            sources = flipped_windows(self.data.sources, *self._mirrored(self.other.at(first, share)), sizes)
        if sources is not None:
            source = self.data.sources_as_network(sources, self.place.device)
        return Batch(images, None, Key(self.seed, round, turn, self.place.rank), self.parts, source=source)

    def _mirrored(self, steps: Steps) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
        return steps.indices, steps.corners, steps.flips & self.mirror
