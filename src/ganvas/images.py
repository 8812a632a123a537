"""The only place that knows about [−1, 1] and uint8.

Networks live in [−1, 1] (the lecture's tanh); files, datasets, metrics and users live in uint8 [0, 255].
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganvas.files import write_whole


def to_network(images: Tensor) -> Tensor:
    """uint8 (N, C, H, W) → float32 in [−1, 1]: x / 127.5 − 1."""
    return images.to(torch.float32).div_(127.5).sub_(1.0)


def to_uint8(images: Tensor) -> Tensor:
    """Float (N, C, H, W) in [−1, 1] → uint8 [0, 255], rounded: truncation would lose 63 of the 256 grey levels."""
    return images.detach().float().add(1.0).mul(127.5).round_().clamp_(0, 255).to(torch.uint8)


LUMA = (0.299, 0.587, 0.114)
"""How much of red, green and blue is in a grey level: ITU-R BT.601, as Pillow has it."""


def to_grey(colour: Tensor) -> Tensor:
    """Float (…, 3, H, W) → (…, 1, H, W)."""
    weights = torch.tensor(LUMA, dtype=colour.dtype, device=colour.device)[:, None, None]
    return (colour * weights).sum(dim=-3, keepdim=True)


def to_picture(image: np.ndarray) -> Image.Image:
    """uint8 (C, H, W) → a Pillow picture: grey for 1 channel, RGB for 3, RGBA for 4, else the first channel."""
    if image.shape[0] in (3, 4):
        return Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
    return Image.fromarray(image[0])


def on_white(levels: Tensor) -> Tensor:
    """Opacity laid on white: float (N, 4, H, W) grey levels → (N, 3, H, W)."""
    opacity = levels[:, 3:] / 255
    return levels[:, :3] * opacity + 255 * (1 - opacity)


def viewable(levels: Tensor) -> Tensor:
    """What can be looked at: uint8 (N, 4, H, W) → (N, 3, H, W), opacity laid on white; others as they are."""
    return on_white(levels.float()).round().to(torch.uint8) if levels.shape[1] == 4 else levels


GAP = 2
"""Pixels between the pictures of a sheet."""


def grid(images: np.ndarray, columns: int, gap: int = GAP, background: int = 255) -> np.ndarray:
    """uint8 (N, C, H, W) → one uint8 (C, rows·(H+gap)−gap, columns·(W+gap)−gap) sheet, filled row by row."""
    n, c, h, w = images.shape
    rows = -(-n // columns)
    sheet = np.full((c, rows * (h + gap) - gap, columns * (w + gap) - gap), background, np.uint8)
    for i, image in enumerate(images):
        y, x = (i // columns) * (h + gap), (i % columns) * (w + gap)
        sheet[:, y : y + h, x : x + w] = image
    return sheet


def enlarge(sheet: np.ndarray, to_at_least: int = 0) -> np.ndarray:
    """Whole-number enlargement by pixel repetition, so that small pictures can be looked at without blur."""
    factor = max(1, -(-to_at_least // max(sheet.shape[1:])))
    return sheet.repeat(factor, axis=1).repeat(factor, axis=2)


def save_picture(sheet: np.ndarray, path: Path) -> None:
    """Write a uint8 (C, H, W) sheet as PNG, whole or not at all."""
    write_whole(path, lambda beside: to_picture(sheet).save(beside, format="PNG"))
