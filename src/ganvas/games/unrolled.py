"""A generator that sees some steps ahead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ganvas.games.batch import Batch
from ganvas.games.duel import Duel
from ganvas.games.noise import NoiseTurn
from ganvas.games.remember import remember
from ganvas.games.turn import Networks
from ganvas.nn.judgement import Judgement

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Unrolling:
    """How the generator's turns are made: ``steps`` gradient steps of size ``lr`` ahead, on the discriminator's loss of
    (real logits, fake logits)."""

    loss: Loss
    steps: int
    lr: float

    def __call__(self, networks: Networks, batch: Batch, needs: frozenset[str]) -> UnrolledTurn:
        return UnrolledTurn(networks, batch, needs, self)


class UnrolledTurn(NoiseTurn):
    """Metz et al. 2017, equation 8: the generator is judged by the discriminator as it would be after some steps
    against these very fakes, and differentiates through them: dropping what is not yet punished does not pay."""

    def __init__(self, networks: Networks, batch: Batch, needs: frozenset[str], ahead: Unrolling) -> None:
        super().__init__(networks, batch, needs)
        self.ahead = ahead
        (duel,) = self.duels
        answer = _Ahead(networks["discriminator"], lambda: self.weights)
        self.duels = (Duel(answer, batch.images, lambda: self.fake, batch.condition, needs, duel.mix),)

    @remember
    def weights(self) -> dict[str, Tensor]:
        """The discriminator's weights after the steps, as functions of the fakes."""
        network, condition = self.networks["discriminator"], self.batch.condition
        weights = {name: p.detach().requires_grad_() for name, p in network.named_parameters()}
        for _ in range(self.ahead.steps):
            real = functional_call(network, weights, (self.batch.images, condition)).logits
            fake = functional_call(network, weights, (self.fake, condition)).logits
            loss = self.ahead.loss(real, fake).mean()
            slopes = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
            weights = {n: w - self.ahead.lr * s for (n, w), s in zip(weights.items(), slopes, strict=True)}
        return weights


class _Ahead(nn.Module):
    """The discriminator with other weights than its own. Holds it unregistered: it owns none of its parameters."""

    def __init__(self, network: nn.Module, weights: Callable[[], dict[str, Tensor]]) -> None:
        super().__init__()
        self._judge: Callable[..., Judgement] = lambda *pictures: functional_call(network, weights(), pictures)
        self.mixes_samples = network.mixes_samples

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        return self._judge(images, condition)
