"""DiffAugment: what each operation may do to a picture, and that the gradient comes through it, twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ganvas.augment import Augmented, DiffAugment
from ganvas.augment.diffaugment import OPERATIONS, color, cutout, translation
from ganvas.games.batch import Key
from ganvas.nn.judgement import Judgement
from ganvas.recipes.recipe import Recipe
from ganvas.schedule import Schedule

ALWAYS, NEVER = torch.ones(()), torch.zeros(())
SHAPES = pytest.mark.parametrize("shape", [(5, 3, 8, 8), (5, 1, 9, 12), (1, 4, 28, 28)], ids=str)
EACH = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
Operation = Callable[[Tensor], Tensor]


def pictures(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Uniform on [−1, 1], nowhere exactly 0."""
    random = torch.Generator().manual_seed(0)
    return torch.rand(*shape, generator=random, dtype=dtype) * 2 - 1


def seeded(operation: Operation, images: Tensor, shard: int = 0) -> Tensor:
    """The operation with the draws of one part of one turn."""
    Key(0, 0, 0, shard).reseed()
    return operation(images)


@SHAPES
@EACH
def test_shape_and_type_stay(operation: Operation, shape: tuple[int, ...]) -> None:
    assert seeded(operation, pictures(*shape)).shape == shape
    assert seeded(operation, pictures(*shape, dtype=torch.float64)).dtype == torch.float64


@SHAPES
def test_probability_zero_is_the_identity_and_one_changes_every_picture(shape: tuple[int, ...]) -> None:
    images = pictures(*shape)
    assert torch.equal(DiffAugment()(images, NEVER), images)
    changed = DiffAugment()(images, ALWAYS)
    assert (changed != images).flatten(1).any(1).all()


def test_probability_is_that_of_each_picture() -> None:
    """4000 coins at ¼: 1000 ± 5 · √(4000 · ¼ · ¾) = 137. Contrast and brightness leave no chosen picture as it was."""
    images = pictures(4000, 1, 4, 4)
    torch.manual_seed(0)
    changed = (DiffAugment(policy=("color",))(images, torch.tensor(0.25)) != images).flatten(1).any(1)
    assert abs(int(changed.sum()) - 1000) < 137


def test_operations_are_chosen_one_by_one() -> None:
    """At ½ some pictures are cut and not shifted: where both were tied, a picture would be either whole or both."""
    images = torch.ones(400, 1, 8, 8)
    torch.manual_seed(0)
    out = DiffAugment(policy=("translation", "cutout"))(images, torch.tensor(0.5))
    holes = (out == 0).flatten(1).sum(1)
    assert (holes == 0).any() and (holes == 25).any() and (holes > 25).any()


def test_an_empty_policy_does_nothing() -> None:
    images = pictures(3, 1, 8, 8)
    assert torch.equal(DiffAugment(policy=())(images, ALWAYS), images)


@EACH
def test_every_picture_has_its_own_draw(operation: Operation) -> None:
    """The same picture 32 times comes out differently, in real and fake alike; the same key brings the same again."""
    images = pictures(1, 3, 16, 16).expand(32, -1, -1, -1)
    out = seeded(operation, images)
    assert len(torch.unique(out.flatten(1), dim=0)) > 16
    assert torch.equal(out, seeded(operation, images))
    assert not torch.equal(out, seeded(operation, images, shard=1))


def test_colour_is_affine_in_each_picture() -> None:
    """One channel has no saturation: all pixels are stretched by one slope in ½ … 3/2, the mean moves by at most ½."""
    images = pictures(200, 1, 6, 6, dtype=torch.float64)
    out = seeded(color, images)
    centred_in, centred_out = (x - x.mean((1, 2, 3), keepdim=True) for x in (images, out))
    slope = (centred_out * centred_in).sum((1, 2, 3)) / centred_in.square().sum((1, 2, 3))
    assert torch.allclose(centred_out, centred_in * slope[:, None, None, None])
    assert 0.5 <= slope.min() < 0.6 and 1.4 < slope.max() <= 1.5
    shift = out.mean((1, 2, 3)) - images.mean((1, 2, 3))
    assert -0.5 <= shift.min() < -0.4 and 0.4 < shift.max() <= 0.5


def test_saturation_stretches_colour_and_leaves_grey() -> None:
    """Distances of the channels from their mean are stretched by 0 … 2 times the contrast; grey stays grey."""
    images = pictures(200, 3, 6, 6, dtype=torch.float64)
    out = seeded(color, images)
    before, after = ((x - x.mean(1, keepdim=True)).flatten(1).norm(dim=1) for x in (images, out))
    stretch = after / before
    assert stretch.min() < 0.1 and 1.8 < stretch.max() <= 3.0
    grey = seeded(color, images[:, :1].expand(-1, 3, -1, -1))
    assert torch.allclose(grey[:, 0], grey[:, 1]) and torch.allclose(grey[:, 1], grey[:, 2])


def test_translation_shifts_by_at_most_an_eighth_and_pads_with_the_middle() -> None:
    """16 × 24: up to 2 up or down and 3 to the sides, each way among 300 draws, all else exactly in its place."""
    images = pictures(300, 1, 16, 24)
    out = seeded(translation, images)
    found = set()
    for before, after in zip(images[:, 0], out[:, 0], strict=True):
        shifts = [(dy, dx) for dy in range(-2, 3) for dx in range(-3, 4) if torch.equal(after, shifted(before, dy, dx))]
        assert len(shifts) == 1
        found |= set(shifts)
    assert found == {(dy, dx) for dy in range(-2, 3) for dx in range(-3, 4)}


def shifted(picture: Tensor, dy: int, dx: int) -> Tensor:
    """out[y, x] = in[y + dy, x + dx], zero where that is outside."""
    h, w = picture.shape
    out = torch.zeros_like(picture)
    y0, y1, x0, x1 = max(0, -dy), min(h, h - dy), max(0, -dx), min(w, w - dx)
    out[y0:y1, x0:x1] = picture[y0 + dy : y1 + dy, x0 + dx : x1 + dx]
    return out


@pytest.mark.parametrize(("height", "width"), [(16, 16), (8, 20), (9, 9)])
def test_cutout_takes_one_box_of_about_half_the_side(height: int, width: int) -> None:
    """Rows c − h/4 … c + h/4 around a centre c in 0 … h, cut off at the border: between a quarter and half of each side
    (and one row more); what remains is untouched."""
    images = pictures(300, 2, height, width)
    out = seeded(cutout, images)
    hole = out[:, 0] == 0
    assert torch.equal(out, torch.where(hole[:, None], torch.zeros(()), images))
    rows, columns = hole.any(2), hole.any(1)
    assert torch.equal(hole, rows[:, :, None] & columns[:, None, :])  # a box and nothing but a box
    for taken, side in ((rows.sum(1), height), (columns.sum(1), width)):
        assert int(side / 4) <= taken.min() and taken.max() <= 2 * int(side / 4) + 1
        assert taken.min() < taken.max()


@EACH
def test_the_gradient_is_exact_and_so_is_its_own(operation: Operation) -> None:
    """Against finite differences in float64, for the same draws: first for ∂/∂x, then for the penalty's ∂²/∂x²."""
    images = pictures(2, 3, 5, 6, dtype=torch.float64).requires_grad_()
    weights = pictures(2, 3, 5, 6, dtype=torch.float64)

    def value(x: Tensor) -> Tensor:
        return (seeded(operation, x) ** 3 * weights).sum()

    assert torch.autograd.gradcheck(value, images)
    assert torch.autograd.gradgradcheck(value, images)


class Sum(nn.Module):
    """Remembers what it saw; its logit is Σ x²/2."""

    mixes_samples = False

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        self.seen = images
        return Judgement(images.flatten(1).square().sum(1) / 2)


def test_the_discriminator_sees_augmented_pictures_and_penalties_reach_through() -> None:
    """∂D(T(x))/∂x at the picture itself, T being cutout: x outside the hole, 0 inside; differentiable again."""
    judge = Augmented(Sum(), [DiffAugment(policy=("cutout",))])
    images = pictures(4, 1, 8, 8).requires_grad_()
    (gradient,) = torch.autograd.grad(judge(images).logits.sum(), images, create_graph=True)
    hole = judge.network.seen == 0
    assert hole.any() and torch.equal(gradient, torch.where(hole, torch.zeros(()), images))
    gradient.square().sum().backward()
    assert images.grad is not None and torch.allclose(images.grad, 2 * gradient)


def test_real_and_fake_have_draws_of_their_own() -> None:
    """Sides are judged in one call with one draw a picture, in their order: equal pictures look different."""
    judge = Augmented(Sum(), [DiffAugment()])
    same = pictures(1, 1, 8, 8).expand(8, -1, -1, -1)
    Key(0, 0, 0, 0).reseed()
    judge(torch.cat([same[:4], same[4:]]))
    real, fake = judge.network.seen.chunk(2)
    assert not any(torch.equal(a, b) for a, b in zip(real, fake, strict=True))


def test_the_strength_follows_its_schedule(tiny: Callable[..., Recipe]) -> None:
    """``augment.diffaugment.probability`` may be a schedule; at 0 the wrapped discriminator is the bare one. It
    follows from the images seen, so it is no part of the state."""
    rising = Schedule(start=0, end=1, shape="linear")
    recipe = tiny("sprint", "augment=diffaugment", f"augment.diffaugment.probability={rising.model_dump_json()}")
    assert recipe.model_dump()["augment"]["diffaugment"]["probability"] == rising.model_dump()
    (diffaugment,) = recipe.augment.values()
    game = recipe.game(torch.device("cpu"))
    judge = game.networks["discriminator"]
    images = pictures(3, 1, 8, 8)
    game.begin_round(0)
    assert torch.equal(judge(images).logits, judge.network(images).logits)
    game.begin_round(recipe.images // 2)
    assert float(judge.amount(diffaugment)) == 0.5
    assert judge.state_dict().keys() == {f"network.{name}" for name in judge.network.state_dict()}
    game.begin_round(recipe.images)
    assert not torch.equal(judge(images).logits, judge.network(images).logits)


def test_whether_samples_are_mixed_is_asked_of_what_is_inside() -> None:
    mixing = Sum()
    mixing.mixes_samples = True
    assert Augmented(mixing, [DiffAugment()]).mixes_samples and not Augmented(Sum(), [DiffAugment()]).mixes_samples
