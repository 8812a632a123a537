"""Fakes of earlier rounds, shown again."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Swaps:
    """What chance decides when ``count`` fakes go through a pool of ``size``: drawn when a turn is made."""

    def __init__(self, count: int, size: int) -> None:
        self.swap = (torch.rand(count) < 0.5).tolist()
        self.place = torch.randint(max(size, 1), (count,)).tolist()


class Pool(nn.Module):
    """The history of Shrivastava et al. 2017, section 2.3, as CycleGAN has it: while it fills, a fake is kept and
    shown; then each is, with probability ½, swapped for an older one. A size of 0 shows every fake as it comes.

    The memory is a buffer: whoever *moves* the pool changes it, `Game.only` guards it from everybody else, and the
    run's state holds it.
    """

    kept: Tensor
    filled: Tensor

    def __init__(self, size: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.register_buffer("kept", torch.zeros(size, *shape))
        self.register_buffer("filled", torch.zeros((), dtype=torch.long))

    def forward(self, fakes: Tensor, swaps: Swaps) -> Tensor:
        """(N, C, H, W) → as many, some of them older."""
        if not len(self.kept):
            return fakes
        shown = list(fakes.detach())
        filled = int(self.filled)
        for i, fake in enumerate(fakes.detach()):
            if filled < len(self.kept):
                self.kept[filled] = fake
                filled += 1
            elif swaps.swap[i]:
                shown[i] = self.kept[swaps.place[i]].clone()
                self.kept[swaps.place[i]] = fake
        self.filled.fill_(filled)
        return torch.stack(shown)
