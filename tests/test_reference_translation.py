"""Translations against the plain scripts in `reference/`: the same pictures give the same weights.

In float64, as in `test_reference`, whose docstring derives the tolerance. Without dropout, for the two sides draw it at
other moments; the pool's chance is the toolkit's own.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from ganvas.contract.trial import HERE, PAIRED, UNPAIRED, random_translations
from ganvas.games.batch import Batch, Key
from ganvas.games.cycle import PooledTurn
from ganvas.games.pairs import PairBatches
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import RECIPES
from ganvas.space import Space
from ganvas.training.loop import train
from ganvas.training.progress import Progress
from test_reference import ROUNDS, TOLERANCE, float64, script  # noqa: F401 (a fixture)

BATCH, HORIZON = 4, 6
ZERO = 1e-9
"""A bias before instance normalisation starts at 0 and changes nothing: its gradient is the rounding of a sum of some
1,500 places, up to 10⁻¹⁴, which Adam turns into steps of 2e-4 · 10⁻¹⁴ / 10⁻⁸ = 2e-10, each side its own."""


class DoublePairs(PairBatches):
    """Pictures and sources in double precision."""

    def at(self, round: int, turn: int) -> Batch:
        batch = super().at(round, turn)
        assert batch.source is not None
        return replace(batch, images=batch.images.double(), source=batch.source.double())


class Duet:
    """One game with its data, and the same networks and pictures for a script."""

    def __init__(self, name: str, space: Space, **changes: Any) -> None:
        recipe = RECIPES[name](space).but(batch=BATCH, images=BATCH * HORIZON)
        self.recipe: Any = recipe.but(**{**thin(recipe), **changes})
        self.game = self.recipe.game(torch.device("cpu"))
        self.others = copy.deepcopy(self.game.networks)
        self.batches = DoublePairs(random_translations(space), BATCH, 0, HERE.place)

    def pairs(self, round: int, turn: int = 0) -> tuple[Tensor, Tensor]:
        batch = self.batches.at(round, turn)
        assert batch.source is not None
        return batch.source, batch.images

    def chances(self, which: int) -> Any:
        """What the toolkit's pools draw in the discriminators' turn, the second of a round."""

        def chance(round: int) -> tuple[list[bool], list[int]]:
            batch = replace(self.batches.at(round, 1), key=Key(0, round, 1, 0))
            turn = PooledTurn(self.game.networks, batch, frozenset(), shared=None)  # type: ignore[arg-type]
            return turn.swaps[which].swap, turn.swaps[which].place

        return chance

    def play(self) -> None:
        train(self.game, self.batches, Progress(), ROUNDS * BATCH, HERE)

    def agrees(self) -> None:
        """Equal, and far from where both began."""
        before = self.recipe.game(torch.device("cpu")).networks
        for role, network in self.others.items():
            mine, start = self.game.networks[role].state_dict(), before[role].state_dict()
            if "pool" in role:
                continue
            for name, value in network.state_dict().items():
                untouched = max(float(value.abs().max()), float(mine[name].abs().max())) < ZERO
                assert untouched or float((mine[name] - value).abs().max()) < TOLERANCE, f"{role}.{name}"
            assert any((start[name] - value).abs().max() > 1e-4 for name, value in network.state_dict().items()), role


def thin(recipe: Recipe) -> dict[str, Any]:
    """Narrow networks without dropout."""
    narrow: Any = recipe
    changes = {"width": 4, "dropout": 0.0} | ({"blocks": 1} if hasattr(narrow.generator, "blocks") else {})
    return {"generator": narrow.generator.but(**changes), "discriminator": narrow.discriminator.but(width=4)}


def test_pix2pix_in_the_authors_order() -> None:
    """D first, against fakes made for it; ½ of its loss; λ = 100; the learning rate falls from half-way on."""
    duet = Duet("pix2pix", PAIRED, first="discriminator")
    duet.play()
    script("pix2pix").train(
        duet.others["generator"], duet.others["discriminator"], range(ROUNDS), duet.pairs, horizon=HORIZON
    )
    duet.agrees()


def test_the_other_order_is_another_game() -> None:
    duet = Duet("pix2pix", PAIRED)
    duet.play()
    script("pix2pix").train(
        duet.others["generator"], duet.others["discriminator"], range(ROUNDS), duet.pairs, horizon=HORIZON
    )
    with pytest.raises(AssertionError):
        duet.agrees()


def test_cyclegan_with_its_history() -> None:
    """Generators first, then the discriminators against the very same fakes, a pool of 3 full after one round: from the
    second on some are swapped. λ = 10, identity 5."""
    duet = Duet("cyclegan", UNPAIRED, pool=3)
    duet.play()
    others = [duet.others[role] for role in ("generator", "inverse", "discriminator", "inverse_discriminator")]
    chances = (duet.chances(0), duet.chances(1))
    script("cyclegan").train(*others, range(ROUNDS), duet.pairs, chances, horizon=HORIZON, size=3)
    duet.agrees()
    assert any(any(chances[0](round)[0]) for round in range(1, ROUNDS)), "some fakes were swapped"


def test_cyclegan_without_identity_is_another_game() -> None:
    duet = Duet("cyclegan", UNPAIRED, pool=3)
    duet.play()
    others = [duet.others[role] for role in ("generator", "inverse", "discriminator", "inverse_discriminator")]
    chances = (duet.chances(0), duet.chances(1))
    script("cyclegan").train(*others, range(ROUNDS), duet.pairs, chances, horizon=HORIZON, size=3, identity=4.9)
    with pytest.raises(AssertionError):
        duet.agrees()
