"""What is added to a game against collapse and overconfidence: each trick against its formula, and where it must not
act. Statistics of the batch, packing, instance noise, label smoothing, unrolling; and dense networks with waves."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from ganvas.augment import Augmented, DiffAugment, InstanceNoise
from ganvas.contract.laws import LAWS
from ganvas.contract.trial import CONDITIONAL, HERE, UNCONDITIONAL, RandomPictures, Trial, recipe_for
from ganvas.errors import GanvasError
from ganvas.games.batch import Batch, Key, Place
from ganvas.games.duel import NEEDS, Duel
from ganvas.games.noise import NoiseTurn
from ganvas.games.term import penalty
from ganvas.games.unrolled import UnrolledTurn, Unrolling
from ganvas.latent.priors import Normal
from ganvas.losses.adversarial import AdversarialLoss, Hinge, LeastSquares, Minimax, NonSaturating, Relativistic
from ganvas.losses.penalties import R1
from ganvas.models.mlp import MLPDiscriminator, MLPGenerator
from ganvas.models.sprint import SprintDiscriminator
from ganvas.nn.judgement import Judgement
from ganvas.nn.minibatch import Attached, Deviation, Discrimination, Statistic
from ganvas.nn.packing import Packed
from ganvas.recipes.noise import NoiseRecipe
from ganvas.recipes.overrides import overridden
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import RECIPES
from ganvas.space import Classes, Space
from ganvas.training.loop import take_turn
from ganvas.training.plan import measure
from ganvas.training.run import Run
from ganvas.training.runtime import Runtime
from ganvas.training.session import Session

MakeRecipe = Callable[..., Recipe]
STATISTICS: dict[str, Statistic] = {"deviation": Deviation(), "discrimination": Discrimination()}
EACH = pytest.mark.parametrize("statistic", STATISTICS.values(), ids=STATISTICS.keys())
THIN = ("generator.width=4", "discriminator.width=4")


def double(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers in double precision, the same at every call."""
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def duel(judge: Callable[..., Judgement], real: Tensor, fake: Tensor, *needs: str) -> Duel:
    mix = torch.full((len(real), 1, 1, 1), 0.25, dtype=real.dtype)
    return Duel(judge, real, lambda: fake, None, frozenset(needs), mix)  # type: ignore[arg-type]


def refusal(name: str, *settings: str, space: Space = UNCONDITIONAL) -> str:
    with pytest.raises(GanvasError) as caught:
        overridden(RECIPES[name](space), settings)
    return str(caught.value)


# --- statistics of the batch ------------------------------------------------------------------------------------------


def closeness(features: Tensor, statistic: Discrimination) -> tuple[Tensor, Tensor]:
    """What the module says, and o(x_i)_b = 1/(N − 1) Σ_{j ≠ i} exp(−Σ_c |M_ibc − M_jbc|), written out."""
    torch.manual_seed(0)
    module = statistic.module(features.shape[1]).double()
    places = [(module.project.weight.detach() @ row).view(statistic.kernels, statistic.dimension) for row in features]
    n = len(features)
    written = torch.zeros(n, statistic.kernels, dtype=torch.float64)
    for i in range(n):
        for b in range(statistic.kernels):
            for j in range(n):
                if j != i:
                    distance = sum(abs(places[i][b][c] - places[j][b][c]) for c in range(statistic.dimension))
                    written[i, b] += math.exp(-float(distance)) / (n - 1)
    return module(features).detach(), written


def test_discrimination_is_the_papers_formula() -> None:
    said, written = closeness(double(5, 7), Discrimination(kernels=3, dimension=2))
    assert said.shape == (5, 3) and written.min() > 0.01 and written.max() < 0.99
    assert torch.allclose(said, written, rtol=1e-12)


def test_closeness_is_one_where_all_are_equal_and_zero_where_they_are_far_apart() -> None:
    """exp(0) = 1 for each of N − 1 others, their mean 1; at distances over 745 exp underflows to 0. One sample alone is
    close to nobody: 0 of 0 others counts as 0."""
    statistic = Discrimination(kernels=3, dimension=2)
    assert torch.equal(closeness(double(1, 7).expand(4, 7), statistic)[0], torch.ones(4, 3, dtype=torch.float64))
    assert torch.equal(closeness(1e5 * double(4, 7), statistic)[0], torch.zeros(4, 3, dtype=torch.float64))
    assert torch.equal(closeness(double(1, 7), statistic)[0], torch.zeros(1, 3, dtype=torch.float64))


def test_closeness_falls_with_distance() -> None:
    """The paper's sign: exp of *minus* the distance. Twice as far in every direction is less close for everybody."""
    statistic = Discrimination(kernels=3, dimension=2)
    near, far = (closeness(scale * double(5, 7), statistic)[0] for scale in (0.5, 1.0))
    assert (far < near).all()


def test_deviation_by_hand() -> None:
    """Features (0, 3, 6) and (1, 1, 1): variances (9 + 0 + 9)/3 = 6 and 0. Each with 10⁻⁸ beside it under the root, the
    mean is (√6.00000001 + 0.0001)/2, the same for all three samples."""
    features = torch.tensor([[0.0, 1.0], [3.0, 1.0], [6.0, 1.0]], dtype=torch.float64)
    spread = Deviation().module(2)(features)
    assert spread.shape == (3, 1)
    assert spread.flatten().tolist() == pytest.approx([(math.sqrt(6 + 1e-8) + 1e-4) / 2] * 3, rel=1e-12)


def test_deviation_is_smooth_where_all_samples_agree() -> None:
    """s = √(var + ε): at zero spread ds/df_i = 0 and d²s/df_i df_j = (δ_ij − 1/N)/(N √ε), for N = 3 and ε = 10⁻⁸
    (2/3)/(3 · 10⁻⁴) = 2222.2 on the diagonal and half of it, with the other sign, beside it; without ε both are nan."""

    def spread(features: Tensor) -> Tensor:
        return Deviation().module(1)(features[:, None])[0, 0]

    agreed = torch.full((3,), 0.5, dtype=torch.float64)
    assert torch.equal(torch.func.grad(spread)(agreed), torch.zeros(3, dtype=torch.float64))
    expected = (torch.eye(3, dtype=torch.float64) - 1 / 3) / (3 * 1e-4)
    assert torch.allclose(torch.func.hessian(spread)(agreed), expected, rtol=1e-9)


@EACH
def test_r1_is_finite_through_the_statistic_of_equal_pictures(statistic: Statistic) -> None:
    """The penalty's own backward pass is the second derivative, in float32 and on four times the same picture."""
    judge = SprintDiscriminator(width=4, minibatch=statistic).build(UNCONDITIONAL)
    real = torch.rand(1, 1, 16, 16).expand(4, -1, -1, -1)
    penalties = R1()(duel(judge, real, real, "real_logits", "real_gradient").gradient["real"])
    assert penalties.shape == (4,) and (penalties > 0).all()
    penalties.mean().backward()
    gradients = [p.grad for p in judge.parameters() if p.grad is not None]
    assert gradients and all(torch.isfinite(gradient).all() for gradient in gradients)


@EACH
def test_real_and_fake_are_judged_apart(statistic: Statistic) -> None:
    """A real picture's logit knows the other real ones and no fake, and the other way round; penalties and
    augmentations change nothing in that. In one batch with the fakes the same pictures get other logits."""
    torch.manual_seed(0)
    judge = SprintDiscriminator(width=4, minibatch=statistic).build(UNCONDITIONAL)
    real, fake, other = torch.rand(3, 4, 1, 16, 16) * 2 - 1
    augmented = Augmented(judge, [cuts := DiffAugment()])
    augmented.amount(cuts).zero_()
    for network in (judge, augmented):
        for needs in (("real_logits", "fake_logits"), tuple(NEEDS)):
            one, two = (duel(network, real, x, *needs) for x in (fake, 0.1 * other))
            assert torch.equal(one.real_logits, two.real_logits) and not torch.equal(one.fake_logits, two.fake_logits)
            assert torch.equal(duel(network, fake, real, *needs).fake_logits, one.real_logits)
    alone, together = judge(real).logits, judge(torch.cat([real, fake])).logits[:4]
    assert (alone - together).abs().max() > 1e-5
    company = torch.cat([real[:1], 0.1 * other[1:]])
    assert (judge(company).logits[0] - alone[0]).abs() > 1e-6


@pytest.mark.parametrize("kind", ["deviation", "discrimination"])
def test_the_generators_gradient_goes_through_the_statistic(tiny: MakeRecipe, kind: str) -> None:
    """A discriminator that looks at nothing but the statistic still teaches the generator; one that looks at nothing
    does not."""

    def slope(minibatch: str) -> float:
        trial = Trial(tiny("sprint", "loss=non-saturating", f"discriminator.minibatch={minibatch}"))
        linear = trial.game.networks["discriminator"].judge.linear
        with torch.no_grad():
            linear.weight.zero_()[:, 8 * 8 :] = 0.1  # behind the features
        player = trial.game.players[1]
        assert player.name == "generator"
        return float(take_turn(trial.game, player, trial.batches.at(0, 1), HERE)["gradient_norm"])

    assert slope(kind) > 1e-6 and slope("none") == 0.0


@EACH
@pytest.mark.parametrize("shape", [(5,), (5, 3, 2)], ids=["features", "maps"])
def test_the_statistic_stands_beside_the_features(statistic: Statistic, shape: tuple[int, ...]) -> None:
    """Features unchanged, then its numbers, constant over each map."""
    attached, features = Attached(statistic, math.prod(shape)), torch.randn(4, *shape)
    out = attached(features)
    assert out.shape == (4, 5 + statistic.size, *shape[1:]) and torch.equal(out[:, :5], features)
    numbers = out[:, 5:].flatten(2) if len(shape) > 1 else out[:, 5:, None]
    assert torch.equal(numbers[..., 0], attached.measure(features.flatten(1)))
    assert torch.equal(numbers, numbers[..., :1].expand_as(numbers))
    assert torch.equal(Attached(None, 5)(features), features) and Attached(None, 5).size == 0


# --- packing ----------------------------------------------------------------------------------------------------------


class Linear(nn.Module):
    """D(x) = ⟨w, x⟩ over everything that it is shown at once."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        return Judgement(images.flatten(1) @ self.weight)


class Straddling(Packed):
    """Packs that are spread over the batch: picture i with picture i + N/pack."""

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        order = torch.arange(len(images)).view(self.pack, -1).T.flatten()
        return super().forward(images[order], condition)


@pytest.mark.parametrize("pack", [2, 3])
def test_a_pack_gets_one_logit_that_depends_on_all_its_members_and_on_nobody_else(pack: int) -> None:
    """∂(logit k)/∂(picture i) is zero but for i = k·m … k·m + m − 1, where it is nowhere zero."""
    torch.manual_seed(0)
    judge = SprintDiscriminator(width=4, packing=pack).build(UNCONDITIONAL)
    images = torch.rand(12, 1, 16, 16).requires_grad_()
    logits = judge(images).logits
    assert logits.shape == (12 // pack,)
    for k, logit in enumerate(logits):
        (slope,) = torch.autograd.grad(logit, images, retain_graph=True)
        members = slope.flatten(1).abs().amax(1) > 0
        assert members.nonzero().flatten().tolist() == list(range(k * pack, (k + 1) * pack))


@pytest.mark.parametrize("pack", [1, 2, 3])
def test_penalties_are_those_of_a_pack(pack: int) -> None:
    """D(x_1 … x_m) = Σ⟨w, x_i⟩ has the gradient (w, …, w), of squared length m|w|²: R1 is γ/2 · m|w|² for each pack.
    Taken picture by picture it would be γ/2 · |w|²."""
    w, gamma = double(6), 3.0
    judge = Linear(w.repeat(pack)) if pack == 1 else Packed(Linear(w.repeat(pack)), pack)
    judge.mixes_samples = pack > 1
    fight = duel(judge, double(12, 1, 2, 3), double(12, 1, 2, 3, seed=1), "real_logits", "real_gradient")
    assert fight.gradient["real"].shape == (12 // pack, pack, 1, 2, 3)
    term = penalty(R1(gamma=gamma))
    values = term.weight_due * R1(gamma=gamma)(fight.gradient["real"])
    expected = gamma / 2 * pack * float(w.square().sum())
    assert values.shape == (12 // pack,) and values.tolist() == pytest.approx([expected] * (12 // pack), rel=1e-12)


@pytest.mark.parametrize("pack", [2, 3, 4])
@pytest.mark.parametrize("name", ["sprint", "r3gan"])
def test_packs_do_not_straddle_parts(name: str, pack: int) -> None:
    """Two parts give the weights of one, and the trial takes a batch that both can be packed in: 4, 12, 8."""
    width = "8" if name == "r3gan" else "4"
    settings = (f"generator.width={width}", f"discriminator.width={width}", f"discriminator.packing={pack}", "batch=48")
    recipe = recipe_for(lambda space: overridden(RECIPES[name](space), settings), UNCONDITIONAL)
    assert recipe.batch == {2: 4, 3: 12, 4: 8}[pack]
    LAWS["accumulates exactly"](recipe)


def test_packs_that_straddle_parts_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law looks at packs without excuse; statistics of the batch are excused, as nobody can keep it with them."""
    recipe = recipe_for(lambda s: overridden(RECIPES["sprint"](s), (*THIN, "discriminator.packing=2")), UNCONDITIONAL)
    monkeypatch.setattr("ganvas.models.networks.Packed", Straddling)
    with pytest.raises(AssertionError, match="differs between one part and two"):
        LAWS["accumulates exactly"](recipe)
    mixing = recipe.but(discriminator=SprintDiscriminator(width=4, packing=2, minibatch=Deviation()))
    LAWS["accumulates exactly"](mixing)


@pytest.mark.parametrize("wrapped", [False, True])
def test_what_mixes_samples_says_so(wrapped: bool) -> None:
    """Only then are real and fake judged apart; asked through augmentations too."""
    for config, mixes in (
        (SprintDiscriminator(), False),
        (SprintDiscriminator(packing=2), True),
        (SprintDiscriminator(minibatch="deviation"), True),
        (SprintDiscriminator(minibatch="discrimination", packing=2), True),
    ):
        judge: Any = config.build(UNCONDITIONAL)
        assert (Augmented(judge, [DiffAugment()]) if wrapped else judge).mixes_samples is mixes


def test_a_recipe_with_large_packs_is_measured_before_it_starts() -> None:
    """The probing round has 8 pictures, which do not divide into packs of three; then it has the recipe's own batch."""
    settings = (*THIN, "discriminator.packing=3", "batch=12")
    recipe = overridden(RECIPES["sprint"](UNCONDITIONAL), settings)
    data: Any = RandomPictures.of(UNCONDITIONAL)
    assert measure(recipe, data, HERE, seconds=0.01).images_per_second > 0


# --- what cannot be packed, and what may stand beside a statistic -----------------------------------------------------


def test_packs_of_several_classes_are_refused() -> None:
    reason = refusal("sprint", "discriminator.packing=2", space=CONDITIONAL)
    assert "which may be of several classes" in reason and "--labels none" in reason
    assert overridden(RECIPES["sprint"](UNCONDITIONAL), ["discriminator.packing=2"]).unsound() is None
    assert overridden(RECIPES["sprint"](CONDITIONAL), ["discriminator.packing=1"]).unsound() is None


def test_a_batch_that_does_not_divide_into_packs_is_refused() -> None:
    """64 pictures are no threes; in 4 parts of 16 they are eights, in 16 parts of 4 they are not."""
    assert "64 pictures at once do not divide into packs of 3" in refusal("sprint", "discriminator.packing=3")
    assert "4 pictures at once do not" in refusal("sprint", "discriminator.packing=8", "parts=16")
    overridden(RECIPES["sprint"](UNCONDITIONAL), ["discriminator.packing=8", "parts=4"])


def test_each_process_must_be_able_to_pack_its_share(tmp_path: Path) -> None:
    """64 pictures are 16 packs of four, but the 2 that each of 32 processes gets are none."""
    recipe = overridden(RECIPES["sprint"](UNCONDITIONAL), [*THIN, "discriminator.packing=4"])
    data: Any = RandomPictures.of(UNCONDITIONAL)
    with pytest.raises(GanvasError, match="on each of 32 processes: 2 pictures at once do not divide into packs of 4"):
        Session(recipe, data, Run(tmp_path), Runtime(Place(torch.device("cpu"), 0, 32)))
    Session(recipe, data, Run(tmp_path), Runtime(Place(torch.device("cpu"), 0, 16)))


def test_penalties_want_no_batch_normalisation_but_bear_a_statistic() -> None:
    """Batch normalisation couples every gradient; a statistic is one more feature, and ProGAN has it beside its
    penalty."""
    for settings in ((), ("discriminator.minibatch=deviation",), ("discriminator.packing=2",)):
        assert "batch normalisation" in refusal("dcgan", "penalties=r1", *settings)
        assert overridden(RECIPES["wgan-gp"](UNCONDITIONAL), settings).unsound() is None
        assert overridden(RECIPES["sprint"](UNCONDITIONAL), settings).unsound() is None


# --- instance noise ---------------------------------------------------------------------------------------------------


class Watching(nn.Module):
    """Remembers what it saw, call after call."""

    mixes_samples = False

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        self.seen.append(images)
        return Judgement(images.flatten(1).sum(1))


def test_instance_noise_adds_its_variance_to_real_and_fake_alike() -> None:
    """σ = .3 adds .09. The variance of M = 64·3·16·16 = 49152 normal numbers deviates by √(2/M) = .64 % of itself:
    within five of them, 3.2 %; their mean is within 5σ/√M = .0068 of 0. A grey picture takes it as a random one does,
    and no two pictures, real or fake, get the same."""
    judge = Augmented(Watching(), [noise := InstanceNoise(sigma=0.3)])
    judge.amount(noise).fill_(0.3)
    real, fake = torch.zeros(64, 3, 16, 16), torch.rand(64, 3, 16, 16)
    Key(0, 0, 0, 0).reseed()
    fight = duel(judge, real, fake, "real_logits", "fake_logits")
    assert fight.real_logits.shape == (64,)
    added = [seen - side for seen, side in zip(judge.network.seen[0].chunk(2), (real, fake), strict=True)]
    for side in added:
        assert float(side.var()) == pytest.approx(0.09, rel=5 * math.sqrt(2 / side.numel()))
        assert abs(float(side.mean())) < 5 * 0.3 / math.sqrt(side.numel())
    pixels = torch.cat(added).flatten(1)
    # two independent ones of 768 numbers have a correlation of deviation 1/√768 = .036; 8128 pairs stay below six
    correlations = torch.corrcoef(pixels) - torch.eye(128)
    assert correlations.abs().max() < 6 / math.sqrt(768)


def test_instance_noise_is_drawn_from_the_turns_seed() -> None:
    images, amount = torch.rand(4, 1, 8, 8), torch.tensor(0.1)

    def drawn(shard: int) -> Tensor:
        Key(0, 0, 0, shard).reseed()
        return InstanceNoise()(images, amount)

    assert torch.equal(drawn(0), drawn(0)) and not torch.equal(drawn(0), drawn(1))


def test_instance_noise_fades_to_exactly_nothing(tiny: MakeRecipe) -> None:
    """σ falls from .1 in a straight line: .05 halfway, 0 at the end and ever after, where the pictures are seen to the
    bit as they are."""
    recipe = tiny("sprint", "augment=instance-noise")
    game = recipe.game(torch.device("cpu"))
    judge, images = game.networks["discriminator"], torch.rand(3, 1, 8, 8)
    (noise,) = judge.augments
    for share, sigma in ((0.0, 0.1), (0.5, 0.05), (1.0, 0.0), (1.5, 0.0)):
        game.begin_round(round(share * recipe.images))
        assert float(judge.amount(noise)) == pytest.approx(sigma, rel=2**-23)
        same = torch.equal(judge(images).logits, judge.network(images).logits)
        assert same == (sigma == 0.0)


def test_augmentations_are_named_one_by_one_and_old_recipes_are_still_read() -> None:
    """A list of kinds, one of them with a field set; what was once a single augmentation or null means the same."""
    make: Callable[..., Any] = lambda *s: overridden(RECIPES["sprint"](UNCONDITIONAL), s)  # noqa: E731
    both = make("augment=diffaugment,instance-noise", "augment.instance-noise.sigma=0.5->0")
    assert list(both.augment) == ["diffaugment", "instance-noise"] and both.augment["instance-noise"].sigma.start == 0.5
    assert NoiseRecipe.model_validate_json(both.model_dump_json()) == both
    written = both.model_dump(mode="json")
    assert NoiseRecipe.model_validate(written | {"augment": None}).augment == {}
    once = {"kind": "diffaugment", "probability": 0.25}
    assert NoiseRecipe.model_validate(written | {"augment": once}).augment == {
        "diffaugment": DiffAugment(probability=0.25)
    }
    assert "augment cannot be 'diffaug'; did you mean 'diffaugment'?" in refusal("sprint", "augment=diffaug")


# --- label smoothing --------------------------------------------------------------------------------------------------

SMOOTHED = pytest.mark.parametrize("loss", [Minimax, NonSaturating], ids=lambda loss: loss.__name__)


@SMOOTHED
@pytest.mark.parametrize("s", [0.0, 0.1, 0.4])
@pytest.mark.parametrize(("p", "q"), [(1.0, 1.0), (3.0, 1.0), (0.2, 5.0)])
def test_the_best_answer_to_smoothed_labels(loss: type[Minimax], s: float, p: float, q: float) -> None:
    """Where real density is p and fake density q, D minimises
    V(l) = p · [−(1 − s) log σ(l) − s log(1 − σ(l))] − q · log(1 − σ(l)),
    V′(l) = p · [σ(l) − (1 − s)] + q · σ(l) = 0, so σ(l*) = (1 − s) · p/(p + q): the old optimum, scaled.
    Two-sided smoothing would add s·q/(p + q), which pulls up D where there is no data at all."""
    smooth = loss(label_smoothing=s)
    best = (1 - s) * p / (p + q)
    logit = torch.tensor([math.log(best / (1 - best))], dtype=torch.float64)

    def value(l: Tensor) -> Tensor:  # noqa: E741
        rest = torch.zeros_like(l)  # each side by itself; the other stands still
        return p * smooth.discriminator(l, rest) + q * smooth.discriminator(rest, l)

    leaf = logit.clone().requires_grad_()
    (slope,) = torch.autograd.grad(value(leaf).sum(), leaf)
    assert abs(float(slope)) < 1e-14 * (p + q) * 10
    assert all(float(value(logit + step)) > float(value(logit)) for step in (-1e-2, 1e-2))
    written = p * (-(1 - s) * logsigmoid(logit) - s * logsigmoid(-logit)) - q * logsigmoid(-logit)
    rest = float(value(torch.zeros(1, dtype=torch.float64))) - (p + q) * math.log(2)  # V(0) = (p + q) · log 2
    assert float(value(logit)) - rest == pytest.approx(float(written), rel=1e-12)


@SMOOTHED
def test_no_smoothing_is_the_old_loss_to_the_bit(loss: type[Minimax]) -> None:
    """+ 0 · l is exact, in value and gradient; and the generator's side never hears of smoothing."""
    real, fake = (20 * torch.randn(2, 1000)).requires_grad_().unbind()
    old, new = softplus(-real) + softplus(fake), loss().discriminator(real, fake)
    assert torch.equal(old, new)
    for a, b in zip(*(torch.autograd.grad(x.sum(), (real, fake), retain_graph=True) for x in (old, new)), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(loss(label_smoothing=0.3).generator(None, fake), loss().generator(None, fake))
    assert not torch.equal(loss(label_smoothing=0.3).discriminator(real, fake), new)


@pytest.mark.parametrize("loss", [Hinge, LeastSquares, Relativistic], ids=lambda loss: loss.__name__)
def test_losses_without_labels_refuse_smoothing(loss: type[AdversarialLoss]) -> None:
    with pytest.raises(ValidationError, match="label_smoothing"):
        loss.model_validate({"label_smoothing": 0.1})
    assert "loss has no 'label_smoothing'" in refusal("sprint", "loss.label_smoothing=0.1")


@pytest.mark.parametrize("wrong", [-0.1, 1.0])
def test_a_label_is_smoothed_by_less_than_all_of_it(wrong: float) -> None:
    assert "label_smoothing" in refusal("dcgan", f"loss.label_smoothing={wrong}")


# --- unrolling --------------------------------------------------------------------------------------------------------


class Shift(nn.Module):
    """g(z) = z + θ; the latents are given."""

    def __init__(self, latents: Tensor) -> None:
        super().__init__()
        self.latents, self.theta = latents, nn.Parameter(torch.tensor(1.5, dtype=torch.float64))

    @property
    def prior(self) -> Shift:
        return self

    def draw(self, count: int, device: torch.device) -> Tensor:
        return self.latents

    def forward(self, z: Tensor, condition: None = None) -> Tensor:
        return z + self.theta


class Logistic(nn.Module):
    """D(x) = φ₀ + φ₁x."""

    mixes_samples = False

    def __init__(self) -> None:
        super().__init__()
        self.phi = nn.Parameter(torch.tensor([-0.5, 0.8], dtype=torch.float64))

    def forward(self, x: Tensor, condition: None = None) -> Judgement:
        return Judgement(self.phi[0] + self.phi[1] * x)


LOSS, RATE = NonSaturating(), 0.7
REAL, LATENTS, PHI = double(6), double(6, seed=1), torch.tensor([-0.5, 0.8], dtype=torch.float64)


def toy(steps: int) -> UnrolledTurn:
    """Six numbers against six."""
    networks = {"generator": Shift(LATENTS), "discriminator": Logistic().requires_grad_(False)}
    batch = Batch(REAL, None, Key(0, 0, 1, 0))
    return Unrolling(LOSS.discriminator, steps, RATE)(networks, batch, frozenset({"fake_logits"}))


def slope_by_hand(phi: Tensor, fake: Tensor) -> Tensor:
    """∂L_D/∂φ = mean of (σ(D(x)) − 1) · (1, x) + mean of σ(D(g)) · (1, g)."""
    on_real, on_fake = (torch.sigmoid(phi[0] + phi[1] * x) for x in (REAL, fake))
    return torch.stack([(on_real - 1).mean() + on_fake.mean(), ((on_real - 1) * REAL).mean() + (on_fake * fake).mean()])


def generators_loss(theta: float, steps: int) -> float:
    """The whole of what the generator minimises, as a function of θ, by hand."""
    fake, phi = LATENTS + theta, PHI
    for _ in range(steps):
        phi = phi - RATE * slope_by_hand(phi, fake)
    return float(softplus(-(phi[0] + phi[1] * fake)).mean())


@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_the_discriminator_ahead_has_taken_so_many_steps(steps: int) -> None:
    """φ ← φ − λ ∂L_D/∂φ, each against the same fakes; the fakes are then judged by the last one."""
    turn, phi = toy(steps), PHI
    for _ in range(steps):
        phi = phi - RATE * slope_by_hand(phi, LATENTS + 1.5)
    assert torch.allclose(turn.weights["phi"], phi, rtol=1e-13)
    (fight,) = turn.duels
    assert torch.allclose(fight.fake_logits, phi[0] + phi[1] * (LATENTS + 1.5), rtol=1e-13)
    own = turn.networks["discriminator"].phi
    assert torch.equal(own, PHI) and own.grad is None and not own.requires_grad


@pytest.mark.parametrize("steps", [1, 3])
def test_the_generator_differentiates_through_the_steps(steps: int) -> None:
    """Central differences of step 10⁻⁵ are good to 10⁻¹⁰ (curvature) and 2·10⁻¹⁶/10⁻⁵ = 2·10⁻¹¹ (rounding). With the
    weights ahead held fixed the slope is another one: what is missing is the discriminator's own answer to θ."""
    turn = toy(steps)
    theta = turn.networks["generator"].theta
    (slope,) = torch.autograd.grad(LOSS.generator(None, turn.duels[0].fake_logits).mean(), theta)
    difference = (generators_loss(1.5 + 1e-5, steps) - generators_loss(1.5 - 1e-5, steps)) / 2e-5
    assert float(slope) == pytest.approx(difference, abs=1e-9)
    phi = turn.weights["phi"].detach()
    held = torch.autograd.grad(softplus(-(phi[0] + phi[1] * turn.networks["generator"](LATENTS))).mean(), theta)[0]
    assert abs(float(held) - float(slope)) > 1e-2


def test_the_second_order_term_by_hand() -> None:
    """One step: ∂φ'/∂θ = −λ · mean of [σ′(D(g)) φ₁ · (1, g) + σ(D(g)) · (0, 1)], and
    dL_G/dθ = mean of −σ(−D'(g)) · (φ₁' + ∂φ₀'/∂θ + ∂φ₁'/∂θ · g)."""
    fake = LATENTS + 1.5
    said = torch.sigmoid(PHI[0] + PHI[1] * fake)
    bend = said * (1 - said) * PHI[1]
    turning = -RATE * torch.stack([bend.mean(), (bend * fake + said).mean()])
    ahead = PHI - RATE * slope_by_hand(PHI, fake)
    doubt = torch.sigmoid(-(ahead[0] + ahead[1] * fake))
    expected = float((-doubt * (ahead[1] + turning[0] + turning[1] * fake)).mean())
    turn = toy(1)
    loss = LOSS.generator(None, turn.duels[0].fake_logits).mean()
    (slope,) = torch.autograd.grad(loss, turn.networks["generator"].theta)
    assert float(slope) == pytest.approx(expected, rel=1e-12)


def test_no_steps_are_the_plain_turn(tiny: MakeRecipe) -> None:
    """The discriminator's turn stays plain; so does the generator's until there are steps."""
    plain, ahead = tiny("sprint").players(), tiny("sprint", "unroll.steps=3", "unroll.lr=0.2").players()
    assert [player.turn for player in plain] == [NoiseTurn, NoiseTurn] and ahead[0].turn is NoiseTurn
    unrolling = ahead[1].turn
    assert isinstance(unrolling, Unrolling) and (unrolling.steps, unrolling.lr) == (3, 0.2)
    assert all("unroll" in refusal("sprint", setting) for setting in ("unroll.steps=-1", "unroll.lr=0"))


SURROUNDINGS = {
    "plain": ("sprint",),
    "batch normalisation": ("dcgan",),
    "spectral": ("sprint", "discriminator.spectral_norm=true"),
    "augmented": ("sprint", "augment=diffaugment,instance-noise"),
    "both": ("sprint", "discriminator.spectral_norm=true", "augment=diffaugment,instance-noise"),
    "packed": ("sprint", "discriminator.packing=2", "discriminator.minibatch=discrimination"),
}
AROUND = pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=SURROUNDINGS)


@AROUND
def test_looking_ahead_leaves_the_discriminator_where_it_stands(
    tiny: MakeRecipe, surroundings: tuple[str, ...]
) -> None:
    """After the generator's turn its weights, batch statistics, power-iteration vectors and gradients are as before,
    and the generator has moved elsewhere than it would have without looking."""
    moved = []
    for steps in (0, 2):
        trial = Trial(tiny(*surroundings, f"unroll.steps={steps}", "unroll.lr=1"))
        judge, generator = trial.game.networks["discriminator"], trial.game.players[1]
        before = copy.deepcopy(judge.state_dict())
        trial.game.begin_round(0)
        take_turn(trial.game, generator, trial.batches.at(0, 1), HERE)
        assert all(torch.equal(value, before[name]) for name, value in judge.state_dict().items())
        assert all(p.grad is None and p.requires_grad for p in judge.parameters())
        moved.append(torch.cat([p.grad.flatten() for p in trial.game.networks["generator"].parameters()]))
    assert torch.isfinite(moved[1]).all() and not torch.allclose(moved[0], moved[1], rtol=1e-3)


@AROUND
def test_the_gradient_is_exact_in_all_surroundings(tiny: MakeRecipe, surroundings: tuple[str, ...]) -> None:
    """A whole generator in double precision, its weights pushed along one direction, by central differences. The
    discriminator is in evaluation mode: power iterations are steps that nobody differentiates."""
    recipe = tiny(*surroundings, "unroll.steps=2", "unroll.lr=0.3")
    game = recipe.game(torch.device("cpu"))
    game.begin_round(0)
    generator, judge = (game.networks[role].double() for role in ("generator", "discriminator"))
    judge.eval()
    real, noise = double(4, *recipe.space.shape), double(4, 6, seed=1)
    names = [name for name, _ in generator.named_parameters()]
    values = [p.detach().clone() for p in generator.parameters()]
    ways = [double(*value.shape, seed=i) for i, value in enumerate(values)]

    def loss(push: float) -> Tensor:
        with torch.no_grad():
            for name, value, way in zip(names, values, ways, strict=True):
                generator.get_parameter(name).copy_(value + push * way)
        unrolling: Any = game.players[1].turn
        turn = unrolling(game.networks, Batch(real, None, Key(0, 0, 1, 0)), frozenset({"real_logits", "fake_logits"}))
        turn.noise = noise
        (fight,) = turn.duels
        return recipe.loss.generator(fight.real_logits, fight.fake_logits).mean()  # type: ignore[attr-defined]

    slopes = torch.autograd.grad(loss(0.0), list(generator.parameters()))
    along = sum(float((slope * way).sum()) for slope, way in zip(slopes, ways, strict=True))
    difference = float((loss(1e-6) - loss(-1e-6)).detach()) / 2e-6
    assert abs(along) > 1e-6 and along == pytest.approx(difference, rel=1e-4)


# --- dense networks ---------------------------------------------------------------------------------------------------

POINT = Space(channels=2, height=1, width=1)
SPACES = {
    "a point": POINT,
    "a point of a class": POINT.but(condition=Classes(names=("a", "b"))),
    "a picture": Space(channels=3, height=5, width=7),
}
ANYWHERE = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)


@ANYWHERE
@pytest.mark.parametrize("octaves", [0, 3])
def test_dense_networks_fit_any_space(space: Space, octaves: int) -> None:
    condition = torch.tensor([0, 1, 0, 1]) if space.condition else None
    generator = MLPGenerator(widths=(8,)).build(space, Normal(dimension=5))
    images = generator(torch.randn(4, 5), condition)
    assert images.shape == (4, *space.shape) and images.abs().max() <= 1
    judge = MLPDiscriminator(widths=(8, 8), octaves=octaves).build(space)
    assert judge(images, condition).logits.shape == (4,)
    if condition is not None:
        assert not torch.equal(judge(images, condition).logits, judge(images, 1 - condition).logits)


def test_the_kth_octave_has_a_wavelength_of_4_over_2_to_the_k() -> None:
    """A point moved by 4/2ᵏ has the same sines and cosines in octave k and all finer ones, since 4/2ᵏ is a whole number
    of their waves, and others in all coarser ones: half a wave in octave k − 1, where both change their sign. What goes
    into the first layer is x, then sines, then cosines, octave by octave for each number: 2 · (1 + 2 · 4) = 18."""
    judge: Any = MLPDiscriminator(widths=(8,), octaves=4).build(POINT)
    seen: list[Tensor] = []
    judge.layers[0].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))

    def waves(x: Tensor) -> tuple[Tensor, Tensor]:
        judge(x)
        assert seen[-1].shape == (len(x), 18) and torch.equal(seen[-1][:, :2], x.flatten(1))
        return seen[-1][:, 2:10].view(-1, 2, 4), seen[-1][:, 10:].view(-1, 2, 4)

    torch.manual_seed(0)
    x = torch.rand(5, 2, 1, 1) * 2 - 1
    at_home = waves(x)
    assert torch.allclose(at_home[0] ** 2 + at_home[1] ** 2, torch.ones(5, 2, 4), atol=1e-5)
    for k in range(4):
        for here, there in zip(at_home, waves(x + 4 / 2**k), strict=True):
            assert torch.allclose(here[..., k:], there[..., k:], atol=1e-4)
            if k:
                assert torch.allclose(here[..., k - 1], -there[..., k - 1], atol=1e-4)


@pytest.mark.parametrize(("output", "bounded"), [("tanh", True), ("linear", False)])
def test_only_linear_output_reaches_beyond_the_picture(output: Any, bounded: bool) -> None:
    """Data that may lie anywhere: with a last layer of a hundred times the weight, tanh stays within [−1, 1]."""
    generator: Any = MLPGenerator(widths=(8,), output=output).build(POINT, Normal(dimension=5))
    with torch.no_grad():
        generator.layers[-1].weight.mul_(100)
    assert (generator(torch.randn(50, 5)).abs().max() <= 1) == bounded


def test_dense_networks_take_every_trick() -> None:
    """A game of points with packs, statistic, spectral norm, noise and unrolling keeps the laws of shape and of the
    mover."""
    settings = (
        "generator=mlp",
        "discriminator=mlp",
        "discriminator.octaves=2",
        "discriminator.packing=2",
        "discriminator.minibatch=discrimination",
        "discriminator.spectral_norm=true",
        "augment=instance-noise",
        "unroll.steps=1",
    )
    recipe = recipe_for(lambda space: overridden(RECIPES["sprint"](space), settings), POINT)
    for law in ("shapes fit", "only the mover moves", "survives json"):
        LAWS[law](recipe)
