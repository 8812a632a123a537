"""The game in one dimension, drawn as in Goodfellow et al. 2014, figure 1, and the value that it is played for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter1d

from ganvas.toys.canvas import Theme, sheet
from ganvas.toys.completion import Moment

SMOOTH = 1.5
"""Cells over which the drawn density is smoothed: dense layers make it piecewise constant. Numbers take it as it is."""


def panels(scenes: Sequence[tuple[str, Moment]], theme: Theme) -> Figure:
    """A panel a scene: density of the data (dotted), of the generator (solid), D (dashed); below, arrows z → x."""
    columns = min(len(scenes), 4)
    figure = sheet(3.7 * columns, 4.0)
    tops = figure.subplots(1, columns, sharey=True, squeeze=False)[0]
    most = 1.3 * max(float(seen.p.max()) for _, seen in scenes)
    for axes, (name, seen) in zip(tops, scenes, strict=True):
        _scene(axes, seen, most, theme)
        axes.set_title(name)
    tops[0].set_ylabel("density; D from 0 to 1")
    handles = tops[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper left", ncols=4)
    return figure


def _scene(axes: Axes, seen: Moment, most: float, theme: Theme) -> None:
    axes.plot(seen.x, seen.p, ":", color=theme.ink, label="data p(x)")
    axes.plot(seen.x, gaussian_filter1d(seen.q, SMOOTH), color=theme.more[0], label="generated q(x)")
    axes.plot(seen.x, seen.d * most, "--", color=theme.real, label="D(x), from 0 to 1")
    axes.plot(seen.x, seen.best * most, color=theme.faint, linewidth=3, zorder=0, label="D*(x) = p / (p + q)")
    low, high = seen.x[0], seen.x[-1]
    bottom, top = -0.42 * most, -0.1 * most
    for z, x in zip(seen.z, seen.to, strict=True):
        start = low + (z + 1) / 2 * (high - low)
        axes.annotate(
            "",
            (np.clip(x, low, high), top),
            (start, bottom),
            arrowprops={"arrowstyle": "->", "color": theme.judge, "lw": 0.6},
        )
    for height, name in ((top, "x"), (bottom, "z")):
        axes.axhline(height, color=theme.judge, linewidth=0.8)
        axes.text(high, height + 0.015 * most, name, color=theme.ink, ha="right", va="bottom")
    axes.set(xlim=(low, high), ylim=(bottom - 0.04 * most, 1.02 * most), xlabel="x")
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= most])


def value(history: Sequence[Moment], theme: Theme) -> Figure:
    """What both play for: V now, its best for this generator, −log 4; and the divergence that is left."""
    figure = sheet(8.4, 3.4)
    left, right = figure.subplots(1, 2)
    images = [seen.images / 1e6 for seen in history]
    rows = [seen.numbers for seen in history]
    left.plot(images, [row["value"] for row in rows], color=theme.judge, label="V of the discriminator")
    left.plot(images, [row["value_at_best"] for row in rows], color=theme.real, label="−log 4 + 2·JS: V at D*")
    left.axhline(-np.log(4), color=theme.ink, linestyle=":", label="−log 4: the end")
    left.set(title="value of the game, in nats", ylim=(-1.45, -1.1))
    left.legend(loc="upper right")
    right.plot(images, [row["js"] for row in rows], color=theme.fake, label="JS(p, q), nats")
    right.plot(images, [row["mean_abs_to_best"] for row in rows], color=theme.judge, label="mean |D − D*|")
    right.plot(images, [row["max_abs_to_half"] for row in rows], color=theme.real, label="max |D − ½| on the support")
    right.set(yscale="log", title="how far from the end")
    right.legend(loc="upper right")
    for axes in (left, right):
        axes.set(xlabel="million points seen", xscale="log")
        axes.grid(True)
    return figure
