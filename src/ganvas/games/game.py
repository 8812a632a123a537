"""Networks and players, in the order in which they move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import nn

from ganvas.games.player import Player
from ganvas.schedule import Schedule, value_at


@dataclass(frozen=True)
class Dial:
    """A scheduled number and where it is written: an optimizer's learning rate, an augmentation's probability …"""

    value: float | Schedule
    write: Callable[[float], object]


@dataclass
class Game:
    """Networks and optimizers by name, players in order, and ``horizon``: the images that schedules run over."""

    networks: dict[str, nn.Module]
    players: tuple[Player, ...]
    optimizers: dict[str, torch.optim.Optimizer]
    horizon: int
    dials: tuple[Dial, ...] = field(default=())

    @property
    def turns(self) -> int:
        """The most turns that a round can have."""
        return sum(player.updates for player in self.players)

    def players_of(self, round: int) -> Iterator[Player]:
        """Who moves in this round: each player as often as it has updates, lazy ones when they are due."""
        for player in self.players:
            if round % player.every == 0:
                yield from [player] * player.updates

    def begin_round(self, images: int) -> None:
        """Write every schedule's value for this many images seen: pure functions, so there is nothing to resume."""
        progress = images / self.horizon
        for dial in self.dials:
            dial.write(value_at(dial.value, progress))
        for player in self.players:
            for term in player.terms:
                term.schedule(progress)

    @contextmanager
    def only(self, player: Player) -> Iterator[torch.optim.Optimizer]:
        """Within: only what the player moves can learn; parameters *and* buffers (batch statistics, spectral-norm
        vectors) of everyone else are afterwards exactly as they were. This replaces every ``detach``."""
        others = [network for name, network in self.networks.items() if name not in player.moves]
        thawed = [p for network in others for p in network.parameters() if p.requires_grad]
        for parameter in thawed:
            parameter.requires_grad_(False)
        buffers = [buffer for network in others for buffer in network.buffers()]
        before = [buffer.clone() for buffer in buffers]
        optimizer = self.optimizers[player.optimizer]
        optimizer.zero_grad(set_to_none=True)
        try:
            yield optimizer
        finally:
            for parameter in thawed:
                parameter.requires_grad_(True)
            with torch.no_grad():
                for buffer, value in zip(buffers, before, strict=True):
                    buffer.copy_(value)
