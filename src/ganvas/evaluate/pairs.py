"""How near results come to the pictures they should be: the scores of super-resolution and paired translation.

Every score by the protocol that published tables use: a border of ``border`` pixels is cut off first; PSNR and SSIM on
RGB, and on the luma that MATLAB's `rgb2ycbcr` gives, unrounded; SSIM with Wang's Gaussian window (11 px, σ = 1.5),
wholly inside the picture. A grey picture is scored on its own grey levels, in both columns. LPIPS sees whole pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.fidelity import WINDOW, psnr, ssim
from ganvas.metrics.interval import bootstrap_mean

Perceptual = Callable[[Tensor, Tensor], Tensor]
"""Two float (1, C, H, W) in [−1, 1] → (1,): `ganvas.metrics.lpips.LPIPS`."""
Scores = Mapping[str, float | None]
"""Name → score; None where the picture is too small for it, or nobody brought what measures it."""
NAMES = {
    "psnr_rgb_db": ("PSNR RGB", "higher"),
    "psnr_y_db": ("PSNR Y", "higher"),
    "ssim_rgb": ("SSIM RGB", "higher"),
    "ssim_y": ("SSIM Y", "higher"),
    "lpips": ("LPIPS", "lower"),
}
"""Score → (what people call it, which way is better). PSNR is in dB."""
Y_OFFSET, MATLAB_Y = 16.0, (65.481 / 255, 128.553 / 255, 24.966 / 255)
"""Y of levels in [0, 255], as MATLAB's `rgb2ycbcr` has it: black is 16, white 235."""
RESAMPLES = 1000


@dataclass(frozen=True)
class Mean:
    """Over the pictures of a set."""

    value: float | None
    interval: tuple[float, float] | None
    """95 %, bootstrapped over the pictures; None for fewer than two."""


def score_pair(result: Tensor, truth: Tensor, border: int = 0, perceptual: Perceptual | None = None) -> Scores:
    """The scores of `NAMES` for one picture.

    Args:
        result: uint8 or float (C, H, W) in levels of [0, 255], C = 1 grey or 3 colour; what is compared is what a file
            would hold, so round it first.
        truth: of the same shape.
        border: pixels to cut off each side, by custom the factor of enlargement. PSNR and SSIM only.
        perceptual: LPIPS, if it is at hand; it sees the whole picture.

    Raises:
        GanvasError: the two are not of one shape.
    """
    if result.shape != truth.shape or result.ndim != 3 or result.shape[0] not in (1, 3):
        raise GanvasError(
            f"a result of {_shape(result)} cannot be compared with a truth of {_shape(truth)}: both must be one size, "
            "grey or colour alike"
        )
    height, width = truth.shape[1:]
    inner = (..., slice(border, height - border), slice(border, width - border))
    x, y = (picture[None].double()[inner] for picture in (result, truth))
    luma_x, luma_y = luma(x), luma(y)
    fits, similar = (min(height, width) - 2 * border >= side for side in (1, WINDOW))
    return {
        "psnr_rgb_db": float(psnr(x, y, 255)) if fits else None,
        "psnr_y_db": float(psnr(luma_x, luma_y, 255)) if fits else None,
        "ssim_rgb": float(ssim(x, y, 255)) if similar else None,
        "ssim_y": float(ssim(luma_x, luma_y, 255)) if similar else None,
        "lpips": _perceived(result, truth, perceptual),
    }


def luma(levels: Tensor) -> Tensor:
    """Levels (N, 3, H, W) in [0, 255] → Y (N, 1, H, W) in [16, 235]; grey (N, 1, H, W) stays what it is."""
    if levels.shape[1] == 1:
        return levels
    weights = torch.tensor(MATLAB_Y, dtype=levels.dtype, device=levels.device)[:, None, None]
    return Y_OFFSET + (levels * weights).sum(dim=1, keepdim=True)


def means(scores: Sequence[Scores], seed: int = 0) -> dict[str, Mean]:
    """The mean of every score over pictures. A score that some picture lacks is averaged over those that have it; one
    equal pair makes the mean PSNR infinite."""
    found = {}
    for name in NAMES:
        values = torch.tensor([row[name] for row in scores if row.get(name) is not None], dtype=torch.float64)
        if len(values) == 0:
            found[name] = Mean(None, None)
            continue
        finite = len(values) > 1 and bool(values.isfinite().all())
        interval = bootstrap_mean(values, torch.Generator().manual_seed(seed), RESAMPLES) if finite else None
        found[name] = Mean(float(values.mean()), interval)
    return found


def plain(value: float | None) -> float | None:
    """For JSON, which knows no infinity."""
    return None if value is None or not math.isfinite(value) else value


def _perceived(result: Tensor, truth: Tensor, perceptual: Perceptual | None) -> float | None:
    smallest = getattr(perceptual, "smallest", 1)
    if perceptual is None or min(truth.shape[1:]) < smallest:
        return None
    with torch.no_grad():
        signed = (picture[None].float() / 127.5 - 1 for picture in (result, truth))
        return float(perceptual(*signed))


def _shape(picture: Tensor) -> str:
    channels, height, width = (1, 1, *picture.shape)[-3:]
    return f"{height}x{width} with {channels} channel{'s' * (channels != 1)}"
