"""The earth mover's distance, four ways on heaps and two on samples: the notebook's number, closed forms and laws."""

import math
import re

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ganvas import theory
from ganvas.errors import GanvasError
from ganvas.theory import samples, transport

P = theory.probabilities([5, 3, 2, 1, 8, 7, 5, 9, 2, 1])
Q = theory.probabilities([4, 10, 1, 1, 4, 6, 3, 2, 0, 1])
BINS = np.arange(10.0)

histograms = arrays(float, 6, elements=st.floats(0, 1e3)).filter(lambda h: h.sum() > 1e-3).map(theory.probabilities)
places = arrays(float, 6, elements=st.floats(-50, 50))


def four_ways(p, q, positions) -> list[float]:
    cost = theory.distances(positions)
    return [
        theory.transport_by_program(p, q, cost).value,
        theory.distance_by_cdf(p, q, positions),
        theory.critic_by_program(p, q, cost).value,
        theory.transport_by_pot(p, q, cost).value,
    ]


@pytest.mark.parametrize(
    ("positions", "expected"),
    [(BINS, 1.3633720930232558), (BINS / 9, 0.151485788113695), (BINS / 10, 0.136337209302326)],
    ids=["bins", "index on [0, 1]", "index / 10"],
)
def test_the_notebooks_number_four_ways(positions, expected):
    assert four_ways(P, Q, positions) == pytest.approx([expected] * 4, abs=1e-9)
    assert scipy.stats.wasserstein_distance(positions, positions, P, Q) == pytest.approx(expected, abs=1e-9)


def test_the_notebooks_critic():
    """The sign of the CDF difference, integrated: up to bin 8, where p falls behind, and down again."""
    critic = theory.critic_by_program(P, Q, theory.distances(BINS))
    assert critic.potential == pytest.approx([0, 1, 2, 3, 4, 5, 6, 7, 8, 7], abs=1e-9)
    assert critic.potential[1:] == pytest.approx(-np.sign(np.cumsum(P - Q)[:-1]).cumsum(), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(histograms, histograms, places)
def test_four_ways_agree_on_any_line(p, q, positions):
    program, *others = four_ways(p, q, positions)
    assert others == pytest.approx([program] * 3, abs=1e-9 * max(1.0, np.ptp(positions)))


@settings(max_examples=30, deadline=None)
@given(histograms, histograms, st.integers(0, 2**31), st.sampled_from(["program", "pot"]))
def test_the_plan_is_a_plan_and_the_potentials_prove_it_cheapest(p, q, seed, way):
    """Marginals, strong duality, f_i − g_j ≤ cost everywhere and equality where mass moves; metric or not."""
    cost = np.random.default_rng(seed).random((6, 6)) * 100
    solved = {"program": theory.transport_by_program, "pot": theory.transport_by_pot}[way](p, q, cost)
    assert solved.plan.min() >= 0
    assert solved.plan.sum(axis=1) == pytest.approx(p, abs=1e-9)
    assert solved.plan.sum(axis=0) == pytest.approx(q, abs=1e-9)
    assert (solved.plan * cost).sum() == pytest.approx(solved.value, abs=1e-9)
    assert p @ solved.source - q @ solved.target == pytest.approx(solved.value, abs=1e-7)
    slack = cost - (solved.source[:, None] - solved.target)
    if way == "program" or min(p.min(), q.min()) > 0:  # POT leaves the potentials of empty places open
        assert slack.min() >= -1e-7
    assert np.abs(slack[solved.plan > 1e-9]).max(initial=0) <= 1e-7
    assert solved.source[0] == 0


@settings(max_examples=30, deadline=None)
@given(histograms, histograms, st.integers(0, 2**31))
def test_no_critic_is_steeper_than_the_cost(p, q, seed):
    cost = theory.distances(np.random.default_rng(seed).normal(size=(6, 2)))
    critic = theory.critic_by_program(p, q, cost)
    assert (np.abs(critic.potential[:, None] - critic.potential) - cost).max() <= 1e-9
    assert (p - q) @ critic.potential == pytest.approx(critic.value, abs=1e-9)
    assert critic.value == pytest.approx(theory.transport_by_program(p, q, cost).value, abs=1e-9)


@settings(deadline=None)
@given(histograms, histograms, histograms, places)
def test_it_is_a_metric(p, q, r, positions):
    def distance(a, b):
        return theory.distance_by_cdf(a, b, positions)

    assert distance(p, p) == 0
    assert distance(p, q) == pytest.approx(distance(q, p), abs=1e-12)
    assert distance(p, r) <= distance(p, q) + distance(q, r) + 1e-9
    assert theory.total_variation(p, q) * np.ptp(positions) >= distance(p, q) - 1e-9


def test_heaps_need_not_be_probabilities():
    """5 units go 3 steps at cost 2 a step: 30; the plan holds the masses that came in, the potentials their prices."""
    solved = theory.transport_by_program([5, 0], [0, 5], [[0, 6], [6, 0]])
    assert solved.value == pytest.approx(30)
    assert solved.plan == pytest.approx(np.array([[0, 5], [0, 0]]))
    assert theory.transport_by_pot([5, 0], [0, 5], [[0, 6], [6, 0]]).value == pytest.approx(30)
    assert theory.critic_by_program([5, 0], [0, 5], [[0, 6], [6, 0]]).value == pytest.approx(30)
    assert theory.distance_by_cdf([5, 0], [0, 5], [0, 6]) == pytest.approx(30)


def test_sides_may_differ_in_number():
    """All of one heap spreads over three: 1/3 · (1 + 2 + 4)."""
    for solve in (theory.transport_by_program, theory.transport_by_pot):
        assert solve([1.0], np.full(3, 1 / 3), [[1, 2, 4]]).value == pytest.approx(7 / 3)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_units_do_not_matter(scale):
    """Solvers' tolerances are absolute; the masses and costs that they get are not."""
    cost = theory.distances(BINS)
    for solve in (theory.transport_by_program, theory.transport_by_pot, theory.critic_by_program):
        assert solve(P * scale, Q * scale, cost).value == pytest.approx(1.3633720930232558 * scale, rel=1e-9)
        assert solve(P, Q, cost * scale).value == pytest.approx(1.3633720930232558 * scale, rel=1e-9)


def test_small_masses_are_moved_as_well():
    """A tail of 1e-9 a bin, far below the solver's usual tolerance of 1e-7, carried 9 bins."""
    p = np.r_[1.0, np.zeros(8), 1e-9]
    q = np.r_[1.0 + 1e-9, np.zeros(9)]
    assert four_ways(p, q, BINS) == pytest.approx([9e-9] * 4, rel=1e-5)


def test_masses_below_any_tolerance_leave_the_program_solvable():
    """Four masses of 1e-10 each: their sum is above the solver's tolerance, none alone is (found by hypothesis).
    Without them q is all in bins 0 and 1, and the flows are 1/6 − .16 and 4, 3, 2, 1 sixths: 5/3 + 1/150."""
    q = np.r_[0.16, 0.84 - 4e-10, [1e-10] * 4]
    assert four_ways(np.full(6, 1 / 6), q, np.arange(6.0)) == pytest.approx([5 / 3 + 1 / 150] * 4, abs=1e-8)


# samples


def test_shifted_samples_are_their_shift_apart():
    """Every plan must carry each sample at least as far as the means lie apart, and the shift itself does just that."""
    rng = np.random.default_rng(0)
    for shape, shift in (((300,), 2.5), ((300, 1), -0.7), ((120, 3), np.array([1.0, 2.0, -2.0]))):
        x = rng.normal(size=shape)
        assert theory.sample_distance(x, x + shift) == pytest.approx(np.linalg.norm(shift), abs=1e-9)


def test_gaussians_on_a_line_in_closed_form():
    """By quantiles W1 of N(0, 1) and N(0, s²) is E|s − 1||z| = |s − 1| √(2/π), and of N(m, 1) it is m."""
    z = scipy.stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    assert theory.sample_distance(z, 3 * z) == pytest.approx(2 * math.sqrt(2 / math.pi), abs=1e-3)
    assert theory.sample_distance(z, z[::2] + 2) == pytest.approx(2, abs=1e-3)


def test_on_a_line_scipy_agrees_and_so_does_pot_in_the_plane():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=200), rng.exponential(size=333)
    expected = scipy.stats.wasserstein_distance(a, b)
    assert theory.sample_distance(a, b) == pytest.approx(expected, abs=1e-12)
    plane = [np.stack([x, np.zeros_like(x)], axis=1) for x in (a, b)]
    assert theory.sample_distance(*plane) == pytest.approx(expected, abs=1e-9)


def test_the_order_of_samples_does_not_matter():
    x = np.random.default_rng(2).normal(size=(150, 4))
    assert theory.sample_distance(x, x[::-1]) == pytest.approx(0, abs=1e-12)


def test_sliced_in_closed_form():
    """A shift v casts the shadow |v·u| on direction u; over the sphere in three dimensions its mean is |v| / 2."""
    x = np.random.default_rng(3).normal(size=(50, 3))
    moved = x + np.array([3.0, 0.0, 4.0])
    found = theory.sliced_distance(x, moved, slices=2000)
    assert found.value == pytest.approx(2.5, abs=4 * found.standard_error)
    assert 0 < found.standard_error < 0.05
    assert found.value < theory.sample_distance(x, moved)


def test_sliced_is_w1_itself_on_a_line_and_the_same_for_one_seed():
    a, b = np.random.default_rng(4).normal(size=(2, 80))
    line = theory.sliced_distance(a, b, slices=2)
    assert line.value == pytest.approx(theory.sample_distance(a, b), abs=1e-12)
    assert line.standard_error == pytest.approx(0, abs=1e-12)
    c, d = np.random.default_rng(5).normal(size=(2, 60, 5))
    assert theory.sliced_distance(c, d, seed=1) == theory.sliced_distance(c, d, seed=1)
    assert theory.sliced_distance(c, d, seed=1) != theory.sliced_distance(c, d, seed=2)


def test_many_samples_by_pot():
    """1,500 a side, beyond the linear program: at most the cost of pairing them as they come."""
    x, y = np.random.default_rng(6).normal(size=(2, 1500, 2))
    y += np.array([3, 0])
    assert 2.9 < theory.sample_distance(x, y) < np.linalg.norm(x - y, axis=1).mean()


# mistakes

SOLVERS = [theory.transport_by_program, theory.transport_by_pot, theory.critic_by_program]


def line(text: str) -> str:
    return f"^{re.escape(text)}"


@pytest.mark.parametrize("solve", SOLVERS)
@pytest.mark.parametrize(
    ("p", "q", "cost", "says"),
    [
        ([1, -2], [1, 1], np.eye(2), "p[1] is -2: a mass is never negative"),
        ([1, math.nan], [1, 1], np.eye(2), "p[1] is nan: give finite numbers"),
        ([], [1], np.eye(2), "p is empty"),
        ([0, 0], [1, 1], np.eye(2), "p is all zero"),
        ([4, 3], [1, 1], np.eye(2), "p sums to 7, q to 2: moving mass needs equal sums; divide each by its own"),
        ([[1, 1]], [1, 1], np.eye(2), "p has 2 dimensions: flatten it"),
        ([1, 1], [1, 1], np.eye(3), "cost has the shape (3, 3): p and q of 2 and 2 need (2, 2)"),
        ([1, 1], [1, 1], [[0, -1], [1, 0]], "cost[0, 1] is -1: a cost is never negative"),
        ([1, 1], [1, 1], [[0, math.inf], [1, 0]], "cost[0, 1] is inf: give finite numbers"),
        ([1, 1], [1, 1], [[0, 1], [1]], "cost: "),
    ],
)
def test_a_bad_heap_or_cost_is_named(solve, p, q, cost, says):
    with pytest.raises(GanvasError, match=line(says)):
        solve(p, q, cost)


def test_too_large_says_what_is_fine_and_what_to_use():
    many = np.full(501, 1 / 501)
    says = "501 by 501 masses are too many for the linear program: 500 by 500 are fine; beyond, use "
    with pytest.raises(GanvasError, match=line(says + "transport_by_pot")):
        theory.transport_by_program(many, many, theory.distances(np.arange(501)))
    with pytest.raises(GanvasError, match=line(says + "the potentials of transport_by_pot")):
        theory.critic_by_program(many, many, theory.distances(np.arange(501)))
    with pytest.raises(
        GanvasError, match="are too many for POT: 10,000 by 10,000 are fine; beyond, use sliced_distance"
    ):
        theory.sample_distance(np.zeros((20_000, 2)), np.zeros((20_000, 2)))


def test_the_largest_program_allowed_is_solved(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(transport, "PROGRAM_CELLS", 100)
    assert theory.transport_by_program(P, Q, theory.distances(BINS)).value == pytest.approx(1.3633720930232558)
    monkeypatch.setattr(transport, "PROGRAM_CELLS", 99)
    with pytest.raises(GanvasError, match="10 by 10 masses are too many"):
        theory.transport_by_program(P, Q, theory.distances(BINS))


def test_pot_not_done_is_an_error_not_a_number():
    x, y = np.random.default_rng(0).normal(size=(2, 300, 2))
    with pytest.raises(GanvasError, match=r"POT has no plan after 10 iterations .*; raise iterations"):
        theory.sample_distance(x, y, iterations=10)


def test_a_critic_needs_a_metric():
    """From 0 to 2 costs 9 directly and 2 by way of 1: the plan pays 9, no critic sees more than 2."""
    cost = np.array([[0, 1, 9], [1, 0, 1], [9, 1, 0]])
    assert theory.transport_by_program([1, 0, 0], [0, 0, 1], cost).value == pytest.approx(9)
    with pytest.raises(GanvasError, match=line("cost is no metric: from 0 to 2 costs 9, by way of 1 less")):
        theory.critic_by_program([1, 0, 0], [0, 0, 1], cost)
    for bad in ([[1, 1], [1, 1]], [[0, 1], [2, 0]]):
        with pytest.raises(GanvasError, match="0 on the diagonal and the same both ways"):
            theory.critic_by_program([1, 0], [0, 1], bad)
    with pytest.raises(GanvasError, match="p has 2 masses, q 1: a critic needs both on the same places"):
        theory.critic_by_program([1, 0], [1], [[0], [1]])


def test_bad_positions_and_samples_are_named():
    with pytest.raises(GanvasError, match=line("p has 2 masses, q 2, positions the shape (3,): give one each")):
        theory.distance_by_cdf([1, 1], [1, 1], [0, 1, 2])
    with pytest.raises(GanvasError, match=line("positions[1] is nan")):
        theory.distance_by_cdf([1, 1], [1, 1], [0, math.nan])
    with pytest.raises(GanvasError, match=line("p sums to 3, q to 2")):
        theory.distance_by_cdf([1, 2], [1, 1], [0, 1])
    for distance in (theory.sample_distance, theory.sliced_distance):
        with pytest.raises(GanvasError, match=line("real has 2 dimensions, fake 3")):
            distance(np.zeros((4, 2)), np.zeros((4, 3)))
        with pytest.raises(GanvasError, match=line("fake[1] is nan")):
            distance([1.0, 2.0], [1.0, math.nan])
        with pytest.raises(GanvasError, match=line("real has the shape (2, 2, 2): give samples as (N,) or (N, d)")):
            distance(np.zeros((2, 2, 2)), [1.0])
    with pytest.raises(GanvasError, match="slices is 1: give at least 2"):
        theory.sliced_distance([1.0], [2.0], slices=1)
    assert samples.POT_CELLS == transport.POT_CELLS
