"""The classic game: a generator turns noise (and, where there is one, a condition) into pictures."""

from __future__ import annotations

import torch
from torch import Tensor

from ganvas.games.batch import Batch
from ganvas.games.duel import Duel
from ganvas.games.remember import remember
from ganvas.games.turn import Networks


class NoiseTurn:
    """Fresh noise at every turn; fakes carry the conditions of the real pictures that they are judged beside."""

    def __init__(self, networks: Networks, batch: Batch, needs: frozenset[str]) -> None:
        batch.key.reseed()
        self.networks, self.batch = networks, batch
        self.noise = networks["generator"].prior.draw(len(batch), batch.images.device)
        mix = torch.rand(len(batch), 1, 1, 1, device=batch.images.device)
        self.duels = (Duel(networks["discriminator"], batch.images, lambda: self.fake, batch.condition, needs, mix),)

    @remember
    def fake(self) -> Tensor:
        """(N, C, H, W) in [−1, 1]."""
        fake: Tensor = self.networks["generator"](self.noise, self.batch.condition)
        return fake
