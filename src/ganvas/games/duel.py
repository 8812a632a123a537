"""One real batch against one fake batch before one discriminator."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from ganvas.games.remember import remember
from ganvas.nn.judgement import Judgement
from ganvas.nn.precision import at_least_float32

SIDES = ("real", "fake", "between")
"""The pictures that can be judged; ``between`` are random points on the lines from fake to real (WGAN-GP)."""

NEEDS = frozenset(f"{side}_{what}" for side in SIDES for what in ("logits", "gradient"))
"""What a term may ask of a duel."""


class Duel:
    """Judges every side that some term needs, together where it can, and differentiates the sides that need it.

    Args:
        discriminator: ``(images, condition) → Judgement``.
        real: (N, C, H, W).
        fake: called when fakes are first needed.
        condition: (N, …) or None, the same for both sides.
        needs: the union of the `NEEDS` of the terms that will look.
        mix: (N, 1, 1, 1) in [0, 1], the share of the real picture at ``between``.
    """

    def __init__(
        self,
        discriminator: nn.Module,
        real: Tensor,
        fake: Callable[[], Tensor],
        condition: Tensor | None,
        needs: frozenset[str],
        mix: Tensor,
    ) -> None:
        self.discriminator, self.condition, self.needs = discriminator, condition, needs
        self._real, self._fake, self.mix = real, fake, mix

    @remember
    def pictures(self) -> dict[str, Tensor]:
        """The sides to judge, in the fixed order real, fake, between; leaves where a gradient will be asked for."""
        make: dict[str, Callable[[], Tensor]] = {
            "real": lambda: self._real,
            "fake": self._fake,
            "between": lambda: self.mix * self._real + (1.0 - self.mix) * self._fake(),
        }
        pictures = {s: make[s]() for s in SIDES if {f"{s}_logits", f"{s}_gradient"} & self.needs}
        return {
            # the generator is frozen in the discriminator's turn, so its fakes have no graph to keep
            s: x.detach().requires_grad_() if f"{s}_gradient" in self.needs and not x.requires_grad else x
            for s, x in pictures.items()
        }

    @remember
    def judgements(self) -> dict[str, Judgement]:
        """As few calls as waste nothing: sides that are differentiated with respect to their pictures together, the
        others together, for a backward pass goes through a whole call. Where the network's logits depend on the
        company they are judged in, each side is judged alone."""
        sides = list(self.pictures)
        if self.discriminator.mixes_samples:
            groups = [[side] for side in sides]
        else:
            groups = [[s for s in sides if self.pictures[s].requires_grad == followed] for followed in (False, True)]
        judged = {side: judgement for group in groups if group for side, judgement in self._judge(group)}
        return {side: judged[side] for side in sides}

    def _judge(self, sides: list[str]) -> Iterable[tuple[str, Judgement]]:
        """One discriminator call for several sides."""
        pictures = [self.pictures[side] for side in sides]
        if len(sides) == 1:
            return [(sides[0], self.discriminator(pictures[0], self.condition))]
        condition = None if self.condition is None else torch.cat([self.condition] * len(sides))
        together: Judgement = self.discriminator(torch.cat(pictures), condition)
        return zip(sides, together.split([len(x) for x in pictures]), strict=True)

    @remember
    def gradient(self) -> dict[str, Tensor]:
        """∂(sum of logits)/∂pictures for every side that needs it, a row a logit: (N, 1, C, H, W), or
        (N / pack, pack, C, H, W) where pictures are judged in packs; one backward pass for all."""
        sides = [s for s in self.pictures if f"{s}_gradient" in self.needs]
        total = torch.stack([self.judgements[s].logits.sum() for s in sides]).sum()
        gradients = torch.autograd.grad(total, [self.pictures[s] for s in sides], create_graph=True)
        logits = {s: len(self.judgements[s].logits) for s in sides}
        return {s: g.view(logits[s], -1, *g.shape[1:]) for s, g in zip(sides, gradients, strict=True)}

    @property
    def real_logits(self) -> Tensor:
        """(N,) logits of the real pictures."""
        return at_least_float32(self.judgements["real"].logits)

    @property
    def fake_logits(self) -> Tensor:
        """(N,) logits of the generated pictures."""
        return at_least_float32(self.judgements["fake"].logits)
