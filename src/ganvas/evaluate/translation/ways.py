"""From data to what is to be translated into what: one way for pairs, two where there is a way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ganvas.data.degradation import Degradation
from ganvas.data.shelf import Shelf
from ganvas.data.translation.translations import Translations, as_network, flipped_windows, windows
from ganvas.errors import GanvasError
from ganvas.evaluate.translation.pile import Pile, Rows

Part = Literal["held-out", "train", "all"]
PARTS: tuple[Part, ...] = ("held-out", "train", "all")
LONGEST = 512
"""Pixels of a window's side, at most, where pictures are of many sizes."""
MOST_BYTES = 2**30
"""Of translations that are looked at together, about: four thousand of 256 px."""


@dataclass(frozen=True)
class Labelled:
    """Photos and their maps of classes uint8 (n, 1, H, W), drawn by the same rows."""

    photos: Pile
    maps: Pile


@dataclass(frozen=True)
class Way:
    """Sources to translate, and what they should become."""

    names: tuple[str, str]
    role: Literal["generator", "inverse"]
    sources: Pile
    truths: Pile | None
    """Of pairs, each source's own."""
    real: Pile
    """Targets that training has seen."""
    real_sources: Pile
    unseen: Pile | None
    """Targets that it has not."""
    unseen_sources: Pile | None
    channels: tuple[int, int]
    """Of source and target."""
    scale: int
    classes: tuple[str, ...] = ()
    """Where sources are maps."""
    lesson: Labelled | None = None
    """Real photos with their maps, seen in training."""
    exam: Labelled | None = None
    """Held-out photos with their maps."""
    maps: Pile | None = None
    """Of the sources that are translated."""


@dataclass(frozen=True)
class _Side:
    """One part of the data, all windows of one size, cut from the middle."""

    data: Translations
    size: tuple[int, int]
    source_size: tuple[int, int]
    degradation: Degradation | None
    part: str

    def targets(self) -> Pile:
        return self._pile("targets", self._target, self.data.images)

    def sources(self) -> Pile:
        shelf = self.data.images if self.paired or self.data.sources is None else self.data.sources
        return self._pile("sources", self._source, shelf)

    def maps(self) -> Pile:
        """Class numbers as they are: drawn as uint8."""
        return self._pile(
            "maps", lambda rows: torch.from_numpy(np.ascontiguousarray(self._raw(rows))), self.data.images
        )

    @property
    def paired(self) -> bool:
        return self.data.paired and self.data.sources is not None

    def _pile(self, what: str, draw: Callable[[Rows], Tensor], shelf: Shelf) -> Pile:
        facts = (self.data.fingerprint, self.part, what, self.size, self.source_size, repr(self.degradation))
        names = tuple(shelf.names)
        return Pile(draw, np.arange(len(shelf)), f"translations {facts}, {self.data.edges}", names)

    def _target(self, rows: Rows) -> Tensor:
        return as_network(windows(self.data, rows, *_middle(rows), self.size)[0])

    def _raw(self, rows: Rows) -> np.ndarray:
        assert self.data.sources is not None
        if self.paired:
            cut = windows(self.data, rows, *_middle(rows), self.size)[1]
            assert cut is not None, "pairs have sources"
            return cut
        return flipped_windows(self.data.sources, rows, *_middle(rows), self.source_size)

    def _source(self, rows: Rows) -> Tensor:
        if self.degradation is None:
            return self.data.sources_as_network(self._raw(rows))
        few = [self.degradation(self._target(rows[i : i + 1]), _chance(int(row))) for i, row in enumerate(rows)]
        return torch.cat(few)  # each picture is spoilt as its own number says, whatever the company


def ways_of(
    data: Translations, degradation: Degradation | None, multiple: int, back: bool, part: Part, most: int
) -> tuple[Way, ...]:
    """The way from source to target and, where it leads ``back``, the other one.

    Args:
        multiple: sides of sources are cut to multiples of it, where pictures are of many sizes.
        most: pictures to translate, spread evenly.

    Raises:
        GanvasError: there are no pictures of that part, or nothing to translate from.
    """
    if data.sources is None and degradation is None:
        raise GanvasError(f"{data.name} holds pictures only: this snapshot needs pairs, or two sets, to be measured on")
    size, source_size = _sizes(data, degradation, multiple)
    most = min(most, MOST_BYTES // (4 * size[0] * size[1]))
    train = _Side(data, size, source_size, degradation, "train")
    held = _Side(data.held_out, size, source_size, degradation, "held-out") if data.held_out is not None else None
    asked: dict[Part, list[_Side | None]] = {"held-out": [held], "train": [train], "all": [train, held]}
    sides = [side for side in asked[part] if side is not None]
    if not sides:
        raise GanvasError(f"{data.name} has no held-out pictures (no val or test part, or too few); try --on train")
    there = _there(data, train, held, sides, most)  # sources that are made of the pictures make pairs
    return (there, _back(there, data, sides, most)) if back else (there,)


def _there(data: Translations, train: _Side, held: _Side | None, sides: Sequence[_Side], most: int) -> Way:
    source, pictures = data.space.source, joined([side.targets() for side in sides])
    maps = bool(data.classes) and train.paired
    scale = train.size[0] // train.source_size[0] if train.paired or data.sources is None else 1
    return Way(
        names=data.names if data.sources is not None else (("small" if scale > 1 else "spoilt"), "whole"),
        role="generator",
        sources=joined([side.sources() for side in sides]).some(most),
        truths=pictures.some(most) if data.paired or data.sources is None else None,
        real=train.targets(),
        real_sources=train.sources(),
        unseen=held.targets() if held else None,
        unseen_sources=held.sources() if held else None,
        channels=(source.channels if source else data.space.channels, data.space.channels),
        scale=scale,
        classes=source.names if source else (),
        lesson=Labelled(train.targets(), train.maps()) if maps else None,
        exam=Labelled(held.targets(), held.maps()) if maps and held else None,
        maps=joined([side.maps() for side in sides]).some(most) if maps else None,
    )


def _back(there: Way, data: Translations, sides: Sequence[_Side], most: int) -> Way:
    """The other way: what was target is source."""
    return Way(
        names=(there.names[1], there.names[0]),
        role="inverse",
        sources=joined([side.targets() for side in sides]).some(most),
        truths=there.sources if data.paired else None,
        real=there.real_sources,
        real_sources=there.real,
        unseen=there.unseen_sources,
        unseen_sources=there.unseen,
        channels=(there.channels[1], there.channels[0]),
        scale=1,
    )


def joined(piles: Sequence[Pile]) -> Pile:
    """One after another."""
    if len(piles) == 1:
        return piles[0]
    ends = np.cumsum([len(pile) for pile in piles])

    def draw(rows: Rows) -> Tensor:
        which = np.searchsorted(ends, rows, side="right")
        few = [
            piles[w].network(np.array([row - (ends[w] - len(piles[w]))])) for w, row in zip(which, rows, strict=True)
        ]
        return torch.cat(few)

    names = tuple(name for pile in piles for name in pile.names)
    return Pile(draw, np.arange(int(ends[-1])), " and ".join(pile.key for pile in piles), names)


def _sizes(
    data: Translations, degradation: Degradation | None, multiple: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Of target and source windows: whole pictures where all are of one size, else the largest that all hold."""
    parts = [data] if data.held_out is None else [data, data.held_out]
    scale = degradation.scale if degradation else data.scale
    size = _largest([part.images for part in parts], scale * multiple)
    if data.paired or data.sources is None:
        size = (size[0] // scale * scale, size[1] // scale * scale)
        return size, (size[0] // scale, size[1] // scale)
    return size, _largest([part.sources for part in parts if part.sources is not None], multiple)


def _largest(shelves: Sequence[Shelf], multiple: int) -> tuple[int, int]:
    sizes = np.concatenate([shelf.sizes for shelf in shelves if len(shelf)])
    least = sizes.min(axis=0)
    if (sizes == sizes[0]).all():
        return int(least[0]), int(least[1])
    height, width = (min(int(side), LONGEST) for side in least)
    return height // multiple * multiple or height, width // multiple * multiple or width


def _middle(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    return np.full((len(rows), 2), 0.5), np.zeros(len(rows), bool)


def _chance(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)
