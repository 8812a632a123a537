"""Path length, midpoints, condition number and truncation curve, met where they have closed forms."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.images import to_uint8
from ganvas.latent.paths import PATHS
from ganvas.metrics import neighbour_scores
from ganvas.metrics.jacobian import MOST_ENTRIES, conditioning
from ganvas.metrics.manifold import manifold_shares
from ganvas.metrics.path_length import PathLength, between, direct_lengths, path_length, squared_euclidean
from ganvas.metrics.truncation import truncation_curve

PLAIN = squared_euclidean(lambda pictures: pictures)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=seeded(seed))


def same(z: Tensor, condition: Tensor | None) -> Tensor:
    return z


def measured(starts: Tensor, stops: Tensor, path: str, where: str = "full", generate=same, **options) -> PathLength:
    return path_length(generate, PLAIN, starts, stops, generator=seeded(), path=path, where=where, **options)


def test_a_linear_generator_on_straight_lines():
    """G(z) = Az moves by Aε(b − a) wherever it is: every length is |A(b − a)|², which for z ~ N(0, I) is on average
    2 tr(AᵀA), for z ~ U(−1, 1), of variance ⅓, a third of that."""
    matrix = normal(12, 6, seed=1)
    starts, stops = normal(2, 4000, 6, seed=2)
    exact = ((stops - starts) @ matrix.T).square().sum(dim=1)
    for where in ("full", "end"):
        found = measured(starts, stops, "lerp", where, lambda z, _: z @ matrix.T)
        assert torch.allclose(found.lengths, exact, rtol=1e-6)
    assert found.lengths.mean() == pytest.approx(2 * matrix.square().sum().item(), rel=0.05)
    uniform = torch.rand(2, 4000, 6, dtype=torch.float64, generator=seeded(3)) * 2 - 1
    found = measured(*uniform, "lerp", generate=lambda z, _: z @ matrix.T)
    assert found.lengths.mean() == pytest.approx(2 / 3 * matrix.square().sum().item(), rel=0.05)


def test_the_great_circle():
    """Between unit vectors at a right angle the speed is π/2: (π/2)² = 2.4674, against 2 on the straight line; over
    the squared distance of the ends, 2, that is 1.2337 and 1."""
    starts = torch.eye(8, dtype=torch.float64)
    stops = starts.roll(1, dims=0)
    crow = direct_lengths(same, PLAIN, starts, stops)
    assert torch.allclose(crow, torch.full((8,), 2.0, dtype=torch.float64))
    for path, speed in (("slerp", (math.pi / 2) ** 2), ("lerp", 2.0)):
        found = measured(starts, stops, path)
        assert found.value == pytest.approx(speed, rel=1e-6)
        assert (found.lengths.mean() / crow.mean()).item() == pytest.approx(speed / 2, rel=1e-6)


def test_a_spiral_when_the_lengths_differ():
    """Angle ω at constant speed and length l(t) = l_a + t(l_b − l_a): the squared speed is (l_b − l_a)² + ω² l(t)²;
    at t = 0 l is l_a."""
    starts, stops = normal(2, 500, 5, seed=4)
    la, lb = starts.norm(dim=1), stops.norm(dim=1)
    omega = torch.arccos((starts * stops).sum(dim=1) / (la * lb))
    exact = (lb - la).square() + (omega * la).square()
    found = measured(starts, stops, "slerp", "end")
    assert torch.allclose(found.lengths, exact, rtol=1e-3)
    full = measured(starts, stops, "slerp", "full").lengths
    assert torch.all(full >= (lb - la).square() + (omega * torch.minimum(la, lb)).square() * (1 - 1e-3))
    assert not torch.allclose(full, exact, rtol=0.1)


@pytest.mark.parametrize("path", ["lerp", "slerp"])
def test_the_paths_are_those_of_interpolation(path: str):
    starts, stops = normal(2, 20, 7, seed=5)
    stops[3] = 2 * starts[3]  # parallel: no arc
    t = torch.rand(20, dtype=torch.float64, generator=seeded(6))
    alone = [PATHS[path](a, b, s[None])[0] for a, b, s in zip(starts, stops, t, strict=True)]
    assert torch.allclose(between(starts, stops, t, path), torch.stack(alone))


def test_single_precision_is_enough():
    starts, stops = normal(2, 300, 32, seed=7)
    network = torch.nn.Sequential(torch.nn.Linear(32, 64), torch.nn.Tanh(), torch.nn.Linear(64, 100))
    exact = measured(starts, stops, "slerp", generate=lambda z, _: network.double()(z))
    single = measured(starts.float(), stops.float(), "slerp", generate=lambda z, _: network.float()(z))
    assert single.value == pytest.approx(exact.value, rel=1e-3)
    assert "float32" in single.protocol and "float64" in exact.protocol


def test_rounding_to_8_bits_would_swamp_the_step():
    """A step of 1e-4 is a hundredth of a grey level: most pictures stay equal, the others jump by a whole level."""
    starts, stops = normal(2, 300, 16, seed=8) * 0.3
    floats = measured(starts, stops, "lerp")
    rounded = measured(starts, stops, "lerp", generate=lambda z, _: to_uint8(z).double() / 127.5 - 1)
    assert (rounded.lengths == 0).double().mean() > 0.5
    assert rounded.lengths.max() > 50 * floats.lengths.max()


def test_both_ends_of_a_step_get_the_same_noise():
    """Added noise then cancels. From a source of its own it does not, and counts as 2·16/ε² of length."""
    starts, stops = normal(2, 200, 16, seed=9)
    own = seeded(10)
    before = torch.random.get_rng_state()
    shared = measured(starts, stops, "lerp", generate=lambda z, _: z + torch.randn(z.shape))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.allclose(shared.lengths, measured(starts, stops, "lerp").lengths, rtol=1e-6)
    apart = measured(starts, stops, "lerp", generate=lambda z, _: z + torch.randn(z.shape, generator=own))
    assert apart.lengths.mean() == pytest.approx(2 * 16 / 1e-8, rel=0.1)


def test_a_step_keeps_its_condition():
    starts, stops = normal(2, 300, 4, seed=11)
    condition = torch.arange(300) % 3
    found = measured(
        starts, stops, "lerp", generate=lambda z, asked: z * (1 + asked[:, None]), condition=condition, chunk=64
    )
    exact = (stops - starts).square().sum(dim=1) * (1 + condition).square()
    assert torch.allclose(found.lengths, exact, rtol=1e-6)


@pytest.mark.parametrize("count", [2, 50, 101, 1000])
def test_the_tails_are_cut_as_numpy_cuts_them(count: int):
    starts, stops = normal(2, count, 3, seed=12)
    found = measured(starts, stops, "lerp")
    lengths = found.lengths.numpy()
    low, high = np.percentile(lengths, 1, method="lower"), np.percentile(lengths, 99, method="higher")
    kept = lengths[(lengths >= low) & (lengths <= high)]
    assert (found.kept, found.value) == (len(kept), pytest.approx(kept.mean()))


def test_the_interval_narrows_with_the_root_of_the_pairs():
    widths = []
    for count in (250, 4000):
        found = measured(*normal(2, count, 6, seed=13), "lerp")
        low, high = found.interval
        assert low < found.value < high
        widths.append(high - low)
    assert 2.5 < widths[0] / widths[1] < 6  # √16 = 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"path": "arc"}, "no path is called 'arc'"),
        ({"where": "middle"}, "'full' or at the 'end', not 'middle'"),
        ({"epsilon": 0.0}, "epsilon 0.0 is no step"),
        ({"stops": torch.zeros(3, 2)}, r"starts have shape \(4, 2\), stops \(3, 2\)"),
        ({"generate": lambda z, _: z * torch.nan}, "path lengths are NaN"),
    ],
)
def test_what_has_no_path_length_is_named(change: dict, words: str):
    options = {"starts": torch.ones(4, 2), "stops": torch.zeros(4, 2), "path": "lerp"} | change
    with pytest.raises(GanvasError, match=words):
        measured(**options)


def test_midpoints_in_a_hole_of_the_manifold():
    """Two clusters: halfway from one to the other there is nothing, halfway within one there is everything."""
    left, right = normal(2, 300, 2, seed=14) + torch.tensor([[[-50.0, 0]], [[50.0, 0]]])
    real = torch.cat([left[:200], right[:200]])
    across = manifold_shares(real, left[200:], right[200:], (left[200:] + right[200:]) / 2)
    assert across.ends.double().mean() > 0.85
    assert across.midpoints.sum() == 0
    assert across.loss.mean() == across.ends.double().mean()
    within = manifold_shares(real, left[200:250], left[250:], (left[200:250] + left[250:]) / 2)
    assert within.midpoints.double().mean() > 0.9
    assert abs(within.loss.mean()) < 0.15
    inwards = manifold_shares(real, left[200:] * 9, left[200:] * 9, left[200:])
    assert inwards.loss.mean() < -0.85


def test_the_manifold_is_that_of_improved_precision():
    real, a, b, middle = normal(4, 200, 4, seed=15)
    shares = manifold_shares(real, a, b, middle * 0.5)
    for features, inside in ((a, shares.ends[0]), (b, shares.ends[1]), (middle * 0.5, shares.midpoints)):
        assert torch.equal(inside, neighbour_scores(real, features).precision)
    with pytest.raises(GanvasError, match=r"\(200, 4\), \(200, 4\), \(10, 4\)"):
        manifold_shares(real, a, b, middle[:10])


@pytest.mark.parametrize("method", ["jvp", "differences"])
def test_condition_numbers_in_closed_form(method: str):
    """Of diag(3, 2, 1): (3/1)² = 9 at any z. Of tanh, whose Jacobian is diag(1 − tanh² z): the ratio of the largest
    to the smallest, squared."""
    scale = torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64)
    z = normal(5, 3, seed=16)
    linear = conditioning(lambda z, _: torch.cat([z * scale, 0 * z], dim=1), z, method=method)
    assert torch.allclose(linear.numbers, torch.full((5,), 9.0, dtype=torch.float64), rtol=1e-6)
    assert linear.logs.mean().item() == pytest.approx(math.log(9), rel=1e-6)
    slopes = 1 - z.tanh().square()
    curved = conditioning(lambda z, _: z.tanh(), z, method=method)
    assert torch.allclose(curved.numbers, (slopes.amax(1) / slopes.amin(1)).square(), rtol=1e-4)


def test_a_direction_that_does_nothing_is_infinitely_bad():
    found = conditioning(lambda z, _: z * torch.tensor([1.0, 0.0]), normal(4, 2))
    assert found.numbers.isinf().all()


def test_the_condition_stays_with_its_latent(monkeypatch: pytest.MonkeyPatch):
    """Class c stretches the first axis by 1 + c: condition number (1 + c)². Also where latents go in groups."""

    def generate(z: Tensor, condition: Tensor | None) -> Tensor:
        return torch.cat([z[:, :1] * (1 + condition[:, None]), z[:, 1:]], dim=1)

    monkeypatch.setattr("ganvas.metrics.jacobian.MOST_ENTRIES", 8)
    found = conditioning(generate, normal(5, 2), torch.arange(5))
    assert torch.allclose(found.numbers, torch.arange(1.0, 6.0, dtype=torch.float64).square())


class NoForwardMode(torch.autograd.Function):
    @staticmethod
    def forward(z):
        return 2 * z

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass


def test_a_network_without_forward_mode_is_sent_to_differences():
    def generate(z: Tensor, _: Tensor | None) -> Tensor:
        return NoForwardMode.apply(z)

    with pytest.raises(GanvasError, match="take method 'differences'"):
        conditioning(generate, normal(3, 2))
    assert conditioning(generate, normal(3, 2), method="differences").numbers.tolist() == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(
    ("outputs", "options", "words"),
    [
        (3, {}, "3 outputs of 4 latent numbers"),
        (MOST_ENTRIES // 4 + 1, {}, "too large"),
        (8, {"method": "guess"}, "'jvp' or 'differences', not 'guess'"),
    ],
)
def test_what_has_no_condition_number_is_named(outputs: int, options: dict, words: str):
    with pytest.raises(GanvasError, match=words):
        conditioning(lambda z, _: z[:, :1].expand(-1, outputs), torch.zeros(2, 4), **options)


def test_truncation_trades_variety_for_quality():
    """A generator wider than the data, z ~ N(0, 2²): cut off, it is more precise and covers less."""
    real, latents = normal(600, 2, seed=17), 2 * normal(600, 2, seed=18)
    taus = (4.0, 1.5, 0.5, 0.1)
    rows = truncation_curve(taus, lambda tau: latents.clamp(-tau, tau), real, generator=seeded())
    assert [row.tau for row in rows] == list(taus)
    precision, recall = ([row.scores[name] for row in rows] for name in ("precision", "recall"))
    assert precision == sorted(precision) and precision[-1] > precision[0] + 0.2
    assert recall == sorted(recall, reverse=True) and recall[-1] < recall[0] - 0.5
    assert rows[0].scores == neighbour_scores(real, latents.clamp(-4, 4)).means()
    for row in rows:
        assert all(low <= row.scores[name] <= high for name, (low, high) in row.intervals.items())
        assert row.intervals.keys() == row.scores.keys()
    with pytest.raises(GanvasError, match="at least one"):
        truncation_curve([], lambda tau: real, real, generator=seeded())
