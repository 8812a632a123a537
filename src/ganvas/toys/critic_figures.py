"""Trained critics beside the best one, and their estimates beside the exact distance."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ganvas.toys.canvas import Theme, sheet
from ganvas.toys.critic import Critic


def panels(made: list[Critic], truth: dict[str, Any], theme: Theme) -> Figure:
    """Densities; the critics' shapes, each divided by its steepest slope; their estimates while they learn."""
    figure = sheet(12.6, 3.7)
    densities, shapes, estimates = figure.subplots(1, 3)
    width = truth["x"][1] - truth["x"][0]
    densities.plot(truth["x"], truth["p"] / width, color=theme.real, label="real p(x)")
    densities.plot(truth["x"], truth["q"] / width, color=theme.fake, label="generated q(x)")
    densities.set(title="two densities", xlabel="x", ylim=(0, None))
    best = truth["potential"] - (truth["p"] * truth["potential"]).sum()
    shapes.plot(truth["x"], best, color=theme.ink, linewidth=3.5, alpha=0.35, label="the best critic")
    estimates.axhline(truth["distance"], color=theme.ink, linewidth=3.5, alpha=0.35, label="exact distance")
    for critic, colour, dash in zip(made, theme.more, ("-", "--", "-.", ":"), strict=False):
        f = critic.values() / max(critic.history[-1]["steepest_slope"], 1e-12)
        shapes.plot(truth["x"], f - (critic.p * f).sum(), dash, color=colour, label=critic.name)
        images = np.array([row["images"] for row in critic.history]) / 1000
        estimates.plot(images, [row["estimate"] for row in critic.history], dash, color=colour, label=critic.name)
    shapes.set(title="critics, divided by their steepest slope", xlabel="x", ylabel="f(x) − mean on real")
    estimates.set(title="(E_p f − E_q f) / slope: never above W1", xlabel="thousand points seen", ylim=(0, None))
    for axes in (densities, shapes, estimates):
        axes.grid(True)
    densities.legend(loc="upper right")
    figure.legend(*shapes.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure
