"""Coverage, shape and mass of known modes; the energy distance: numbers by hand, then met."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import ndtri
from scipy.stats import chi2
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.modes import energy_distance, mode_scores

GRID = torch.cartesian_prod(*[torch.arange(-4.0, 4.1, 2.0)] * 2)
SIGMA = 0.05
FAR = torch.tensor([[1.0, 1.0]])
"""Half-way between four modes."""


def drawn(count: int, width: float = 1.0, centres: Tensor = GRID) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    which = torch.randint(len(centres), (count,), generator=generator)
    return centres[which] + width * SIGMA * torch.randn(count, centres.shape[1], generator=generator)


def at_centres(counts: list[int], elsewhere: int = 0) -> Tensor:
    """So many points exactly at the centres, one after the other, and so many at no mode."""
    return torch.cat([GRID.repeat_interleave(torch.tensor(counts), 0), FAR.expand(elsewhere, 2)])


def test_all_points_on_one_mode():
    """One of 25 modes: KL(δ ‖ uniform) = log 25; no width at all; 1 mode has its half mass."""
    scores = mode_scores(at_centres([0] * 24 + [2500]), GRID, SIGMA)
    assert (scores.modes, scores.modes_covered, scores.modes_at_half_mass) == (25, 1, 1)
    assert scores.reverse_kl == pytest.approx(math.log(25), abs=1e-12)
    assert scores.within_mode_sd_ratio == 0.0
    assert scores.high_quality_share == 1.0
    assert scores.counts == (*[0] * 24, 2500) and scores.elsewhere == 0


def test_the_truth_is_right():
    """r² / σ² of a planar Gaussian is exponential with mean 2, so 1 − exp(−9/2) = .98889 lie within 3σ. Of 40,000
    points the share's deviation is √(.98889 · .01111 / 40,000) = .00052; four of them are .0021. The pooled width's
    relative error is 1 / √(2 · 80,000 coordinates) = .0025; four are .01. The KL of K = 25 shares is about χ²₂₄ / 2N,
    whose 99.99 % point is 58.6 / 80,000 = .00073."""
    scores = mode_scores(drawn(40_000), GRID, SIGMA)
    assert scores.high_quality_share == pytest.approx(1 - math.exp(-4.5), abs=0.0021)
    assert scores.within_mode_sd_ratio == pytest.approx(1, abs=0.01)
    assert scores.modes_covered == scores.modes_at_half_mass == 25
    assert 0 <= scores.reverse_kl < chi2.ppf(0.9999, 24) / 80_000
    assert sum(scores.counts) + scores.elsewhere == 40_000


def test_the_cut_off_in_the_plane_and_on_the_line():
    """Two points at ±σ along x have pooled variance 2σ² / (d · 1): deviation σ in the plane, √2 σ on the line. True is
    σ cut off at 3σ: √(P(χ²₄ ≤ 9) / P(χ²₂ ≤ 9)) with P(χ²₂ ≤ 9) = 1 − e^−4.5 and P(χ²₄ ≤ 9) = 1 − 5.5 e^−4.5, which is
    .9744; on the line with P(χ²₁ ≤ 9) = erf(3/√2) and P(χ²₃ ≤ 9) = erf(3/√2) − 3√(2/π) e^−4.5, which is .9866."""
    pair = torch.tensor([[-SIGMA, 0.0], [SIGMA, 0.0]]).double()
    plane = math.sqrt((1 - 5.5 * math.exp(-4.5)) / (1 - math.exp(-4.5)))
    line = math.sqrt(1 - 3 * math.sqrt(2 / math.pi) * math.exp(-4.5) / math.erf(3 / math.sqrt(2)))
    assert (round(plane, 4), round(line, 4)) == (0.9744, 0.9866)
    assert mode_scores(pair, torch.zeros(1, 2), SIGMA).within_mode_sd_ratio == pytest.approx(1 / plane)
    on_line = mode_scores(pair[:, :1], torch.zeros(1, 1), SIGMA)
    assert on_line.within_mode_sd_ratio == pytest.approx(math.sqrt(2) / line)
    truth = mode_scores(drawn(40_000, centres=GRID[:5, 1:]), GRID[:5, 1:], SIGMA)
    assert truth.within_mode_sd_ratio == pytest.approx(1, abs=4 / math.sqrt(80_000))
    assert truth.high_quality_share == pytest.approx(math.erf(3 / math.sqrt(2)), abs=4 * math.sqrt(0.0027 / 40_000))


def test_clouds_of_half_the_width():
    """Nothing of them is cut off (6 of their own deviations), so they measure .5 / .9744 = .5131."""
    scores = mode_scores(drawn(40_000, 0.5), GRID, SIGMA)
    assert scores.within_mode_sd_ratio == pytest.approx(0.5131, abs=0.0051)
    assert scores.high_quality_share == 1.0


def test_five_modes_dropped():
    """Equal shares of 20 of 25: KL = log(25 / 20), while the 20 are as good as can be."""
    scores = mode_scores(at_centres([0] * 5 + [125] * 20), GRID, SIGMA)
    assert (scores.modes_covered, scores.modes_at_half_mass) == (20, 20)
    assert scores.reverse_kl == pytest.approx(math.log(25 / 20), abs=1e-12)
    assert scores.high_quality_share == 1.0


def test_one_hit_counts_as_covered():
    """…which is why half of its mass is asked for beside it."""
    scores = mode_scores(at_centres([1] + [100] * 24), GRID, SIGMA)
    assert (scores.modes_covered, scores.modes_at_half_mass) == (25, 24)


@pytest.mark.parametrize(("hits", "modes"), [(50, 25), (49, 24)])
def test_half_mass_is_of_all_points(hits: int, modes: int):
    """Of 2,500 points 100 are due to each mode, also where some are lost elsewhere: 50 are half, 49 are not."""
    scores = mode_scores(at_centres([hits] + [100] * 24, elsewhere=100 - hits), GRID, SIGMA)
    assert scores.modes_at_half_mass == modes
    assert scores.elsewhere == 100 - hits
    assert scores.high_quality_share == 1 - (100 - hits) / 2500


def test_weights():
    """75 and 25 points: right where ¾ and ¼ are true; where halves are, KL = ¾ log 1.5 + ¼ log ½ = .1308 and the small
    one has just its half (25 of 50)."""
    points, centres = at_centres([75, 25] + [0] * 23), GRID[:2]
    told = mode_scores(points, centres, SIGMA, torch.tensor([0.75, 0.25]))
    assert told.reverse_kl == pytest.approx(0, abs=1e-12) and told.modes_at_half_mass == 2
    equal = mode_scores(points, centres, SIGMA)
    assert equal.reverse_kl == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5), abs=1e-12)
    assert equal.modes_at_half_mass == 2
    assert mode_scores(points[:-1], centres, SIGMA, torch.tensor([0.5, 0.5])).modes_at_half_mass == 1


def test_nothing_of_quality():
    """No point near any mode: nothing to compare, and no width to speak of."""
    scores = mode_scores(FAR.expand(10, 2), GRID, SIGMA)
    assert (scores.modes_covered, scores.high_quality_share, scores.reverse_kl, scores.elsewhere) == (0, 0.0, 0.0, 10)
    assert scores.within_mode_sd_ratio is None
    assert mode_scores(GRID, GRID, SIGMA).within_mode_sd_ratio is None  # one point a mode has no width either


def test_the_edge_is_three_deviations():
    """2.99σ is in, 3.01σ is out, whatever the direction."""
    for angle in (0.0, 1.0, 2.5):
        way = torch.tensor([[math.cos(angle), math.sin(angle)]])
        assert mode_scores(2.99 * SIGMA * way, GRID, SIGMA).elsewhere == 0
        assert mode_scores(3.01 * SIGMA * way, GRID, SIGMA).elsewhere == 1


@pytest.mark.parametrize(
    ("points", "line"),
    [
        (torch.zeros(0, 2), r"shape \(0, 2\)"),
        (torch.zeros(4, 3), r"shape \(4, 3\).*2\) is needed"),
        (torch.zeros(4), r"shape \(4,\)"),
        (torch.tensor([[0.0, math.nan]]), "NaN"),
        (torch.tensor([[0.0, math.inf]]), "infinite"),
    ],
)
def test_mistakes(points: Tensor, line: str):
    with pytest.raises(GanvasError, match=line):
        mode_scores(points, GRID, SIGMA)


def test_weights_of_another_number():
    with pytest.raises(GanvasError, match=r"weights have shape \(2,\); one a centre, \(25,\)"):
        mode_scores(GRID, GRID, SIGMA, torch.tensor([0.5, 0.5]))


# --- energy distance ------------------------------------------------------------------------------------------------


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


def test_two_points():
    """All of one side at 0, of the other at 1: 2 · 1 − 0 − 0. And {0, 1} against itself: 2 · ½ − 1 − 1 = −1, for no
    point is paired with itself: unbiased, hence sometimes negative."""
    assert energy_distance(column(0, 0), column(1, 1)) == 2
    assert energy_distance(column(0, 1), column(0, 1)) == -1


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0, 3.0])
def test_gaussians_apart(shift: float):
    """X − Y ~ N(δ, 2), so E|X − Y| = (2/√π) e^(−δ²/4) + δ erf(δ/2), and within each side 2/√π: for δ = 1 the distance
    is .5418. Quantiles of 2,000 even levels stand for the distribution; leaving out self-pairs lifts each side's own
    term by 1/2,000 of 2/√π, .0011 together, and the coarse tails cost less than that."""
    expected = 2 * (2 / math.sqrt(math.pi) * math.exp(-(shift**2) / 4) + shift * math.erf(shift / 2)) - 4 / math.sqrt(
        math.pi
    )
    if shift == 1.0:
        assert round(expected, 4) == 0.5418
    levels = torch.from_numpy(ndtri((np.arange(2000) + 0.5) / 2000))[:, None]
    assert energy_distance(levels, levels + shift) == pytest.approx(expected, abs=0.0025)


def test_symmetric_and_in_the_points_unit():
    """Twice as large points are twice as far apart; turned and moved together they stay as far."""
    random = torch.Generator().manual_seed(0)
    x, y = torch.randn(40, 2, generator=random).double(), 1 + torch.randn(30, 2, generator=random).double()
    distance = energy_distance(x, y)
    assert energy_distance(y, x) == pytest.approx(distance, abs=1e-12)
    assert energy_distance(2 * x, 2 * y) == pytest.approx(2 * distance, abs=1e-12)
    assert energy_distance(x.flip(1) + 5, y.flip(1) + 5) == pytest.approx(distance, abs=1e-12)


def test_unbiased():
    """400 pairs of 20 points of one Gaussian: the mean lies within four of its own standard errors of 0. With
    self-pairs it would lie at (1/20 + 1/20) · 2/√π = .113."""
    random = torch.Generator().manual_seed(0)
    found = np.array([energy_distance(*torch.randn(2, 20, 1, generator=random)) for _ in range(400)])
    error = found.std(ddof=1) / math.sqrt(len(found))
    assert abs(found.mean()) < 4 * error
    assert 4 * error < 0.113 / 4


def test_chunks_do_not_show():
    """1,024 rows at a time or all at once."""
    random = torch.Generator().manual_seed(0)
    x, y = torch.randn(1025, 2, generator=random).double(), torch.randn(2050, 2, generator=random).double()

    def mean(a: Tensor, b: Tensor, pairs: int) -> float:
        return float((a[:, None] - b).norm(dim=2).sum()) / pairs

    whole = 2 * mean(x, y, 1025 * 2050) - mean(x, x, 1025 * 1024) - mean(y, y, 2050 * 2049)
    assert energy_distance(x, y) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize(
    ("real", "fake", "line"),
    [
        (torch.zeros(1, 2), torch.zeros(2, 2), "at least two points"),
        (torch.zeros(2, 2), torch.zeros(0, 2), "at least two points"),
        (torch.zeros(2, 2), torch.zeros(2, 3), r"\(2, 2\) and \(2, 3\)"),
        (torch.zeros(2), torch.zeros(2), r"\(2,\) and \(2,\)"),
        (torch.zeros(2, 1), column(0, math.nan), "NaN"),
    ],
)
def test_mistakes_with_two_sets(real: Tensor, fake: Tensor, line: str):
    with pytest.raises(GanvasError, match=line):
        energy_distance(real, fake)
