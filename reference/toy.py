"""The smallest GAN, after notebook 15.1 of Prince, *Understanding Deep Learning*: two parameters against one.

Imports nothing of ganvas. Ten real numbers stand around 8.2, ten generated ones around 2.9; the generator may shift its
own by θ, the discriminator is a logistic regression. Where is θ after some rounds, and does it come to rest?

    python reference/toy.py [ROUNDS]
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from torch import Tensor
from torch.func import grad
from torch.nn.functional import softplus

REAL = torch.from_numpy(np.random.RandomState(0).normal(size=10) + 7.5)
LATENTS = torch.from_numpy(np.random.RandomState(1).normal(size=10))
"""The same ten z for ever: nothing is drawn again."""
PHI, THETA = torch.tensor([-2.0, 1.0], dtype=torch.float64), torch.tensor(3.0, dtype=torch.float64)
"""Where both begin."""


def generate(theta: Tensor) -> Tensor:
    """x* = g[z, θ] = z + θ, for each of the ten z."""
    return LATENTS + theta


def logit(phi: Tensor, x: Tensor) -> Tensor:
    """f[x, φ] = φ₀ + φ₁x; the probability of being real is D(x) = σ(f[x, φ])."""
    return phi[0] + phi[1] * x


def discriminator_loss(phi: Tensor, real: Tensor, fake: Tensor) -> Tensor:
    """L_D = −Σ log D(x) − Σ log(1 − D(x*)): a *sum*, which D descends. −log σ(l) = softplus(−l)."""
    return softplus(-logit(phi, real)).sum() + softplus(logit(phi, fake)).sum()


def generator_loss(theta: Tensor, phi: Tensor) -> Tensor:
    """L_G = −Σ log(1 − D(g[z, θ])), the only part of L_D that depends on θ, which G *ascends* (the saturating form)."""
    return softplus(logit(phi, generate(theta))).sum()


def train(
    phi: Tensor, theta: Tensor, rounds: int, discriminator_updates: int = 300, generator_updates: int = 3
) -> list[tuple[Tensor, Tensor]]:
    """Play; (φ, θ) after every round, φ (2,) and θ ().

    Slopes are exact here; the notebook takes forward differences of 10⁻⁴, which moves θ by 10⁻⁵ in five rounds.
    """
    trace = []
    for _ in range(rounds):
        fake = generate(theta)  # one set of fakes, kept for all updates of D
        for _ in range(discriminator_updates):
            # φ ← φ − .01 ∂L_D/∂φ
            phi = phi - 0.01 * grad(discriminator_loss)(phi, REAL, fake)
        for _ in range(generator_updates):
            # θ ← θ + .02 ∂L_G/∂θ, each time through fresh fakes
            theta = theta + 0.02 * grad(generator_loss)(theta, phi)
        trace.append((phi, theta))
    return trace


def main() -> None:
    """Print the way of θ, which should come to 8.335, where both means are equal, and does not stay there."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    start_d, start_g = discriminator_loss(PHI, REAL, generate(THETA)), generator_loss(THETA, PHI)
    print(f"L_D {start_d:.4f}, L_G {start_g:.4f}, θ {THETA:.4f}")
    for round, (phi, theta) in enumerate(train(PHI, THETA, rounds), start=1):
        right = (logit(phi, REAL) >= 0).sum() + (logit(phi, generate(theta)) < 0).sum()
        print(f"round {round:3}  θ {theta:8.4f}  φ ({phi[0]:8.4f}, {phi[1]:7.4f})  D is right on {right} of 20")


if __name__ == "__main__":
    main()
