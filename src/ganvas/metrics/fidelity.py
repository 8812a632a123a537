"""How near a picture comes to the one it should be: PSNR, SSIM, MS-SSIM. Pairs in, one number a pair out.

Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity"; Wang, Simoncelli and Bovik
2003, "Multiscale structural similarity". All sums are float64: the variances in SSIM are differences of large numbers.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from ganvas.errors import GanvasError

WINDOW = 11
SIGMA = 1.5
K1, K2 = 0.01, 0.03
Border = Literal["valid", "reflect"]
"""Where the window may lie: wholly inside, as the authors have it, or also over the edge, on mirrored pixels, as
torchmetrics has it. On 192 px they differ in the third digit."""
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the five scales, finest first, as measured on people (Wang et al. 2003, section 3.2)."""


def psnr(pictures: Tensor, targets: Tensor, data_range: float) -> Tensor:
    """10 · log₁₀(range² / mean squared error) in dB: (N, C, H, W) twice → float64 (N,); ∞ for equal pictures.

    ``data_range`` is the span of values that were possible: 255 for grey levels, 2 for [−1, 1]. It is not guessed.

    Raises:
        GanvasError: the two are not of one shape, or the range is not positive.
    """
    x, y = _checked(pictures, targets, data_range, smallest=1)
    error = (x - y).square().flatten(1).mean(dim=1)
    return 10 * torch.log10(data_range**2 / error)


def ssim(pictures: Tensor, targets: Tensor, data_range: float, border: Border = "valid") -> Tensor:
    """Structural similarity: (N, C, H, W) twice → float64 (N,), 1 for equal pictures.

    Gaussian window of 11 px with σ = 1.5; population variances; averaged over places and channels. At least 11 px a
    side.

    Raises:
        GanvasError: as `psnr`, or too small.
    """
    x, y = _checked(pictures, targets, data_range, smallest=WINDOW)
    return _similarity(x, y, data_range, border)[0]


def ms_ssim(pictures: Tensor, targets: Tensor, data_range: float, border: Border = "valid") -> Tensor:
    """Multiscale structural similarity: (N, C, H, W) twice → float64 (N,).

    Contrast and structure at five scales (2×2 means between them) and luminance at the coarsest, multiplied with
    exponents `SCALE_WEIGHTS`; a negative factor counts as 0. At least 176 px a side, so that the window fits the
    coarsest scale.

    Raises:
        GanvasError: as `psnr`, or too small.
    """
    x, y = _checked(pictures, targets, data_range, smallest=WINDOW * 2 ** (len(SCALE_WEIGHTS) - 1))
    product = x.new_ones(len(x))
    for scale, weight in enumerate(SCALE_WEIGHTS):
        if scale:
            x, y = functional.avg_pool2d(x, 2), functional.avg_pool2d(y, 2)
        whole, structure = _similarity(x, y, data_range, border)
        factor = whole if scale == len(SCALE_WEIGHTS) - 1 else structure
        product = product * factor.clamp(min=0) ** weight
    return product


def _similarity(x: Tensor, y: Tensor, data_range: float, border: Border) -> tuple[Tensor, Tensor]:
    """(SSIM, its contrast-structure part), each averaged over places and channels: (N,). The latter is averaged over
    the places inside whatever the border."""
    outside = WINDOW // 2 if border == "reflect" else 0
    x, y = (functional.pad(images, (outside,) * 4, mode="reflect") for images in (x, y))
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x = (_blurred(x * x) - mean_x.square()).clamp(min=0)
    variance_y = (_blurred(y * y) - mean_y.square()).clamp(min=0)
    covariance = _blurred(x * y) - mean_x * mean_y
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    luminance = (2 * mean_x * mean_y + c1) / (mean_x.square() + mean_y.square() + c1)
    height, width = structure.shape[2:]
    inner = structure[..., outside : height - outside, outside : width - outside]
    return (luminance * structure).flatten(1).mean(dim=1), inner.flatten(1).mean(dim=1)


def _blurred(x: Tensor) -> Tensor:
    """Each channel by the Gaussian window, first down, then across: (N, C, H − 10, W − 10)."""
    places = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    window = torch.exp(-places.square() / (2 * SIGMA**2))
    window = (window / window.sum()).expand(x.shape[1], 1, WINDOW)
    down = functional.conv2d(x, window[..., None], groups=x.shape[1])
    return functional.conv2d(down, window[:, :, None], groups=x.shape[1])


def _checked(pictures: Tensor, targets: Tensor, data_range: float, smallest: int) -> tuple[Tensor, Tensor]:
    if pictures.shape != targets.shape or pictures.ndim != 4:
        raise GanvasError(
            f"pictures of shape {tuple(pictures.shape)} cannot be compared with {tuple(targets.shape)}: "
            "both must be (N, C, H, W) of one shape"
        )
    if data_range <= 0:
        raise GanvasError(f"data_range is {data_range}; it is 255 for grey levels, 2 for values in [-1, 1]")
    if min(pictures.shape[2:]) < smallest:
        height, width = pictures.shape[2:]
        raise GanvasError(f"pictures of {height}x{width} are too small: this needs at least {smallest} px a side")
    return pictures.double(), targets.double()
