"""Trained critics against the exact earth mover's distance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganvas.toys.completion import target_of
from ganvas.toys.critic import CELLS, CRITICS, Quantiles, cells, critics, exact, numbers

REAL, FAKE = target_of("-2:0.4:2,1.5:0.5:1"), target_of("-0.5:0.6:1,2.5:0.4:1")


def test_the_best_critic_attains_the_distance() -> None:
    """Kantorovich and Rubinstein: the potential has slope ±1 and E_p f − E_q f is the distance itself. Where q lies to
    the right of p everywhere, the distance is that of the means: (2·(−2) + 1.5)/3 = −.8333 to (−.5 + 2.5)/2 = 1."""
    truth = exact(REAL, FAKE)
    width = truth["x"][1] - truth["x"][0]
    assert np.allclose(np.abs(np.diff(truth["potential"])) / width, 1.0)
    gap = (truth["p"] * truth["potential"]).sum() - (truth["q"] * truth["potential"]).sum()
    assert gap == pytest.approx(truth["distance"], rel=1e-9)
    assert truth["distance"] == pytest.approx(1.0 + 2.5 / 3, abs=2e-3)


def test_the_frozen_generator_draws_its_density() -> None:
    """Uniform z through the quantiles: mean and deviation of −.5 ± .6 and 2.5 ± .4, half each: 1 and
    √((.36 + .16)/2 + 1.5²) = 1.584; 100,000 even levels leave no chance, cells of 8.2/2,000 little else."""
    extent = FAKE.extent
    z = torch.linspace(-1, 1, 100_001)[:-1, None]
    x = Quantiles(FAKE, extent)(z).flatten().double().numpy() * extent
    assert x.mean() == pytest.approx(1.0, abs=5e-3)
    assert x.std() == pytest.approx(np.sqrt(0.26 + 2.25), abs=5e-3)


def test_no_critic_is_above_the_distance_and_only_critics_move() -> None:
    """(E_p f − E_q f) / steepest slope ≤ W1 for any f, at every look, however little it has learnt; by then the
    penalised one has found most of it."""
    truth, made = exact(REAL, FAKE), critics(REAL, FAKE, images=60_000)
    for one in made:
        for stop in one.play.stops(3):
            one.play.on(stop)
            assert one.look()["estimate"] <= truth["distance"] * (1 + 1e-3), one.name
        assert {player.name for player in one.play.game.players} == {"discriminator"}
    found = {row["name"]: row["share_of_distance"] for row in numbers(made, truth)["critics"]}
    assert found.keys() == CRITICS.keys() and found["gradient penalty"] > 0.9, found


def test_masses_add_up() -> None:
    x, mass = cells(REAL, 4.0)
    assert len(x) == CELLS and mass.sum() == pytest.approx(1.0) and (mass >= 0).all()
