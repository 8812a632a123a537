"""Does every z give a plausible picture, and every z between two of them? Shares inside the real manifold."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.neighbours import neighbour_scores

K = 3


@dataclass(frozen=True)
class ManifoldShares:
    """Which pictures lie within a real nearest-neighbour ball; the shares are the means."""

    ends: Tensor
    """bool (2, M): of each pair's two random latents."""
    midpoints: Tensor
    """bool (M,): of the latent halfway."""

    @property
    def loss(self) -> Tensor:
        """float64 (M,): share of each pair's ends inside, minus whether its midpoint is. Its mean is 0 where the way
        between two latents is as good as they are, up to 1 where it is no good at all."""
        return self.ends.double().mean(dim=0) - self.midpoints.double()


def manifold_shares(real: Tensor, starts: Tensor, stops: Tensor, midpoints: Tensor, k: int = K) -> ManifoldShares:
    """Precision (Kynkäänniemi et al. 2019) of random latents' pictures and of those halfway between (t = ½).

    A picture is inside if it is no farther from some real one than that one's k-th real neighbour. The ends and the
    midpoints are judged by the same real balls, so that their difference owes nothing to those.

    Args:
        real: (N, d) features, N > 5.
        starts, stops, midpoints: (M, d) features, M ≥ 2, row i of one pair.

    Raises:
        GanvasError: unequal numbers, too few, other dimensions, or NaN.
    """
    if not starts.shape == stops.shape == midpoints.shape or len(starts) < 2:
        shapes = ", ".join(str(tuple(part.shape)) for part in (starts, stops, midpoints))
        raise GanvasError(f"starts, stops and midpoints have shapes {shapes}; all must be (pairs ≥ 2, dimensions)")
    inside = neighbour_scores(real, torch.cat([starts, stops, midpoints]), k_manifold=k).precision.cpu()
    first, second, middle = inside.view(3, -1)
    return ManifoldShares(ends=torch.stack([first, second]), midpoints=middle)
