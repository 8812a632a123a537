"""Where half precision ends."""

from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(values: Tensor) -> Tensor:
    """Logits, losses and their means are never in half precision; doubles stay doubles."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
