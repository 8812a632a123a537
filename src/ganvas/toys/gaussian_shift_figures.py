"""The pictures of the smallest GAN: panels as in the lecture, traces, the field with its spiral, variants, a film."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy.special import expit

from ganvas.theory.gaussian_shift import LOSSES, NOTEBOOK, Array, Trace, logits
from ganvas.toys.canvas import Theme, pixels, sheet
from ganvas.toys.gaussian_shift import Field, Story, Variant, scenes

BAR = 0.33
"""How high the lecture's bars are."""
FRAMES = 60


def panels(story: Story, theme: Theme) -> Figure:
    """The points as bars under the discriminator's curve, one panel a scene."""
    trace, shown = story.trace, scenes(story.trace)
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = sheet(3.7 * columns, 2.5 * rows + 0.4)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    low, high = _reach(trace)
    for axes, scene in zip(grid.flat, shown, strict=False):
        k = scene.round
        _bars(axes, NOTEBOOK.real, theme.real)
        _bars(axes, NOTEBOOK.latents + trace.theta[k], theme.fake)
        x = np.linspace(low, high, 400)
        axes.plot(x, expit(logits(trace.phi[k], x)), color=theme.judge, linewidth=2)
        axes.axhline(0.5, color=theme.faint, linewidth=0.8, zorder=0)
        axes.set(xlim=(low, high), ylim=(0, 1.02), title=f"{scene.name}, round {k}: θ = {trace.theta[k]:.2f}")
    for axes in grid.flat[len(shown) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel("D(x), probability of real")
    for column in range(columns):
        last = max(row for row in range(rows) if row * columns + column < len(shown))
        grid[last, column].set_xlabel("x")
        grid[last, column].tick_params(labelbottom=True)
    _key(figure, theme)
    return figure


def _reach(trace: Trace) -> tuple[float, float]:
    """From 0 to 10 as in the lecture, wider where a point goes farther."""
    everywhere = np.concatenate([NOTEBOOK.real, *(NOTEBOOK.latents + trace.theta[s.round] for s in scenes(trace))])
    return min(0.0, float(everywhere.min()) - 0.5), max(10.0, float(everywhere.max()) + 0.5)


def _bars(axes: Axes, x: Array, colour: str) -> Any:
    return axes.vlines(x, 0, BAR, color=colour, linewidth=2)


def _key(figure: Figure, theme: Theme) -> None:
    marks = {"real x": theme.real, "generated x* = z + θ": theme.fake, "discriminator D(x)": theme.judge}
    handles = [Line2D([], [], color=colour, linewidth=2, label=name) for name, colour in marks.items()]
    figure.legend(handles=handles, loc="outside upper left", ncols=3)


def traces(story: Story, theme: Theme) -> Figure:
    """θ, φ, losses and accuracy over rounds."""
    trace, differences = story.trace, story.differences
    figure = sheet(8, 9)
    rows = figure.subplots(5, 1, sharex=True, gridspec_kw={"height_ratios": [2.0, 1, 1, 1, 1]})
    rounds = np.arange(trace.rounds + 1)
    rows[0].axhline(NOTEBOOK.balance, color=theme.real, label=f"the means agree: θ = {NOTEBOOK.balance:.3f}")
    rows[0].plot(rounds, trace.theta, color=theme.fake, label="θ, exact slopes")
    rows[0].plot(rounds, differences.theta, ":", color=theme.ink, linewidth=1.1, label="θ, the notebook's differences")
    rows[1].plot(rounds, trace.phi[:, 0], color=theme.judge)
    rows[2].plot(rounds, trace.phi[:, 1], color=theme.judge)
    rows[3].plot(rounds, trace.discriminator_loss, color=theme.judge, label="$L_D$ after D's phase")
    rows[3].plot(rounds, trace.generator_loss, color=theme.fake, label="$L_G$ after G's phase")
    rows[4].plot(rounds, trace.accuracy_met, color=theme.judge, label="after D's phase")
    rows[4].plot(rounds, trace.accuracy, color=theme.fake, linewidth=1.1, label="after G's phase")
    rows[4].axhline(0.5, color=theme.faint, zorder=0)
    for axes, name in zip(rows, ("θ", "φ₀", "φ₁", "loss", "accuracy of D"), strict=True):
        axes.set_ylabel(name)
        axes.grid(axis="x")
        if (crossed := trace.crossing()) is not None:
            axes.axvline(crossed, color=theme.real, linewidth=0.9, linestyle=(0, (4, 3)))
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper right" if name != "θ" else "lower right")
    if crossed is not None:
        rows[0].annotate(
            f"crossed: round {crossed}",
            (crossed, 0.04),
            (4, 0),
            ("data", "axes fraction"),
            "offset points",
            color=theme.ink,
        )
    for axes in rows[1:3]:
        axes.axhline(0, color=theme.faint, zorder=0)
    rows[-1].set(xlabel="round", ylim=(0.3, 1.05), xlim=(0, trace.rounds))
    figure.align_ylabels(rows)
    return figure


def field(story: Story, theme: Theme) -> Figure:
    """The flow on the valley's floor with the game played over it, and the balance's eigenvalues."""
    shown = story.fields
    columns = 2 if len(shown) == 3 else 3
    figure = sheet(4.6 * columns, 3.9 * (2 if columns == 2 else 1))
    *places, last = figure.subplots(2 if columns == 2 else 1, columns, squeeze=False).flat
    for axes, one in zip(places, shown, strict=True):
        _flow(axes, one, theme)
    _eigenvalues(last, story, theme)
    return figure


def _flow(axes: Axes, one: Field, theme: Theme) -> None:
    trace = one.trace
    axes.streamplot(
        one.theta,
        one.slope,
        one.theta_speed,
        one.slope_speed,
        color=theme.judge,
        linewidth=0.6,
        arrowsize=0.8,
        density=1.1,
    )
    axes.plot(trace.theta, trace.phi[:, 1], ".-", color=theme.fake, markersize=3.5, linewidth=1.2)
    axes.plot(trace.theta[0], trace.phi[0, 1], "o", color=theme.fake, markersize=7)
    axes.annotate("start", (trace.theta[0], trace.phi[0, 1]), (6, -12), textcoords="offset points")
    axes.plot(NOTEBOOK.balance, 0, "P", color=theme.real, markersize=10, markeredgecolor=theme.ground)
    axes.set(xlabel="θ", ylabel="φ₁", title=one.name)
    axes.set(xlim=(one.theta[0], one.theta[-1]), ylim=(one.slope[0], one.slope[-1]))


def _eigenvalues(axes: Axes, story: Story, theme: Theme) -> None:
    for (name, path), colour in zip(story.paths.items(), theme.more, strict=False):
        axes.plot(path.real, path.imag, color=colour, label=name)
        axes.plot(path.real[0], path.imag[0], "o", color=colour, markersize=7)
        axes.plot(path.real[-1], path.imag[-1], "s", color=colour, markersize=6, markerfacecolor=theme.ground)
    axes.axvline(0, color=theme.ink, linewidth=0.9)
    axes.axhline(0, color=theme.faint, linewidth=0.8, zorder=0)
    low, high = axes.get_xlim()
    right = max(high, 0.12 * (high - low))
    axes.axvspan(0, right, color=theme.faint, alpha=0.35, linewidth=0)
    axes.set(xlim=(low, right), ylim=(None, axes.get_ylim()[1] * 1.45))
    axes.set(
        title="Slowest eigenvalue, R1 from γ = 0 (●) to 1 (□)", xlabel="real part: damping", ylabel="imaginary part"
    )
    axes.text(right / 2, axes.get_ylim()[1] * 0.97, "grows", rotation=90, ha="center", va="top", fontsize=8.5)
    axes.legend(loc="upper left")
    _closer(axes, path, colour, theme)


def _closer(axes: Axes, path: NDArray[np.complex128], colour: str, theme: Theme) -> None:
    """The last path again, where it is: it may be too short to be seen beside the others."""
    inset = axes.inset_axes((0.45, 0.17, 0.38, 0.24))
    inset.plot(path.real, path.imag, color=colour)
    inset.plot(path.real[0], path.imag[0], "o", color=colour, markersize=6)
    inset.plot(path.real[-1], path.imag[-1], "s", color=colour, markersize=6, markerfacecolor=theme.ground)
    inset.margins(0.2, 0.6)
    inset.axvline(0, color=theme.ink, linewidth=0.9)
    inset.set_title("the last, closer", fontsize=8.5)
    inset.tick_params(labelsize=7.5)


def variants(story: Story, theme: Theme) -> Figure:
    """θ over rounds for every loss, undamped and with R1."""
    steps = list(dict.fromkeys(one.trace.settings.discriminator_lr for one in story.variants))
    figure = sheet(11, 2.9 * len(steps) + 0.3)
    grid = figure.subplots(len(steps), len(LOSSES), sharex=True, sharey=True, squeeze=False)
    for one in story.variants:
        settings = one.trace.settings
        row, column = steps.index(settings.discriminator_lr), list(LOSSES).index(one.loss)
        _variant(grid[row, column], one, story.rounds, theme)
    for (row, column), axes in np.ndenumerate(grid):
        axes.set_title(f"{list(LOSSES)[column]}, D's step {steps[row]:g}")
        name = "the means agree" if row + column == 0 else None
        axes.axhline(NOTEBOOK.balance, color=theme.real, linewidth=1, zorder=0, label=name)
        axes.legend(loc="lower right")
    kept = [one.trace.theta for one in story.variants if one.trace.rounds == story.rounds]
    low, high = max(min(map(np.min, kept)), -NOTEBOOK.balance), min(max(map(np.max, kept)), 3 * NOTEBOOK.balance)
    grid[0, 0].set(ylim=(low - 1, high + 0.5))
    for axes in grid[:, 0]:
        axes.set_ylabel("θ")
    for axes in grid[-1]:
        axes.set_xlabel("round")
    return figure


def _variant(axes: Axes, one: Variant, rounds: int, theme: Theme) -> None:
    damped = one.trace.settings.r1 > 0
    colour, style = (theme.more[0], "--") if damped else (theme.fake, "-")
    label = "no damping" if one.damping == "none" else one.damping
    lost = f", runs away in round {one.trace.rounds + 1}" if one.trace.rounds < rounds else ""
    axes.plot(one.trace.theta, style, color=colour, label=label + lost)


def frames(story: Story, theme: Theme) -> Iterator[np.ndarray]:
    """Round by round, at most ``FRAMES`` of them from the start: points and discriminator above, θ so far below."""
    trace = story.trace
    count = min(FRAMES, trace.rounds + 1)
    figure = sheet(6.4, 4.8)
    above, below = figure.subplots(2, 1, gridspec_kw={"height_ratios": [2.2, 1]})
    low = min(0.0, float((NOTEBOOK.latents + trace.theta[:count].min()).min()) - 0.5)
    high = max(10.0, float((NOTEBOOK.latents + trace.theta[:count].max()).max()) + 0.5)
    x = np.linspace(low, high, 300)
    _bars(above, NOTEBOOK.real, theme.real)
    fakes = _bars(above, NOTEBOOK.latents + trace.theta[0], theme.fake)
    (curve,) = above.plot(x, expit(logits(trace.phi[0], x)), color=theme.judge, linewidth=2)
    above.set(xlim=(low, high), ylim=(0, 1.02), xlabel="x", ylabel="D(x)")
    below.axhline(NOTEBOOK.balance, color=theme.real, linewidth=1)
    (way,) = below.plot([], [], color=theme.fake)
    (now,) = below.plot([], [], "o", color=theme.fake)
    reach = [NOTEBOOK.balance, *trace.theta[:count]]
    below.set(xlim=(0, count), ylim=(min(reach) - 0.5, max(reach) + 0.5), xlabel="round", ylabel="θ")
    _key(figure, theme)
    for k in range(count):
        theta = trace.theta[k]
        fakes.set_segments([[(at, 0), (at, BAR)] for at in NOTEBOOK.latents + theta])
        curve.set_ydata(expit(logits(trace.phi[k], x)))
        way.set_data(np.arange(k + 1), trace.theta[: k + 1])
        now.set_data([k], [theta])
        above.set_title(f"round {k}: θ = {theta:.2f}, D right on {round(20 * trace.accuracy[k])} of 20")
        yield pixels(figure)
