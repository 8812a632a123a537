"""Torch's own chance: what dropout and noise draw from."""

from __future__ import annotations

import torch


def reseed(seed: int) -> None:
    """Set torch's generators, of the CPU and of CUDA where it is in use; ``seed`` fits 64 bits, with a sign or without.

    `torch.manual_seed` also queues a call for every accelerator that is *not* in use, with a formatted stack: .5 ms.
    """
    signed = (seed + 2**63) % 2**64 - 2**63
    torch.default_generator.manual_seed(signed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(signed)
