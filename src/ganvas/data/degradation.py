"""How a small picture comes of a large one: what super-resolution learns to undo.

`bicubic` is the convention that published numbers rest on. `real-world` is the second-order idea of Real-ESRGAN (Wang
et al. 2021, sections 3.1–3.4, and their published training options): blur, scaling, noise and JPEG, twice, because
pictures on the net have been taken, scaled and stored more than once.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from PIL import Image
from pydantic import Field
from torch import Generator, Tensor
from torch.nn import functional

from ganvas.config import Family
from ganvas.errors import GanvasError
from ganvas.resizing import matlab_bicubic

KERNEL = 21
"""Side of the blurs in pixels."""
JPEG_QUALITY = (30.0, 95.0)
SINC_CUTOFF = (math.pi / 3, math.pi)
GREY_NOISE, SINC_FIRST, SINC_LAST = 0.4, 0.1, 0.8
"""Shares of pictures whose noise has no colour, whose blur is a sinc (ringing), and that ring once more at the end."""
SHAPES = {"plain": 0.70, "general": 0.15, "plateau": 0.15}
ROUND = 0.70
"""Share of the blurs that are the same in every direction."""
LEAST_SIDE = 4


class Degradation(Family):
    """Makes sources of targets: a function of the pictures and of the chance that is handed in."""

    scale: int = Field(default=4, ge=1)
    """Pixels of a large picture's side for each of the small one's."""

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """Float (N, C, H, W) in [−1, 1] → (N, C, H / scale, W / scale), of 8 bits a channel as from a file.

        Raises:
            GanvasError: H or W is no multiple of ``scale``.
        """
        height, width = images.shape[2:]
        if height % self.scale or width % self.scale:
            raise GanvasError(f"pictures of {height}x{width} cannot be made {self.scale} times smaller: change --crop")
        levels, size = (images.detach().float() + 1) * 127.5, (height // self.scale, width // self.scale)
        small = self.shrunk(levels, size, generator)
        return _as_file(small).div(127.5).sub(1)

    def shrunk(self, levels: Tensor, size: tuple[int, int], generator: Generator) -> Tensor:
        """Grey levels (N, C, H, W) → (N, C, *size), not rounded."""
        raise NotImplementedError


class Bicubic(Degradation):
    """MATLAB's antialiased bicubic and nothing else: the benchmarks' low resolution."""

    kind: Literal["bicubic"] = "bicubic"

    def shrunk(self, levels: Tensor, size: tuple[int, int], generator: Generator) -> Tensor:
        return matlab_bicubic(levels, size)


class RealWorld(Degradation):
    """Blur, scaling, noise and JPEG, twice, each picture its own. Computed where ``generator`` lives."""

    kind: Literal["real-world"] = "real-world"

    def shrunk(self, levels: Tensor, size: tuple[int, int], generator: Generator) -> Tensor:
        chance = Chance(generator)
        here = levels.to(generator.device)
        return torch.cat([_second_order(image[None], size, chance) for image in here]).to(levels.device)


@dataclass(frozen=True)
class Stage:
    """The numbers of one round of damage; noise in grey levels of 255, and as a multiple of photon noise."""

    blurred: float
    sigma: tuple[float, float]
    enlarged: float
    kept: float
    factor: tuple[float, float]
    gaussian: tuple[float, float]
    photons: tuple[float, float]


FIRST = Stage(1.0, (0.2, 3.0), 0.2, 0.1, (0.15, 1.5), (1.0, 30.0), (0.05, 3.0))
SECOND = Stage(0.8, (0.2, 1.5), 0.3, 0.3, (0.3, 1.2), (1.0, 25.0), (0.05, 2.5))


@dataclass(frozen=True)
class Chance:
    """Draws from one generator."""

    generator: Generator

    def within(self, low: float, high: float) -> float:
        """Evenly from [low, high)."""
        drawn = torch.rand((), generator=self.generator, device=self.generator.device, dtype=torch.float64)
        return low + (high - low) * drawn.item()

    def happens(self, share: float) -> bool:
        """True in this share of the cases."""
        return self.within(0, 1) < share

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal, of the same shape."""
        return torch.randn(like.shape, generator=self.generator, device=like.device)


def _second_order(image: Tensor, size: tuple[int, int], chance: Chance) -> Tensor:
    """Grey levels (1, C, H, W) → (1, C, *size)."""
    once = _jpeg(_damaged(image, image.shape[2:], FIRST, chance), chance)
    twice = _damaged(once, size, SECOND, chance)

    def sharpened(levels: Tensor) -> Tensor:
        small = _scaled(levels, size, chance)
        return _blurred(small, sinc_kernel(chance.within(*SINC_CUTOFF))) if chance.happens(SINC_LAST) else small

    steps: list[Callable[[Tensor], Tensor]] = [sharpened, lambda levels: _jpeg(levels, chance)]
    for step in steps if chance.happens(0.5) else reversed(steps):  # pictures are scaled and stored in either order
        twice = step(twice)
    return twice


def _damaged(image: Tensor, size: tuple[int, ...], stage: Stage, chance: Chance) -> Tensor:
    """Blurred, scaled to about ``size`` and made noisy."""
    if chance.happens(stage.blurred):
        image = _blurred(image, _any_kernel(stage.sigma, chance))
    factor, drawn = 1.0, chance.within(0, 1)
    if drawn < stage.enlarged:
        factor = chance.within(1, stage.factor[1])
    elif drawn >= stage.enlarged + stage.kept:
        factor = chance.within(stage.factor[0], 1)
    height, width = (max(LEAST_SIDE, round(side * factor)) for side in size)
    return _noisy(_scaled(image, (height, width), chance), stage, chance)


def _any_kernel(sigma: tuple[float, float], chance: Chance) -> Tensor:
    if chance.happens(SINC_FIRST):
        return sinc_kernel(chance.within(*SINC_CUTOFF))
    along = chance.within(*sigma)
    across, angle = (along, 0.0) if chance.happens(ROUND) else (chance.within(*sigma), chance.within(0, math.pi))
    drawn, shape = chance.within(0, 1), "plain"
    if drawn >= SHAPES["plain"]:
        shape = "general" if drawn < SHAPES["plain"] + SHAPES["general"] else "plateau"
    highest = {"plain": 1.0, "general": 4.0, "plateau": 2.0}[shape]
    power = chance.within(0.5, 1) if chance.happens(0.5) else chance.within(1, highest)
    return gaussian_kernel(along, across, angle, 1.0 if shape == "plain" else power, shape == "plateau")


def gaussian_kernel(along: float, across: float, angle: float, power: float = 1.0, plateau: bool = False) -> Tensor:
    """float32 (KERNEL, KERNEL) summing to 1: exp(−q^power / 2) of the Mahalanobis distance q = (u/along)² + (v/across)²
    in axes turned by ``angle``; of a ``plateau`` 1 / (1 + q^power)."""
    y, x = _grid()
    u, v = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    distance = ((u / along) ** 2 + (v / across) ** 2) ** power
    kernel = 1 / (1 + distance) if plateau else torch.exp(-distance / 2)
    return (kernel / kernel.sum()).float()


def sinc_kernel(cutoff: float) -> Tensor:
    """float32 (KERNEL, KERNEL) summing to 1: the ideal circular low pass c·J₁(c·r) / (2πr), which rings at edges."""
    y, x = _grid()
    radius = torch.hypot(x, y)
    away = radius.clamp(min=1e-9)
    kernel: Tensor = cutoff * torch.special.bessel_j1(cutoff * away) / (2 * math.pi * away)
    kernel[radius == 0] = cutoff**2 / (4 * math.pi)
    return (kernel / kernel.sum()).float()


def _grid() -> tuple[Tensor, Tensor]:
    place = torch.arange(KERNEL, dtype=torch.float64) - KERNEL // 2
    y, x = torch.meshgrid(place, place, indexing="ij")
    return y, x


def _blurred(image: Tensor, kernel: Tensor) -> Tensor:
    padded = functional.pad(image, [KERNEL // 2] * 4, mode="replicate")
    return functional.conv2d(padded.transpose(0, 1), kernel.to(image.device)[None, None]).transpose(0, 1)


def _scaled(image: Tensor, size: tuple[int, int], chance: Chance) -> Tensor:
    """By one of three filters, of which two alias: so do many programs."""
    mode = ("area", "bilinear", "bicubic")[int(chance.within(0, 3))]
    return functional.interpolate(image, size, mode=mode).clamp(0, 255)


def _noisy(image: Tensor, stage: Stage, chance: Chance) -> Tensor:
    grey = chance.happens(GREY_NOISE)
    like = image.mean(1, keepdim=True) if grey else image
    if chance.happens(0.5):
        noise = chance.normal(like) * chance.within(*stage.gaussian)
    else:
        noise = (torch.poisson(like.clamp(0, 255), generator=chance.generator) - like) * chance.within(*stage.photons)
    return (image + noise).clamp(0, 255)


def _jpeg(image: Tensor, chance: Chance) -> Tensor:
    """Stored and read again; colour as such, anything else plane by plane."""
    quality = round(chance.within(*JPEG_QUALITY))
    pixels = _as_file(image)[0].to("cpu", torch.uint8).numpy()
    parts = [pixels.transpose(1, 2, 0)] if len(pixels) == 3 else list(pixels)
    stored = [_through_jpeg(np.ascontiguousarray(part), quality) for part in parts]
    planes = stored[0].transpose(2, 0, 1) if len(pixels) == 3 else np.stack(stored)
    return torch.from_numpy(planes.copy())[None].to(image)


def _through_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, "JPEG", quality=quality)
    return np.asarray(Image.open(memory))


def _as_file(levels: Tensor) -> Tensor:
    return levels.round().clamp(0, 255)
