"""Real pictures that training never sees, so that a discriminator that learns its pictures by heart can be noticed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

SHARE, LEAST, MOST = 0.02, 16, 512
TOO_FEW = 8
"""Fewer than this say nothing, so then none are set aside: that is what fewer than 80 pictures come to."""


class Pictures(Protocol):
    """What is divided: a data set, or anything that holds pictures and perhaps labels as one does."""

    @property
    def images(self) -> np.ndarray:
        """uint8 (N, C, H, W), may be a memory map."""

    @property
    def labels(self) -> np.ndarray | None:
        """int64 (N,) or None."""


class Rows:
    """Chosen rows of an array, looked up when asked for: a memory map stays one."""

    def __init__(self, whole: np.ndarray, chosen: NDArray[np.int64]) -> None:
        self.whole, self.chosen = whole, chosen

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, places: NDArray[np.int64]) -> np.ndarray:
        return self.whole[self.chosen[places]]


@dataclass(frozen=True)
class View:
    """Some pictures of a set; ``chosen`` (n,) are their places in it, rising."""

    whole: Pictures
    chosen: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def images(self) -> np.ndarray:
        """The chosen pictures. Only len() and indexing by an array are asked of pictures, and these rows know both."""
        return cast(np.ndarray, Rows(self.whole.images, self.chosen))

    @property
    def labels(self) -> np.ndarray | None:
        """Their labels."""
        labels = self.whole.labels
        return None if labels is None else labels[self.chosen]


def hold_out(pictures: Pictures) -> tuple[View, View]:
    """(for training, held out): two views without a picture in common, always the same for the same set.

    Held out are 2 %, at least 16 and at most 512, but never more than a tenth, and none where that would leave fewer
    than 8. One is drawn from each of as many equal stretches of the set, so that they are spread evenly whatever it is
    sorted by, and hit no rhythm in it.
    """
    count = len(pictures.images)
    wanted = min(MOST, max(LEAST, int(SHARE * count)), count // 10)
    if wanted < TOO_FEW:
        wanted = 0
    edges = np.arange(wanted + 1) * count // max(wanted, 1)
    held = np.random.default_rng(0).integers(edges[:-1], edges[1:])
    kept = np.delete(np.arange(count), held)
    return View(pictures, kept), View(pictures, held.astype(np.int64))
