"""How `ganvas.theory.gaussian_shift` moves near its balance: the flow, its Jacobian, and what a finite step adds.

The flow is simultaneous gradient play with infinitely small steps,

    φ' = −∂L_D/∂φ,   θ' = ±∂L_G/∂θ,

each times its player's speed (learning rate × updates a round, so that time counts rounds; (1, 1) is the plain flow
of Mescheder, Geiger & Nowozin 2018, "Which training methods for GANs do actually converge?"). It rests where D knows
nothing, φ = 0, and the means agree. The eigenvalues of its Jacobian there say how it comes to rest, if it does: real
parts damp, imaginary parts turn.

Between two point masses at 0 nothing damps θ and φ₁, and R1 or R2 must (their lesson). The notebook's points have a
width, over which the logistic loss bends, and that damps too: there the flow rests without any penalty. Its *steps* do
not, because the points lie far from 0 and the valley of L_D is steep (``largest_step``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ganvas.theory.gaussian_shift import (
    LOSSES,
    NOTEBOOK,
    Array,
    Points,
    Settings,
    discriminator_slope,
    generator_slope,
)

Speeds = tuple[float, float]
HALVINGS = 60
"""Of an interval of about 40: to the last digit."""


def equilibrium(points: Points = NOTEBOOK) -> Array:
    """(φ₀, φ₁, θ) at rest: (0, 0, mean of the real minus mean of the latents)."""
    return np.array([0.0, 0.0, points.balance])


def velocity(state: Array, settings: Settings, points: Points = NOTEBOOK, speeds: Speeds = (1.0, 1.0)) -> Array:
    """(φ₀', φ₁', θ') of the flow at a state (φ₀, φ₁, θ)."""
    phi, fakes = state[:2], points.latents + state[2]
    down = -discriminator_slope(phi, fakes, settings, points)
    along = LOSSES[settings.loss].direction * generator_slope(phi, fakes, settings, points)
    return np.array([*(speeds[0] * down), speeds[1] * along])


def hessian(settings: Settings, points: Points = NOTEBOOK) -> Array:
    """∂²L_D/∂φ² at the equilibrium, (2, 2): Σ f''(0)·(1, x)(1, x)ᵀ over both sides, and n·γ on φ₁ for each penalty."""
    loss, n = LOSSES[settings.loss], len(points.real)
    total = np.diag([0.0, n * (settings.r1 + settings.r2)])
    for curve, x in ((loss.real, points.real), (loss.fake, points.latents + points.balance)):
        total = total + curve.bend * np.array([[len(x), x.sum()], [x.sum(), x @ x]])
    return settings.share(points) * total


def jacobian(settings: Settings, points: Points = NOTEBOOK, speeds: Speeds = (1.0, 1.0)) -> Array:
    """∂velocity/∂(φ₀, φ₁, θ) at the equilibrium, (3, 3).

    [[−H, −s·e], [s·eᵀ, 0]] with H the ``hessian``, e the direction of φ₁ and s = n/2 (logistic) or n (Wasserstein): θ
    and φ₁ push each other, and θ does not damp itself, for at φ₁ = 0 the generator feels no slope wherever it stands.
    """
    loss, total = LOSSES[settings.loss], settings.share(points) * len(points.latents)
    at_zero = np.zeros(1)
    result = np.zeros((3, 3))
    result[:2, :2] = -hessian(settings, points)
    result[1, 2] = -total * loss.fake.slope(at_zero)[0]
    result[2, 1] = loss.direction * total * loss.generator.slope(at_zero)[0]
    return np.array([speeds[0], speeds[0], speeds[1]])[:, None] * result


def eigenvalues(settings: Settings, points: Points = NOTEBOOK, speeds: Speeds = (1.0, 1.0)) -> NDArray[np.complex128]:
    """Of the ``jacobian``, (3,), the fastest decaying first, of a pair the one turning with the clock first."""
    return np.sort_complex(np.linalg.eigvals(jacobian(settings, points, speeds)).astype(np.complex128))


def largest_step(settings: Settings, points: Points = NOTEBOOK) -> float:
    """The discriminator's learning rate above which *descent* cannot rest at φ = 0, however θ stands: 2/λ of H.

    An update multiplies φ by I − lr·H; beyond 2/λ_max it throws φ over the bottom of the valley to a higher place on
    the other side. Infinite where L_D does not bend (Wasserstein without a penalty).
    """
    steepest = np.linalg.eigvalsh(hessian(settings, points)).max()
    return float(2 / steepest) if steepest > 0 else float("inf")


def round_multipliers(settings: Settings, points: Points = NOTEBOOK) -> NDArray[np.complex128]:
    """Eigenvalues, (3,) by size, of one whole round of alternating play, linearised at the equilibrium.

    All inside the unit circle: the game as it is played, finite steps and all, comes to rest; the angle of a pair is
    how far it turns in a round. May overflow to infinity where ``discriminator_lr`` is far above ``largest_step``.
    """
    flow = jacobian(settings, points)
    d_step, g_step = np.eye(3), np.eye(3)
    d_step[:2] += settings.discriminator_lr * flow[:2]
    g_step[2] += settings.generator_lr * flow[2]
    power = np.linalg.matrix_power
    whole = power(g_step, settings.generator_updates) @ power(d_step, settings.discriminator_updates)
    found = np.linalg.eigvals(whole)
    return found[np.argsort(-np.abs(found))].astype(np.complex128)


def best_bias(theta: Array, slope: Array, points: Points = NOTEBOOK) -> Array:
    """The φ₀ with the least logistic L_D for given θ and φ₁ = ``slope``, of their common shape.

    ∂L_D/∂φ₀ = 0 says that D calls as many points real as there are: Σ σ(φ₀ + φ₁x) over all points = n. The left side
    grows with φ₀, is at most n where φ₀ = −max φ₁x and at least n where φ₀ = −min φ₁x; halved in between.
    """
    pushed = slope * _everywhere(theta, points)
    low, high = -pushed.max(0), -pushed.min(0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_high = expit(middle + pushed).sum(0) > len(points.real)
        low, high = np.where(too_high, low, middle), np.where(too_high, middle, high)
    return np.asarray((low + high) / 2)


def _everywhere(theta: Array, points: Points) -> Array:
    """All real and generated points, (2n, *shape of theta)."""
    theta = np.asarray(theta)
    ones = (slice(None), *[None] * theta.ndim)
    return np.concatenate([points.real[ones] + 0 * theta, points.latents[ones] + theta])


def valley_field(
    theta: Array, slope: Array, settings: Settings, points: Points = NOTEBOOK, speeds: Speeds = (1.0, 1.0)
) -> tuple[Array, Array]:
    """(θ', φ₁') on the floor of the valley of L_D, where φ₀ is the best for (θ, φ₁); arrays of their common shape.

    The state is three numbers and a picture has two. The honest plane is this curved one: at the balance L_D bends
    thousands of times more across it than along it, so D falls onto it in a few updates, if its step is small enough
    to stay there, and then creeps along it. Creeping, φ goes along (b, 1) with b = ∂φ₀/∂φ₁ = −H₀₁/H₀₀, and steepest
    descent on such a curve is φ₁' = −(∂L_D/∂φ₁)/(1 + b²): since the points lie far from 0, b ≈ −8, and the creeping is
    some 65 times slower than ∂L_D/∂φ₁ alone would say.
    A Wasserstein critic has no valley (φ₀ plays no part): there b = 0 and nothing is left out.
    """
    theta, slope = np.broadcast_arrays(np.asarray(theta, float), np.asarray(slope, float))
    loss, n = LOSSES[settings.loss], len(points.real)
    x = _everywhere(theta, points)
    logistic = loss.real.bend > 0
    logit = slope * x + (best_bias(theta, slope, points) if logistic else 0.0)
    push = np.concatenate([loss.real.slope(logit[:n]), loss.fake.slope(logit[n:])])
    downhill = -((push * x).sum(0) + n * (settings.r1 + settings.r2) * slope)
    bend = expit(logit) * expit(-logit)
    b = -(bend * x).sum(0) / bend.sum(0) if logistic else np.zeros_like(slope)
    along = loss.direction * slope * loss.generator.slope(logit[n:]).sum(0)
    share = settings.share(points)
    return speeds[1] * share * along, speeds[0] * share * downhill / (1 + b**2)
