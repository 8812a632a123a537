"""What is worth seeing in the smallest GAN: its scenes, its field, its eigenvalues, its variants, and one sentence.

The games themselves are `ganvas.theory.gaussian_shift` and `ganvas.theory.dynamics`; the drawing is in
`ganvas.toys.gaussian_shift_figures`. No torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganvas.errors import GanvasError
from ganvas.theory import dynamics
from ganvas.theory.gaussian_shift import LOSSES, NOTEBOOK, Array, Points, Settings, Trace, play

PRINTED = (4.9, 6.7)
"""θ in the later panels of the lecture; the first shows the start."""
GAMMA = 1.0
"""Of R1 where a figure compares with and without."""
SHARE_OF_LIMIT = 0.7
"""A calm step, in parts of the largest that can rest."""
GAMMAS = np.linspace(0.0, 1.0, 401)
KINDS = {
    "two points, centred on 0": NOTEBOOK.squeezed().centred(),
    "these numbers, centred on 0": NOTEBOOK.centred(),
    "these numbers where they are": NOTEBOOK,
}
"""Whose balance is asked for its eigenvalues. The first is the Dirac-GAN of Mescheder et al. (2018), with a bias."""


@dataclass(frozen=True)
class Scene:
    """A moment to look at."""

    name: str
    round: int


def scenes(trace: Trace) -> list[Scene]:
    """Start, the lecture's two, crossing, overshoot and end, in order, each round once, as far as the game came."""
    crossed, farthest = trace.crossing(), trace.overshoot()
    before = trace.theta[: crossed + 1] if crossed is not None else trace.theta
    found = {0: "start"}
    for theta in PRINTED:
        nearest = int(np.abs(before - theta).argmin())
        if abs(before[nearest] - theta) < 0.5:
            found.setdefault(nearest, "under way")
    if crossed is not None and farthest is not None:
        found.setdefault(crossed, "crossing")
        found.setdefault(farthest, "overshoot" if _beyond(trace, farthest) else "farthest")
    found.setdefault(trace.rounds, "end")
    return [Scene(found[round], round) for round in sorted(found)]


def _beyond(trace: Trace, round: int) -> bool:
    """Whether θ is then on the other side of the balance than it began."""
    start, now = trace.theta[[0, round]] - trace.points.balance
    return bool(start * now < 0)


def interesting(trace: Trace, first: int = 5) -> list[int]:
    """Rounds for a small table: the first few, which the notebook plays, and every scene."""
    return sorted({*range(min(first, trace.rounds) + 1), *(scene.round for scene in scenes(trace))})


def calm(settings: Settings) -> Settings:
    """The same game with the discriminator's step small enough to come to rest; unchanged where it is already."""
    limit = dynamics.largest_step(settings)
    if settings.discriminator_lr <= limit:
        return settings
    return replace(settings, discriminator_lr=float(f"{SHARE_OF_LIMIT * limit:.1g}"))


@dataclass(frozen=True, eq=False)
class Field:
    """The flow on the valley's floor (see `dynamics.valley_field`) and a game that was played over it."""

    name: str
    theta: Array
    """(width,)"""
    slope: Array
    """φ₁, (height,)"""
    theta_speed: Array
    """A round, (height, width)."""
    slope_speed: Array
    trace: Trace

    def numbers(self) -> dict[str, Any]:
        """Plain lists for JSON."""
        names = ("theta", "slope", "theta_speed", "slope_speed")
        return {"name": self.name} | {n: getattr(self, n).tolist() for n in names} | {"trace": self.trace.numbers()}


def fields(played: Trace, resolution: int = 25) -> list[Field]:
    """The game as played; with a calm step, where it was too large; and that with R1 (without, if it was on)."""
    settings, rounds = played.settings, played.rounds
    small = calm(settings)
    other = replace(small, r1=0.0 if small.r1 else GAMMA, clip=small.clip or _clip(small.loss))
    games = {f"as played: D's step {settings.discriminator_lr:g}": played}
    if small != settings:
        games[f"D's step {small.discriminator_lr:g}"] = play(small, rounds)
    step = f"D's step {other.discriminator_lr:g}, " if small != settings else ""
    games[step + (f"R1 with γ = {other.r1:g}" if other.r1 else "without R1")] = play(other, rounds)
    there = [trace for trace in games.values() if trace.rounds == rounds]  # who ran away does not set the frame
    theta = _axis([trace.theta for trace in there], resolution)
    slope = _axis([trace.phi[:, 1] for trace in there], resolution)
    return [_field(name, theta, slope, trace) for name, trace in games.items()]


def _axis(shown: Sequence[Array], resolution: int) -> Array:
    low, high = min(map(np.min, shown)), max(map(np.max, shown))
    margin = max(0.08 * (high - low), 0.1)
    return np.linspace(low - margin, high + margin, resolution)


def _field(name: str, theta: Array, slope: Array, trace: Trace) -> Field:
    across, up = np.meshgrid(theta, slope)
    return Field(
        name,
        theta,
        slope,
        *dynamics.valley_field(across, up, trace.settings, speeds=trace.settings.speeds),
        trace,
    )


def eigenvalue_path(settings: Settings, points: Points) -> NDArray[np.complex128]:
    """For every γ in ``GAMMAS``, the slowest of the flow's eigenvalues (upper one of a pair), (len(GAMMAS),).

    Left out is the 0 of a bias that plays no part, as in a Wasserstein critic.
    """
    found = [dynamics.eigenvalues(replace(settings, r1=float(gamma)), points) for gamma in GAMMAS]
    moving = [three[np.abs(three) > 1e-9] for three in found]
    return np.array([max(values, key=lambda value: (round(value.real, 9), value.imag)) for values in moving])


@dataclass(frozen=True, eq=False)
class Variant:
    """One line of the comparison."""

    loss: str
    damping: str
    trace: Trace


def variants(settings: Settings, rounds: int) -> list[Variant]:
    """Every loss, undamped and with R1, with D's step as it is and, where that is too large, with a calm one."""
    steps = dict.fromkeys((settings.discriminator_lr, calm(replace(settings, loss="minimax", r1=0.0)).discriminator_lr))
    return [
        Variant(loss, f"R1, γ = {gamma:g}" if gamma else f"slope kept within ±{clip:g}" if clip else "none", trace)
        for step in steps
        for loss in LOSSES
        for gamma in (0.0, settings.r1 or GAMMA)
        for clip in [None if gamma else settings.clip or _clip(loss)]
        for trace in [play(replace(settings, loss=loss, r1=gamma, clip=clip, discriminator_lr=step), rounds)]
    ]


def _clip(loss: str) -> float | None:
    """A Wasserstein critic must be bounded by something."""
    return 1.0 if loss == "wasserstein" else None


class Story:
    """Everything that one call of the toy works out, each part when it is first asked for.

    Raises:
        GanvasError: no rounds, or the players run away.
    """

    def __init__(self, settings: Settings, rounds: int) -> None:
        self.settings, self.rounds = settings, rounds
        self.trace = play(settings, rounds)
        if self.trace.rounds < rounds:
            raise GanvasError(
                f"the players run away in round {self.trace.rounds + 1}; lower a learning rate, "
                "the generator's updates, or a penalty too strong for its step"
            )

    @cached_property
    def differences(self) -> Trace:
        """The same game by the notebook's forward differences."""
        return play(self.settings, self.rounds, finite_differences=True)

    @cached_property
    def fields(self) -> list[Field]:
        """See `fields`."""
        return fields(self.trace)

    @cached_property
    def paths(self) -> dict[str, NDArray[np.complex128]]:
        """Of the slowest eigenvalue as R1 grows, by kind of points."""
        return {name: eigenvalue_path(self.settings, points) for name, points in KINDS.items()}

    @cached_property
    def variants(self) -> list[Variant]:
        """See `variants`."""
        return variants(self.settings, self.rounds)

    def numbers(self) -> dict[str, Any]:
        """Every number of every figure, plainly."""
        return {
            "balance_theta": NOTEBOOK.balance,
            "real": NOTEBOOK.real.tolist(),
            "latents": NOTEBOOK.latents.tolist(),
            "crossing_round": self.trace.crossing(),
            "overshoot_round": self.trace.overshoot(),
            "scenes": {
                scene.name + f" (round {scene.round})": _moment(self.trace, scene) for scene in scenes(self.trace)
            },
            "analytic": self.trace.numbers(),
            "finite_differences": self.differences.numbers(),
            "balance": balance_numbers(self.settings),
            "eigenvalue_paths": {
                "gamma": GAMMAS.tolist(),
                "slowest_eigenvalue": {name: _pairs(path) for name, path in self.paths.items()},
            },
            "fields": [field.numbers() for field in self.fields],
            "variants": [{"damping": variant.damping} | variant.trace.numbers() for variant in self.variants],
            "seen": seen(self.trace),
        }


def _moment(trace: Trace, scene: Scene) -> dict[str, Any]:
    round = scene.round
    return {
        "theta": float(trace.theta[round]),
        "phi": trace.phi[round].tolist(),
        "accuracy_met": float(trace.accuracy_met[round]),
        "accuracy": float(trace.accuracy[round]),
    }


def _pairs(values: NDArray[np.complex128]) -> list[list[float]]:
    """Complex numbers as [real, imaginary]."""
    return [[float(value.real), float(value.imag)] for value in values]


def balance_numbers(settings: Settings) -> dict[str, Any]:
    """What rules the neighbourhood of the balance: the flow's eigenvalues and the limits of finite steps."""
    limit = dynamics.largest_step(settings)
    rests = settings.discriminator_lr < limit
    bends = np.linalg.eigvalsh(dynamics.hessian(settings))
    return {
        "equilibrium": dynamics.equilibrium().tolist(),
        "jacobian": dynamics.jacobian(settings).tolist(),
        "eigenvalues": _pairs(dynamics.eigenvalues(settings)),
        "eigenvalues_a_round": _pairs(dynamics.eigenvalues(settings, speeds=settings.speeds)),
        "discriminator_bends": bends.tolist(),
        "discriminator_update_multipliers": (1 - settings.discriminator_lr * bends).tolist(),
        "largest_discriminator_lr": limit if np.isfinite(limit) else None,
        "round_multipliers": _pairs(dynamics.round_multipliers(settings)) if rests else None,
    }


def seen(trace: Trace) -> str:
    """What happened, in a sentence or two."""
    end, balance = trace.theta[-1], trace.points.balance
    crossed, farthest = trace.crossing(), trace.overshoot()
    if crossed is None or farthest is None:
        came = f"from {trace.theta[0]:.2f} to {end:.2f}"
        said = f"After {trace.rounds} rounds θ has come {came}; the means agree at {balance:.3f}."
    else:
        said = (
            f"The generated mean passes the real one in round {crossed} and is farthest from it in round {farthest} "
            f"(θ = {trace.theta[farthest]:.2f}); after {trace.rounds} rounds θ stands at {end:.3f}, and "
            f"the means agree at {balance:.3f}."
        )
    limit, step = dynamics.largest_step(trace.settings), trace.settings.discriminator_lr
    if step > limit:
        said += (
            f" D's learning rate {step:g} is above {limit:.4f}, from where on no descent can rest at φ = 0: "
            "its updates jump to and fro across the valley."
        )
    return said
