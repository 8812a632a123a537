"""The smallest GAN: ten numbers may be shifted by θ, a logistic regression of two parameters φ judges them.

After notebook 15.1 of Prince, *Understanding Deep Learning* (2023): x* = g[z, θ] = z + θ, D(x) = σ(φ₀ + φ₁x), moved in
turn by gradient steps. Everything here is float64, closed form or the notebook's own forward differences; ``play``
gives the whole trajectory. What happens near the balance is in `ganvas.theory.dynamics`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ganvas.errors import GanvasError

Array = NDArray[np.float64]
DELTA = 1e-4
"""The notebook's forward difference."""
FAR = 1e6


@dataclass(frozen=True, eq=False)
class Points:
    """The real numbers and the latents, both (n,), that are used again in every step; nothing is ever drawn anew."""

    real: Array
    latents: Array

    @property
    def balance(self) -> float:
        """The θ at which real and generated mean agree."""
        return float(self.real.mean() - self.latents.mean())

    def centred(self) -> Points:
        """The same real numbers moved so that their mean is 0."""
        return Points(self.real - self.real.mean(), self.latents - self.latents.mean())

    def squeezed(self) -> Points:
        """All real numbers at their mean, all latents at theirs: point masses, as in Mescheder et al. (2018)."""
        return Points(np.full_like(self.real, self.real.mean()), np.full_like(self.latents, self.latents.mean()))


NOTEBOOK = Points(np.random.RandomState(0).normal(size=10) + 7.5, np.random.RandomState(1).normal(size=10))
"""The notebook's: ten numbers around 8.24 and ten latents around −0.10."""


class Curve(NamedTuple):
    """A function of a logit, with what it takes to follow it downhill."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    bend: float
    """Its second derivative at 0, where the balance is."""


UP = Curve(lambda logit: np.logaddexp(0.0, logit), expit, 0.25)
"""−log(1 − D): what a generated sample costs the discriminator."""
DOWN = Curve(lambda logit: np.logaddexp(0.0, -logit), lambda logit: -expit(-logit), 0.25)
"""−log D: what a real sample costs it."""
RISE = Curve(lambda logit: logit, np.ones_like, 0.0)
FALL = Curve(lambda logit: -logit, lambda logit: -np.ones_like(logit), 0.0)


@dataclass(frozen=True)
class Loss:
    """What each player pays for a logit; the discriminator descends, the generator follows ``direction``."""

    real: Curve
    fake: Curve
    generator: Curve
    direction: int
    """−1: the generator descends its loss. +1: it ascends it, as in the minimax form."""


LOSSES = {
    "minimax": Loss(DOWN, UP, UP, +1),
    "non-saturating": Loss(DOWN, UP, DOWN, -1),
    "wasserstein": Loss(FALL, RISE, FALL, -1),
}
REDUCTIONS = ("sum", "mean")


@dataclass(frozen=True)
class Settings:
    """How the game is played; the defaults are the notebook's.

    Raises:
        GanvasError: an unknown name, a count below 1, a negative strength, a step that is not positive, or a
            Wasserstein critic that nothing bounds.
    """

    loss: str = "minimax"
    reduction: str = "sum"
    """Over the n samples of a side."""
    discriminator_updates: int = 300
    generator_updates: int = 3
    discriminator_lr: float = 0.01
    generator_lr: float = 0.02
    r1: float = 0.0
    """γ of γ/2·(∂f/∂x)² on real samples. f's slope in x is φ₁ everywhere, so this is γ/2·φ₁² a sample."""
    r2: float = 0.0
    """The same on generated samples."""
    clip: float | None = None
    """The largest |φ₁|, the critic's Lipschitz constant."""
    theta: float = 3.0
    phi: tuple[float, float] = (-2.0, 1.0)
    course_release: bool = False
    """Play as a course's student release of the notebook does, by mistake: the generator's step judges x_real + x*,
    held fixed through its phase, in place of z + θ. Its θ after rounds 1 to 5 is 3.5815, 4.2891, 5.0700, 5.8886, 6.7075
    (by forward differences); it parks at 10.38 with φ₁ < 0. These numbers are the release's, not the notebook's."""

    def __post_init__(self) -> None:
        _one_of("loss", self.loss, tuple(LOSSES))
        _one_of("reduction", self.reduction, REDUCTIONS)
        for name in ("discriminator_updates", "generator_updates"):
            if getattr(self, name) < 1:
                raise GanvasError(f"{name}: {getattr(self, name)} is too few; 1 is the least")
        for name in ("discriminator_lr", "generator_lr", "clip"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise GanvasError(f"{name}: {value} should be a positive number")
        for name in ("r1", "r2"):
            if not (getattr(self, name) >= 0 and math.isfinite(getattr(self, name))):
                raise GanvasError(f"{name}: {getattr(self, name)} should be 0 (off) or a positive number")
        if not all(map(math.isfinite, (self.theta, *self.phi))):
            raise GanvasError(f"theta {self.theta} and phi {self.phi} should be finite numbers")
        if self.loss == "wasserstein" and not (self.clip or self.r1 or self.r2):
            raise GanvasError("loss: wasserstein needs a bounded critic; give clip (1 will do), r1 or r2")

    @property
    def speeds(self) -> tuple[float, float]:
        """How far each player goes in one round along a slope of 1: learning rate × updates, (D, G)."""
        return self.discriminator_lr * self.discriminator_updates, self.generator_lr * self.generator_updates

    def share(self, points: Points) -> float:
        """What one sample counts."""
        return 1.0 if self.reduction == "sum" else 1.0 / len(points.real)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise GanvasError(f"{name}: {value!r} is unknown; take {', '.join(known)}")


def logits(phi: Array, x: Array) -> Array:
    """f[x, φ] = φ₀ + φ₁x for x of any shape; D says "real" where it is 0 or more."""
    return np.asarray(phi[0] + phi[1] * x)


def discriminator_loss(phi: Array, fakes: Array, settings: Settings, points: Points = NOTEBOOK) -> float:
    """What D descends: −Σ log D(x) − Σ log(1 − D(x*)) for the logistic losses (nats), with its penalties."""
    loss = LOSSES[settings.loss]
    paid = loss.real.value(logits(phi, points.real)).sum() + loss.fake.value(logits(phi, fakes)).sum()
    return float(settings.share(points) * (paid + _penalty(settings, points) * phi[1] ** 2 / 2))


def discriminator_slope(phi: Array, fakes: Array, settings: Settings, points: Points = NOTEBOOK) -> Array:
    """∂/∂φ of ``discriminator_loss``, (2,)."""
    loss = LOSSES[settings.loss]
    real, fake = loss.real.slope(logits(phi, points.real)), loss.fake.slope(logits(phi, fakes))
    on_slope = real @ points.real + fake @ fakes + _penalty(settings, points) * phi[1]
    return settings.share(points) * np.array([real.sum() + fake.sum(), on_slope])


def _penalty(settings: Settings, points: Points) -> float:
    return len(points.real) * settings.r1 + len(points.latents) * settings.r2


def generator_loss(phi: Array, x: Array, settings: Settings, points: Points = NOTEBOOK) -> float:
    """What D's verdict on x costs G: −Σ log(1 − D(x)), *ascended*, for minimax; −Σ log D(x), descended, else."""
    return float(settings.share(points) * LOSSES[settings.loss].generator.value(logits(phi, x)).sum())


def generator_slope(phi: Array, x: Array, settings: Settings, points: Points = NOTEBOOK) -> float:
    """∂/∂θ of ``generator_loss`` where every x moves with θ, as z + θ does."""
    return float(settings.share(points) * phi[1] * LOSSES[settings.loss].generator.slope(logits(phi, x)).sum())


def accuracy(phi: Array, fakes: Array, points: Points = NOTEBOOK) -> float:
    """Which share of all samples D puts on the right side."""
    right = (logits(phi, points.real) >= 0).sum() + (logits(phi, fakes) < 0).sum()
    return float(right / (len(points.real) + len(fakes)))


def train_discriminator(
    phi: Array, fakes: Array, settings: Settings, points: Points = NOTEBOOK, finite_differences: bool = False
) -> Array:
    """D's phase: all its updates against fakes that stand still; the new φ (2,)."""
    limit = np.inf if settings.clip is None else settings.clip
    for _ in range(settings.discriminator_updates):
        if finite_differences:
            here = discriminator_loss(phi, fakes, settings, points)
            ahead = [discriminator_loss(phi + step, fakes, settings, points) for step in DELTA * np.eye(2)]
            slope = (np.array(ahead) - here) / DELTA
        else:
            slope = discriminator_slope(phi, fakes, settings, points)
        phi = phi - settings.discriminator_lr * slope
        phi[1] = min(max(phi[1], -limit), limit)
    return phi


def train_generator(
    theta: float, phi: Array, settings: Settings, points: Points = NOTEBOOK, finite_differences: bool = False
) -> float:
    """G's phase: all its updates against a D that stands still; the new θ."""
    fixed = points.real + points.latents + theta if settings.course_release else None
    for _ in range(settings.generator_updates):
        x = points.latents + theta if fixed is None else fixed
        if finite_differences:
            ahead, here = (generator_loss(phi, place, settings, points) for place in (x + DELTA, x))
            slope = (ahead - here) / DELTA
        else:
            slope = generator_slope(phi, x, settings, points)
        theta = theta + LOSSES[settings.loss].direction * settings.generator_lr * slope
    return theta


@dataclass(frozen=True, eq=False)
class Trace:
    """A game as it was played: entry k of every array is the state after round k, entry 0 the start."""

    settings: Settings
    points: Points
    theta: Array
    """(rounds + 1,)"""
    phi: Array
    """(rounds + 1, 2)"""
    discriminator_loss: Array
    """After D's phase, on the fakes it was trained against."""
    generator_loss: Array
    """After G's phase."""
    accuracy_met: Array
    """D's accuracy after its own phase, on the fakes it was trained against."""
    accuracy: Array
    """D's accuracy at the end of the round, when G has moved."""

    @property
    def rounds(self) -> int:
        """How many were played to their end."""
        return len(self.theta) - 1

    def crossing(self) -> int | None:
        """The first round after which θ has passed the balance; None while it has not."""
        return _first((self.theta - self.points.balance) * (self.settings.theta - self.points.balance) <= 0)

    def overshoot(self) -> int | None:
        """The round in which θ, having crossed, is farthest from the balance; None while it has not crossed."""
        crossed = self.crossing()
        if crossed is None:
            return None
        return crossed + int(np.abs(self.theta[crossed:] - self.points.balance).argmax())

    def numbers(self) -> dict[str, Any]:
        """Plain lists for JSON."""
        names = ("theta", "phi", "discriminator_loss", "generator_loss", "accuracy_met", "accuracy")
        return {"settings": asdict(self.settings)} | {name: getattr(self, name).tolist() for name in names}


def _first(true: NDArray[np.bool_]) -> int | None:
    return int(true.argmax()) if true.any() else None


def play(
    settings: Settings = Settings(), rounds: int = 5, points: Points = NOTEBOOK, finite_differences: bool = False
) -> Trace:
    """D's phase, then G's, ``rounds`` times; slopes exact, or by the notebook's forward differences of 10⁻⁴.

    The trace is shorter than asked where the players ran away: it ends before the round in which one leaves ±``FAR``.

    Raises:
        GanvasError: no rounds.
    """
    if rounds < 1:
        raise GanvasError(f"rounds: {rounds} is too few; 1 is the least")
    theta, phi = settings.theta, np.array(settings.phi)
    states = [_state(theta, phi, points.latents + theta, settings, points)]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(rounds):
            fakes = points.latents + theta
            phi = train_discriminator(phi, fakes, settings, points, finite_differences)
            theta = train_generator(theta, phi, settings, points, finite_differences)
            if not all(abs(value) < FAR for value in (theta, *phi)):  # NaN is no number below FAR either
                break
            states.append(_state(theta, phi, fakes, settings, points))
    return Trace(settings, points, *(np.array(column) for column in zip(*states, strict=True)))


def _state(theta: float, phi: Array, fakes: Array, settings: Settings, points: Points) -> tuple[float | Array, ...]:
    """One entry of every array of a ``Trace``; ``fakes`` are those that D was trained against."""
    now = points.latents + theta
    return (
        theta,
        phi,
        discriminator_loss(phi, fakes, settings, points),
        generator_loss(phi, now, settings, points),
        accuracy(phi, fakes, points),
        accuracy(phi, now, points),
    )
