"""How much of the data is missing: few large cells, in which a class that is left out shows where no ball tells it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.bins import quantile, two_proportions
from ganvas.metrics.clusters import assign, k_means
from ganvas.metrics.features import check_pair, check_set

CELLS, ALPHA = 20, 0.001
"""A class in ten is one or two cells of twenty. The error level is that of all cells together, on either side: low, as
the measured real pictures may be uneven themselves, and stay so whatever they are compared with."""


@dataclass(frozen=True)
class CellShares:
    """What lies in cells whose real and generated shares differ beyond chance; 0 and 0 on equal distributions."""

    missing: float
    """Of the real rows, the share that generated ones would have to make up in cells that hold too few."""
    surplus: float
    """Of the generated rows, the share above the real one's in cells that hold too many, for reasons other than that
    cells hold too few: all those are left out, on both sides. Junk, blur and noise pile up; what is left out does not.
    """
    low: int
    high: int
    """Cells that hold too few and too many."""

    def numbers(self) -> dict[str, float | None]:
        """The numbers by name."""
        return {"share_missing": self.missing, "share_surplus": self.surplus}


def cell_shares(
    place: Tensor, real: Tensor, fake: Tensor, *, generator: Generator, cells: int = CELLS, alpha: float = ALPHA
) -> CellShares:
    """Real against generated rows in cells of k-means, placed by other real rows: none of both pulls a centre.

    Args:
        place: (P, d) features of real samples that are in neither other set, P ≥ 5 cells.
        real: (N, d) features. fake: (M, d) features; both of at least 5 cells.
        generator: a CPU generator, for k-means.
        cells: how many.
        alpha: error level of all cells together, low or high.
    """
    if cells < 2 or not 0 < alpha < 1:
        raise GanvasError(f"cells {cells} and alpha {alpha}: give at least 2 cells and an alpha between 0 and 1")
    check_set("placing", place, least=5 * cells)
    check_pair(real, fake, least=5 * cells)
    centre = place.mean(dim=0)
    centres, _ = k_means(place - centre, cells, generator=generator)
    made, due = (torch.bincount(assign(rows - centre, centres), minlength=cells).cpu() for rows in (fake, real))
    limit = quantile(2 * alpha / cells)
    low = two_proportions(due, made) < -limit
    missing = float((due / due.sum() - made / made.sum())[low].sum())
    if bool(low.all()) or int(made[~low].sum()) == 0 or int(due[~low].sum()) == 0:
        return CellShares(missing, 0.0, int(low.sum()), 0)
    made, due = made[~low], due[~low]
    high = two_proportions(due, made) > limit
    surplus = float((made / made.sum() - due / due.sum())[high].sum())
    return CellShares(missing, surplus, int(low.sum()), int(high.sum()))
