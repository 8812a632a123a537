"""Where the latent variable z comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from ganvas.config import Family
from ganvas.errors import GanvasError


class Prior(Family):
    """The distribution of z, a vector of ``dimension`` independent numbers."""

    dimension: int = Field(default=64, ge=1)

    def draw(self, count: int, device: torch.device, generator: torch.Generator | None = None) -> Tensor:
        """(count, dimension) latents."""
        raise NotImplementedError

    def reach(self, truncation: float) -> float:
        """The largest |z| that ``truncation`` in (0, 1] allows; unlimited at 1 for an unbounded prior."""
        raise NotImplementedError

    def of_seeds(self, seeds: Sequence[int], truncation: float = 1.0) -> Tensor:
        """(len(seeds), dimension) latents, on the CPU: seed 7 is the same z in whatever company it is drawn.

        With truncation, numbers beyond `reach` are drawn again until they are inside (Brock et al. 2019, section 3.1).

        Raises:
            GanvasError: truncation outside (0, 1].
        """
        if not 0.0 < truncation <= 1.0:
            raise GanvasError(f"truncation {truncation} is outside (0, 1]; 1 means none")
        limit = self.reach(truncation)
        return torch.stack([self._of_seed(seed, limit) for seed in seeds])

    def _of_seed(self, seed: int, limit: float) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        z = self.draw(1, torch.device("cpu"), generator)[0]
        while (beyond := z.abs() > limit).any():
            z = torch.where(beyond, self.draw(1, torch.device("cpu"), generator)[0], z)
        return z


class Normal(Prior):
    """z ~ N(0, I); truncation T keeps |z| ≤ 2T."""

    kind: Literal["normal"] = "normal"

    def draw(self, count: int, device: torch.device, generator: torch.Generator | None = None) -> Tensor:
        return torch.randn(count, self.dimension, device=device, generator=generator)

    def reach(self, truncation: float) -> float:
        return 2.0 * truncation if truncation < 1.0 else float("inf")


class Uniform(Prior):
    """z ~ U(−1, 1), DCGAN's choice (Radford et al. 2016); truncation T keeps |z| ≤ T."""

    kind: Literal["uniform"] = "uniform"

    def draw(self, count: int, device: torch.device, generator: torch.Generator | None = None) -> Tensor:
        return torch.rand(count, self.dimension, device=device, generator=generator) * 2.0 - 1.0

    def reach(self, truncation: float) -> float:
        return truncation
