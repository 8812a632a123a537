"""Digits stacked as the colours of a picture: a thousand modes that can be counted (Metz et al. 2016, section 3.3.1).

Each picture shows three digits drawn by chance, one in red, one in green, one in blue. Its mode is 100 red + 10 green +
blue. The digits are drawn from all pictures alike, as PacGAN does (Lin et al. 2018, section 4.1): the modes are then as
frequent as the digits' own shares multiplied, which is nearly evenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganvas.data.arrays import Numbered
from ganvas.data.picture import Header, Picture, Pictures
from ganvas.data.source import Place, Source
from ganvas.errors import GanvasError

STACK = 3
"""Digits a picture, one a channel."""
MODES = 10**STACK
BENCHMARK = "stacked-digits"
"""What is counted on such pictures: a name in `ganvas.evaluate.benchmarks`."""


@dataclass(frozen=True)
class Stack:
    """A set of stacked digits: which set they are drawn from, how many pictures, and the seed of the draw."""

    digits: str
    count: int
    seed: int


STACKED = {
    "stacked-mnist": Stack("mnist", 128_000, seed=0),
    "stacked-mnist-test": Stack("mnist-test", 26_000, seed=1),
}


@dataclass(frozen=True)
class StackedPictures:
    """`Pictures` whose channels are single-channel pictures ``of`` another set, by ``rows`` int64 (N, STACK)."""

    of: Pictures
    rows: NDArray[np.int64]

    @property
    def names(self) -> Sequence[str]:
        return Numbered(len(self.rows))

    def header(self, index: int) -> Header:
        single = self.of.header(int(self.rows[index][0]))
        return Header(single.height, single.width, STACK, False, "stacked", single.format)

    def read(self, index: int) -> Picture:
        planes = [self.of.read(int(row)).pixels for row in self.rows[range(len(self.rows))[index]]]
        return Picture(np.concatenate(planes, axis=-1))


def locate_stacked(name: str, digits: Place) -> Place:
    """The set of that name in `STACKED`, made from ``digits``."""
    stack = STACKED[name]
    return Place(["stacked", name, stack.count, stack.seed, digits.stamp], lambda: _stacked(name, digits.open()))


def draw_rows(digits: int, count: int, seed: int) -> NDArray[np.int64]:
    """Which of so many digits stand in each picture: int64 (count, STACK), each drawn evenly and for itself."""
    return np.random.default_rng(seed).integers(digits, size=(count, STACK))


def mode_numbers(digits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Digits 0 … 9 (N, STACK) → modes 0 … MODES − 1 (N,): 100 red + 10 green + blue."""
    return digits @ 10 ** np.arange(STACK - 1, -1, -1)


def _stacked(name: str, digits: Source) -> Source:
    stack = STACKED[name]
    _, labels = digits.chosen_labels(None)
    if labels is None or labels.index.min() < 0 or labels.index.max() > 9:
        raise GanvasError(f"{name} is made of labelled digits, which {digits.name} does not hold; fetch it anew")
    rows = draw_rows(len(labels.index), stack.count, stack.seed)
    note = f"three digits of {stack.digits} a picture, drawn with seed {stack.seed}; mode = 100 red + 10 green + blue"
    return Source(
        name,
        "stacked",
        StackedPictures(digits.pictures, rows),
        attributes={"mode": mode_numbers(labels.index[rows])},
        notes=(*digits.notes, note),
        benchmark=BENCHMARK,
    )
