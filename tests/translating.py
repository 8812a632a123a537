"""Small sets to translate between, made by hand, and what plays on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganvas.data.shelf import Shelf
from ganvas.data.translation.translations import Translations
from ganvas.games.batch import Place
from ganvas.recipes.overrides import overridden
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import RECIPES
from ganvas.space import Source, Space
from ganvas.training.runtime import Runtime

RUNTIME = Runtime(Place(torch.device("cpu")))
SIDE, TRAINED, HELD = 16, 48, 24
TINY = {
    "pix2pix": ("generator.width=4", "discriminator.width=4", "discriminator.layers=1", "batch=4"),
    "cyclegan": (
        "generator.width=4",
        "generator.blocks=1",
        "discriminator.width=4",
        "discriminator.layers=1",
        "batch=4",
    ),
}


def shelf(pictures: NDArray[np.uint8], names: Sequence[str] | None = None) -> Shelf:
    """(N, C, H, W) as a shelf."""
    count, channels, height, width = pictures.shape
    offsets = np.arange(count) * (channels * height * width)
    called = list(names) if names is not None else [f"{i}.png" for i in range(count)]
    return Shelf(
        np.ascontiguousarray(pictures).reshape(-1), called, np.tile([[height, width]], (count, 1)), offsets, channels
    )


def blobs(count: int, seed: int) -> NDArray[np.uint8]:
    """uint8 (count, 3, 16, 16): coarse random colours, a little noisy, so that each has a light and a dark side."""
    random = np.random.default_rng(seed)
    coarse = random.integers(40, 216, (count, 3, 4, 4)).repeat(4, 2).repeat(4, 3)
    return np.clip(coarse + random.integers(-12, 13, coarse.shape), 0, 255).astype(np.uint8)


def becomes(sources: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a source should become: half its contrast, and redder."""
    red = np.array([60, -10, -20])[None, :, None, None]
    return np.clip(128 + (sources.astype(int) - 128) // 2 + red, 0, 255).astype(np.uint8)


def painted(pictures: Tensor) -> Tensor:
    """The same of network pictures in [−1, 1]."""
    return (pictures * 0.5 + torch.tensor([60.0, -10.0, -20.0])[:, None, None] / 127.5).clamp(-1, 1)


def data(paired: bool = True, held: bool = True, change: Callable[[Any], Any] = becomes) -> Translations:
    """Pairs of blobs and what they become; or two sets, of which the second is made of other blobs."""
    space = Space(
        channels=3, height=SIDE, width=SIDE, source=Source(channels=3, height=SIDE, width=SIDE, paired=paired)
    )

    def part(count: int, seed: int, held_out: Translations | None) -> Translations:
        sources = blobs(count, seed)
        pictures = change(sources if paired else blobs(count, seed + 100))
        return Translations(
            shelf(pictures), shelf(sources), paired, space, "blobs", ("a", "b"), f"{seed}", {}, held_out=held_out
        )

    return part(TRAINED, 0, part(HELD, 1, None) if held else None)


def recipe_of(name: str, of: Translations, *settings: str) -> Recipe:
    """A recipe of the table on these data, small enough to be played at once."""
    return overridden(RECIPES[name](of.space), [*TINY[name], *settings])


class Planted(nn.Module):
    """A translator that does what a function says."""

    scale, multiple, reach = 1, 1, None

    def __init__(self, does: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.does, self.weight = does, nn.Parameter(torch.zeros(1))

    def forward(self, source: Tensor) -> Tensor:
        return self.does(source) + self.weight
