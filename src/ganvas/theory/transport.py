"""The earth mover's distance between two heaps: by linear program, by its dual (a critic), by POT, on a line by CDF.

Everywhere ``p`` (n,) is real and comes first, ``q`` is generated; they hold masses of equal total, and a distance is
in mass × cost. For a total of 1 (`ganvas.theory.probabilities`) it is the textbook's Wasserstein-1 distance (Prince,
Understanding Deep Learning, section 15.2.3). Samples instead of heaps: `ganvas.theory.samples`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.optimize import OptimizeResult, linprog
from scipy.spatial.distance import cdist

from ganvas.errors import GanvasError
from ganvas.theory import pot
from ganvas.theory.masses import Array, costs, heaps, numbers, point_pair

PROGRAM_CELLS = 250_000
"""The largest linear program: 500 × 500 masses took 2 s."""
POT_CELLS = 100_000_000
"""The largest cost for POT: 10,000 × 10,000 float64 are 0.8 GB; 5,000 × 5,000 took 19 s."""
ITERATIONS = 1_000_000
EXACT = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
GRAINS = 1e6
"""The programs' total mass. HiGHS' tolerances are absolute, 1e-7 and at best 1e-10: of a total of 1 it would leave
small masses lying where they are, or find that they do not add up."""


@dataclass(frozen=True)
class Transport:
    """The cheapest way of moving p onto q, and the proof that it is (strong duality: ``value = Σ p f − Σ q g``)."""

    value: float
    """Mass × cost."""
    plan: Array
    """(n, m) mass moved from i to j; rows add up to p, columns to q. Often not the only best one."""
    source: Array
    """(n,) the potential f, ``f_i − g_j ≤ cost_ij``; where mass goes from i to j the two are equal."""
    target: Array
    """(m,) the potential g. Both are known up to one constant: f_0 = 0."""


@dataclass(frozen=True)
class Critic:
    """The best 1-Lipschitz critic on n places, and what it tells apart: ``value = Σ (p − q) f``."""

    value: float
    potential: Array
    """(n,) f, high where mass is real, ``|f_i − f_j| ≤ cost_ij``, f_0 = 0."""


def transport_by_program(p: ArrayLike, q: ArrayLike, cost: ArrayLike) -> Transport:
    """Minimise ``Σ P_ij cost_ij`` over plans P ≥ 0 with row sums p (n,) and column sums q (m,); cost (n, m) ≥ 0.

    Raises:
        GanvasError: bad masses or costs, unequal sums, or more than `PROGRAM_CELLS` cells.
    """
    real, fake, total = heaps(p, q)
    refuse_large(
        (len(real), len(fake)), PROGRAM_CELLS, "the linear program", "transport_by_pot, good to 10,000 by 10,000"
    )
    scaled, unit = _in_units(costs(cost, len(real), len(fake)))
    n, m = scaled.shape
    rows, columns = sparse.kron(sparse.eye(n), np.ones((1, m))), sparse.kron(np.ones((1, n)), sparse.eye(m))
    sums, asked = sparse.vstack([rows, columns]).tocsr(), np.concatenate([real, fake]) * GRAINS
    # one sum follows from all others; asked for as well, rounding alone could make the program infeasible
    kept = np.delete(np.arange(n + m), n + int(fake.argmax()))
    solved = _solved(linprog(scaled.ravel(), A_eq=sums[kept], b_eq=asked[kept], options=EXACT))
    potentials = np.zeros(n + m)
    potentials[kept] = solved.eqlin.marginals  # what one more unit at i, or at j, would cost
    return _transport(
        np.maximum(solved.x, 0).reshape(n, m) / GRAINS, potentials[:n], potentials[n:], scaled, unit, total
    )


def transport_by_pot(p: ArrayLike, q: ArrayLike, cost: ArrayLike, iterations: int = ITERATIONS) -> Transport:
    """As `transport_by_program`, by POT's network simplex (Bonneel et al. 2011): far larger heaps, the same answer.

    Raises:
        GanvasError: bad masses or costs, unequal sums, more than `POT_CELLS` cells, or not done within ``iterations``.
    """
    real, fake, total = heaps(p, q)
    refuse_large((len(real), len(fake)), POT_CELLS, "POT", "fewer samples, or sliced_distance")
    scaled, unit = _in_units(costs(cost, len(real), len(fake)))
    with warnings.catch_warnings(action="ignore"):  # what it warns of is an error here, below
        plan, log = pot.load().emd(real, fake, scaled, numItermax=iterations, log=True)
    if log["warning"] is not None:
        raise GanvasError(f"POT has no plan after {iterations:,} iterations ({log['warning']}); raise iterations")
    return _transport(plan, log["u"], log["v"], scaled, unit, total)


def critic_by_program(p: ArrayLike, q: ArrayLike, cost: ArrayLike) -> Critic:
    """The dual (Kantorovich-Rubinstein): maximise ``Σ (p − q) f`` over ``f_i − f_j ≤ cost_ij``, a program of its own.

    Its value is the earth mover's distance; f is what the critic of a Wasserstein GAN tries to be. ``cost`` (n, n) must
    be a metric on the n places that p and q share: without the triangle inequality a critic sees less than it should.

    Raises:
        GanvasError: bad masses, unequal sums, no metric, or more than `PROGRAM_CELLS` cells.
    """
    real, fake, total = heaps(p, q)
    if len(real) != len(fake):
        raise GanvasError(f"p has {len(real)} masses, q {len(fake)}: a critic needs both on the same places")
    refuse_large((len(real), len(fake)), PROGRAM_CELLS, "the linear program", "the potentials of transport_by_pot")
    scaled, unit = _in_units(_metric(costs(cost, len(real), len(fake))))
    n = len(real)
    above, below = np.nonzero(~np.eye(n, dtype=bool))
    rows = np.arange(len(above))
    slopes = sparse.csr_matrix(
        (np.repeat([1.0, -1.0], len(rows)), (np.tile(rows, 2), np.concatenate([above, below]))), shape=(len(rows), n)
    )
    bounds = [(0.0, 0.0)] + [(None, None)] * (n - 1)  # f is known up to a constant
    solved = _solved(
        linprog((fake - real) * GRAINS, A_ub=slopes, b_ub=scaled[above, below], bounds=bounds, options=EXACT)
    )
    return Critic(-float(solved.fun) / GRAINS * unit * total, np.asarray(solved.x) * unit)


def distance_by_cdf(p: ArrayLike, q: ArrayLike, positions: ArrayLike) -> float:
    """``∫ |CDF_p − CDF_q| dx`` of two heaps (n,) on the same places of a line (n,), in any order; any size.

    On a line the best plan never lets two masses cross, so that over each gap flows exactly the difference of what lies
    to its left.

    Raises:
        GanvasError: bad masses or positions, other lengths, or unequal sums.
    """
    real, fake, total = heaps(p, q)
    places = numbers(positions, "positions")
    if not places.shape == real.shape == fake.shape:
        raise GanvasError(f"p has {len(real)} masses, q {len(fake)}, positions the shape {places.shape}: give one each")
    order = np.argsort(places)
    flow = np.cumsum((real - fake)[order])[:-1]
    return float(np.abs(flow) @ np.diff(places[order])) * total


def distances(a: ArrayLike, b: ArrayLike | None = None) -> Array:
    """Euclidean distances (n, m) between points (n, d) and (m, d), or numbers (n,) and (m,); of ``a`` to itself alone.

    Raises:
        GanvasError: empty, NaN, infinite or of different dimensions.
    """
    return np.asarray(cdist(*point_pair(a, a if b is None else b)))


def _in_units(cost: Array) -> tuple[Array, float]:
    """The cost in units of its largest: solvers' tolerances are absolute (large costs break POT, its issue 229)."""
    unit = float(cost.max()) or 1.0
    return cost / unit, unit


def refuse_large(shape: tuple[int, ...], most: int, solver: str, instead: str) -> None:
    """A GanvasError where more than ``most`` pairs are asked of ``solver``: what is fine, and what to use instead."""
    rows, columns = shape
    if rows * columns > most:
        side = round(most**0.5)
        raise GanvasError(
            f"{rows:,} by {columns:,} masses are too many for {solver}: "
            f"{side:,} by {side:,} are fine; beyond, use {instead}"
        )


def _solved(result: OptimizeResult) -> OptimizeResult:
    if result.status != 0:
        raise GanvasError(f"the linear program was not solved ({result.message}); try transport_by_pot")
    return result


def _transport(plan: Array, u: Array, v: Array, cost: Array, unit: float, total: float) -> Transport:
    """From the solvers' form (u + v ≤ cost) to the book's (f − g ≤ cost), back in the units that came in."""
    start = u[0]
    return Transport(
        value=float((plan * cost).sum()) * unit * total,
        plan=plan * total,
        source=(u - start) * unit,
        target=(-v - start) * unit,
    )


def _metric(cost: Array) -> Array:
    tolerance = 1e-12 * float(cost.max())
    if np.abs(np.diagonal(cost)).max() > tolerance or np.abs(cost - cost.T).max() > tolerance:
        raise GanvasError(
            "cost is no metric: it must be 0 on the diagonal and the same both ways; only a plan does without"
        )
    for via in range(len(cost)):
        longer = cost > cost[:, via, None] + cost[None, via] + tolerance
        if longer.any():
            i, j = map(int, np.argwhere(longer)[0])
            raise GanvasError(
                f"cost is no metric: from {i} to {j} costs {cost[i, j]:g}, by way of {via} less; only a plan takes that"
            )
    return cost
