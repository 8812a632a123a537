"""Penalties on the slope of the discriminator, as functions of its gradient with respect to the pictures."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor

from ganvas.config import Family
from ganvas.schedule import Value


class Penalty(Family):
    """A function of ∂D(x)/∂x, per sample; due every ``every``-th round, then weighted ``every`` times as much."""

    at: ClassVar[Literal["real", "fake", "between"]]
    """Where the gradient is taken: at real pictures, at fakes, or at random points on the lines between them."""
    gamma: Value
    every: int = Field(default=1, ge=1)

    def __call__(self, gradient: Tensor) -> Tensor:
        """Gradients, a row a logit (N, …) → (N,) unweighted penalties."""
        raise NotImplementedError


def half_squared_norm(gradient: Tensor) -> Tensor:
    """½ |∇D|², (N, …) → (N,)."""
    return 0.5 * gradient.flatten(1).square().sum(1)


class R1(Penalty):
    """Mescheder et al. 2018, equation 9: γ/2 · |∇D(x)|² at real pictures."""

    kind: Literal["r1"] = "r1"
    at: ClassVar[Literal["real"]] = "real"
    gamma: Value = 1.0

    def __call__(self, gradient: Tensor) -> Tensor:
        return half_squared_norm(gradient)


class R2(Penalty):
    """Mescheder et al. 2018, equation 10: γ/2 · |∇D(g)|² at generated pictures."""

    kind: Literal["r2"] = "r2"
    at: ClassVar[Literal["fake"]] = "fake"
    gamma: Value = 1.0

    def __call__(self, gradient: Tensor) -> Tensor:
        return half_squared_norm(gradient)


class GradientPenalty(Penalty):
    """Gulrajani et al. 2017, equation 3: γ · (|∇D(x̂)| − 1)² at x̂ = εx + (1 − ε)g, ε uniform on [0, 1]."""

    kind: Literal["gradient-penalty"] = "gradient-penalty"
    at: ClassVar[Literal["between"]] = "between"
    gamma: Value = 10.0

    def __call__(self, gradient: Tensor) -> Tensor:
        # + tiny: the norm's own derivative is nan at exactly 0, which a dead discriminator reaches
        return ((gradient.flatten(1).square().sum(1) + 1e-16).sqrt() - 1.0).square()
