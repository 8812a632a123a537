"""The frozen, validated, JSON-able description of a whole run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal, Self

import torch
from pydantic import Field, SerializeAsAny, model_validator
from torch import nn

from ganvas.augment import Augmented
from ganvas.config import Config, Family
from ganvas.data.spec import DataSpec
from ganvas.errors import GanvasError
from ganvas.games.batch import Batches, Place, Stream
from ganvas.games.game import Dial, Game
from ganvas.games.optimizers import Optimizer
from ganvas.games.player import Player
from ganvas.schedule import Value
from ganvas.space import Space


class Average(Config):
    """The exponential moving average of weights that the user keeps (Yazıcı et al. 2019).

    ``half_life`` is in images; early on it is held at ``ramp`` of the images seen, so that a short run is not averaged
    with its own random start (StyleGAN2-ADA's rule).
    """

    half_life: Value = 10_000.0
    ramp: float = Field(default=0.05, gt=0.0)


class Recipe(Family):
    """What every family of GANs has. Members say which networks there are and derive the players from their fields."""

    name: str
    paper: str
    space: Space
    data: DataSpec | None = None
    optimizers: dict[str, SerializeAsAny[Optimizer]]
    average: Average = Average()
    batch: int = Field(default=64, ge=1)
    """Real images of one round, over all devices and parts."""
    parts: int = Field(default=1, ge=1)
    """Pieces that each device works its share of a batch through in (gradient accumulation)."""
    images: int = Field(default=1_000_000, ge=1)
    """How long to train, in real images seen."""
    horizon: int | None = Field(default=None, ge=1)
    """Images that schedules run over; fixed when the run starts. Training longer keeps their last values."""
    seed: int = Field(default=0, ge=0)
    precision: Literal["float32", "bf16"] = "float32"

    keeps: ClassVar[tuple[str, ...]] = ("generator",)
    """The networks whose averages go into the snapshot."""
    abilities: ClassVar[tuple[str, ...]] = ("sample",)
    """What a snapshot of such networks can do."""

    @model_validator(mode="after")
    def _divides(self) -> Recipe:
        if self.batch % self.parts:
            raise ValueError(f"batch={self.batch} does not divide into parts={self.parts}")
        return self

    def makers(self) -> dict[str, Callable[[], nn.Module]]:
        """How each network is made, by role."""
        raise NotImplementedError

    def networks(self, roles: Iterable[str] | None = None) -> dict[str, nn.Module]:
        """Fresh networks by role, all or some."""
        makers = self.makers()
        return {role: makers[role]() for role in (makers if roles is None else roles)}

    def players(self) -> tuple[Player, ...]:
        """Who moves, in order."""
        raise NotImplementedError

    def dials(self, networks: dict[str, nn.Module]) -> tuple[Dial, ...]:
        """Scheduled numbers inside networks: the amounts of augmentations."""
        behind = [m for network in networks.values() for m in network.modules() if isinstance(m, Augmented)]
        return tuple(Dial(augment.amount, m.amount(augment).fill_) for m in behind for augment in m.augments)

    def stream(self, data: Any, turns: int, place: Place) -> Stream:
        """Where the turns of a game on these data get their batches."""
        mirror = self.data is not None and self.data.mirror
        return Batches(data, self.batch, turns, self.seed, place, self.parts, mirror)

    def for_few_pictures(self) -> Self:
        """What this family does when a discriminator could learn the pictures by heart: nothing, unless it says so."""
        return self

    def unsound(self) -> str | None:
        """Why this combination of choices cannot work, or None."""
        return None

    def game(self, device: torch.device) -> Game:
        """The game that this recipe describes: networks initialised from the seed, on ``device``.

        Raises:
            GanvasError: the recipe is `unsound`.
        """
        if reason := self.unsound():
            raise GanvasError(reason)
        torch.manual_seed(self.seed)
        networks = {role: network.to(device) for role, network in self.networks().items()}
        players = self.players()
        moved: dict[str, dict[str, None]] = {}  # roles in the order in which players name them, each once
        for player in players:
            moved.setdefault(player.optimizer, {}).update(dict.fromkeys(player.moves))
        optimizers = {
            name: self.optimizers[name].build(p for role in roles for p in networks[role].parameters())
            for name, roles in moved.items()
        }
        dials = [dial for name, bound in optimizers.items() for dial in self.optimizers[name].dials(bound)]
        horizon = self.horizon or self.images
        return Game(networks, players, optimizers, horizon, (*dials, *self.dials(networks)))

    def differences(self, other: Recipe) -> list[str]:
        """Where two recipes part, as ``path: this → that``; how long to train is not a difference."""
        return [
            f"{path}: {a} → {b}"
            for path, a, b in _compare(self.model_dump(mode="json"), other.model_dump(mode="json"))
            if path not in ("images", "horizon")
        ]


def _compare(a: Any, b: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    if isinstance(a, dict) and isinstance(b, dict):
        keys = [*a, *(key for key in b if key not in a)]
        return [row for key in keys for row in _compare(a.get(key), b.get(key), f"{path}.{key}".lstrip("."))]
    return [] if a == b else [(path, a, b)]
