"""Goodfellow's game on the line: targets in words, proposition 1's numbers by hand, the best answer, the end."""

from __future__ import annotations

import copy
import json
import math

import numpy as np
import pytest
import torch

from ganvas.errors import GanvasError
from ganvas.recipes.overrides import overridden
from ganvas.toys import completion
from ganvas.toys.completion import CELLS, Moment, best_answer, moment, recipe_for, target_of
from ganvas.toys.play import Play

DEFAULT = "-1.5:0.6:3,1.2:0.4:2"
SMALL = ("generator.widths=[16]", "discriminator.widths=[16]", "batch=256", "images=4096")


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    monkeypatch.setattr(completion, "LATENTS", 5000)
    target = target_of(DEFAULT)
    play = Play(overridden(recipe_for(target), SMALL), target)
    play.on(1024)
    return play


def seen(p: np.ndarray, q: np.ndarray, d: np.ndarray | float) -> Moment:
    d = np.broadcast_to(d, p.shape)
    x = np.linspace(-1, 1, len(p))
    return Moment(images=7, x=x, p=p, q=q, logit=np.log(d) - np.log1p(-d), z=x, to=x)


def bumps() -> tuple[np.ndarray, np.ndarray]:
    x = np.linspace(-5, 5, 1000)
    return np.exp(-(x**2) / 2), np.exp(-((x - 1) ** 2) / 2)


# --- the target -----------------------------------------------------------------------------------------------------


def test_a_target_in_words():
    """Centre, deviation, weight; a weight left out is 1; weights are shares; the extent holds four deviations."""
    target = target_of(" -1:0.4:2, 1.5:0.3 ")
    assert target.centres.tolist() == [-1, 1.5] and target.sigmas.tolist() == [0.4, 0.3]
    assert target.weights == pytest.approx([2 / 3, 1 / 3])
    assert target.extent == pytest.approx(1.5 + 4 * 0.3)
    assert target.dimensions == 1


@pytest.mark.parametrize(
    "text",
    ["", "1", "1:2:3:4", "1:0", "1:-1", "1:1:0", "1:1:-2", "a:1", "1:nan", "inf:1", "1:1,", "1:1;2:1", "0:1e999"],
)
def test_targets_that_are_none(text: str):
    with pytest.raises(GanvasError, match="write centre:deviation:weight, apart by commas"):
        target_of(text)


# --- a moment's numbers ---------------------------------------------------------------------------------------------


def test_the_end():
    """q = p and D = ½: JS = 0, D is D*, and V = log ½ + log ½ = −log 4, exactly; so is what D* gets."""
    p, _ = bumps()
    numbers = seen(p, p, 0.5).numbers
    assert numbers["images"] == 7
    assert numbers["js"] == 0
    assert numbers["value"] == pytest.approx(-math.log(4), abs=1e-15)
    assert numbers["value_at_best"] == -math.log(4)
    assert numbers["mean_abs_to_best"] == numbers["max_abs_to_half"] == 0


def test_at_the_best_answer_the_value_is_its_bound():
    """Proposition 1: E_p log D* + E_q log(1 − D*) = −log 4 + 2 JS, cell by cell the same sum, so to rounding; and any
    other D gets less."""
    p, q = bumps()
    p, q = p / p.sum(), q / q.sum()
    best = p / (p + q)
    numbers = seen(p, q, best).numbers
    assert numbers["value"] == pytest.approx(numbers["value_at_best"], abs=1e-12)
    assert numbers["mean_abs_to_best"] == pytest.approx(0, abs=1e-12)
    for other in (best * 0.9, 0.1 + best * 0.8, 0.5):
        assert seen(p, q, other).numbers["value"] < numbers["value"] - 1e-3


def test_two_cells_by_hand():
    """p = (¾, ¼), q = (¼, ¾), D = ½: JS = ¾ log(3/2) + ¼ log(½) = .1308, V = −log 4, D* = (¾, ¼), so |D − D*| = ¼ in
    the mean over both sides and D lies nowhere off ½; with D = D* it lies ¼ off."""
    p, q = np.array([3.0, 1.0]), np.array([1.0, 3.0])
    js = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    numbers = seen(p, q, 0.5).numbers
    assert numbers["js"] == pytest.approx(js)
    assert numbers["value"] == pytest.approx(-math.log(4))
    assert numbers["value_at_best"] == pytest.approx(-math.log(4) + 2 * js)
    assert numbers["mean_abs_to_best"] == pytest.approx(0.25)
    assert numbers["max_abs_to_half"] == 0
    assert seen(p, q, np.array([0.75, 0.25])).numbers["max_abs_to_half"] == pytest.approx(0.25)


def test_only_the_support_counts():
    """Where p is less than a hundredth of its peak D may say what it likes."""
    p = np.array([1.0, 0.011, 0.009])
    assert seen(p, p, np.array([0.5, 0.5, 0.99])).numbers["max_abs_to_half"] == 0
    assert seen(p, p, np.array([0.5, 0.9, 0.5])).numbers["max_abs_to_half"] == pytest.approx(0.4)


def test_a_certain_discriminator_is_finite():
    """Logits of ±800, whose sigmoids are 0 and 1 in floats: log σ is taken of the logit. V = 2 · ½ · (−800) where it is
    wrong in half of the cells."""
    p = np.array([1.0, 1.0])
    wrong = Moment(images=0, x=p, p=p, q=p, logit=np.array([800.0, -800.0]), z=p, to=p)
    assert wrong.numbers["value"] == pytest.approx(-800)


def test_looking_at_a_game(play: Play):
    """p adds up to 1 less four deviations' tails; q to 1 exactly, also where fakes leave the axis: none is lost."""
    now = moment(play)
    width = now.x[1] - now.x[0]
    assert len(now.x) == CELLS and now.images == 1024
    assert now.p.sum() * width == pytest.approx(1, abs=1e-4)
    assert now.q.sum() * width == pytest.approx(1, abs=1e-12)
    assert (now.logit == play.logits(now.x[:, None])).all()
    assert (np.diff(now.z) > 0).all() and now.z.shape == now.to.shape
    with torch.no_grad():
        play.game.networks["generator"].layers[-1].bias.add_(100)  # type: ignore[index, union-attr]
    gone = moment(play)
    assert gone.q[-1] * width == pytest.approx(1)
    assert gone.numbers["js"] == pytest.approx(math.log(2), abs=0.01)


# --- the best answer ------------------------------------------------------------------------------------------------


def test_only_the_discriminator_answers(play: Play):
    """The generator stays, in the copy as in the original, of which nothing changes; D gets closer to D*."""
    before = copy.deepcopy({role: network.state_dict() for role, network in play.game.networks.items()})
    then = moment(play)
    best = best_answer(play, 20_000)
    for role, network in play.game.networks.items():
        for name, value in network.state_dict().items():
            assert torch.equal(value, before[role][name]), f"{role}.{name}"
    assert play.progress.images == 1024 == best.images
    assert (best.q == then.q).all() and (best.to == then.to).all()
    assert (best.logit != then.logit).any()
    assert best.numbers["mean_abs_to_best"] < 0.75 * then.numbers["mean_abs_to_best"]
    after = moment(play)
    assert (after.logit == then.logit).all()


def test_the_game_goes_on_as_if_nobody_had_asked(play: Play):
    twin = Play(play.recipe, play.target)
    twin.on(1024)
    best_answer(play, 1024)
    for game in (play, twin):
        game.on(2048)
    assert (moment(play).logit == moment(twin).logit).all()


def test_everything_is_told(play: Play):
    now = moment(play)
    told = json.loads(json.dumps(completion.numbers([now, now], now, play.recipe), allow_nan=False))
    assert told["value_of_the_end"] == pytest.approx(-1.386294, abs=1e-6)
    assert told["frozen_generator"] == now.numbers and told["history"] == [now.numbers] * 2
    assert {**told, **now.numbers} == told
    assert {len(told["curves"][name]) for name in ("x", "p", "q", "d", "best")} == {CELLS}
    assert told["recipe"]["name"] == "trained-to-completion"


@pytest.mark.slow
def test_trained_to_completion():
    """The default game to its end. With G frozen D meets D*: mean |D − D*| ≤ .02. At the end q = p: JS ≤ .01 nats,
    |D − ½| ≤ .05 on the support, and V is −log 4 to a hundredth."""
    torch.set_num_threads(1)
    target = target_of(DEFAULT)
    play = Play(recipe_for(target), target)
    stops = play.stops(40)
    play.on(stops[2])
    best = best_answer(play, play.recipe.images // 5)
    assert best.numbers["mean_abs_to_best"] <= 0.02
    play.on(stops[-1])
    end = moment(play).numbers
    assert end["max_abs_to_half"] <= 0.05
    assert abs(end["value"] + math.log(4)) <= 0.01 * math.log(4)
    assert end["js"] <= 0.01
