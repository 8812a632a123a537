"""The averaged networks that the user keeps."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ganvas.games.game import Game
from ganvas.recipes.recipe import Average
from ganvas.schedule import value_at
from ganvas.training.progress import Progress


class Averages:
    """Exponential moving averages of some networks, weights and batch statistics alike.

    After h images, where h is the half-life, an old weight counts half: β = ½^(batch/h). A half-life of 0 is no average
    at all: then the networks are copied only when someone looks, for a copy a round can cost as much as the round.
    """

    def __init__(self, game: Game, keeps: tuple[str, ...], config: Average, batch: int) -> None:
        self.config, self.batch, self.current, self.behind = config, batch, game.networks, False
        self.networks: dict[str, nn.Module] = {
            role: copy.deepcopy(game.networks[role]).requires_grad_(False).eval() for role in keeps
        }

    def __call__(self, game: Game, progress: Progress) -> None:
        half_life = value_at(self.config.half_life, progress.images / game.horizon)
        self.behind = half_life == 0
        if not self.behind:
            self._move(0.5 ** (self.batch / max(min(half_life, self.config.ramp * progress.images), 1e-8)))

    def catch_up(self) -> None:
        """Be what they should be by now: to be called before they are looked at."""
        if self.behind:
            self._move(0.0)
            self.behind = False

    @torch.no_grad()
    def _move(self, beta: float) -> None:
        for role, average in self.networks.items():
            kept, current = average.state_dict(), self.current[role].state_dict()
            floats = [name for name, value in kept.items() if value.is_floating_point()]
            torch._foreach_lerp_([kept[n] for n in floats], [current[n] for n in floats], 1.0 - beta)
            for name in kept.keys() - set(floats):
                kept[name].copy_(current[name])

    def state_dict(self) -> dict[str, Any]:
        self.catch_up()
        return {role: network.state_dict() for role, network in self.networks.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for role, network in self.networks.items():
            network.load_state_dict(state[role])
