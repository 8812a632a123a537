"""The averaged networks that the user keeps, and when a round is counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from ganvas.recipes.recipe import Recipe
from ganvas.space import Space
from ganvas.training.average import Averages
from ganvas.training.progress import Progress
from ganvas.training.ticks import due

CPU = torch.device("cpu")


def test_after_a_half_life_an_old_weight_counts_half(tiny: Callable[..., Recipe]) -> None:
    """Weights jump from 0 to 1 and stay: after h images the average stands at ½, after 2h at ¾."""
    recipe = tiny("sprint", "average.half_life=40", "average.ramp=1e9")
    game, progress = recipe.game(CPU), Progress()
    weight = next(game.networks["generator"].parameters())
    weight.data.zero_()
    averages = Averages(game, ("generator",), recipe.average, recipe.batch)
    weight.data.fill_(1.0)
    kept = next(averages.networks["generator"].parameters())
    for expected in (0.5, 0.75):
        for _ in range(10):
            progress.advance(recipe.batch)
            averages(game, progress)
        assert kept.flatten()[0].item() == pytest.approx(expected, abs=1e-6)


def test_a_young_average_is_held_short(tiny: Callable[..., Recipe]) -> None:
    """At n images the half-life is at most .05 n: after the first round ½^20 = 1e-6 of the random start is left."""
    recipe = tiny("sprint", "average.ramp=0.05")
    game, progress = recipe.game(CPU), Progress()
    averages = Averages(game, ("generator",), recipe.average, recipe.batch)
    for parameter in game.networks["generator"].parameters():
        parameter.data.fill_(1.0)
    progress.advance(recipe.batch)
    averages(game, progress)
    assert next(averages.networks["generator"].parameters()).sub(1).abs().max() < 1e-5


def test_batch_statistics_are_averaged_and_counters_copied(tiny: Callable[..., Recipe]) -> None:
    recipe = tiny("dcgan", space=Space(channels=1, height=16, width=16))
    game, progress = recipe.game(CPU), Progress()
    averages = Averages(game, ("generator",), recipe.average, recipe.batch)
    buffers = game.networks["generator"].state_dict()
    buffers["norms.0.num_batches_tracked"].fill_(17)
    buffers["norms.0.running_mean"].fill_(3.0)
    progress.advance(recipe.batch)
    averages(game, progress)
    kept = averages.networks["generator"].state_dict()
    assert kept["norms.0.num_batches_tracked"] == 17 and kept["norms.0.running_mean"].sub(3).abs().max() < 1e-4


def test_a_tick_is_due_when_a_round_crosses_its_multiple() -> None:
    """Rounds of 16 cross 50, 100 and 150 at 64, 112 and 160."""
    progress, ticks = Progress(), []
    for _ in range(10):
        progress.advance(16)
        ticks += [progress.images] if due(progress, 16, 50) else []
    assert ticks == [64, 112, 160]
