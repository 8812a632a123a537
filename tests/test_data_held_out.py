"""Pictures set aside: none of them is ever trained on, and always the same ones are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from ganvas.data.held_out import hold_out
from ganvas.games.batch import Batches, Place


@dataclass
class Numbered:
    """Picture i holds i in two bytes; it is of class i % 10."""

    images: np.ndarray
    labels: np.ndarray | None

    @classmethod
    def of(cls, count: int, labelled: bool = True) -> Numbered:
        numbers = np.arange(count)
        images = np.stack([numbers // 256, numbers % 256], 1).astype(np.uint8)[:, :, None, None]
        return cls(images, numbers % 10 if labelled else None)


@pytest.mark.parametrize(
    ("count", "held"),
    [(0, 0), (79, 0), (80, 8), (100, 10), (160, 16), (799, 16), (800, 16), (1000, 20), (25_600, 512), (60_000, 512)],
)
def test_how_many(count: int, held: int) -> None:
    """2 %, at least 16, at most 512, never above a tenth (of 100: 10), and none where a tenth is fewer than 8."""
    kept, aside = hold_out(Numbered.of(count))
    assert (len(kept), len(aside)) == (count - held, held)
    assert len(kept.images) == count - held and len(aside.images) == held


@pytest.mark.parametrize("count", [80, 1234, 30_000])
def test_together_they_are_everything_and_nothing_is_in_both(count: int) -> None:
    kept, aside = hold_out(Numbered.of(count))
    assert sorted([*kept.chosen, *aside.chosen]) == list(range(count))
    again = hold_out(Numbered.of(count))
    assert np.array_equal(again[1].chosen, aside.chosen)


def test_they_are_spread_evenly_and_hit_no_rhythm() -> None:
    """One from each of 512 stretches of at most 118 pictures, so neighbours are never farther apart than two of them;
    classes that come round every tenth picture are all held out."""
    _, aside = hold_out(Numbered.of(60_000))
    assert np.diff([0, *aside.chosen, 60_000]).max() <= 2 * 118
    assert aside.labels is not None and np.bincount(aside.labels, minlength=10).min() > 25


def test_training_sees_every_kept_picture_with_its_label_and_no_other() -> None:
    """One epoch of 784 = 14 batches of 56."""
    kept, aside = hold_out(Numbered.of(800))
    batches = Batches(kept, 56, 1, 0, Place(torch.device("cpu")))
    seen = []
    for round in range(14):
        batch = batches.at(round, 0)
        numbers = ((batch.images.flatten(1) + 1) * 127.5).round().long()
        numbers = numbers[:, 0] * 256 + numbers[:, 1]
        assert batch.condition is not None and torch.equal(batch.condition, numbers % 10)
        seen += numbers.tolist()
    assert sorted(seen) == sorted(kept.chosen) and not set(seen) & set(aside.chosen)


def test_pictures_stay_where_they_are() -> None:
    """No copy is made: the rows that are asked for are read, from the array itself."""
    whole = Numbered.of(1000, labelled=False)
    kept, _ = hold_out(whole)
    place = int(kept.chosen[3])
    whole.images[place] = 255
    assert (kept.images[np.array([3])] == 255).all() and kept.labels is None
