"""Who translates: a snapshot, and what comes for nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ganvas.evaluate.translation.pile import Pile
from ganvas.evaluate.translation.scorecard import Kind
from ganvas.evaluate.translation.ways import Way
from ganvas.images import to_grey
from ganvas.models.networks import Translator
from ganvas.resizing import matlab_bicubic
from ganvas.snapshot import Snapshot
from ganvas.translate.engine import Engine

AT_ONCE = 64


@dataclass(frozen=True)
class Method:
    """``translate`` makes of a source (1, C, h, w) in [−1, 1] a picture (1, C', H, W)."""

    name: str
    about: str
    kind: Kind
    key: str
    """What a result depends on besides the source."""
    translate: Callable[[Tensor], Tensor]
    back: Callable[[Tensor], Tensor] | None = None
    """From picture to source, where there is a way."""


def by_snapshot(name: str, kind: Kind, snapshot: Snapshot, way: Way, seed: int, device: torch.device) -> Method:
    """The network of this way, in the mode that its recipe is tested in."""
    recipe: Any = snapshot.recipe
    other = {"generator": "inverse", "inverse": "generator"}[way.role]
    engines = {
        role: Engine(network, None, recipe.test_mode, seed=seed, device=device)
        for role, network in snapshot.networks.items()
        if isinstance(network, Translator)
    }

    def through(role: str) -> Callable[[Tensor], Tensor]:
        return lambda source: engines[role](source).picture

    return Method(
        name,
        f"{recipe.name} at {snapshot.images:,} images, networks in {recipe.test_mode} mode",
        kind,
        f"snapshot {snapshot.fingerprint} {way.role} {recipe.test_mode} seed {seed} on {device.type}",
        through(way.role),
        through(other) if other in engines else None,
    )


def for_nothing(way: Way) -> list[Method]:
    """Every baseline that goes with these sources: enlargements, or the source as it is and the mean of the targets."""
    if way.scale > 1:
        return [_nearest(way.scale), _bicubic(way.scale)]
    alike = not way.classes and {way.channels[0], way.channels[1]} <= {1, 3, 4}
    return [*([_identity(way.channels[1])] if alike else []), _mean(way.real)]


def _identity(channels: int) -> Method:
    return Method(
        "identity", "the source as it is", "baseline", f"identity {channels}", lambda s: with_channels(s, channels)
    )


def _nearest(scale: int) -> Method:
    return Method(
        "nearest",
        "every pixel repeated",
        "baseline",
        f"nearest {scale}",
        lambda source: functional.interpolate(source, scale_factor=scale, mode="nearest"),
    )


def _bicubic(scale: int) -> Method:
    def enlarged(source: Tensor) -> Tensor:
        return matlab_bicubic(source, (source.shape[2] * scale, source.shape[3] * scale))

    return Method("bicubic", "MATLAB's bicubic enlargement", "baseline", f"bicubic {scale}", enlarged)


def _mean(real: Pile) -> Method:
    """The one picture nearest to all targets in the mean squared error."""
    found: list[Tensor] = []

    def mean(source: Tensor) -> Tensor:
        if not found:
            parts = np.array_split(np.arange(len(real)), -(-len(real) // AT_ONCE))
            total = sum((real.network(rows).double().sum(dim=0, keepdim=True) for rows in parts), torch.zeros(()))
            found.append((total / len(real)).float())
        return found[0]

    return Method("mean image", f"the mean of {len(real):,} training targets", "baseline", f"mean of {real.key}", mean)


def with_channels(pictures: Tensor, channels: int) -> Tensor:
    """Grey, colour and colour with opacity into each other: (N, C, H, W) in [−1, 1]."""
    have = pictures.shape[1]
    if have == channels:
        return pictures
    if have == 4:
        opacity = (pictures[:, 3:] + 1) / 2
        pictures, have = pictures[:, :3] * opacity + (1 - opacity), 3
    if channels == 1:
        return to_grey(pictures)
    colour = pictures.expand(-1, 3, -1, -1)
    return colour if channels == 3 else torch.cat([colour, torch.ones_like(colour[:, :1])], dim=1)
