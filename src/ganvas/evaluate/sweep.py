"""Which penalty weight suits these data: published ones span 0.05 to 150, and none carries over."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ganvas.data.dataset import Dataset
from ganvas.errors import GanvasError
from ganvas.evaluate.card import Card
from ganvas.evaluate.measure import evaluate
from ganvas.recipes.noise import NoiseRecipe
from ganvas.schedule import Schedule
from ganvas.snapshot import open_snapshot
from ganvas.training.start import Prepared, open_session

FACTORS = (0.125, 1.0, 8.0)
SHARE = 20
"""Each of the three runs sees this part of the recipe's images, unless told otherwise."""


def sweep(prepared: Prepared, images: int, say: Callable[[str], None]) -> tuple[list[dict[str, Any]], str]:
    """Train three short runs at an eighth, once and eight times the recipe's γ; the least kernel distance wins.

    Returns:
        A row of numbers for each run, and in words which to take: the ``--set``, or that they are not told apart.

    Raises:
        GanvasError: the recipe has no penalties.
    """
    recipe = prepared.recipe
    if not isinstance(recipe, NoiseRecipe) or not recipe.penalties:
        raise GanvasError(f"--sweep gamma: {recipe.name} has no penalties to weigh; --set penalties=r1,r2 adds some")
    assert isinstance(prepared.data, Dataset), "a game of noise is played on pictures"
    rows: list[dict[str, Any]] = []
    for factor in FACTORS:
        penalties = {kind: p.but(gamma=_times(p.gamma, factor)) for kind, p in recipe.penalties.items()}
        out = prepared.out.with_name(f"{prepared.out.name}-sweep") / f"gamma-x{factor:g}"
        short = replace(prepared.request, images=images, minutes=None)
        tried = replace(prepared, request=short, recipe=recipe.but(penalties=penalties, images=images), out=out)
        say(f"gamma × {factor:g} …")
        session = open_session(tried)
        session.play()
        card = evaluate(open_snapshot(session.run.path), prepared.data, samples=2000, thorough=False)
        rows.append({"factor": factor, "gamma": _words(next(iter(penalties.values())).gamma), **_numbers(card)})
    best = min(rows, key=lambda row: row["kernel_distance"])
    if any(row is not best and row["at_least"] <= best["at_most"] for row in rows):
        return rows, "not told apart: the intervals overlap; keep the recipe's gamma, or give the runs more --images"
    settings = [f"penalties.{kind}.gamma={best['gamma']}" for kind in recipe.penalties]
    return rows, "take " + " ".join(f"--set {shlex.quote(setting)}" for setting in settings)


def _times(gamma: float | Schedule, factor: float) -> float | Schedule:
    if isinstance(gamma, Schedule):
        return gamma.but(start=gamma.start * factor, end=gamma.end * factor)
    return gamma * factor


def _words(gamma: float | Schedule) -> str:
    """As ``--set`` takes it."""
    return f"{gamma.start:g}->{gamma.end:g}" if isinstance(gamma, Schedule) else f"{gamma:g}"


def _numbers(card: Card) -> dict[str, float]:
    """Kernel distance with its interval, and coverage, seen by the judge where there are labels, else by random
    convolutions."""
    eyes = "self-trained" if card.find("kernel_distance", "self-trained") else "random-conv"
    distance, coverage = card.find("kernel_distance", eyes), card.find("coverage", eyes)
    assert distance is not None and coverage is not None and distance.value is not None and coverage.value is not None
    low, high = distance.interval or (distance.value, distance.value)
    return {"kernel_distance": distance.value, "at_least": low, "at_most": high, "coverage": coverage.value}
