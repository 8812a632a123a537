"""Ways from one latent to another."""

from __future__ import annotations

import torch
from torch import Tensor


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """(D,), (D,), (T,) → (T, D): the straight line (1 − t)a + tb."""
    return torch.lerp(a[None], b[None], t[:, None])


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """(D,), (D,), (T,) → (T, D): along the great circle (Shoemake 1985; White 2016), lengths interpolated too.

    Normal latents of high dimension live near a sphere; the straight line leaves it, this does not. For parallel
    vectors the arc is undefined and the straight line is taken.
    """
    la, lb = a.norm(), b.norm()
    omega = torch.arccos((a / la @ (b / lb)).clamp(-1.0, 1.0))
    if not torch.sin(omega) > 1e-6:
        return lerp(a, b, t)
    weight_a, weight_b = torch.sin((1.0 - t) * omega) / torch.sin(omega), torch.sin(t * omega) / torch.sin(omega)
    direction = weight_a[:, None] * (a / la) + weight_b[:, None] * (b / lb)
    path: Tensor = direction * (la + (lb - la) * t)[:, None]
    return path


PATHS = {"lerp": lerp, "slerp": slerp}
