"""What the two players want, as functions of the discriminator's logits.

Every loss is per sample, before any mean, and speaks softplus on logits: −log σ(l) = softplus(−l). The log of a sigmoid
would lose its gradient just where the non-saturating loss needs it (at l = −30 it is 9e-6 instead of 1).
Both players *minimise* what stands here.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor
from torch.nn.functional import relu, softplus

from ganvas.config import Family


class AdversarialLoss(Family):
    """The value of one duel for each side; logits are (N,), so are the losses."""

    relative: ClassVar[bool] = False
    """Whether the generator's side looks at the real logits too."""
    needs_lipschitz: ClassVar[bool] = False
    """Whether the loss is unbounded unless something bounds the discriminator's slope."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the discriminator minimises."""
        raise NotImplementedError

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """What the generator minimises; ``real`` is given only to `relative` losses."""
        raise NotImplementedError


class CrossEntropy(AdversarialLoss):
    """D's side of the two losses of Goodfellow et al. 2014: −log σ(D(x)) − log(1 − σ(D(g)))."""

    label_smoothing: float = Field(default=0.0, ge=0.0, lt=1.0)
    """One-sided: a real picture is called real with 1 − this (Salimans et al. 2016, section 3.4); fakes stay fake, or
    D would pull data towards where the generator already is."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        # (1 − s) · softplus(−l) + s · softplus(l) = softplus(−l) + s · l
        return softplus(-real) + self.label_smoothing * real + softplus(fake)


class Minimax(CrossEntropy):
    """Goodfellow et al. 2014, equation 1: both fight over V = log σ(D(x)) + log(1 − σ(D(g))); G's part saturates."""

    kind: Literal["minimax"] = "minimax"

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -softplus(fake)


class NonSaturating(CrossEntropy):
    """Goodfellow et al. 2014, section 3: G maximises log σ(D(g)) instead; same fixed point, strong early gradient."""

    kind: Literal["non-saturating"] = "non-saturating"

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return softplus(-fake)


class LeastSquares(AdversarialLoss):
    """Mao et al. 2017, equation 9 (a = 0, b = c = 1): ½(D(x) − 1)² + ½D(g)² against ½(D(g) − 1)²."""

    kind: Literal["least-squares"] = "least-squares"

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return 0.5 * (real - 1.0).square() + 0.5 * fake.square()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return 0.5 * (fake - 1.0).square()


class Hinge(AdversarialLoss):
    """Lim & Ye 2017, Miyato et al. 2018, equation 16: max(0, 1 − D(x)) + max(0, 1 + D(g)) against −D(g)."""

    kind: Literal["hinge"] = "hinge"

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return relu(1.0 - real) + relu(1.0 + fake)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake


class Wasserstein(AdversarialLoss):
    """Arjovsky et al. 2017, equation 2: D(x) − D(g) of the best 1-Lipschitz critic is the earth mover's distance."""

    kind: Literal["wasserstein"] = "wasserstein"
    needs_lipschitz: ClassVar[bool] = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake - real

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake


class Relativistic(AdversarialLoss):
    """Relativistic pairing, Jolicoeur-Martineau 2019; Huang et al. 2024, equation 2: is *this* real one more real than
    *this* fake one? softplus(−(D(x) − D(g))) against softplus(−(D(g) − D(x)))."""

    kind: Literal["relativistic"] = "relativistic"
    relative: ClassVar[bool] = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(fake - real)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        assert real is not None
        return softplus(real - fake)
