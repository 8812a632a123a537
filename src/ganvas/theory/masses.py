"""What enters the theory: masses, positions, costs and points, checked once and made float64."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganvas.errors import GanvasError

Array: TypeAlias = NDArray[np.float64]
SAME_SUM = 1e-9
"""Relative difference up to which two total masses are the same."""


def numbers(values: ArrayLike, name: str) -> Array:
    """``values`` as finite float64 of the same shape, at least one.

    Raises:
        GanvasError: no numbers, none at all, or one that is NaN or infinite.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GanvasError(f"{name}: {' '.join(str(error).split())}; give plain numbers, rows of one length") from error
    if array.size == 0:
        raise GanvasError(f"{name} is empty: give at least one number")
    _refuse(~np.isfinite(array), array, name, "give finite numbers")
    return array


def masses(values: ArrayLike, name: str = "masses") -> Array:
    """``values`` as float64 of the same shape: none negative, not all zero, not rescaled.

    Raises:
        GanvasError: empty, NaN, infinite, negative or all zero, naming the place.
    """
    array = np.atleast_1d(numbers(values, name))
    _refuse(array < 0, array, name, "a mass is never negative")
    if not array.any():
        raise GanvasError(f"{name} is all zero: at least one mass must be above zero")
    return array


def probabilities(values: ArrayLike, name: str = "masses") -> Array:
    """Counts, masses or a density on an even grid, divided by their sum; the shape stays.

    Raises:
        GanvasError: as `masses`.
    """
    array = masses(values, name)
    scaled = array / array.max()  # first, so that huge masses have a sum and tiny ones do not vanish in it
    shares: Array = scaled / scaled.sum()
    return shares


def probability_pair(p: ArrayLike, q: ArrayLike) -> tuple[Array, Array]:
    """``p`` (real) and ``q`` (generated) over the same cells, each divided by its own sum.

    Raises:
        GanvasError: as `masses`, or different shapes.
    """
    return _same_cells(probabilities(p, "p"), probabilities(q, "q"))


def density_pair(p: ArrayLike, q: ArrayLike) -> tuple[Array, Array]:
    """Two densities at the same places, as they are: none negative, each somewhere above zero.

    Raises:
        GanvasError: as `masses`, or different shapes.
    """
    return _same_cells(masses(p, "p"), masses(q, "q"))


def heaps(p: ArrayLike, q: ArrayLike) -> tuple[Array, Array, float]:
    """Two one-dimensional heaps of equal total mass, as probabilities (n,) and (m,), and that total.

    Raises:
        GanvasError: as `masses`, more than one dimension, or unequal sums.
    """
    heap_p, heap_q = masses(p, "p"), masses(q, "q")
    for heap, name in ((heap_p, "p"), (heap_q, "q")):
        if heap.ndim != 1:
            raise GanvasError(f"{name} has {heap.ndim} dimensions: flatten it, one mass a row of the cost")
    sums = float(heap_p.sum()), float(heap_q.sum())
    if abs(sums[0] - sums[1]) > SAME_SUM * max(sums):
        raise GanvasError(
            f"p sums to {sums[0]:g}, q to {sums[1]:g}: moving mass needs equal sums; "
            "divide each by its own, with ganvas.theory.probabilities"
        )
    return probabilities(heap_p), probabilities(heap_q), sums[0]


def costs(values: ArrayLike, rows: int, columns: int) -> Array:
    """What moving one unit from i to j costs, float64 (rows, columns), none negative.

    Raises:
        GanvasError: another shape, NaN, infinite or negative.
    """
    array = numbers(values, "cost")
    if array.shape != (rows, columns):
        raise GanvasError(f"cost has the shape {array.shape}: p and q of {rows} and {columns} need ({rows}, {columns})")
    _refuse(array < 0, array, "cost", "a cost is never negative")
    return array


def points(values: ArrayLike, name: str) -> Array:
    """Samples as float64 (N, d); plain numbers (N,) are N samples of one dimension.

    Raises:
        GanvasError: empty, NaN, infinite, or more than two dimensions.
    """
    array = numbers(values, name)
    if array.ndim not in (1, 2):
        raise GanvasError(f"{name} has the shape {array.shape}: give samples as (N,) or (N, d)")
    return array.reshape(len(array), -1)


def point_pair(real: ArrayLike, fake: ArrayLike) -> tuple[Array, Array]:
    """Real (N, d) and generated (M, d) samples.

    Raises:
        GanvasError: as `points`, or different dimensions.
    """
    a, b = points(real, "real"), points(fake, "fake")
    if a.shape[1] != b.shape[1]:
        raise GanvasError(f"real has {a.shape[1]} dimensions, fake {b.shape[1]}: give samples of one space")
    return a, b


def _same_cells(p: Array, q: Array) -> tuple[Array, Array]:
    if p.shape != q.shape:
        shapes = " and ".join(" × ".join(map(str, array.shape)) for array in (p, q))
        raise GanvasError(f"p and q have {shapes} masses: give both for the same cells")
    return p, q


def _refuse(bad: NDArray[np.bool_], array: Array, name: str, rule: str) -> None:
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        index = f"[{', '.join(map(str, place))}]" if place else ""
        raise GanvasError(f"{name}{index} is {array[place]:g}: {rule}")
