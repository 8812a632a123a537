"""The watch at work: planted faults raise the right alarm with the right names, and it lands where people look."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganvas.data.held_out import hold_out
from ganvas.data.spec import DataSpec
from ganvas.errors import GanvasError
from ganvas.games.batch import Batches, Place
from ganvas.games.game import Game
from ganvas.nn.judgement import Judgement
from ganvas.recipes.noise import NoiseRecipe
from ganvas.recipes.overrides import overridden
from ganvas.recipes.points import points
from ganvas.recipes.table import RECIPES
from ganvas.report.page import write_report
from ganvas.space import Classes, Space
from ganvas.training.loop import train
from ganvas.training.progress import Progress
from ganvas.training.runtime import Runtime
from ganvas.training.session import Session
from ganvas.training.spectator import scores
from ganvas.training.start import Request, open_session, prepare
from ganvas.training.ticks import DivergenceError
from ganvas.training.watching import watch_over
from ganvas.watch.advice import SETTINGS, advice
from ganvas.watch.evidence import Look
from ganvas.watch.reference import survey
from ganvas.watch.watch import Watch
from states import identical, trained

RUNTIME = Runtime(Place(torch.device("cpu")))
NAMES = ("circle", "cross", "dot")
SPACE = Space(channels=1, height=8, width=8)
NAMED = SPACE.but(condition=Classes(names=NAMES))
COUNT = 300


class Bands:
    """Three classes of 8×8 pictures: the top, the middle or the bottom is bright, and all is noisy."""

    def __init__(self, labelled: bool = True, classes: Sequence[int] = (0, 1, 2)) -> None:
        random = np.random.default_rng(0)
        which = np.asarray(classes)[np.arange(COUNT) % len(classes)]
        rows = (np.arange(8)[None] * 3 // 8 == which[:, None])[:, None, :, None]
        self.images = (60 + 120 * rows + random.integers(-30, 31, (COUNT, 1, 8, 8))).astype(np.uint8)
        self.labels = which if labelled else None


class Copies(nn.Module):
    """A generator that is as good as the data: each latent is one of its pictures, of the class asked for."""

    def __init__(self, data: Bands, prior: Any) -> None:
        super().__init__()
        self.prior, self.data = prior, data
        self.pictures = torch.from_numpy(data.images).float() / 127.5 - 1.0
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        numbers = (z[:, 0].abs() * 1e4).long() % len(self.pictures)
        if condition is not None:
            numbers = numbers // 3 * 3 + condition  # the classes take turns in the data
        return self.pictures[numbers % len(self.pictures)] + self.weight


class Verdict(nn.Module):
    """A discriminator whose logit is whatever a function of the pictures says."""

    mixes_samples = False

    def __init__(self, says: Any) -> None:
        super().__init__()
        self.says, self.weight = says, nn.Parameter(torch.zeros(1))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        return Judgement(self.says(images) + self.weight)


def soft(images: Tensor) -> Tensor:
    """A verdict that rises evenly and tells nothing apart."""
    return images.mean((1, 2, 3))


def watched(generator: nn.Module, says: Any = soft, labelled: bool = False, *settings: str) -> Watch:
    """The watch of a game between these two, after five looks."""
    recipe = overridden(RECIPES["sprint"](NAMED if labelled else SPACE), settings)
    assert isinstance(recipe, NoiseRecipe)
    game = recipe.game(RUNTIME.place.device)
    game.networks |= {"generator": generator, "discriminator": Verdict(says)}
    game.begin_round(0)
    seen, unseen = hold_out(Bands(labelled))
    reference = survey(Bands(), NAMES)
    watch = watch_over(game, recipe, seen, unseen, 64, RUNTIME, lambda alarm: None, reference)
    for k in range(5):
        watch(game, clock(watch.every * (k + 1)))
    return watch


def clock(images: int) -> Progress:
    progress = Progress()
    progress.images = images
    return progress


def prior() -> Any:
    recipe = RECIPES["sprint"](SPACE)
    assert isinstance(recipe, NoiseRecipe)
    return recipe.prior


def raised(watch: Watch) -> list[str]:
    return [alarm.kind for alarm in watch.pending]


# --- planted, without training ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("labelled", [True, False])
def test_a_generator_that_draws_real_pictures_raises_nothing(labelled: bool) -> None:
    """Its numbers are those of the data: all about 1, a third of each class."""
    watch = watched(Copies(Bands(), prior()), labelled=labelled)
    look = watch.looks[-1]
    assert raised(watch) == []
    assert look.spread_ratio == pytest.approx(1, abs=0.1) and look.vendi_ratio > 0.5 and look.likeness > 0.9
    assert np.allclose(look.shares, 1 / 3, atol=0.1)


@pytest.mark.parametrize(("kept", "missing"), [((0, 2), ["cross"]), ((1,), ["circle", "dot"])])
def test_dropped_classes_are_named(kept: tuple[int, ...], missing: list[str]) -> None:
    watch = watched(Copies(Bands(classes=kept), prior()))
    assert raised(watch) == ["mode dropping"]
    (alarm,) = watch.pending
    assert alarm.evidence["missing"] == missing and ", ".join(missing) in alarm.words
    assert alarm.evidence["real_share"] == pytest.approx(len(missing) / 3, abs=0.1)


@pytest.mark.parametrize("labelled", [True, False])
def test_an_ignored_latent_is_a_collapse(labelled: bool) -> None:
    """With classes each class has its one picture, so all together they look varied; within a class they do not."""
    copies = Copies(Bands(), prior())
    copies.register_forward_pre_hook(lambda _, given: (given[0] * 0, *given[1:]))
    watch = watched(copies, labelled=labelled)
    assert raised(watch) == ["mode collapse"]
    assert watch.looks[-1].spread_ratio < 1e-3
    assert (watch.looks[-1].vendi_ratio > 0.001) == labelled


def by_heart(images: Tensor) -> Tensor:
    """+5 for a picture that training shows, −4 for any other."""
    seen, _ = hold_out(Bands())
    known = torch.from_numpy(np.asarray(seen.images[np.arange(len(seen))])).float() / 127.5 - 1.0
    nearest = torch.cdist(images.flatten(1), known.flatten(1)).amin(1)
    return torch.where(nearest < 1e-2, 5.0, -4.0) + 0.01 * images.mean((1, 2, 3))


class Shifted(Copies):
    """Like the data, but never one of its pictures."""

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(z, condition).flip(3) + 0.01


def test_learning_by_heart_is_told_from_held_out_pictures() -> None:
    """Held-out pictures are judged as the fakes are: 9 of 9 logits down."""
    watch = watched(Shifted(Bands(), prior()), by_heart, False, "loss=wasserstein", "penalties=r1")
    assert raised(watch)[0] == "discriminator overfitting"
    duelling = watch.looks[-1].duelling
    assert duelling is not None and duelling.overfitting == pytest.approx(1.0, abs=0.01)


def step(images: Tensor) -> Tensor:
    """Perfect and flat: fakes are far darker than any real picture, and σ is saturated on both sides."""
    return 60.0 * (images.mean((1, 2, 3)) + 1.0).clamp(-0.5, 0.5)


class Dark(Copies):
    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(z, condition) - 1.6


@pytest.mark.parametrize(("loss", "starved"), [("minimax", True), ("non-saturating", False)])
def test_a_saturated_loss_starves_where_the_other_does_not(loss: str, starved: bool) -> None:
    """D(real) = 30, D(fake) = −20 to −30 with a slope: minimax has the gradient σ(−20), the non-saturating loss 1."""
    says = lambda images: 60.0 * (images.mean((1, 2, 3)) + 1.1)  # noqa: E731
    watch = watched(Dark(Bands(), prior()), says, False, f"loss={loss}")
    assert ("generator starved of gradient" in raised(watch)) == starved
    duelling = watch.looks[-1].duelling
    assert duelling is not None and duelling.told_apart == 1.0 and (duelling.pull < 1e-4) == starved


def test_a_flat_verdict_starves_any_loss() -> None:
    watch = watched(Dark(Bands(), prior()), step)
    assert "generator starved of gradient" in raised(watch)


def test_looking_moves_nothing() -> None:
    """Weights, batch statistics and torch's random state are as before, to the bit; two looks see the same."""
    recipe = overridden(RECIPES["dcgan"](SPACE), ["generator.width=4", "discriminator.width=4", "batch=32"])
    game = recipe.game(RUNTIME.place.device)
    game.begin_round(0)
    seen, unseen = hold_out(Bands(labelled=False))
    watch = watch_over(game, recipe, seen, unseen, 32, RUNTIME, lambda alarm: None)
    before = {name: {k: v.clone() for k, v in net.state_dict().items()} for name, net in game.networks.items()}
    chance = torch.get_rng_state()
    first, second = watch.look(1), watch.look(1)
    assert isinstance(first, Look) and first == second
    assert identical({name: dict(net.state_dict()) for name, net in game.networks.items()}, before)
    assert torch.equal(torch.get_rng_state(), chance)
    assert all(p.requires_grad and p.grad is None for net in game.networks.values() for p in net.parameters())


def test_a_game_with_one_player_is_left_alone() -> None:
    """Nobody sets reals against fakes, so there is nothing to see; the watch is there all the same."""
    recipe = RECIPES["sprint"](SPACE)
    game = recipe.game(RUNTIME.place.device)
    lonely = Game(game.networks, game.players[1:], game.optimizers, game.horizon)
    lonely.players = (replace(game.players[1], terms=()),)
    seen, unseen = hold_out(Bands(labelled=False))
    watch = watch_over(lonely, recipe, seen, unseen, 64, RUNTIME, lambda alarm: None)
    watch(lonely, clock(watch.every))
    assert watch.collect() == {"alarms": []}


# --- advice -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*RECIPES, "points"])
@pytest.mark.parametrize("kind", SETTINGS)
def test_advice_can_be_taken_and_changes_something(kind: str, name: str) -> None:
    """Every ``--set`` that is named is valid for this very recipe, and all of a kind's choices together are two."""
    for space in (SPACE, NAMED):
        recipe = points(SPACE) if name == "points" else RECIPES[name](space)
        words = advice(kind, recipe)
        choices = [
            [s.removeprefix("--set ") for s in c.split(" --set ")] for c in words.partition("try ")[2].split(", or ")
        ]
        for settings in choices if "--set" in words else []:
            settings = [s.removeprefix("--set ").strip() for s in settings]
            assert recipe.differences(overridden(recipe, settings))


def test_advice_passes_over_what_the_recipe_has_or_cannot_take() -> None:
    sprint, dcgan = RECIPES["sprint"](SPACE), RECIPES["dcgan"](SPACE)
    assert "penalties" not in advice("mode collapse", sprint) and "relativistic" not in advice("mode collapse", sprint)
    assert "--set discriminator.norm=none --set penalties=r1,r2" in advice("mode collapse", dcgan)
    assert "packing" not in advice("mode dropping", RECIPES["sprint"](NAMED))
    assert "augment=diffaugment" in advice("discriminator overfitting", sprint)
    assert "optimizers.generator.lr=0.0005->5e-05" in advice("diverged", sprint)


# --- in a run ---------------------------------------------------------------------------------------------------------

TINY = ("generator.width=4", "discriminator.width=4", "prior.dimension=6", "batch=16", "augment=none")


@pytest.fixture(autouse=True)
def few_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganvas.training.session.scores", partial(scores, count=1))
    monkeypatch.setattr("ganvas.training.watching.IMAGES", 16)
    monkeypatch.setattr("ganvas.training.watching.ROUNDS", 1)


@pytest.fixture(scope="module")
def bands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "bands.npz"
    data = Bands()
    np.savez(path, images=data.images[:, 0], labels=data.labels)
    return path


def session(data: Path, out: Path, *settings: str, images: int = 128, deaf: bool = True) -> Session:
    request = Request(DataSpec(source=str(data)), "sprint", out, images, settings=[*TINY, *settings])
    mine = open_session(prepare(request))
    if deaf:
        mine.game.networks["generator"].register_forward_pre_hook(lambda _, given: (given[0] * 0, *given[1:]))
    return mine


def alarms(out: Path) -> list[tuple[int, str]]:
    lines = [json.loads(line) for line in (out / "stats.jsonl").read_text().splitlines()]
    return [(line["images"], alarm["kind"]) for line in lines for alarm in line["alarms"]]


def test_an_alarm_lands_in_statistics_log_terminal_and_report(bands: Path, tmp_path: Path) -> None:
    said: list[str] = []
    mine = session(bands, tmp_path / "run")
    mine.play(say=said.append)
    assert alarms(mine.run.path) == [(48, "mode collapse")]
    rows = list(mine.run.stats())
    assert {"watch/spread_ratio", "watch/vendi_ratio", "watch/likeness", "watch/held_out_gap", "watch/pull"} <= set(
        rows[0]
    )
    (alarm,) = rows[2]["alarms"]
    assert set(alarm) == {"kind", "words", "evidence", "suggestion", "images"} and alarm["images"] == 48
    assert len(said) == 1 and alarm["words"] in said[0] and "--set" in said[0]
    assert said[0] in (mine.run.path / "log.txt").read_text()
    write_report(mine.run.path)
    page = (mine.run.path / "report.html").read_text()
    assert "different latents give (almost) the same pictures" in page and "--set" in page and '"alarms":[48]' in page


def test_killed_and_resumed_tells_nothing_twice(bands: Path, tmp_path: Path) -> None:
    """Before, at and after the alarm: the statistics are those of the whole run."""

    class Killed(Exception):  # noqa: N818
        pass

    def kill(at: int) -> Any:
        def call(game: Game, progress: Progress) -> None:
            if progress.images == at:
                raise Killed

        return call

    whole = session(bands, tmp_path / "whole")
    whole.play(save_seconds=0.0)
    for at in (32, 48, 64):
        out = tmp_path / f"run-{at}"
        with pytest.raises(Killed):
            session(bands, out).play([kill(at)], save_seconds=0.0)
        session(bands, out).play(save_seconds=0.0)
        assert alarms(out) == alarms(whole.run.path) == [(48, "mode collapse")]
        clocks = ("seconds", "images_per_second")
        rows = [
            [{k: v for k, v in row.items() if k not in clocks} for row in s.stats()]
            for s in (whole.run, replace(whole.run, path=out))
        ]
        assert rows[0] == rows[1]
        assert identical(trained(whole.run), trained(replace(whole.run, path=out)))


def test_a_run_that_diverges_leaves_an_alarm(bands: Path, tmp_path: Path) -> None:
    said: list[str] = []
    mine = session(bands, tmp_path / "run", "optimizers.discriminator.lr=1e12", images=640, deaf=False)
    with pytest.raises(DivergenceError):
        mine.play(say=said.append)
    last = list(mine.run.stats())[-1]
    (alarm,) = [a for a in last["alarms"] if a["kind"] == "diverged"]
    assert "training diverged: the " in alarm["words"] and "optimizers.discriminator.lr=2.5e+11" in alarm["suggestion"]
    assert any("training diverged" in line for line in said)
    assert "NaN" not in mine.run.stats_file.read_text() and "Infinity" not in mine.run.stats_file.read_text()
    write_report(mine.run.path)
    assert "training diverged" in (mine.run.path / "report.html").read_text()


def test_what_is_held_out_is_never_trained_on(bands: Path, tmp_path: Path) -> None:
    """16 of 300; the first two epochs and more."""
    mine = session(bands, tmp_path / "run", deaf=False)
    data = prepare(Request(DataSpec(source=str(bands)), "sprint")).data
    _, unseen = hold_out(data)
    assert len(unseen) == 16
    held = {picture.tobytes() for picture in unseen.images[np.arange(16)]}
    for round in range(40):
        batch = ((mine.batches.at(round, 0).images + 1) * 127.5).round().to(torch.uint8).numpy()
        assert not held & {picture.tobytes() for picture in batch}


def test_a_run_with_too_few_pictures_trains_on_all_of_them(pictures: Path, tmp_path: Path) -> None:
    mine = session(pictures, tmp_path / "run", deaf=False)
    assert len(mine.batches.data.images) == 30
    mine.play()
    assert "watch/held_out_gap" not in list(mine.run.stats())[-1]


def test_an_error_is_still_one_line(bands: Path, tmp_path: Path) -> None:
    with pytest.raises(GanvasError, match="training diverged") as caught:
        session(bands, tmp_path / "run", "optimizers.discriminator.lr=1e12", images=640, deaf=False).play()
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_looking_costs_less_than_a_fiftieth_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """CPU seconds of a look against those of the images between two looks, turn about, medians of five: `sprint`, the
    cheapest recipe for pictures, at 28×28 on one thread. Measured once: 1.36 %."""
    monkeypatch.undo()
    data = prepare(Request(DataSpec(source="digits"), "sprint")).data
    recipe = RECIPES["sprint"](data.space)
    game = recipe.game(RUNTIME.place.device)
    seen, unseen = hold_out(data)
    batches, progress = Batches(seen, recipe.batch, game.turns, 0, RUNTIME.place), Progress()
    watch = watch_over(game, recipe, seen, unseen, recipe.images // 150, RUNTIME, lambda alarm: None)
    train(game, batches, progress, 128, RUNTIME)
    watch.look(0)
    shares = []
    for _ in range(5):
        start, before = time.process_time(), progress.images
        train(game, batches, progress, before + 1024, RUNTIME)
        middle = time.process_time()
        watch.look(0)
        of_training = (middle - start) / (progress.images - before) * watch.every
        shares.append((time.process_time() - middle) / of_training)
    assert sorted(shares)[2] < 0.02
