"""Duels, terms, players: who is asked how often, what counts, and that only the mover moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ganvas.contract.trial import HERE, UNCONDITIONAL, Trial, recipe_for, spaces_for
from ganvas.errors import GanvasError
from ganvas.games.batch import Batch, Key, Place
from ganvas.games.duel import NEEDS, Duel
from ganvas.games.game import Dial, Game
from ganvas.games.optimizers import Adam
from ganvas.games.paired import JudgingTurn, mismatched
from ganvas.games.player import Player
from ganvas.games.remember import remember
from ganvas.games.shared import Shared
from ganvas.games.term import Term, adversarial, penalty, reading
from ganvas.losses.adversarial import Hinge, Relativistic
from ganvas.losses.penalties import R1, R2, GradientPenalty
from ganvas.nn.judgement import Judgement
from ganvas.recipes.overrides import overridden
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import RECIPES
from ganvas.schedule import Schedule
from ganvas.training.loop import take_turn, train
from ganvas.training.runtime import Runtime

N = 5
MakeRecipe = Callable[..., Recipe]


class Judge(nn.Module):
    """A curved discriminator that remembers how many pictures each call brought."""

    def __init__(self, mixes_samples: bool = False) -> None:
        super().__init__()
        self.mixes_samples = mixes_samples
        self.weight = nn.Parameter(torch.randn(1, 2, 3, dtype=torch.float64))
        self.calls: list[int] = []

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        self.calls.append(len(images))
        logits = (images * self.weight + images**3).flatten(1).sum(1)
        return Judgement(logits if condition is None else logits * condition)


def duel(*needs: str, judge: Judge | None = None, condition: Tensor | None = None) -> Duel:
    """A duel over five pictures of 1×2×3, the same at every call."""
    random = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, N, 1, 2, 3, dtype=torch.float64, generator=random)
    mix = torch.rand(N, 1, 1, 1, dtype=torch.float64, generator=random)
    return Duel(judge or Judge(), real, lambda: fake, condition, frozenset(needs), mix)


def test_one_discriminator_call_judges_every_side_that_is_differentiated() -> None:
    d = duel(*NEEDS)
    assert d.discriminator.calls == []  # nothing runs before it is asked for
    assert d.real_logits.shape == d.fake_logits.shape == (N,)
    assert d.gradient.keys() == {"real", "fake", "between"}
    assert d.discriminator.calls == [3 * N]


@pytest.mark.parametrize(
    ("needs", "calls"),
    [
        (["real_logits", "fake_logits"], [2 * N]),
        (["real_logits", "fake_logits", "real_gradient", "fake_gradient"], [2 * N]),
        (["real_logits", "fake_logits", "between_gradient"], [2 * N, N]),
        (["real_logits", "fake_logits", "real_gradient"], [N, N]),
        (["fake_logits"], [N]),
    ],
    ids=["loss", "r1 and r2", "gradient penalty", "r1", "generator"],
)
def test_sides_that_are_not_differentiated_have_a_call_of_their_own(needs: list[str], calls: list[int]) -> None:
    """A second backward pass goes through a whole call, so what it does not need is judged apart; no more than two."""
    d = duel(*needs)
    _ = d.judgements
    assert d.discriminator.calls == calls


def test_a_network_that_mixes_samples_is_called_once_a_side() -> None:
    d = duel("real_logits", "fake_logits", judge=Judge(mixes_samples=True))
    _ = d.real_logits, d.fake_logits
    assert d.discriminator.calls == [N, N]


@pytest.mark.parametrize("mixes", [False, True])
def test_each_side_is_judged_as_if_alone_with_its_condition(mixes: bool) -> None:
    """One call or three, in the fixed order real, fake, between: the same numbers for a network that does not mix."""
    condition = torch.arange(1.0, N + 1, dtype=torch.float64)
    d = duel(*NEEDS, judge=Judge(mixes), condition=condition)
    assert list(d.pictures) == ["real", "fake", "between"]
    for side, pictures in d.pictures.items():
        assert torch.equal(d.judgements[side].logits, d.discriminator(pictures, condition).logits)


def test_only_what_is_needed_is_made_and_judged() -> None:
    """A duel that needs the real side only never runs the generator."""

    def never() -> Tensor:
        raise AssertionError("the generator was run for nothing")

    judge = Judge()
    only_real = Duel(judge, torch.zeros(N, 1, 2, 3), never, None, frozenset({"real_logits"}), torch.zeros(N, 1, 1, 1))
    assert only_real.judgements.keys() == {"real"} and judge.calls == [N]


def test_points_between_lie_on_the_lines_from_fake_to_real() -> None:
    """x̂ = εx + (1 − ε)g."""
    d = duel(*NEEDS)
    real, fake, between = d.pictures.values()
    mix = ((between - fake) / (real - fake)).detach()
    assert torch.allclose(mix, mix[:, :1, :1, :1].expand_as(mix)) and mix.min() >= 0 and mix.max() <= 1


def test_all_gradients_are_one_autograd_call_and_equal_separate_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum of logits over samples and sides has each sample's own gradient, for no sample sees another."""
    d = duel(*NEEDS)
    separate = {}
    for side, pictures in d.pictures.items():
        leaf = pictures.detach().requires_grad_()
        separate[side] = torch.autograd.grad(d.discriminator(leaf).logits.sum(), leaf)[0]
    calls, grad = [], torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *a, **k: calls.append(1) or grad(*a, **k))
    assert all(gradient.shape == (N, 1, 1, 2, 3) for gradient in d.gradient.values())  # a row a logit, of one picture
    assert all(torch.allclose(d.gradient[side][:, 0], separate[side], rtol=1e-14) for side in separate)
    _ = d.gradient
    assert calls == [1]


def test_the_gradient_can_be_differentiated_again() -> None:
    """∇D = w + 3x², so ∂(Σ ½|∇D|²)/∂w = Σ(w + 3x²)."""
    d = duel("real_gradient")
    R1()(d.gradient["real"]).sum().backward()
    expected = (d.discriminator.weight + 3 * d.pictures["real"] ** 2).sum(0)
    assert torch.allclose(d.discriminator.weight.grad, expected)


def test_a_fake_with_a_graph_keeps_it() -> None:
    """In the generator's turn a gradient at the fakes must still reach the generator."""
    scale = torch.ones((), dtype=torch.float64, requires_grad=True)
    pictures = torch.randn(N, 1, 2, 3, dtype=torch.float64)
    d = Duel(Judge(), pictures, lambda: pictures * scale, None, frozenset({"fake_gradient"}), torch.zeros(N, 1, 1, 1))
    R2()(d.gradient["fake"]).sum().backward()
    assert scale.grad is not None and scale.grad != 0


def test_terms_ask_for_what_they_look_at() -> None:
    assert adversarial(Hinge(), "discriminator").needs == {"real_logits", "fake_logits"}
    assert adversarial(Hinge(), "generator").needs == {"fake_logits"}
    assert adversarial(Relativistic(), "generator").needs == {"real_logits", "fake_logits"}
    assert {next(iter(penalty(p()).needs)) for p in (R1, R2, GradientPenalty)} == {
        "real_gradient",
        "fake_gradient",
        "between_gradient",
    }


def test_a_lazy_term_is_due_every_kth_round_at_k_times_the_weight() -> None:
    """R1 at γ = ½ every 4th round: due at 0, 4, 8 with weight 2, the same on average; schedules are followed."""
    lazy = penalty(R1(gamma=Schedule(start=0.5, end=0.0, shape="linear"), every=4))
    player = Player("d", ("d",), lambda *a: None, (lazy, reading("real_logits")), "d")  # type: ignore[arg-type,return-value]
    due = [round for round in range(9) if lazy in player.terms_due(round)]
    assert due == [0, 4, 8] and float(lazy.weight_due) == 2.0
    lazy.schedule(0.5)
    assert float(lazy.weight_due) == 1.0


def gradients_after(trial: Trial, round: int = 0) -> dict[str, Tensor]:
    """The discriminator's gradients of its turn in a round."""
    player = trial.game.players[0]
    take_turn(trial.game, player, trial.batches.at(round, 0), HERE)
    return {name: p.grad.clone() for name, p in trial.game.networks["discriminator"].named_parameters()}


def test_lazy_weights_reach_the_gradient(tiny: MakeRecipe) -> None:
    """At a due round: gradient with γ every 4 = gradient with 4γ every round; at another one the penalty is absent."""
    bare = gradients_after(Trial(tiny("sprint", "penalties=none")), round=1)
    every = ("penalties=r1", "penalties.r1.gamma=0.5", "penalties.r1.every=4")
    due = gradients_after(Trial(tiny("sprint", *every)))
    heavy = gradients_after(Trial(tiny("sprint", "penalties=r1", "penalties.r1.gamma=2")))
    absent = gradients_after(Trial(tiny("sprint", *every)), round=1)
    assert all(torch.allclose(due[name], heavy[name], atol=1e-7) for name in due)
    assert all(torch.equal(absent[name], bare[name]) for name in bare)


@pytest.mark.parametrize("augment", ["none", "diffaugment"])
def test_the_order_of_terms_changes_nothing(tiny: MakeRecipe, augment: str) -> None:
    """Randomness is drawn when the turn is made or in the fixed order of sides: whoever asks first sees the same."""
    recipe = tiny("sprint", "penalties.r1.every=1", "penalties.r2.every=1", f"augment={augment}")
    straight, turned = Trial(recipe), Trial(recipe)
    turned.game.players = tuple(replace(p, terms=p.terms[::-1]) for p in turned.game.players)
    for number, (a, b) in enumerate(zip(straight.game.players, turned.game.players, strict=True)):
        one = take_turn(straight.game, a, straight.batches.at(0, number), HERE)
        other = take_turn(turned.game, b, turned.batches.at(0, number), HERE)
        assert one.keys() == other.keys()
        assert all(torch.allclose(one[name], other[name], rtol=1e-5) for name in one)
    assert all(torch.allclose(w, turned.weights()[name], atol=1e-6) for name, w in straight.weights().items())


def test_a_reading_is_reported_and_never_differentiated(tiny: MakeRecipe) -> None:
    """Even one that is nan leaves the weights as they would be without it."""
    recipe = tiny("sprint")
    with_it, without = Trial(recipe), Trial(recipe)
    broken = Term("broken", frozenset(), lambda turn: torch.full((4,), torch.nan, requires_grad=True), weight=0.0)
    discriminator, generator = with_it.game.players
    with_it.game.players = (replace(discriminator, terms=(broken, *discriminator.terms)), generator)
    with_it.play(1), without.play(1)
    assert torch.isnan(torch.tensor(with_it.progress.means()["discriminator/broken"]))
    assert all(torch.equal(w, without.weights()[name]) for name, w in with_it.weights().items())


def test_reports_are_unweighted_detached_and_averaged_over_parts(tiny: MakeRecipe) -> None:
    recipe = tiny("sprint", "penalties.r1.gamma=1000", "parts=2")
    trial = Trial(recipe)
    player, batch = trial.game.players[0], trial.batches.at(0, 0)
    trial.game.begin_round(0)
    expected = torch.stack([player.terms[1](player.sees(trial.game.networks, part)).mean() for part in batch.split()])
    found = take_turn(trial.game, player, batch, HERE)
    assert not any(value.requires_grad for value in found.values())
    assert float(found["r1"]) == pytest.approx(float(expected.mean().detach()), rel=1e-5)
    assert found.keys() == {"adversarial", "r1", "r2", "real_logits", "fake_logits", "gradient_norm"}


def idle(name: str, updates: int = 1, every: int = 1) -> Player:
    return Player(name, (), lambda *a: None, (), name, updates, every)  # type: ignore[arg-type,return-value]


def test_who_moves_in_a_round_and_how_often() -> None:
    """The lecture's flow: D n_iter_discrim times, then G n_iter_gen times; lazy players when they are due."""
    game = Game({}, (idle("d", updates=3), idle("lazy", every=4), idle("g", updates=2)), {}, horizon=1)
    orders = [[player.name for player in game.players_of(round)] for round in (0, 1, 4)]
    assert orders == [["d", "d", "d", "lazy", "g", "g"], ["d", "d", "d", "g", "g"], orders[0]]
    assert game.turns == 6


def test_the_loop_takes_those_turns_and_counts_the_pictures_of_one_batch_a_round(tiny: MakeRecipe) -> None:
    trial, trace = Trial(tiny("sprint", "updates.discriminator=3", "updates.generator=2")), []
    for player in trial.game.players:
        seen = player.turn
        see = lambda n, b, needs, player=player, seen=seen: trace.append((player.name, b.key.turn)) or seen(n, b, needs)  # noqa: E731
        trial.game.players = tuple(replace(p, turn=see) if p is player else p for p in trial.game.players)
    trial.play(2)
    assert trace == [(("discriminator", "generator")[turn > 2], turn) for turn in range(5)] * 2
    assert (trial.progress.images, trial.progress.round) == (2 * trial.recipe.batch, 2)


def test_training_stops_at_the_asked_images_and_calls_back_after_every_round(tiny: MakeRecipe) -> None:
    """10 pictures in batches of 4 are three rounds; a finished run does nothing more."""
    trial, seen = Trial(tiny("sprint")), []
    for _ in range(2):
        train(
            trial.game, trial.batches, trial.progress, 10, HERE, [lambda game, progress: seen.append(progress.images)]
        )
    assert seen == [4, 8, 12]


def test_schedules_are_written_before_every_round() -> None:
    """Pure functions of images / horizon: a jump to any round writes what walking there would."""
    written: list[float] = []
    weight = nn.Linear(1, 1)
    adam = Adam(lr=Schedule(start=1, end=0, shape="linear"), beta1=0.5, beta2=Schedule(start=0.9, end=0.99))
    optimizer = adam.build(weight.parameters())
    term = Term("t", frozenset(), lambda turn: torch.zeros(1), weight=Schedule(start=0, end=8, shape="linear"))
    player = replace(idle("p"), terms=(term,))
    game = Game({}, (player,), {}, 100, (Dial(Schedule(start=0, end=4), written.append), *adam.dials(optimizer)))
    game.begin_round(50)
    assert written == [pytest.approx(2.0)] and float(term.weight_due) == 4.0
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert optimizer.param_groups[0]["betas"] == (0.5, pytest.approx(0.945))
    game.begin_round(300)  # beyond the horizon everything stays at its last value
    assert written[1] == 4.0 and optimizer.param_groups[0]["lr"] == 0.0


class WithBuffers(nn.Module):
    """Batch statistics and spectral-norm vectors, both of which change at every call in training."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(3, 3)), nn.BatchNorm1d(3))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out


def two_networks() -> tuple[Game, Player]:
    networks: dict[str, nn.Module] = {"mover": WithBuffers(), "other": WithBuffers()}
    mover = replace(idle("mover"), moves=("mover",))
    optimizer = torch.optim.SGD(networks["mover"].parameters(), lr=0.1)
    return Game(networks, (mover,), {"mover": optimizer}, horizon=1), mover


def test_others_come_back_exactly_as_they_were_and_stay_in_training_mode() -> None:
    game, mover = two_networks()
    before = {role: {k: v.clone() for k, v in n.state_dict().items()} for role, n in game.networks.items()}
    with game.only(mover):
        for network in game.networks.values():
            network(torch.randn(8, 3))
    changed = {
        role: [k for k, v in n.state_dict().items() if not v.equal(before[role][k])]
        for role, n in game.networks.items()
    }
    assert changed["other"] == [] and "layers.1.running_mean" in changed["mover"]
    assert any("_u" in name for name in changed["mover"])
    assert all(network.training for network in game.networks.values())


def test_others_come_back_even_when_a_turn_fails() -> None:
    game, mover = two_networks()
    before = game.networks["other"].layers[1].running_mean.clone()
    with pytest.raises(ZeroDivisionError), game.only(mover):
        game.networks["other"](torch.randn(8, 3))
        raise ZeroDivisionError
    assert torch.equal(game.networks["other"].layers[1].running_mean, before)


def test_no_gradient_reaches_the_others() -> None:
    """Their weights are frozen, so what they make has no graph unless the mover is in it."""
    game, mover = two_networks()
    with game.only(mover):
        made = game.networks["other"](torch.randn(8, 3))
        assert not made.requires_grad
        game.networks["other"](game.networks["mover"](torch.randn(8, 3))).sum().backward()
    assert all(p.grad is None for p in game.networks["other"].parameters())
    assert all(p.grad is not None for p in game.networks["mover"].parameters())


@pytest.mark.parametrize("role", ["mover", "other"])
def test_a_frozen_weight_stays_frozen(role: str) -> None:
    """A network may keep weights that never learn (a constant, a pretrained part): a turn must not thaw them."""
    game, mover = two_networks()
    frozen = game.networks[role].layers[1].bias.requires_grad_(False)
    with game.only(mover):
        assert not frozen.requires_grad
    assert not frozen.requires_grad
    assert all(p.requires_grad for n in game.networks.values() for p in n.parameters() if p is not frozen)


def test_remembered_is_computed_once() -> None:
    class Asked:
        times = 0

        @remember
        def answer(self) -> int:
            """Forty-two."""
            self.times += 1
            return 42

    asked = Asked()
    assert (asked.answer, asked.answer, asked.times) == (42, 42, 1)
    assert Asked.answer.__doc__ == "Forty-two."


def test_a_judgement_splits_with_all_its_heads() -> None:
    whole = Judgement(torch.arange(5.0), classes=torch.arange(10.0).view(5, 2))
    first, second = whole.split([2, 3])
    assert first.logits.tolist() == [0, 1] and second.classes is not None and second.classes.shape == (3, 2)
    assert first.features is None and second.code is None


def test_losses_are_float32_under_bf16() -> None:
    """Logits of 8 bits of mantissa lose the small differences that relativistic losses live from: a duel hands them
    out in float32, and so are all losses, while the networks run in bf16."""
    runtime = Runtime(Place(torch.device("cpu")), "bf16")
    trial = Trial(recipe_for(RECIPES["sprint"], UNCONDITIONAL), runtime)
    with runtime.precisely():
        turn = trial.game.players[0].sees(trial.game.networks, trial.batches.at(0, 0))
        (duel,) = turn.duels
        assert duel.judgements["real"].logits.dtype == torch.bfloat16
        assert duel.real_logits.dtype == duel.fake_logits.dtype == torch.float32
        assert duel.gradient["real"].dtype == torch.float32
    trial.play(2)
    assert all(weight.dtype == torch.float32 and weight.isfinite().all() for weight in trial.weights().values())


def test_a_picture_beside_a_foreign_source_counts_as_a_fake() -> None:
    """Reed et al. 2016, algorithm 1, with D(x, s) = x · s: pictures 1, 2, 3, 5 of sources 1, 2, 3, 5 have the logits
    1, 4, 9, 25; lent each other's source, two by two, 2, 2, 15, 15. Hinge: max(0, 1 − real) + max(0, 1 + lent)."""
    pictures = torch.tensor([1.0, 2.0, 3.0, 5.0]).view(4, 1, 1, 1)
    batch = Batch(pictures, None, Key(0, 0, 0, 0), source=pictures)

    class Product(nn.Module):
        mixes_samples = False

        def forward(self, images: Tensor, source: Tensor) -> Judgement:
            return Judgement((images * source).flatten(1).sum(1))

    term = mismatched(Hinge(), 0.5)
    turn = JudgingTurn({"discriminator": Product()}, batch, term.needs, Shared())
    assert turn.mismatched.tolist() == [2.0, 2.0, 15.0, 15.0]
    assert term(turn).tolist() == [3.0, 3.0, 16.0, 16.0]


@pytest.mark.parametrize("setting", ["conditional=false", "batch=3", "batch=4,parts=4"])
def test_a_neighbour_is_needed_to_lend_a_source(setting: str) -> None:
    space = next(iter(spaces_for(RECIPES["pix2pix"]).values()))
    with pytest.raises(GanvasError, match="lends pictures each other's source"):
        overridden(RECIPES["pix2pix"](space), ["weights.mismatched=1", *setting.split(",")])


@pytest.mark.parametrize("weight", ["-1", "0->-0.5"])
def test_a_weight_below_nothing_is_refused(weight: str) -> None:
    space = next(iter(spaces_for(RECIPES["pix2pix"]).values()))
    with pytest.raises(GanvasError, match="a weight cannot be negative"):
        overridden(RECIPES["pix2pix"](space), ["batch=2", f"weights.mismatched={weight}"])
