"""From pictures to feature vectors: what an extractor is, what it is made from, and the common kind: a network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ganvas.errors import GanvasError
from ganvas.images import to_network
from ganvas.space import Space

OnProgress = Callable[[str, int, int], None]
"""Called with (what, done, total) as work goes on."""


def in_silence(what: str, done: int, total: int) -> None:
    """The `OnProgress` of those who did not ask."""


class UnsuitableError(GanvasError):
    """This extractor cannot be made from this material; others can."""


class Extractor(Protocol):
    """Turns pictures into features. The same fingerprint promises the same features, so they may be kept."""

    @property
    def name(self) -> str:
        """How the table, the command line and every number call it."""

    @property
    def dimension(self) -> int:
        """d, the features of one picture."""

    @property
    def resize(self) -> str:
        """What is done to the pictures' size, in words: part of every number's protocol."""

    @property
    def fingerprint(self) -> str:
        """Short hash of everything the features depend on besides the picture."""

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 (N, C, H, W) → float32 (N, d)."""


@dataclass(frozen=True)
class Material:
    """What an extractor may be made from: only a ``lesson`` of real pictures that nothing is measured on.

    images: uint8 (N, C, H, W), an array or memory map.  labels: int64 (N,) or None.
    lesson, unseen: disjoint indices into both.
    """

    images: np.ndarray
    labels: np.ndarray | None
    space: Space
    lesson: np.ndarray
    unseen: np.ndarray
    seed: int
    device: torch.device
    on_progress: OnProgress
    fingerprint: str | None = None
    """Of the pictures; where it is given, what is trained on them may be kept for next time."""


@dataclass(frozen=True)
class Resize:
    """Downsampling to (height, width) by a stated filter; nothing is ever enlarged, nothing rounded back to 8 bit."""

    height: int
    width: int
    arguments: dict[str, Any] | None

    @classmethod
    def at_most(cls, side: int, space: Space, **arguments: Any) -> Resize:
        """The longer side becomes at most ``side``, the shape is kept; ``arguments`` as of `torch` interpolate."""
        shrink = side / max(space.height, space.width)
        if shrink >= 1:
            return cls(space.height, space.width, None)
        return cls(max(1, round(space.height * shrink)), max(1, round(space.width * shrink)), arguments)

    def __call__(self, images: Tensor) -> Tensor:
        if self.arguments is None:
            return images
        return functional.interpolate(images, size=(self.height, self.width), **self.arguments)

    def __str__(self) -> str:
        if self.arguments is None:
            return "none"
        antialias = "antialiased " if self.arguments.get("antialias") else ""
        return f"{antialias}{self.arguments['mode']} to {self.height}x{self.width}"


@dataclass(frozen=True)
class NetworkExtractor:
    """Pictures in [−1, 1], resized, through a network: float32 (N, d)."""

    name: str
    resizing: Resize
    network: nn.Module
    dimension: int
    device: torch.device

    @property
    def resize(self) -> str:
        return str(self.resizing)

    @property
    def fingerprint(self) -> str:
        digest = hashlib.sha256(f"{self.name} {self.resize} {self.network}".encode())
        for name, value in self.network.state_dict().items():
            digest.update(name.encode() + value.cpu().numpy().tobytes())
        return digest.hexdigest()[:12]

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        features: Tensor = self.network.eval()(self.resizing(to_network(images.to(self.device))))
        return features.float()
