"""The duality gap: about 0 at an equilibrium, positive away from it, and looking changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ganvas.evaluate.duality import duality_gap
from ganvas.games.batch import Batches, Place
from ganvas.games.game import Game
from ganvas.games.noise import NoiseTurn
from ganvas.games.player import Player
from ganvas.games.term import adversarial
from ganvas.latent.priors import Normal
from ganvas.losses.adversarial import Minimax
from ganvas.nn.judgement import Judgement
from ganvas.training.runtime import Runtime

HERE = Runtime(Place(torch.device("cpu")))


class Shift(nn.Module):
    """x = z + θ, as one-pixel pictures: real ones are N(0, 1) shifted by 0, so θ = 0 is the equilibrium."""

    prior = Normal(dimension=1)

    def __init__(self, theta: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(theta))

    def forward(self, z, condition=None):
        return (z + self.theta)[:, :, None, None]


class Logistic(nn.Module):
    """D's logit is φ0 + φ1 x; the best answer to equal densities is φ = 0."""

    mixes_samples = False

    def __init__(self) -> None:
        super().__init__()
        self.phi = nn.Parameter(torch.zeros(2))

    def forward(self, images, condition=None):
        return Judgement(self.phi[0] + self.phi[1] * images.flatten())


class Normals(Batches):
    """Real batches of one-pixel pictures from N(0, 1), seeded by (round, turn) like any others."""

    def __init__(self) -> None:
        class Nothing:
            images, labels = np.zeros((1, 1, 1, 1), np.uint8), None

        super().__init__(Nothing(), size=512, turns=2, seed=0, place=HERE.place)

    def at(self, round, turn):
        batch = super().at(round, turn)
        generator = torch.Generator().manual_seed(1000 * (round % 100_000) + turn)
        batch.images.copy_(torch.randn(512, 1, 1, 1, generator=generator))
        return batch


def game(theta: float) -> Game:
    networks = {"generator": Shift(theta), "discriminator": Logistic()}
    players = tuple(
        Player(role, (role,), NoiseTurn, (adversarial(Minimax(), role),), role)
        for role in ("discriminator", "generator")
    )
    optimizers = {role: torch.optim.SGD(network.parameters(), lr=0.5) for role, network in networks.items()}
    return Game(networks, players, optimizers, horizon=1)


def test_zero_at_the_equilibrium():
    """Equal densities and an indifferent D: nobody gains by moving alone. Sampling noise at N = 20 × 512 is ±.01."""
    gap = duality_gap(game(0.0), lambda: game(0.0), Normals(), HERE, rounds=20)
    assert gap.gap == pytest.approx(0.0, abs=0.02)


def test_positive_away_from_it():
    """At θ = 2 the best linear D of N(0, 1) against N(2, 1) is exact (φ1 = −2): its loss falls from 2 log 2 to
    2 log 2 − 2 JS = .648, so it gains .738; G gains nothing against an indifferent D."""
    from scipy.integrate import quad
    from scipy.stats import norm

    def integrand(x):
        p, q = norm.pdf(x), norm.pdf(x, 2)
        return -p * np.log(p / (p + q)) - q * np.log(q / (p + q))

    best = quad(integrand, -8, 10)[0]
    start = game(2.0)
    gap = duality_gap(start, lambda: game(2.0), Normals(), HERE, rounds=100)
    assert gap.gains["discriminator"] == pytest.approx(2 * np.log(2) - best, abs=0.03)
    assert gap.gains["generator"] == pytest.approx(0.0, abs=1e-6)
    assert start.networks["discriminator"].phi.tolist() == [0.0, 0.0], "looking changed the game"
