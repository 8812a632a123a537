"""The best discriminator there is, and what it gets (Goodfellow et al. 2014, proposition 1 and theorem 1)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from ganvas.errors import GanvasError
from ganvas.theory.divergences import js
from ganvas.theory.masses import Array, density_pair, numbers, probability_pair


def optimal_discriminator(p: ArrayLike, q: ArrayLike) -> Array:
    """``D* = p / (p + q)``: the probability that what lies there is real, of the masses' own shape.

    Densities are taken as they are, so that they may be those at any places, not only on a grid; counts of unequal
    totals go through `probabilities` first. Where both are 0 nothing is ever shown to the discriminator, so that any
    answer is optimal: here it is ½, which favours neither side.

    Raises:
        GanvasError: negative, NaN, empty or all zero, or of different shapes.
    """
    real, fake = density_pair(p, q)
    both = real + fake
    return np.divide(real, both, out=np.full_like(both, 0.5), where=both > 0)


def cross_entropy(p: ArrayLike, q: ArrayLike, discriminator: ArrayLike) -> float:
    """``−E_p log D − E_q log(1 − D)`` in nats: the loss of a discriminator with values in [0, 1] on the same cells.

    Infinite where it is certain and wrong; a cell without mass asks nothing of it.

    Raises:
        GanvasError: bad masses, another shape, or values outside [0, 1].
    """
    real, fake = probability_pair(p, q)
    said = numbers(discriminator, "discriminator")
    if said.shape != real.shape:
        raise GanvasError(f"discriminator has the shape {said.shape}, the masses {real.shape}: give one value a cell")
    if said.min() < 0 or said.max() > 1:
        raise GanvasError(f"discriminator goes from {said.min():g} to {said.max():g}: give probabilities, not logits")
    return -float((xlogy(real, said) + xlogy(fake, 1 - said)).sum())


def lowest_cross_entropy(p: ArrayLike, q: ArrayLike) -> float:
    """``2 log 2 − 2 JS(p, q)``: the loss of `optimal_discriminator`, below which no discriminator gets; in nats."""
    return 2 * math.log(2) - 2 * js(p, q)


def minimax_value(p: ArrayLike, q: ArrayLike) -> float:
    """``V(D*, G) = −log 4 + 2 JS(p, q)``: what the generator still has to lose against the best discriminator."""
    return -lowest_cross_entropy(p, q)
