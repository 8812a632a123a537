"""How many of K known modes a generator makes, and how evenly: from the mode of each sample to counts and divergences.

"Covered" is a low bar: one sample is enough. The divergences see how uneven the covered ones are.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.errors import GanvasError

RESAMPLES = 500


@dataclass(frozen=True)
class ModeCounts:
    """What N samples say about K modes. All divergences in nats, of the shares as counted (plug-in).

    Plug-in shares are never quite even: N samples of the true law itself have a reverse KL of about (K − 1) / 2N. So
    compare with as many real samples, never with 0.
    """

    counts: Tensor
    """int64 (K,): samples of each mode."""
    modes_covered: int
    """Modes with at least one sample (Srivastava et al. 2017, VEEGAN, section 4.1)."""
    expected_covered: float
    """Modes that as many samples of the true law would cover; see `expected_modes`."""
    reverse_kl: float
    """KL(generated ‖ true) (Lin et al. 2018, PacGAN, section 4.1); infinite where a made mode does not exist."""
    reverse_kl_interval: tuple[float, float] | None
    """How far the number would move with N other samples, 95 %; None where it is infinite. See `mode_counts`."""
    js_quality: float
    """½ KL(generated ‖ half-half mixture): what is made too often. At most ½ log 2."""
    js_coverage: float
    """½ KL(true ‖ half-half mixture): what is made too rarely. At most ½ log 2."""

    @property
    def js(self) -> float:
        """Jensen–Shannon divergence, at most log 2 (its halves: Prince 2023, Understanding Deep Learning, 15.2.1)."""
        return self.js_quality + self.js_coverage


def mode_counts(
    modes: Tensor, count: int, weights: Tensor | None = None, generator: torch.Generator | None = None
) -> ModeCounts:
    """Count ``modes`` int64 (N,), each in 0 … ``count`` − 1, against the true law.

    The interval is a bootstrap (Efron 1979) over the samples. Resampling adds the bias (K − 1) / 2N once more, so the
    resampled values are moved to where their mean is the value itself. Near evenness, where the value is little more
    than its bias, the interval is too wide, by three quarters for 26,000 samples of 1,000 even modes; farther off it is
    right.

    Args:
        modes: of each sample.
        count: K, how many modes there are.
        weights: of the modes in the true law (K,), any positive scale; None for all alike.
        generator: of the bootstrap.

    Raises:
        GanvasError: no samples, a mode that is none of the K, or weights that are no K shares.
    """
    modes = modes.detach().cpu()
    if len(modes) == 0:
        raise GanvasError("no samples to count modes of; draw at least one")
    if modes.is_floating_point() or int(modes.min()) < 0 or int(modes.max()) >= count:
        raise GanvasError(f"modes must be whole numbers from 0 to {count - 1}, not {modes.min()} … {modes.max()}")
    true = _shares(weights, count)
    counts = torch.bincount(modes, minlength=count)
    shares = counts.double() / len(modes)
    middle = (shares + true) / 2
    value = _kl(shares, true)
    return ModeCounts(
        counts=counts,
        modes_covered=int((counts > 0).sum()),
        expected_covered=expected_modes(len(modes), true),
        reverse_kl=value,
        reverse_kl_interval=_interval(shares, true, value, len(modes), generator) if value < torch.inf else None,
        js_quality=_kl(shares, middle) / 2,
        js_coverage=_kl(true, middle) / 2,
    )


def expected_modes(samples: int, weights: Tensor) -> float:
    """How many modes ``samples`` independent draws of the law ``weights`` (K,) hit on average: Σ 1 − (1 − w)ⁿ.

    26,000 samples of 1,000 modes that are all alike miss 1000 · 0.999²⁶⁰⁰⁰ ≈ 5e-9 of them.
    """
    return float(-torch.expm1(samples * torch.log1p(-_shares(weights, len(weights)))).sum())


def _shares(weights: Tensor | None, count: int) -> Tensor:
    if weights is None:
        return torch.full((count,), 1 / count, dtype=torch.float64)
    shares = weights.detach().double().cpu()
    if shares.shape != (count,) or not bool((shares >= 0).all()) or not 0 < float(shares.sum()) < torch.inf:
        raise GanvasError(f"weights must be {count} numbers of which none is negative and one is positive")
    return shares / shares.sum()


def _kl(p: Tensor, q: Tensor) -> float:
    """Σ p log(p / q), 0 log 0 being 0; at least 0, also in the last bit."""
    return max(0.0, float((torch.xlogy(p, p) - torch.xlogy(p, q)).sum()))


def _interval(
    shares: Tensor, true: Tensor, value: float, samples: int, generator: torch.Generator | None
) -> tuple[float, float]:
    values = torch.empty(RESAMPLES, dtype=torch.float64)
    for i in range(RESAMPLES):
        drawn = torch.multinomial(shares, samples, replacement=True, generator=generator)
        values[i] = _kl(torch.bincount(drawn, minlength=len(shares)).double() / samples, true)
    moved = values - values.mean() + value
    low, high = moved.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return max(0.0, low), high
