"""A GAN on trial: small random pictures, small batches, no files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganvas.data.held_out import View, hold_out
from ganvas.data.shelf import Shelf
from ganvas.data.translation.translations import Translations
from ganvas.errors import GanvasError
from ganvas.games.batch import Place
from ganvas.games.game import Game
from ganvas.games.noise import Draws, NoiseTurn
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import MakeRecipe
from ganvas.recipes.wants import wanted
from ganvas.space import Classes, Source, Space
from ganvas.training.average import Averages
from ganvas.training.loop import train
from ganvas.training.progress import Progress
from ganvas.training.runtime import Runtime

BATCH = 4  # or the next multiple of it that can be played in two parts: large packs want more
MARGIN = 8  # pixels by which pictures are larger than the windows cut from them
PICTURES = 30  # no multiple of the batch: batches span epochs
UNCONDITIONAL = Space(channels=1, height=16, width=16)
CONDITIONAL = Space(channels=3, height=16, width=20, condition=Classes(names=("a", "b", "c")))
PAIRED = Space(channels=3, height=32, width=64, source=Source(channels=1, height=32, width=64))
MAPPED = Space(channels=1, height=32, width=32, source=Source(channels=3, height=32, width=32, names=("a", "b", "c")))
UNPAIRED = Space(channels=3, height=32, width=48, source=Source(channels=3, height=32, width=48, paired=False))
LARGE = Space(channels=3, height=32, width=48)
SHRUNK = Space(channels=1, height=32, width=32, source=Source(channels=1, height=8, width=8))
HERE = Runtime(Place(torch.device("cpu")))


@dataclass(frozen=True)
class RandomPictures:
    """Uniform noise with labels in turn."""

    images: np.ndarray
    labels: np.ndarray | None

    def divided(self) -> tuple[View, View]:
        """(for training, held out)."""
        return hold_out(self)

    @classmethod
    def of(cls, space: Space) -> RandomPictures:
        images = np.random.default_rng(0).integers(0, 256, (PICTURES, *space.shape), dtype=np.uint8)
        return cls(
            images, np.arange(PICTURES) % space.condition.count if isinstance(space.condition, Classes) else None
        )


def random_translations(space: Space) -> Translations:
    """Uniform noise on either side, or random classes, a little larger than the windows that are cut; as many sources
    as there are pictures where they are pairs, some more where they are two sets."""
    random = np.random.default_rng(0)
    images, sources, source = _shelf(random, PICTURES, space.shape, 256), None, space.source
    scale = space.height // source.height if source else 1
    if source is not None:
        classes = len(source.names)
        shape = (1 if classes else source.channels, *source.shape[1:])
        sources = _shelf(random, PICTURES if source.paired else PICTURES + 7, shape, classes or 256, MARGIN // scale)
    return Translations(
        images,
        sources,
        source is None or source.paired,
        space,
        "noise",
        ("a", "b"),
        "",
        {},
        len(source.names) if source else 0,
        scale=scale,
    )


def _shelf(
    random: np.random.Generator, count: int, shape: tuple[int, int, int], levels: int, margin: int = MARGIN
) -> Shelf:
    channels, height, width = shape[0], shape[1] + margin, shape[2] + margin
    flat = random.integers(0, levels, count * channels * height * width, dtype=np.uint8)
    offsets = np.arange(count) * (channels * height * width)
    return Shelf(flat, [str(i) for i in range(count)], np.tile([[height, width]], (count, 1)), offsets, channels)


DATA: dict[str, Callable[[Space], Any]] = {"sample": RandomPictures.of, "translate": random_translations}
"""What a recipe is tried on, by what its snapshots can do."""


def spaces_for(make: MakeRecipe) -> dict[str, Space]:
    """The spaces that a GAN is tried on, in words: translations where it wants a direction, large pictures where it
    wants windows of them, pictures with and without classes otherwise; of translations those it can be played on."""
    wants = wanted(make, ())
    if "direction" in wants:
        spaces = {"pairs": PAIRED, "maps of classes": MAPPED, "two sets": UNPAIRED}
        return {words: space for words, space in spaces.items() if _is_playable(make, space)}
    if "crop" in wants:
        return {"large pictures": LARGE, "small beside large": SHRUNK}
    return {"unconditional": UNCONDITIONAL, "conditional": CONDITIONAL}


def _of_data(recipe: Recipe) -> Space:
    """The recipe's space without a source that it makes itself."""
    return recipe.space.but(source=None) if getattr(recipe, "degradation", None) else recipe.space


def _is_playable(make: MakeRecipe, space: Space) -> bool:
    try:
        return make(space).unsound() is None
    except GanvasError:
        return False


def recipe_for(make: MakeRecipe, space: Space) -> Recipe:
    """The recipe on trial: a few images a round, everything else as it is."""
    recipe = make(space)
    batch = next((size for size in range(BATCH, 65, BATCH) if not recipe.but(batch=size, parts=2).unsound()), BATCH)
    return recipe.but(batch=batch, parts=1, images=64 * batch, horizon=64 * batch)


class Trial:
    """A game with its data, ready to be played for some rounds."""

    def __init__(self, recipe: Recipe, runtime: Runtime = HERE) -> None:
        self.recipe, self.runtime = recipe, runtime
        self.game: Game = recipe.game(runtime.place.device)
        data = DATA[recipe.abilities[0]](_of_data(recipe))
        self.batches = recipe.stream(data, self.game.turns, runtime.place)
        self.progress = Progress()
        self.averages = Averages(self.game, recipe.keeps, recipe.average, recipe.batch)

    def play(self, rounds: int) -> Trial:
        """Go on for so many rounds."""
        until = self.progress.images + rounds * self.recipe.batch
        train(self.game, self.batches, self.progress, until, self.runtime, [self.averages])
        return self

    def weights(self) -> dict[str, Tensor]:
        """Every parameter of every network, by ``role.name``."""
        return {
            f"{role}.{name}": parameter.detach().clone()
            for role, network in self.game.networks.items()
            for name, parameter in network.named_parameters()
        }

    def with_plain_steps(self) -> Trial:
        """Gradient descent in place of the recipe's optimizers: Adam's first step is the gradient's *sign*, which turns
        rounding errors around zero into whole steps and hides what is to be compared."""
        for player in self.game.players:
            weights = [p for role in player.moves for p in self.game.networks[role].parameters()]
            self.game.optimizers[player.optimizer] = torch.optim.SGD(weights, lr=0.01)
        return self

    def hand_out(self, draws: Sequence[Draws]) -> Trial:
        """Let turns take their draws from here, a whole batch each, however many parts it is worked through in."""

        class Handed(NoiseTurn):
            def draw(self) -> Draws:
                whole = draws[self.batch.key.turn]
                rows = slice(self.batch.key.shard * len(self.batch), (self.batch.key.shard + 1) * len(self.batch))
                return Draws(whole.noise[rows], whole.mix[rows])

        self.game.players = tuple(replace(player, turn=Handed) for player in self.game.players)
        return self


def period(game: Game) -> int:
    """Rounds after which everybody has moved and every term has been due."""
    everies = [player.every for player in game.players] + [t.every for player in game.players for t in player.terms]
    return int(np.lcm.reduce(everies))
