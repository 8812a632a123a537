"""The plane in pictures: a row a variant; what it draws, what its discriminator says, how its latent plane lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from scipy.special import expit, ndtri

from ganvas.latent.priors import Normal
from ganvas.toys.canvas import Theme, sheet
from ganvas.toys.plane import Lesson
from ganvas.toys.play import Play
from ganvas.toys.targets import Floats, Mixture

BINS, MANY = 160, 40_000
ARROWS = 220
LINES, STEPS = 21, 400


@dataclass(frozen=True)
class View:
    """Everything of a variant that is drawn: taken once, so that a figure does not disturb the play."""

    name: str
    extent: float
    truth: Floats
    """The target's density on BINS × BINS, first row at the bottom."""
    fakes: Floats
    verdict: Floats
    """σ(logit − middle) on BINS × BINS; the middle lies half-way between real and generated means, since a relativistic
    discriminator's own zero has no meaning."""
    arrows: tuple[Floats, Floats]
    lines: list[Floats]
    history: list[dict[str, Any]]
    centres: Floats | None


def view(lesson: Lesson) -> View:
    """Look at a variant as it stands."""
    play = lesson.play
    target = play.target
    fakes = play.fakes(MANY, seed=2)
    real = target.draw(2000, np.random.default_rng(2))
    middle = (play.logits(real).mean() + play.logits(fakes[:2000]).mean()) / 2
    places = _places(target.extent)
    shown = fakes[:ARROWS]
    return View(
        name=lesson.name,
        extent=target.extent,
        truth=target.density(places).reshape(BINS, BINS),
        fakes=fakes,
        verdict=expit(play.logits(places) - middle).reshape(BINS, BINS),
        arrows=(shown, play.pull(shown)),
        lines=manifold(play),
        history=list(lesson.history),
        centres=target.centres if isinstance(target, Mixture) and target.has_modes else None,
    )


def _places(extent: float) -> Floats:
    side = (np.arange(BINS) + 0.5) / BINS * 2 * extent - extent
    return np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)


def manifold(play: Play) -> list[Floats]:
    """Straight lines of the first two latents, evenly spaced in probability, as the generator bends them: (STEPS, 2)
    each, LINES in either direction; other latents stay 0."""
    prior = play.recipe.prior
    inverse = ndtri if isinstance(prior, Normal) else lambda share: 2 * share - 1
    levels, along = (inverse(np.linspace(0.01, 0.99, count)) for count in (LINES, STEPS))
    bent = []
    for axis in (0, 1) if prior.dimension > 1 else (0,):
        for level in levels:
            z = torch.zeros(STEPS, prior.dimension)
            z[:, axis] = torch.from_numpy(along)
            if prior.dimension > 1:
                z[:, 1 - axis] = float(level)
            bent.append(play.through(z))
    return bent


def panels(views: Sequence[View], theme: Theme) -> Figure:
    """A row a variant: generated density, verdict and pull, latent grid, read-outs over time."""
    figure = sheet(13.6, 3.55 * len(views) + 0.2)
    rows = figure.subplots(len(views), 4, squeeze=False, width_ratios=(1, 1, 1, 1.15))
    for row, seen in zip(rows, views, strict=True):
        _density(row[0], seen, theme)
        _verdict(row[1], seen, theme)
        _latents(row[2], seen, theme)
        _curves(row[3], seen, theme)
    return figure


def frame(seen: View, theme: Theme) -> Figure:
    """One moment of an animation: density beside verdict and pull."""
    figure = sheet(6.6, 3.5)
    left, right = figure.subplots(1, 2)
    _density(left, seen, theme)
    _verdict(right, seen, theme)
    return figure


def _plane(axes: Axes, seen: View, title: str) -> None:
    axes.set(xlim=(-seen.extent, seen.extent), ylim=(-seen.extent, seen.extent), aspect="equal", title=title)
    axes.tick_params(length=2, labelsize=8)


def _density(axes: Axes, seen: View, theme: Theme) -> None:
    box = (-seen.extent, seen.extent)
    counts, _, _ = np.histogram2d(seen.fakes[:, 1], seen.fakes[:, 0], BINS, (box, box))
    axes.imshow(
        counts,
        cmap=theme.ramp(theme.fake),
        norm=PowerNorm(0.4, 0, max(float(np.quantile(counts[counts > 0], 0.98)) if counts.any() else 1.0, 1.0)),
        extent=(*box, *box),
        origin="lower",
        interpolation="nearest",
    )
    if seen.centres is not None:
        axes.scatter(
            seen.centres[:, 0], seen.centres[:, 1], 70, facecolors="none", edgecolors=theme.real, linewidths=0.9
        )
    else:
        level = 0.25 * seen.truth.max()
        axes.contour(seen.truth, [level], extent=(*box, *box), colors=[theme.real], linewidths=0.8)
    _plane(axes, seen, f"{seen.name}: {_headline(seen)}")


def _headline(seen: View) -> str:
    last = seen.history[-1] if seen.history else {}
    if "modes_covered" in last:
        return f"{last['modes_covered']}/{last['modes']} modes, {last['high_quality_share']:.1%} within 3σ"
    return f"energy distance {last['energy_distance']:.4f}" if last else ""


def _verdict(axes: Axes, seen: View, theme: Theme) -> None:
    box = (-seen.extent, seen.extent)
    axes.imshow(
        seen.verdict, cmap=theme.verdict, vmin=0, vmax=1, extent=(*box, *box), origin="lower", interpolation="bilinear"
    )
    at, pull = seen.arrows
    length = np.linalg.norm(pull, axis=1, keepdims=True)
    # direction matters more than size, which spans orders of magnitude: lengths are compressed
    scaled = (
        pull / np.maximum(length, 1e-12) * (length / max(float(np.quantile(length, 0.9)), 1e-12)).clip(0, 1.5) ** 0.4
    )
    axes.quiver(*at.T, *scaled.T, color=theme.ink, angles="xy", scale=16, width=0.004, headwidth=4, alpha=0.8)
    _plane(axes, seen, "discriminator: blue real, orange generated")


def _latents(axes: Axes, seen: View, theme: Theme) -> None:
    half = len(seen.lines) // 2
    for lines, colour in ((seen.lines[:half], theme.fake), (seen.lines[half:], theme.more[0])):
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=0.6, alpha=0.85))
    _plane(axes, seen, "the latent plane's grid, through G")


NOISE = 1e-3
"""About what the energy distance of 2,500 points scatters by; below this its axis is linear."""
CURVES = (("high_quality_share", "within 3σ"), ("within_mode_sd_ratio", "width / true width"))


def _curves(axes: Axes, seen: View, theme: Theme) -> None:
    images = [row["images"] / 1e6 for row in seen.history]
    if seen.centres is None:
        axes.plot(images, [row["energy_distance"] for row in seen.history], color=theme.ink)
        axes.set_yscale("symlog", linthresh=NOISE)
        axes.set(title="energy distance (unbiased: 0 is right)", xlabel="million points seen")
    else:
        covered = [row["modes_covered"] / row["modes"] for row in seen.history]
        axes.plot(images, covered, color=theme.ink, label="modes covered")
        for (key, label), colour in zip(CURVES, (theme.fake, theme.more[0]), strict=True):
            axes.plot(images, [row[key] for row in seen.history], color=colour, label=label)
        axes.set(ylim=(0, 1.25), title="read-outs (2,500 points; 1 is right)", xlabel="million points seen")
        axes.legend(loc="lower right", ncols=1)
    axes.grid(True)
