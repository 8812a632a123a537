"""What the watch sees of a translation: its light, its outlines, and patterns that repeat every two or four pixels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from ganvas.watch.features import embed, spread

NEAR, FAR = 1, 3
"""The neighbourhood that a spectral line is held against: farther than the first, up to the second, in steps of the
spectrum."""


def light(pictures: Tensor) -> Tensor:
    """(N, C, H, W) → (N, d): the mean of all channels over at most 8 × 8 blocks, each picture's own mean taken off."""
    blocks = embed(pictures.mean(1, keepdim=True))
    return blocks - blocks.mean(1, keepdim=True)


def outlines(pictures: Tensor) -> Tensor:
    """(N, C, H, W) → (N, d): how much neighbouring pixels differ, over at most 8 × 8 blocks, less each picture's mean.

    Whatever is drawn with: a photograph and the map of its classes have their borders in the same places.
    """
    down = (pictures[:, :, 1:, 1:] - pictures[:, :, :-1, 1:]).abs()
    across = (pictures[:, :, 1:, 1:] - pictures[:, :, 1:, :-1]).abs()
    blocks = embed((down + across).sum(1, keepdim=True).sqrt())
    return blocks - blocks.mean(1, keepdim=True)


def agreement(a: Tensor, b: Tensor) -> float:
    """Correlation of two (N, d) whose rows have mean 0, over all rows together, in [−1, 1]: 0 where either is flat."""
    norm = float(a.double().norm() * b.double().norm())
    return float((a.double() * b.double()).sum()) / norm if norm > 1e-9 * a.numel() ** 0.5 else 0.0


def belonging(a: Tensor, b: Tensor) -> tuple[float, float]:
    """Whether row i of a (N, d) goes with row i of b: (by how much their correlation is above that of rows that do not
    belong together, and that in standard errors). N ≥ 3."""
    a, b = (x / x.norm(dim=1, keepdim=True).clamp(min=1e-9) for x in (a, b))
    table = a @ b.T
    diagonal = table.diagonal()
    # a row's or a column's own mean says how typical a picture is, not whom it belongs to
    others = (table.sum(0) + table.sum(1) - 2 * diagonal) / (2 * (len(table) - 1))
    gain = diagonal - others
    error = float(gain.std()) / len(gain) ** 0.5
    return float(gain.mean()), float(gain.mean()) / max(error, 1e-9)


def texture(pictures: Tensor) -> Tensor:
    """(N, C, H, W) → (N, 2d): `embed` of the colours, and of what is finer than three pixels, without its sign."""
    pictures = pictures.float()
    fine = (pictures - avg_pool2d(pictures, 3, 1, 1, count_include_pad=False)).abs()
    return torch.cat([embed(pictures), embed(fine)], 1)


def standard(features: Tensor, real: Tensor) -> Tensor:
    """(N, 2d) of `texture` with the two halves equally spread in ``real`` (M, 2d), around its mean; about 1 in size."""
    half = features.shape[1] // 2
    centre = real.mean(0)
    scales = [float(spread(part)) / half**0.5 for part in (real[:, :half], real[:, half:])]
    weights = torch.tensor([1 / max(scale, 1e-6) for scale in scales]).repeat_interleave(half)
    return (features - centre) * weights.to(features)


def lattice(pictures: Tensor) -> tuple[float, float]:
    """Patterns that repeat every 2 or 4 pixels, as transposed convolutions and pixel shuffles leave them: (how far they
    stand out, their strength in grey levels).

    They are lines of the spectrum at a half and a quarter of the sampling frequency, down, across or both (Odena et al.
    2016, "Deconvolution and checkerboard artifacts"). How far they stand out is their mean power over that of the
    frequencies around them, about 1 without a pattern; their strength the root mean square of the lines in excess.

    Args:
        pictures: float (N, C, H, W) in [−1, 1], at least 16 px a side.
    """
    height, width = (side // 4 * 4 for side in pictures.shape[2:])
    window = torch.hann_window(height)[:, None] * torch.hann_window(width)
    inner = pictures[:, :, :height, :width].float().cpu() * 127.5
    inner = inner - (inner * window).mean((2, 3), keepdim=True) / window.mean()
    # so scaled, the lines of a wave add up to its mean square
    power = (torch.fft.fft2(inner * window).abs() / window.sum()).square().mean((0, 1))
    places = [(row, column) for row in range(0, height, height // 4) for column in range(0, width, width // 4)]
    lines = [(float(power[place]), _around(power, *place)) for place in places if any(place)]
    excess = sum(max(line - around, 0.0) for line, around in lines)
    return sum(line for line, _ in lines) / max(sum(around for _, around in lines), 1e-9), excess**0.5


def _around(power: Tensor, row: int, column: int) -> float:
    """The mean power around a frequency; on an axis of the spectrum, where pictures have far more of it than beside,
    along that axis."""
    steps = range(-FAR, FAR + 1)
    ring = [(r, c) for r in steps for c in steps if max(abs(r), abs(c)) > NEAR and (row or not r) and (column or not c)]
    return sum(float(power[(row + r) % power.shape[0], (column + c) % power.shape[1]]) for r, c in ring) / len(ring)


def as_large(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """Sources at the size of targets, by repetition, so that the two can be laid over each other."""
    return pictures if tuple(pictures.shape[2:]) == tuple(size) else interpolate(pictures, size=size, mode="nearest")
