"""MATLAB's bicubic `imresize`: the filter that low-resolution pictures of super-resolution are made with by convention.

Its kernel is Keys's cubic with a = −1/2 (Keys 1981, "Cubic convolution interpolation", eq. 15), widened by the factor
of shrinking so that nothing aliases; beyond the borders the picture is mirrored, border pixels repeated. Pillow's
filter differs at the borders alone (there it cuts the kernel off and reweighs it), OpenCV's and torch's unantialiased
ones do everywhere: results measured with different filters cannot be compared.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

SUPPORT = 4.0
"""Width of the kernel in pixels, before it is widened."""
BLOCK = 128
"""New pixels of a side that are made at once."""


def matlab_bicubic(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Float (N, C, H, W) → (N, C, *size), as MATLAB's `imresize(picture, size)`; neither rounded nor clamped.

    Bicubic overshoots: round and clamp to get what a file would hold. Any size up or down, differentiable, on any
    device. Computed in float64 (where the device has it), which neither TF32 nor autocast touches.
    """
    if tuple(images.shape[2:]) == tuple(size):
        return images
    exact = images if images.device.type == "mps" else images.double()
    rows = torch.cat([part.to(exact) @ exact[:, :, here] for here, part in _bands(images.shape[2], size[0])], dim=2)
    both = torch.cat([rows[..., here] @ part.to(exact).T for here, part in _bands(images.shape[3], size[1])], dim=3)
    return both.to(images.dtype)


@lru_cache(maxsize=32)
def _bands(old: int, new: int) -> list[tuple[slice, Tensor]]:
    """The weights in blocks of rows, each with the old pixels that it reads: of a large picture, a small part."""
    blocks = []
    for part in torch.split(_weights(old, new), BLOCK):
        used = part.any(0).nonzero()
        here = slice(int(used.min()), int(used.max()) + 1)
        blocks.append((here, part[:, here].contiguous()))
    return blocks


def _weights(old: int, new: int) -> Tensor:
    """float64 (new, old): what each new pixel takes from each old one; every row sums to 1."""
    scale = new / old
    widening = max(1.0, 1 / scale)
    taps = int(-(-SUPPORT * widening // 1)) + 2
    centres = (torch.arange(new, dtype=torch.float64) + 0.5) / scale - 0.5
    first = torch.floor(centres - SUPPORT * widening / 2).long()
    places = first[:, None] + torch.arange(taps)
    values = _cubic((centres[:, None] - places) / widening)
    values /= values.sum(1, keepdim=True)
    folded = places.remainder(2 * old)  # mirrored: … 1 0 | 0 1 … old−1 | old−1 … 0 | 0 1 …
    folded = torch.where(folded < old, folded, 2 * old - 1 - folded)
    return torch.zeros(new, old, dtype=torch.float64).scatter_add_(1, folded, values)


def _cubic(x: Tensor) -> Tensor:
    """Keys's kernel with a = −1/2."""
    x = x.abs()
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return torch.where(x <= 1, near, torch.where(x < 2, far, 0.0))
