"""The smallest GAN on paper: the notebook's numbers, its slip in a course, and why it spirals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganvas.errors import GanvasError
from ganvas.theory import dynamics
from ganvas.theory.gaussian_shift import (
    LOSSES,
    NOTEBOOK,
    Points,
    Settings,
    Trace,
    accuracy,
    discriminator_loss,
    discriminator_slope,
    generator_loss,
    generator_slope,
    play,
    train_discriminator,
    train_generator,
)

NOTEBOOKS = Settings()
CALM = replace(NOTEBOOKS, discriminator_lr=0.004)
START, FAKES = np.array([-2.0, 1.0]), NOTEBOOK.latents + 3.0
KINDS = [Settings(loss=loss, r1=r1, r2=r2, clip=1e9) for loss in LOSSES for r1, r2 in ((0.0, 0.0), (0.7, 0.2))]


@pytest.fixture(scope="module")
def long() -> dict[bool, Trace]:
    """Forty rounds of the notebook's game, exact (False) and by differences (True)."""
    return {differences: play(NOTEBOOKS, 40, finite_differences=differences) for differences in (False, True)}


# The notebook


def test_the_losses_at_the_start() -> None:
    """Printed: L_D = 13.814757170851447 and L_G = 13.78437035945412; −Σ log D(x*) there is 4.755779267515122."""
    assert discriminator_loss(START, FAKES, NOTEBOOKS) == pytest.approx(13.814757170851447, abs=1e-12)
    assert generator_loss(START, FAKES, NOTEBOOKS) == pytest.approx(13.78437035945412, abs=1e-12)
    other = replace(NOTEBOOKS, loss="non-saturating")
    assert generator_loss(START, FAKES, other) == pytest.approx(4.755779267515122, abs=1e-12)
    assert generator_loss(START, FAKES, replace(NOTEBOOKS, reduction="mean")) == pytest.approx(1.378437035945412)


@pytest.mark.parametrize(
    ("differences", "phi", "paid", "theta", "gained"),
    [(True, (-3.55408, 0.71433), 3.73290, 3.33205, 3.15964), (False, (-3.55449, 0.71445), 3.73242, 3.33210, None)],
)
def test_each_player_alone(
    differences: bool, phi: tuple[float, float], paid: float, theta: float, gained: float | None
) -> None:
    """100 updates of D from the start, then 10 of G against that D: the notebook's two single tests."""
    found = train_discriminator(START, FAKES, replace(NOTEBOOKS, discriminator_updates=100), NOTEBOOK, differences)
    assert found == pytest.approx(phi, abs=5e-6)
    assert discriminator_loss(found, FAKES, NOTEBOOKS) == pytest.approx(paid, abs=5e-6)
    moved = train_generator(3.0, found, replace(NOTEBOOKS, generator_updates=10), NOTEBOOK, differences)
    assert moved == pytest.approx(theta, abs=5e-6)
    if gained is not None:
        assert generator_loss(found, FAKES, NOTEBOOKS) == pytest.approx(2.60272, abs=5e-6)
        assert generator_loss(found, NOTEBOOK.latents + moved, NOTEBOOKS) == pytest.approx(gained, abs=1e-5)


def test_exact_slopes_of_g_alone() -> None:
    """Against the D that *differences* found, exact slopes of G end at 3.33204."""
    phi = train_discriminator(START, FAKES, replace(NOTEBOOKS, discriminator_updates=100), finite_differences=True)
    assert train_generator(3.0, phi, replace(NOTEBOOKS, generator_updates=10)) == pytest.approx(3.33204, abs=5e-6)


@pytest.mark.parametrize("differences", [False, True])
def test_five_rounds(long: dict[bool, Trace], differences: bool) -> None:
    """300 updates of D and 3 of G a round; the two ways of taking slopes part only after the fourth decimal of θ."""
    trace = long[differences]
    assert np.round(trace.theta[1:6], 4).tolist() == [3.0806, 3.1516, 3.2177, 3.2812, 3.3434]
    if differences:
        assert np.round(trace.phi[5], 4).tolist() == [-9.1968, 1.6165]
        assert np.round(trace.discriminator_loss[1:6], 4).tolist() == [2.3188, 1.6704, 1.3890, 1.2335, 1.1383]
        assert np.round(trace.generator_loss[1:6], 4).tolist() == [1.6602, 1.1622, 0.9492, 0.8322, 0.7605]
    assert 1e-6 < np.abs(long[True].theta[1:6] - long[False].theta[1:6]).max() < 1e-4


@pytest.mark.parametrize("differences", [False, True])
def test_beyond_the_notebook(long: dict[bool, Trace], differences: bool) -> None:
    """The lecture's panels, the crossing with D right on 11 of 20, and an overshoot to 10.80."""
    trace = long[differences]
    assert trace.theta[23] == pytest.approx(4.94, abs=0.005)
    assert trace.theta[30] == pytest.approx(6.71, abs=0.005)
    assert trace.crossing() == 34
    assert trace.accuracy_met[34] == pytest.approx(0.55)
    assert trace.accuracy_met[33] > 0.55 and min(trace.accuracy) == pytest.approx(0.45)  # G's move fools D further
    assert trace.overshoot() == 38
    assert trace.theta.max() == pytest.approx(10.80, abs=0.005)


def test_the_notebooks_game_rests_in_the_wrong_place() -> None:
    """D's step is too large: an even number of updates ends at φ₁ = 0, where G feels nothing, but at another θ than the
    balance, and one more update throws φ to the other of two places. A smaller step comes to the right one."""
    trace = play(NOTEBOOKS, 300)
    assert trace.theta[-1] == pytest.approx(8.4081, abs=3e-4)
    assert trace.phi[-1] == pytest.approx([3.0203, 0.0], abs=5e-4)
    assert NOTEBOOK.balance == pytest.approx(8.335164, abs=1e-6)
    phi, fakes = trace.phi[-1], NOTEBOOK.latents + trace.theta[-1]
    once = train_discriminator(phi, fakes, replace(NOTEBOOKS, discriminator_updates=1))
    twice = train_discriminator(phi, fakes, replace(NOTEBOOKS, discriminator_updates=2))
    assert once == pytest.approx([2.9296, -0.7541], abs=1e-3)
    assert twice == pytest.approx(phi, abs=1e-3)
    calm = play(CALM, 200)
    assert calm.theta[-1] == pytest.approx(NOTEBOOK.balance, abs=1e-4)
    assert np.abs(calm.phi[-1]).max() < 5e-3


def test_the_courses_release() -> None:
    """Its generator judges x_real + x*, fixed through the phase: other numbers, by differences as it plays them."""
    course = replace(NOTEBOOKS, course_release=True)
    phi = train_discriminator(START, FAKES, replace(course, discriminator_updates=100), finite_differences=True)
    alone = train_generator(3.0, phi, replace(course, generator_updates=10), finite_differences=True)
    assert alone == pytest.approx(4.3876, abs=1e-4)
    trace = play(course, 60, finite_differences=True)
    assert trace.theta[1:6] == pytest.approx([3.5815, 4.2891, 5.0700, 5.8886, 6.7075], abs=5.1e-5)
    assert trace.theta[-1] == pytest.approx(10.38, abs=0.005)
    assert trace.phi[-1, 1] < 0


# Losses, penalties, bounds


@pytest.mark.parametrize("settings", KINDS, ids=lambda s: f"{s.loss}-{s.r1}")
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_slopes_against_differences(settings: Settings, reduction: str) -> None:
    """Central differences of 10⁻⁵ are off by about 10⁻⁹."""
    settings, phi, step = replace(settings, reduction=reduction), np.array([-3.0, 0.4]), 1e-5
    by_phi = [
        (discriminator_loss(phi + e, FAKES, settings) - discriminator_loss(phi - e, FAKES, settings)) / (2 * step)
        for e in step * np.eye(2)
    ]
    assert discriminator_slope(phi, FAKES, settings) == pytest.approx(by_phi, abs=1e-7)
    by_theta = (generator_loss(phi, FAKES + step, settings) - generator_loss(phi, FAKES - step, settings)) / (2 * step)
    assert generator_slope(phi, FAKES, settings) == pytest.approx(by_theta, abs=1e-7)


def test_penalties_are_of_the_slope_of_d() -> None:
    """γ/2·φ₁² a sample: 10 of them in a sum, 1 in a mean; R1 and R2 alike, for f's slope is φ₁ everywhere."""
    bare = discriminator_loss(START, FAKES, NOTEBOOKS)
    for name in ("r1", "r2"):
        damped = replace(NOTEBOOKS, **{name: 0.8})
        assert discriminator_loss(START, FAKES, damped) - bare == pytest.approx(10 * 0.4)
        assert discriminator_loss(START, FAKES, replace(damped, reduction="mean")) - bare / 10 == pytest.approx(0.4)


def test_wasserstein_with_a_bound_and_with_r1() -> None:
    """Bounded, φ₁ = ±1 and θ jumps by 3·.02·10 = .6 for ever; with R1, φ₁ is proportional to the gap and θ rests."""
    bounded = play(Settings(loss="wasserstein", clip=1.0), 40)
    assert np.abs(np.diff(bounded.theta[-20:])) == pytest.approx(0.6)
    assert set(np.sign(np.diff(bounded.theta[-20:]))) == {-1.0, 1.0}
    assert np.abs(bounded.phi[-20:, 1]) == pytest.approx(1.0)
    damped = play(Settings(loss="wasserstein", r1=1.0), 40)
    assert damped.theta[-1] == pytest.approx(NOTEBOOK.balance, abs=1e-6)
    # after 300 updates φ₁ = gap/γ, so a round takes .6/γ of the gap away; below γ = .3 that is more than twice the gap
    gaps = NOTEBOOK.balance - damped.theta[1:8]
    assert gaps[1:] / gaps[:-1] == pytest.approx(0.4, abs=1e-6)
    assert play(Settings(loss="wasserstein", r1=0.1), 40).rounds < 40


def test_accuracy_counts_both_sides() -> None:
    """φ = (−2, 1): real where x ≥ 2. All ten real numbers are beyond 2, two of the ten generated ones below."""
    assert accuracy(START, FAKES) == pytest.approx((10 + (FAKES < 2).sum()) / 20) == pytest.approx(0.6)


# The flow


@pytest.mark.parametrize("settings", KINDS, ids=lambda s: f"{s.loss}-{s.r1}")
@pytest.mark.parametrize("points", [NOTEBOOK, NOTEBOOK.centred(), NOTEBOOK.squeezed()])
def test_the_jacobian_against_differences(settings: Settings, points: Points) -> None:
    rest = dynamics.equilibrium(points)
    speeds, step = settings.speeds, 1e-5
    assert dynamics.velocity(rest, settings, points, speeds) == pytest.approx(0, abs=1e-9)
    columns = [
        (dynamics.velocity(rest + e, settings, points, speeds) - dynamics.velocity(rest - e, settings, points, speeds))
        / (2 * step)
        for e in step * np.eye(3)
    ]
    assert np.allclose(dynamics.jacobian(settings, points, speeds), np.array(columns).T, rtol=1e-6, atol=1e-6)


def test_between_two_points_only_r1_damps() -> None:
    """Mescheder et al. (2018): f''(0) bends nothing at x = 0, so θ and φ₁ turn for ever at ±i·n/2 = ±5i.

    R1 puts −nγ on φ₁: λ² + nγλ + (n/2)² = 0, so λ = (−10γ ± √(100γ² − 100))/2: a pair left of 0 below γ = 1.
    """
    two = NOTEBOOK.squeezed().centred()
    assert dynamics.eigenvalues(NOTEBOOKS, two) == pytest.approx([-5, -5j, 5j], abs=1e-9)
    for gamma in (0.1, 0.5):
        pair = np.roots([1, 10 * gamma, 25])
        found = dynamics.eigenvalues(replace(NOTEBOOKS, r1=gamma), two)
        assert np.abs(np.sort_complex(np.array([-5, *pair])) - found).max() < 1e-9
        assert pair.real == pytest.approx(-5 * gamma)


def test_a_width_damps_as_well() -> None:
    """The notebook's numbers bend L_D along φ₁ too: a damped pair without a penalty, more so with it."""
    means = [dynamics.eigenvalues(replace(NOTEBOOKS, r1=gamma))[-1] for gamma in (0.0, 0.3, 1.0)]
    assert means[0] == pytest.approx(-0.0772 + 0.5926j, abs=1e-4)
    assert means[2].real < means[1].real < means[0].real < 0
    # centred: H = diag(20, Σx² + Σx*²)/4 and nothing is shared with φ₀
    centred = NOTEBOOK.centred()
    bend = (centred.real @ centred.real + centred.latents @ centred.latents) / 4
    pair = np.roots([1, bend, 25])
    found = dynamics.eigenvalues(NOTEBOOKS, centred)
    assert np.abs(np.sort_complex(np.array([-5, *pair])) - found).max() < 1e-9
    # a critic that is linear bends nowhere
    wasserstein = dynamics.eigenvalues(Settings(loss="wasserstein", clip=1.0))
    assert np.abs(wasserstein.real).max() < 1e-9


def test_the_largest_step_of_d() -> None:
    """D's loss alone, from a small push off φ = 0 at the balance: 2/λ divides coming back from flying off."""
    limit, fakes = dynamics.largest_step(NOTEBOOKS), NOTEBOOK.latents + NOTEBOOK.balance
    assert limit == pytest.approx(0.0057122, abs=1e-6)
    push = np.array([0.0, 1e-4])
    for factor, comes_back in ((0.95, True), (1.05, False)):
        settings = replace(NOTEBOOKS, discriminator_lr=factor * limit, discriminator_updates=40)
        steep = np.array([1.0, 8.24]) @ train_discriminator(push, fakes, settings)
        assert bool(abs(steep) < abs(np.array([1.0, 8.24]) @ push)) == comes_back
    assert dynamics.largest_step(Settings(loss="wasserstein", clip=1.0)) == float("inf")


def test_a_whole_round_linearised() -> None:
    """The game with a calm step, once it is near: a round turns it by a pair's angle and shrinks it to its size."""
    multipliers = dynamics.round_multipliers(CALM)
    assert np.abs(multipliers).max() == pytest.approx(0.9488, abs=1e-4)
    trace = play(CALM, 260)
    gaps = trace.theta[180:] - NOTEBOOK.balance
    # such a trace obeys g(k+2) = (m + m̄)·g(k+1) − |m|²·g(k)
    found = np.linalg.lstsq(np.stack([gaps[1:-1], gaps[:-2]], 1), gaps[2:], rcond=None)[0]
    assert found == pytest.approx([2 * multipliers[0].real, -(abs(multipliers[0]) ** 2)], abs=2e-3)


def test_the_valley() -> None:
    """φ₀ is best where ∂L_D/∂φ₀ = 0; on the floor the field is the flow, projected on the direction of creeping."""
    theta, slope = np.array([3.0, 6.0, 8.0]), np.array([1.5, -0.4, 0.2])
    bias = dynamics.best_bias(theta, slope)
    settings = replace(NOTEBOOKS, r1=0.5)
    theta_speed, slope_speed = dynamics.valley_field(theta, slope, settings)
    for k in range(3):
        state = np.array([bias[k], slope[k], theta[k]])
        by_bias, by_slope, by_theta = dynamics.velocity(state, settings)
        assert by_bias == pytest.approx(0, abs=1e-9)
        ahead, behind = (dynamics.best_bias(theta, slope + e)[k] for e in (1e-5, -1e-5))
        creep = np.array([(ahead - behind) / 2e-5, 1.0])
        projected = np.array([by_bias, by_slope]) @ creep / (creep @ creep)
        assert (theta_speed[k], slope_speed[k]) == pytest.approx((by_theta, projected), rel=1e-5)
    flat = dynamics.valley_field(theta, slope, Settings(loss="wasserstein", clip=1.0))
    assert flat[1] == pytest.approx(10 * (NOTEBOOK.balance - theta))


# Bad input


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"loss": "hinge"}, "loss: 'hinge' is unknown; take minimax"),
        ({"reduction": "median"}, "reduction"),
        ({"generator_updates": 0}, "generator_updates: 0"),
        ({"discriminator_lr": -0.1}, "discriminator_lr: -0.1"),
        ({"generator_lr": float("nan")}, "generator_lr: nan"),
        ({"r1": -1.0}, "r1: -1.0"),
        ({"r2": float("inf")}, "r2: inf"),
        ({"clip": 0.0}, "clip: 0.0"),
        ({"theta": float("nan")}, "theta nan"),
        ({"loss": "wasserstein"}, "needs a bounded critic"),
    ],
)
def test_mistakes(given: dict[str, object], says: str) -> None:
    with pytest.raises(GanvasError) as caught:
        Settings(**given)  # type: ignore[arg-type]
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_rounds() -> None:
    with pytest.raises(GanvasError, match="rounds: 0"):
        play(NOTEBOOKS, 0)


def test_who_runs_away_is_stopped() -> None:
    """R1 of γ > 20 multiplies φ₁ by less than −1 an update at D's step of .01."""
    trace = play(replace(NOTEBOOKS, r1=30.0), 10)
    assert trace.rounds < 10
    assert np.isfinite(trace.phi).all()
    assert play(replace(NOTEBOOKS, r1=1.0), 10).rounds == 10
