"""What a run will cost, measured on this machine before it starts."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any

import torch

from ganvas.recipes.recipe import Recipe
from ganvas.training.average import Averages
from ganvas.training.loop import train
from ganvas.training.progress import Progress
from ganvas.training.runtime import Runtime

SMALL = 8
"""Images of the first, probing round: a large recipe on a small machine would take minutes for a full one."""
OVERHEAD = 0.97
"""The share of a run that is training; the rest draws sheets and saves."""


@dataclass(frozen=True)
class Plan:
    """Parameters by role, images a second (over all processes), and peak memory in bytes so far."""

    parameters: dict[str, int]
    images_per_second: float
    memory: int

    def seconds(self, images: int) -> float:
        """How long so many images take."""
        return images / (self.images_per_second * OVERHEAD)

    def images(self, minutes: float) -> int:
        """How many images fit."""
        return max(1, round(minutes * 60 * self.images_per_second * OVERHEAD))


def measure(recipe: Recipe, data: Any, runtime: Runtime, seconds: float = 4.0) -> Plan:
    """Play a few rounds of a throw-away game: a small one first, then full ones unless those would be slow."""
    rate = _rate(_small(recipe, runtime.place.world), data, runtime, rounds=1)
    if rounds := int(seconds * rate / recipe.batch):
        rate = _rate(recipe.but(horizon=recipe.images), data, runtime, rounds)
    parameters = {role: sum(p.numel() for p in network.parameters()) for role, network in recipe.networks().items()}
    return Plan(parameters, rate, _memory(runtime.place.device))


def _small(recipe: Recipe, world: int) -> Recipe:
    """`SMALL` pictures in every part, where the recipe can be played with so many (packs of three cannot)."""
    share = recipe.but(batch=SMALL * recipe.parts, horizon=recipe.images)
    return share.but(batch=share.batch * world) if share.unsound() is None else share.but(batch=recipe.batch)


def _rate(recipe: Recipe, data: Any, runtime: Runtime, rounds: int) -> float:
    """Images a second over ``rounds`` rounds, after one to warm up."""
    game = recipe.game(runtime.place.device)
    batches = recipe.stream(data, game.turns, runtime.place)
    averages, progress = Averages(game, recipe.keeps, recipe.average, recipe.batch), Progress()
    train(game, batches, progress, recipe.batch, runtime, [averages])
    _wait(runtime.place.device)
    start = time.perf_counter()
    train(game, batches, progress, (1 + rounds) * recipe.batch, runtime, [averages])
    _wait(runtime.place.device)
    return runtime.agreed(rounds * recipe.batch / (time.perf_counter() - start))


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _memory(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if sys.platform == "win32":
        return 0
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kibibytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
