"""The classic game: a generator turns noise (and, where there is one, a condition) into pictures."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ganvas.games.batch import Batch
from ganvas.games.duel import Duel
from ganvas.games.remember import remember
from ganvas.games.turn import Networks


class Draws(NamedTuple):
    """All that chance decides in a turn: latents (N, dimension), and the mix (N, 1, 1, 1) for points between."""

    noise: Tensor
    mix: Tensor


class NoiseTurn:
    """Fresh noise at every turn; fakes carry the conditions of the real pictures that they are judged beside."""

    def __init__(self, networks: Networks, batch: Batch, needs: frozenset[str]) -> None:
        batch.key.reseed()
        self.networks, self.batch = networks, batch
        self.noise, mix = self.draw()
        self.duels = (Duel(networks["discriminator"], batch.images, lambda: self.fake, batch.condition, needs, mix),)

    def draw(self) -> Draws:
        """Drawn when the turn is made, never later."""
        count, device = len(self.batch), self.batch.images.device
        noise = self.networks["generator"].prior.draw(count, device)
        return Draws(noise, torch.rand(count, 1, 1, 1, device=device))

    @remember
    def fake(self) -> Tensor:
        """(N, C, H, W) in [−1, 1]."""
        fake: Tensor = self.networks["generator"](self.noise, self.batch.condition)
        return fake
