"""Real pictures for a turn, as a pure function of (seed, round, turn): nothing is iterated, nothing to resume."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from ganvas.games.walk import Walk
from ganvas.images import to_network
from ganvas.nn.chance import reseed


class Key(NamedTuple):
    """What all randomness of one part of one turn hangs on."""

    seed: int
    round: int
    turn: int
    shard: int

    @property
    def number(self) -> int:
        """The key as one number of 63 bits."""
        return self._hashed() >> 1

    def _hashed(self) -> int:
        return int.from_bytes(hashlib.sha256(repr(tuple(self)).encode()).digest()[:8], "little")

    def reseed(self) -> None:
        """Set torch's generators (CPU and CUDA) to this key's own state."""
        reseed(self._hashed())


@dataclass(frozen=True)
class Batch:
    """One process's real pictures of one turn; never the noise.

    ``images`` (N, C, H, W) in [−1, 1], ``condition`` (N, …) or None, ``parts`` how many pieces it is worked through in,
    ``share`` the weight of this batch's mean in the turn's mean. ``source`` (N, C', h, w), in a translation: what to
    translate from, each picture's own, or pictures of a set of their own.
    """

    images: Tensor
    condition: Tensor | None
    key: Key
    parts: int = 1
    share: float = 1.0
    source: Tensor | None = None

    def __len__(self) -> int:
        return len(self.images)

    def split(self) -> list[Batch]:
        """The pieces for gradient accumulation, each with its own shard of the randomness."""
        first = self.key.shard * self.parts
        return [
            replace(
                self,
                images=part,
                condition=condition,
                source=source,
                key=self.key._replace(shard=first + i),
                parts=1,
                share=self.share / self.parts,
            )
            for i, (part, condition, source) in enumerate(
                zip(
                    self.images.chunk(self.parts),
                    self._chunked(self.condition),
                    self._chunked(self.source),
                    strict=True,
                )
            )
        ]

    def _chunked(self, tensor: Tensor | None) -> tuple[Tensor, ...] | list[None]:
        return tensor.chunk(self.parts) if tensor is not None else [None] * self.parts


class Pictures(Protocol):
    """What batches are drawn from."""

    @property
    def images(self) -> np.ndarray:
        """uint8 (N, C, H, W), may be a memory map."""

    @property
    def labels(self) -> np.ndarray | None:
        """int64 (N,) or None."""


class Stream(Protocol):
    """Where turns get their real pictures: the same batch for the same place, whenever and however often asked."""

    size: int
    """Real images of one round, over all processes."""

    def at(self, round: int, turn: int) -> Batch:
        """This process's share of the ``turn``-th move of a round."""


@dataclass(frozen=True)
class Place:
    """This process among many: ``rank`` of ``world``, on ``device``."""

    device: torch.device
    rank: int = 0
    world: int = 1


class Batches:
    """``at(round, turn)`` is this process's share of the ``size`` real pictures of that turn.

    The stream of turns walks through one seeded permutation of the data after another; a batch may span two.
    """

    def __init__(
        self, data: Pictures, size: int, turns: int, seed: int, place: Place, parts: int = 1, mirror: bool = False
    ) -> None:
        self.data, self.size, self.turns, self.seed = data, size, turns, seed
        self.place, self.parts, self.mirror = place, parts, mirror
        self.walk = Walk(len(data.images), seed)

    def at(self, round: int, turn: int) -> Batch:
        """The batch of the ``turn``-th move of a round."""
        share = self.size // self.place.world
        steps = self.walk.at((round * self.turns + turn) * self.size + self.place.rank * share, share)
        images = torch.from_numpy(self.data.images[steps.indices])
        if self.mirror:
            images = torch.where(torch.from_numpy(steps.flips)[:, None, None, None], images.flip(3), images)
        condition = None
        if self.data.labels is not None:
            condition = torch.from_numpy(self.data.labels[steps.indices]).to(self.place.device)
        key = Key(self.seed, round, turn, self.place.rank)
        return Batch(to_network(images.to(self.place.device)), condition, key, self.parts)
