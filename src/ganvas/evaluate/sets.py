"""What can be evaluated: anything that samples, and anything that holds pictures. And how the real ones are divided."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.space import Classes, Space

LEAST = 6
"""Fewest pictures a side: density and coverage ask for a fifth neighbour."""


class Sampler(Protocol):
    """A generator of any kind."""

    @property
    def space(self) -> Space:
        """What its pictures look like."""

    def sample(self, seeds: Sequence[int], condition: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """One picture a seed: uint8 (N, C, H, W); ``condition`` int64 (N,) where the space has classes."""


@runtime_checkable
class Fingerprinted(Protocol):
    """A sampler that can be known again: the same fingerprint promises the same pictures for the same seeds."""

    @property
    def fingerprint(self) -> str:
        """Hash of all that the pictures depend on besides seeds, classes and truncation."""


class Pictures(Protocol):
    """A set of pictures; `ganvas.data`'s data sets are such."""

    @property
    def images(self) -> np.ndarray:
        """uint8 (N, C, H, W), an array or memory map."""

    @property
    def labels(self) -> np.ndarray | None:
        """int64 (N,) or None."""

    @property
    def space(self) -> Space:
        """What the pictures look like."""

    @property
    def name(self) -> str:
        """What people call the set."""

    @property
    def fingerprint(self) -> str:
        """Hash of its content."""

    @property
    def benchmark(self) -> str | None:
        """What is measured on just these pictures, by its name in `ganvas.evaluate.benchmarks`."""


@dataclass(frozen=True)
class ImageSet:
    """Pictures from memory as `Pictures`: uint8 (N, C, H, W), labels int64 (N,) or None."""

    images: np.ndarray
    labels: np.ndarray | None = None
    name: str = "array"
    benchmark: str | None = None

    @property
    def space(self) -> Space:
        _, channels, height, width = self.images.shape
        classes = Classes(names=tuple(map(str, range(self.labels.max() + 1)))) if self.labels is not None else None
        return Space(channels=channels, height=height, width=width, condition=classes)

    @cached_property
    def fingerprint(self) -> str:
        return hashlib.sha256(np.ascontiguousarray(self.images).tobytes()).hexdigest()[:12]


@dataclass(frozen=True)
class Split:
    """A real set divided by chance into three disjoint parts; ``real`` and ``unseen`` are equally large.

    Extractors may be trained on ``lesson`` alone. One that had met ``real`` would know those pictures by heart, where
    they are few, and find all others strange: the unseen real ones no less than the best generated ones.
    """

    real: np.ndarray
    unseen: np.ndarray
    lesson: np.ndarray


def split(pictures: Pictures, most: int, seed: int, lesson: bool = False) -> Split:
    """``real`` and ``unseen`` of ``most`` pictures each where there are as many; else halves of the set, or thirds
    where extractors need a ``lesson``, too.

    Raises:
        GanvasError: too few pictures.
    """
    count = len(pictures.images)
    parts = 3 if lesson else 2
    size = min(most, count // parts)
    if size < LEAST:
        raise GanvasError(
            f"{pictures.name}: {count} real against {most} generated pictures are too few; "
            f"have at least {parts * LEAST} real and {LEAST} generated ones"
        )
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed)).numpy()
    real, unseen, rest = np.split(order, [size, 2 * size])
    return Split(np.sort(real), np.sort(unseen), np.sort(rest))


def check_spaces(real: Space, fake: Space, fake_name: str) -> None:
    """Both are of one size and, where both have classes, of the same ones.

    Raises:
        GanvasError: naming both.
    """
    if real.shape != fake.shape:
        raise GanvasError(
            f"{fake_name} has pictures of {_shape(fake)}, the real set of {_shape(real)}; "
            "bring both to one size and number of channels, for instance with --size"
        )
    ours, theirs = real.condition, fake.condition
    if isinstance(ours, Classes) and isinstance(theirs, Classes) and ours.names != theirs.names:
        raise GanvasError(
            f"{fake_name} knows the classes {_names(theirs)}, the real set {_names(ours)}; take its own data"
        )


def _shape(space: Space) -> str:
    return f"{space.height}x{space.width} with {space.channels} channel{'s' * (space.channels > 1)}"


def _names(classes: Classes) -> str:
    shown = ", ".join(classes.names[:3])
    return f"{shown} … ({classes.count})" if classes.count > 3 else shown
