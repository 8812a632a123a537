"""Distributions to learn whose density is known everywhere: mixtures of Gaussians, and grids of cells."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ganvas.data.picture import narrowed
from ganvas.errors import GanvasError

Floats = NDArray[np.float64]


class Target(ABC):
    """A distribution of points with ``dimensions`` numbers each, nearly all of them within ±``extent``."""

    extent: float
    dimensions: int

    @abstractmethod
    def draw(self, count: int, random: np.random.Generator) -> Floats:
        """(count, dimensions) independent points."""

    @abstractmethod
    def density(self, points: Floats) -> Floats:
        """(N, dimensions) → (N,), per unit of area (length in one dimension)."""


@dataclass(frozen=True, eq=False)
class Mixture(Target):
    """Gaussians of one deviation ``sigma`` at ``centres`` (K, dimensions), with ``weights`` (K,) that add up to 1.

    Whether the centres count as *modes* (they lie far apart) or only trace a curve is said by ``has_modes``.
    """

    centres: Floats
    sigma: float
    weights: Floats
    extent: float
    has_modes: bool = True

    @property
    def dimensions(self) -> int:  # type: ignore[override]
        return int(self.centres.shape[1])

    def draw(self, count: int, random: np.random.Generator) -> Floats:
        which = random.choice(len(self.centres), count, p=self.weights)
        return np.asarray(self.centres[which] + self.sigma * random.standard_normal((count, self.dimensions)))

    def density(self, points: Floats) -> Floats:
        total = np.zeros(len(points))
        for centre, weight in zip(self.centres, self.weights, strict=True):  # one at a time: curves have many centres
            total += weight * np.exp(-((points - centre) ** 2).sum(1) / (2 * self.sigma**2))
        return np.asarray(total / (2 * np.pi * self.sigma**2) ** (self.dimensions / 2))


@dataclass(frozen=True, eq=False)
class Mixture1D(Target):
    """Gaussians on the line, each with its own ``centres``, ``sigmas`` and ``weights`` (K,)."""

    centres: Floats
    sigmas: Floats
    weights: Floats
    dimensions: int = field(default=1, init=False)

    @property
    def extent(self) -> float:  # type: ignore[override]
        return float((np.abs(self.centres) + 4.0 * self.sigmas).max())

    def draw(self, count: int, random: np.random.Generator) -> Floats:
        which = random.choice(len(self.centres), count, p=self.weights)
        return np.asarray(self.centres[which] + self.sigmas[which] * random.standard_normal(count))[:, None]

    def density(self, points: Floats) -> Floats:
        scaled = (points - self.centres) / self.sigmas
        return np.asarray((self.weights / self.sigmas * np.exp(-(scaled**2) / 2)).sum(1) / np.sqrt(2 * np.pi))


@dataclass(frozen=True, eq=False)
class Cells(Target):
    """A density that is constant in each cell of a grid over [−extent, extent]²; ``weights`` (rows, columns) ≥ 0, the
    first row on top."""

    weights: Floats
    extent: float = 1.0
    dimensions: int = field(default=2, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", self.weights / self.weights.sum())

    def draw(self, count: int, random: np.random.Generator) -> Floats:
        rows, columns = self.weights.shape
        which = random.choice(self.weights.size, count, p=self.weights.ravel())
        row, column = np.divmod(which, columns)
        x = (column + random.random(count)) / columns
        y = 1.0 - (row + random.random(count)) / rows
        return self.extent * (2.0 * np.stack([x, y], 1) - 1.0)

    def density(self, points: Floats) -> Floats:
        rows, columns = self.weights.shape
        x, y = ((points / self.extent + 1.0) / 2.0).T
        column, row = np.floor(x * columns).astype(int), np.floor((1.0 - y) * rows).astype(int)
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        area = (2.0 * self.extent) ** 2 / self.weights.size
        return np.where(inside, self.weights[row.clip(0, rows - 1), column.clip(0, columns - 1)], 0.0) / area


def mixture(centres: ArrayLike, sigma: float, extent: float, has_modes: bool = True) -> Mixture:
    """Equal weights."""
    places = np.asarray(centres, float)
    return Mixture(places, sigma, np.full(len(places), 1.0 / len(places)), extent, has_modes)


def ring() -> Mixture:
    """Eight modes on the unit circle, σ = .01 (Lin et al. 2018, section 4.1)."""
    angles = 2.0 * np.pi * np.arange(8) / 8
    return mixture(np.stack([np.cos(angles), np.sin(angles)], 1), 0.01, 1.25)


def grid() -> Mixture:
    """Twenty-five modes on {−4, −2, 0, 2, 4}², σ = .05 (Lin et al. 2018, section 4.1)."""
    sides = np.arange(-4.0, 4.1, 2.0)
    return mixture(np.stack(np.meshgrid(sides, sides), -1).reshape(-1, 2), 0.05, 5.0)


def spiral() -> Mixture:
    """Two arms of one and a half turns, σ = .03: a curve as many small Gaussians, so its density is a sum."""
    t = np.sqrt(np.linspace(0.02, 1.0, 250)) * 3.0 * np.pi  # the root spaces centres evenly along the arm
    arm = np.stack([np.cos(t), np.sin(t)], 1) * t[:, None] / (3.0 * np.pi)
    return mixture(np.concatenate([arm, -arm]), 0.03, 1.25, has_modes=False)


def swiss_roll() -> Mixture:
    """One roll of one and a half turns, σ = .03."""
    t = np.sqrt(np.linspace(1.0, 9.0, 400)) * 1.5 * np.pi
    roll = np.stack([np.cos(t), np.sin(t)], 1) * t[:, None] / (4.5 * np.pi)
    return mixture(roll, 0.03, 1.25, has_modes=False)


def checkerboard() -> Cells:
    """Eight of sixteen squares."""
    return Cells(np.indices((4, 4)).sum(0) % 2 * 1.0, extent=1.0)


TARGETS: dict[str, Callable[[], Target]] = {
    "ring": ring,
    "grid": grid,
    "spiral": spiral,
    "checkerboard": checkerboard,
    "swiss-roll": swiss_roll,
}
MOST_CELLS = 128
UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises for what is no picture, a broken or an enormous one."""


def picture(path: Path) -> Cells:
    """Any picture as a density: dark is likely, white (or transparent) impossible; of colours their luminance counts.

    Raises:
        GanvasError: no picture, or one that is white all over.
    """
    try:
        with Image.open(path) as image:
            white = Image.new("RGBA", image.size, "white")
            grey = Image.alpha_composite(white, _in_8_bit(image).convert("RGBA")).convert("L")
    except FileNotFoundError as error:
        raise GanvasError(f"there is no picture {path}") from error
    except UNREADABLE as error:
        raise GanvasError(f"{path} cannot be read as a picture: {error}") from error
    grey.thumbnail((MOST_CELLS, MOST_CELLS))
    side = max(grey.size)
    square = Image.new("L", (side, side), 255)
    square.paste(grey, ((side - grey.width) // 2, (side - grey.height) // 2))
    darkness = 1.0 - np.asarray(square, float) / 255.0
    if not (darkness > 0.02).any():
        raise GanvasError(f"{path} is white all over: dark is where points should be; draw something or invert it")
    return Cells(np.where(darkness > 0.02, darkness, 0.0), extent=1.0)


def _in_8_bit(image: Image.Image) -> Image.Image:
    """Pillow itself takes everything above 255 for white."""
    return Image.fromarray(narrowed(np.asarray(image).clip(0, 65535))) if image.mode.startswith("I") else image
