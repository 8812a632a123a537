"""Notebook 15.2 of Understanding Deep Learning, and what it leaves open: the earth mover's distance, seen.

One number by four ways, the plan that moves the mass, the critic that proves it least, the divergences beside it, and
why a generator that is far off learns from this distance and not from the others. No torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ganvas import theory
from ganvas.errors import GanvasError
from ganvas.theory.masses import Array, probability_pair
from ganvas.toys.canvas import Theme, save, sheet, themed

P = (5, 3, 2, 1, 8, 7, 5, 9, 2, 1)
Q = (4, 10, 1, 1, 4, 6, 3, 2, 0, 1)
"""The notebook's counts: p is real, q generated; each is divided by its own sum."""
APART = np.linspace(0.0, 12.0, 241)
"""How far two Gaussians of deviation 1 are moved apart."""
MANY = 40
"""Bins from which on a dot for each would be a smear."""
FADED = 1e-6
"""Below this share of its peak a gradient counts as gone."""
LABELS = {
    "kl": "KL",
    "js": "JS",
    "total_variation": "total variation",
    "earth_movers_distance": "earth mover's distance",
    "saturating": "saturating loss",
    "non_saturating": "non-saturating loss",
}


def wasserstein(p: Sequence[float] = P, q: Sequence[float] = Q) -> dict[str, Any]:
    """All numbers of the toy, ready for JSON, of two histograms over the same evenly spaced bins; nats.

    Distances have the unit "bins" (cost |i − j|) and, ``…_normalised``, the whole axis as 1, as in the notebook.

    Raises:
        GanvasError: bad masses, unequal lengths, fewer than 2 bins, or more than 500.
    """
    real, fake = probability_pair(p, q)
    if real.ndim != 1 or len(real) < 2:
        raise GanvasError(f"p has {real.size} mass{'es' * (real.size > 1)}: give at least 2, in one row")
    bins = np.arange(float(len(real)))
    plan = theory.transport_by_program(real, fake, theory.distances(bins))
    critic = theory.critic_by_program(real, fake, theory.distances(bins))
    return {
        "p": real.tolist(),
        "q": fake.tolist(),
        "earth_movers_distance": _by_four_ways(real, fake, bins),
        "earth_movers_distance_normalised": _by_four_ways(real, fake, bins / bins[-1]),
        "plan": plan.plan.tolist(),
        "mass_that_stays": float(np.trace(plan.plan)),
        "critic": critic.potential.tolist(),
        **_divergences(real, fake),
        "separation": _separation(),
    }


def _by_four_ways(real: Array, fake: Array, places: Array) -> dict[str, float]:
    cost = theory.distances(places)
    return {
        "linear_program": theory.transport_by_program(real, fake, cost).value,
        "cdf": theory.distance_by_cdf(real, fake, places),
        "dual": theory.critic_by_program(real, fake, cost).value,
        "pot": theory.transport_by_pot(real, fake, cost).value,
    }


def _divergences(real: Array, fake: Array) -> dict[str, Any]:
    """The notebook's last exercise. JSON has no infinity: it is ``null``, and a key beside it says so."""
    split = theory.js_split(real, fake)
    numbers: dict[str, Any] = {
        "js": split.total,
        "js_bits": split.total / math.log(2),
        "quality": split.quality,
        "coverage": split.coverage,
        "over_generated": split.over_generated,
        "under_generated": split.under_generated,
        "total_variation": theory.total_variation(real, fake),
        "optimal_discriminator": theory.optimal_discriminator(real, fake).tolist(),
        "optimal_discriminator_loss": theory.lowest_cross_entropy(real, fake),
    }
    for name, value in (("kl_p_q", theory.kl(real, fake)), ("kl_q_p", theory.kl(fake, real))):
        numbers |= {name: _finite(value), f"{name}_is_infinite": math.isinf(value)}
    return numbers


def _separation() -> dict[str, Any]:
    """Two Gaussians of deviation 1 moved apart, and two points; gradients with respect to the distance."""
    gaussians, points = theory.gaussians_apart(APART), theory.points_apart(APART)
    return {
        "distance": APART.tolist(),
        "gaussians": {name: values.tolist() for name, values in gaussians.values.items()},
        "gaussian_gradients": {name: values.tolist() for name, values in gaussians.gradients.items()},
        "gradient_fades_at": {name: gaussians.fades_at(name, FADED) for name in gaussians.gradients},
        "points": {name: list(map(_finite, values.tolist())) for name, values in points.values.items()},
        "point_gradients": {name: list(map(_finite, values.tolist())) for name, values in points.gradients.items()},
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def draw(numbers: dict[str, Any], folder: Path, theme: Theme, kind: str = "png") -> list[Path]:
    """Three figures of `wasserstein`'s numbers: plan, critic, separation (``kind``: png, svg or pdf).

    Raises:
        GanvasError: another kind, or a folder that cannot be written.
    """
    figures = {"plan": plan_figure, "critic": critic_figure, "separation": separation_figure}
    with themed(theme):
        return [save(make(numbers, theme), folder / f"{name}.{kind}") for name, make in figures.items()]


def plan_figure(numbers: dict[str, Any], theme: Theme) -> Figure:
    """The notebook's four panels: both histograms, what moving costs, and how the mass moves."""
    figure = sheet(9.0, 7.6)
    panels = figure.subplots(2, 2)
    p, q = np.array(numbers["p"]), np.array(numbers["q"])
    for axes, heights, colour, name in (
        (panels[0, 0], p, theme.real, "Real, p"),
        (panels[0, 1], q, theme.fake, "Generated, q"),
    ):
        axes.bar(range(len(heights)), heights, color=colour, width=0.86)
        axes.set(title=name, xlabel="bin", ylabel="probability", ylim=(0, 1.08 * max(p.max(), q.max())))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    bins = np.arange(len(p))
    cost = np.abs(bins[:, None] - bins)
    _map(figure, panels[1, 0], cost, theme, theme.judge, "What moving costs, |i − j|", "bins")
    distance = numbers["earth_movers_distance"]["linear_program"]
    title = f"The cheapest plan: Σ mass × cost = {distance:.4f} bins"
    _map(figure, panels[1, 1], np.array(numbers["plan"]), theme, theme.more[0], title, "mass moved")
    return figure


def _map(figure: Figure, axes: Axes, values: Array, theme: Theme, colour: str, title: str, unit: str) -> None:
    picture = axes.imshow(values, cmap=theme.ramp(colour), vmin=0)
    axes.set(title=title, xlabel="to bin j of q", ylabel="from bin i of p")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[:].set_visible(True)
    bar = figure.colorbar(picture, ax=axes, label=unit, shrink=0.9)
    bar.outline.set_visible(False)


def critic_figure(numbers: dict[str, Any], theme: Theme) -> Figure:
    """Where real and generated mass differ, the flow that evens it out, and the critic that prices it."""
    figure = sheet(7.2, 7.4)
    surplus, flows, critics = figure.subplots(3, 1, sharex=True, height_ratios=[1, 1, 1.25])
    p, q, potential = (np.array(numbers[name]) for name in ("p", "q", "critic"))
    bins = np.arange(len(p))
    surplus.bar(bins, p - q, color=np.where(p >= q, theme.real, theme.fake), width=0.86)
    surplus.axhline(0, color=theme.judge, linewidth=0.8)
    surplus.set(ylabel="p − q", title="Too little is generated (blue), too much (orange)")
    flow = np.cumsum(p - q)[:-1]
    colours, gap = np.where(flow >= 0, theme.real, theme.fake), 0.8 if len(bins) <= MANY else 0.0
    flows.bar(bins[:-1] + 0.5, flow, color=colours, width=1.0, edgecolor=theme.ground, linewidth=gap)
    flows.axhline(0, color=theme.judge, linewidth=0.8)
    value = numbers["earth_movers_distance"]
    flows.set(ylabel="CDF of p − CDF of q", title=f"By CDF: the area, both signs added, is {value['cdf']:.4f} bins")
    critics.plot(bins, potential, "o-", color=theme.judge, markersize=5 if len(bins) <= MANY else 0)
    critics.set(
        xlabel="bin",
        ylabel="critic f (bins)",
        title=f"By the dual: Σ (p − q) f = {value['dual']:.4f} bins; the slope is never above 1",
    )
    critics.grid(axis="y")
    critics.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.align_ylabels()
    return figure


def separation_figure(numbers: dict[str, Any], theme: Theme) -> Figure:
    """Two Gaussians moved apart: the distances, and what is left of each gradient."""
    figure = sheet(10.4, 4.8)
    left, right = figure.subplots(1, 2)
    data, styles = numbers["separation"], _styles(theme)
    distance = np.array(data["distance"])
    for name in ("earth_movers_distance", "kl", "total_variation", "js"):
        left.plot(distance, data["gaussians"][name], **styles[name], label=LABELS[name])
    left.plot(distance[1:], data["points"]["js"][1:], color=theme.judge, linestyle=":", linewidth=1.2)
    note = {"ha": "right", "va": "top", "color": theme.judge, "fontsize": 8.5}
    left.text(11.9, math.log(2) - 0.06, "JS of two points: log 2 at any d > 0", **note)
    left.set(title="Two Gaussians, N(0, 1) real and N(d, 1) generated", xlabel="distance d of their means")
    left.set(ylabel="how far apart (KL and JS in nats)", ylim=(0, 4), xlim=(0, distance[-1]))
    left.legend(loc="center right")
    for name, style in styles.items():
        slope = np.array(data["gaussian_gradients"][name])
        right.semilogy(distance[1:], slope[1:], **style, label=LABELS[name])
        if (gone := data["gradient_fades_at"][name]) is not None:
            right.plot(gone, slope[np.searchsorted(distance, gone)], "o", color=style["color"], markersize=5)
    right.set(title="What each tells the generator: its gradient with respect to d", xlabel="distance d of their means")
    right.set(ylabel="gradient (dots: a millionth of the peak)", xlim=(0, distance[-1]), ylim=(1e-9, 60))
    right.legend(loc="lower left")
    return figure


def _styles(theme: Theme) -> dict[str, dict[str, Any]]:
    """A colour a family, a dash where two would lie on each other."""
    green, pink, gold, _ = theme.more
    return {
        "earth_movers_distance": {"color": green, "linewidth": 2.4},
        "js": {"color": theme.real},
        "saturating": {"color": theme.real, "linestyle": (0, (4, 2))},
        "total_variation": {"color": pink},
        "kl": {"color": gold},
        "non_saturating": {"color": theme.fake, "linestyle": (0, (4, 2))},
    }
