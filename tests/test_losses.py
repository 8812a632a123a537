"""Losses and penalties against their closed forms, from both sides and where floating point is hard."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from ganvas.losses.adversarial import (
    AdversarialLoss,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Relativistic,
    Wasserstein,
)
from ganvas.losses.bounds import Clip
from ganvas.losses.penalties import R1, R2, GradientPenalty


def minus_log_sigmoid(logit: float) -> float:
    """−log σ(l) = log(1 + e^−l), in Python's own floats."""
    return math.log1p(math.exp(-logit))


Closed = Callable[[float, float], float]
CLOSED: dict[type[AdversarialLoss], tuple[Closed, Closed]] = {
    Minimax: (lambda r, f: minus_log_sigmoid(r) + minus_log_sigmoid(-f), lambda r, f: -minus_log_sigmoid(-f)),
    NonSaturating: (lambda r, f: minus_log_sigmoid(r) + minus_log_sigmoid(-f), lambda r, f: minus_log_sigmoid(f)),
    LeastSquares: (lambda r, f: ((r - 1) ** 2 + f**2) / 2, lambda r, f: (f - 1) ** 2 / 2),
    Hinge: (lambda r, f: max(0.0, 1 - r) + max(0.0, 1 + f), lambda r, f: -f),
    Wasserstein: (lambda r, f: f - r, lambda r, f: -f),
    Relativistic: (lambda r, f: minus_log_sigmoid(r - f), lambda r, f: minus_log_sigmoid(f - r)),
}
LOG2 = math.log(2)
AT_A_DRAW = {  # (discriminator, generator) when every logit is 0: the numbers a reader sees when nobody is ahead
    Minimax: (2 * LOG2, -LOG2),
    NonSaturating: (2 * LOG2, LOG2),
    LeastSquares: (0.5, 0.5),
    Hinge: (2.0, 0.0),
    Wasserstein: (0.0, 0.0),
    Relativistic: (LOG2, LOG2),
}
ALL = pytest.mark.parametrize("loss", [kind() for kind in CLOSED], ids=lambda loss: loss.kind)
logits = st.floats(-50, 50)


def float64(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def sides(loss: AdversarialLoss, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """What each player minimises; the generator is shown the real logits only where it looks."""
    return loss.discriminator(real, fake), loss.generator(real if loss.relative else None, fake)


def slopes(loss: AdversarialLoss, side: str, real: float, fake: float, dtype: torch.dtype) -> tuple[float, float]:
    """(∂/∂real, ∂/∂fake) of one player's loss by autograd; 0 where it does not look."""
    leaves = [torch.tensor([value], dtype=dtype, requires_grad=True) for value in (real, fake)]
    discriminator, generator = sides(loss, *leaves)
    value = discriminator if side == "discriminator" else generator
    gradients = torch.autograd.grad(value.sum(), leaves, allow_unused=True)
    return tuple(0.0 if g is None else float(g) for g in gradients)  # type: ignore[return-value]


def test_every_loss_of_the_package_is_held_to_a_closed_form() -> None:
    assert set(AdversarialLoss.members) >= {kind.model_fields["kind"].default for kind in CLOSED}
    from_the_package = {m for m in AdversarialLoss.members.values() if m.__module__.startswith("ganvas.losses")}
    assert from_the_package == set(CLOSED)


@ALL
def test_at_a_draw(loss: AdversarialLoss) -> None:
    """All logits 0, σ = ½: −log ½ = log 2 a side, so Goodfellow's value is −log 4 in total."""
    zero = float64(0.0)
    assert tuple(float(side) for side in sides(loss, zero, zero)) == pytest.approx(AT_A_DRAW[type(loss)], abs=1e-15)


@ALL
@given(real=logits, fake=logits)
def test_closed_form(loss: AdversarialLoss, real: float, fake: float) -> None:
    """To e^−20 = 2.1e-9: beyond 20 torch's softplus is the line it approaches."""
    expected = [form(real, fake) for form in CLOSED[type(loss)]]
    found = [float(side) for side in sides(loss, float64(real), float64(fake))]
    assert found == pytest.approx(expected, rel=1e-12, abs=2.1e-9)


@ALL
def test_one_value_a_sample(loss: AdversarialLoss) -> None:
    """Per sample, before any mean: a batch is its rows."""
    real, fake = torch.randn(2, 5, dtype=torch.float64)
    discriminator, generator = sides(loss, real, fake)
    assert discriminator.shape == generator.shape == (5,)
    alone = sides(loss, real[3:4], fake[3:4])
    assert (float(discriminator[3]), float(generator[3])) == (float(alone[0]), float(alone[1]))


@ALL
@pytest.mark.parametrize("size", [1.0, 30.0, 100.0])
def test_whoever_is_ahead_the_pull_is_in_the_right_direction(loss: AdversarialLoss, size: float) -> None:
    """The discriminator wants real logits up and fake ones down, the generator fake ones up; never reversed, never nan.

    Least squares alone pulls *towards* its targets 1 and 0, so it is asked on the near side of both.
    """
    real, fake = (-size, size)
    up, down = slopes(loss, "discriminator", real, fake, torch.float32)
    assert up < 0 < down
    behind = slopes(loss, "generator", size, -size, torch.float32)[1]
    assert behind <= 0.0 and math.isfinite(behind)


@pytest.mark.parametrize("fake", [-30.0, -100.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_non_saturating_gradient_stays_one_where_the_fakes_are_found_out(fake: float, dtype: torch.dtype) -> None:
    """d softplus(−l)/dl = −σ(−l), and σ(30) = 1 − 9.4e-14. Through log(σ(l) + 1e-8) it is −σ'/(σ + 1e-8) ≈ −9e-6."""
    assert slopes(NonSaturating(), "generator", 0.0, fake, dtype)[1] == pytest.approx(-1.0, abs=1e-12)
    logit = torch.tensor([fake], dtype=dtype, requires_grad=True)
    (naive,) = torch.autograd.grad(-torch.log(torch.sigmoid(logit) + 1e-8).sum(), logit)
    assert abs(float(naive)) < 1e-5


def test_the_minimax_gradient_saturates_by_design() -> None:
    """d(−softplus(l))/dl = −σ(l): at −30 it is e^−30 = 9.358e-14, and 0 in float32 terms at −100 (3.8e-44)."""
    assert slopes(Minimax(), "generator", 0.0, -30.0, torch.float64)[1] == pytest.approx(-math.exp(-30), rel=1e-9)
    assert abs(slopes(Minimax(), "generator", 0.0, -100.0, torch.float32)[1]) < 1e-43


@given(real=logits, fake=logits)
def test_minimax_is_zero_sum(real: float, fake: float) -> None:
    """G's part of V is all that depends on θ: its slope is minus the discriminator's: both sign conventions agree."""
    discriminator = slopes(Minimax(), "discriminator", real, fake, torch.float64)[1]
    generator = slopes(Minimax(), "generator", real, fake, torch.float64)[1]
    assert generator == pytest.approx(-discriminator, rel=1e-12, abs=1e-300)


@given(real=logits, fake=logits, shift=st.floats(-20, 20))
def test_relativistic_is_antisymmetric_and_blind_to_a_shift(real: float, fake: float, shift: float) -> None:
    """Both players compare one difference: swapping pictures swaps the players; a constant added to D is not seen."""
    loss, r, f = Relativistic(), float64(real), float64(fake)
    assert loss.discriminator(r, f).equal(loss.generator(f, r))
    assert float(loss.discriminator(r + shift, f + shift)) == pytest.approx(float(loss.discriminator(r, f)), abs=1e-9)
    up, down = slopes(loss, "discriminator", real, fake, torch.float64)
    assert up == pytest.approx(-down, abs=1e-15)


@given(p=st.floats(0.05, 1.0), q=st.floats(0.05, 1.0))
def test_the_best_discriminator_of_two_densities(p: float, q: float) -> None:
    """Goodfellow et al. 2014, proposition 1: p·softplus(−l) + q·softplus(l) is least at σ(l) = p/(p + q); the
    least-squares discriminator's output itself is least at p/(p + q) (Mao et al. 2017, equation 5)."""
    best = p / (p + q)
    for loss, logit in ((NonSaturating(), math.log(p / q)), (LeastSquares(), best)):
        leaf = float64(logit).requires_grad_()
        real_part, fake_part = loss.discriminator(leaf, leaf.detach()), loss.discriminator(leaf.detach(), leaf)
        (slope,) = torch.autograd.grad((p * real_part + q * fake_part).sum(), leaf)
        assert abs(float(slope)) < 1e-12


def input_gradient(network: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """∂D(x)/∂x with the graph kept, as the duel takes it."""
    leaf = images.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(network(leaf).sum(), leaf, create_graph=True)
    return gradient


@pytest.mark.parametrize("norm", [0.5, 1.0, 3.0])
def test_penalties_of_a_linear_discriminator(norm: float) -> None:
    """D(x) = ⟨w, x⟩ + b has ∇D = w everywhere: R1 = R2 = ½|w|² a sample, gradient penalty (|w| − 1)², 0 at |w| = 1."""
    w = torch.randn(3, 4, 4, dtype=torch.float64)
    w *= norm / w.norm()
    gradient = input_gradient(lambda x: (x * w).flatten(1).sum(1) + 7.0, torch.randn(5, 3, 4, 4, dtype=torch.float64))
    for penalty, expected in ((R1(), norm**2 / 2), (R2(), norm**2 / 2), (GradientPenalty(), (norm - 1) ** 2)):
        assert penalty(gradient).shape == (5,)
        assert penalty(gradient).tolist() == pytest.approx([expected] * 5, abs=1e-12)


def test_penalties_are_differentiated_twice() -> None:
    """R1 of ⟨w, x⟩ is ½|w|², whose slope in w is w; the gradient penalty's is 2(|w| − 1) w/|w|."""
    w = torch.randn(12, dtype=torch.float64, requires_grad=True)
    images = torch.randn(1, 1, 3, 4, dtype=torch.float64)
    for penalty, expected in ((R1(), w), (GradientPenalty(), 2 * (w.norm() - 1) * w / w.norm())):
        gradient = input_gradient(lambda x: x.flatten(1) @ w, images)
        (slope,) = torch.autograd.grad(penalty(gradient).sum(), w)
        assert torch.allclose(slope, expected, rtol=1e-10)


def test_penalty_of_a_curved_discriminator() -> None:
    """D(x) = ½ xᵀAx with A symmetric has ∇D = Ax: each sample its own."""
    a = torch.randn(6, 6, dtype=torch.float64)
    a = a + a.T
    images = torch.randn(4, 1, 2, 3, dtype=torch.float64)
    gradient = input_gradient(lambda x: (x.flatten(1) @ a * x.flatten(1)).sum(1) / 2, images)
    assert torch.allclose(R1()(gradient), (images.flatten(1) @ a).square().sum(1) / 2)


def test_a_dead_discriminator_has_a_finite_gradient_penalty() -> None:
    """|∇D| = 0: the penalty is (0 − 1)² = 1, and its own gradient is finite although √ has none at 0."""
    gradient = torch.zeros(2, 1, 3, 3, requires_grad=True)
    penalty = GradientPenalty()(gradient)
    assert penalty.tolist() == pytest.approx([1.0, 1.0], abs=1e-7)
    (slope,) = torch.autograd.grad(penalty.sum(), gradient)
    assert torch.isfinite(slope).all()


def test_default_weights_are_the_papers() -> None:
    assert (R1().gamma, R2().gamma, GradientPenalty().gamma) == (1.0, 1.0, 10.0)
    assert (R1.at, R2.at, GradientPenalty.at) == ("real", "fake", "between")


@given(limit=st.floats(0.001, 2.0))
def test_clip_keeps_weights_inside_and_leaves_those_that_are(limit: float) -> None:
    layer = nn.Linear(20, 20)
    before = layer.weight.detach().clone()
    Clip(limit=limit)(layer.parameters())
    assert float(layer.weight.detach().abs().max()) <= limit + 1e-7
    inside = before.abs() <= limit
    assert torch.equal(layer.weight[inside], before[inside])
    once = layer.weight.detach().clone()
    Clip(limit=limit)(layer.parameters())
    assert torch.equal(layer.weight, once)


def test_clip_at_the_papers_limit_by_default() -> None:
    """Arjovsky et al. 2017, algorithm 1: c = .01."""
    weight = nn.Parameter(torch.tensor([-1.0, -0.005, 0.005, 1.0]))
    Clip()([weight])
    assert weight.tolist() == pytest.approx([-0.01, -0.005, 0.005, 0.01])
