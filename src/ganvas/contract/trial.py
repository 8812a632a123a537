"""A GAN on trial: small random pictures, small batches, no files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganvas.games.batch import Batches, Place
from ganvas.games.game import Game
from ganvas.games.noise import Draws, NoiseTurn
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import MakeRecipe
from ganvas.space import Classes, Space
from ganvas.training.average import Averages
from ganvas.training.loop import train
from ganvas.training.progress import Progress
from ganvas.training.runtime import Runtime

BATCH = 4  # or the next multiple of it that can be played in two parts: large packs want more
PICTURES = 30  # no multiple of the batch: batches span epochs
UNCONDITIONAL = Space(channels=1, height=16, width=16)
CONDITIONAL = Space(channels=3, height=16, width=20, condition=Classes(names=("a", "b", "c")))
HERE = Runtime(Place(torch.device("cpu")))


@dataclass(frozen=True)
class RandomPictures:
    """Uniform noise with labels in turn."""

    images: np.ndarray
    labels: np.ndarray | None

    @classmethod
    def of(cls, space: Space) -> RandomPictures:
        images = np.random.default_rng(0).integers(0, 256, (PICTURES, *space.shape), dtype=np.uint8)
        return cls(
            images, np.arange(PICTURES) % space.condition.count if isinstance(space.condition, Classes) else None
        )


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
        data = RandomPictures.of(recipe.space)
        self.batches = Batches(data, recipe.batch, self.game.turns, recipe.seed, runtime.place, recipe.parts)
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
