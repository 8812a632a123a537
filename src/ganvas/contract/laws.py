"""The battery: each law plays a recipe a little and raises `AssertionError` where it is broken."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganvas.contract.trial import HERE, Trial, period, recipe_for, spaces_for
from ganvas.games.noise import Draws, NoiseTurn
from ganvas.nn.packing import Packed
from ganvas.nn.tested import as_tested
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import MakeRecipe
from ganvas.snapshot import Snapshot, open_snapshot
from ganvas.training.loop import take_turn
from ganvas.training.state import Remembers, parts_of, read_state, restore, write_state

EXCUSED = (nn.modules.batchnorm._BatchNorm, nn.utils.parametrize.ParametrizationList)

Law = Callable[[Recipe], None]


def shapes_fit(recipe: Recipe) -> None:
    """Finite pictures of the space's shape, one finite logit a picture, or pack; of translations one a patch."""
    trial = Trial(recipe)
    batch = trial.batches.at(0, 0)
    pack = max((module.pack for module in _modules(trial) if isinstance(module, Packed)), default=1)
    for player in trial.game.players:
        turn = player.sees(trial.game.networks, batch)
        for duel in turn.duels:
            for side, judgement in duel.judgements.items():
                logits = judgement.logits
                one = logits.reshape(len(logits), -1)[:, 0] if "translate" in recipe.abilities else logits
                assert one.shape == (len(batch) // pack,), (
                    f"{player.name}: logits of {side} are {judgement.logits.shape}"
                )
                assert duel.pictures[side].shape == duel.pictures[next(iter(duel.pictures))].shape, (
                    f"{side} pictures are {duel.pictures[side].shape}"
                )
                assert torch.isfinite(duel.pictures[side]).all(), f"{player.name}: {side} pictures are not finite"
                assert torch.isfinite(judgement.logits).all(), f"{player.name}: logits of {side} are not finite"


def only_the_mover_moves(recipe: Recipe) -> None:
    """Over a full period every weight of the mover gets a gradient, and nobody else's weights or buffers change."""
    trial = Trial(recipe)
    reached: set[str] = set()
    for round in range(period(trial.game)):
        trial.game.begin_round(round * recipe.batch)
        for number, player in enumerate(trial.game.players_of(round)):
            before = _everything(trial)
            take_turn(trial.game, player, trial.batches.at(round, number), HERE)
            for name, value in _everything(trial).items():
                role = name.partition(".")[0]
                assert role in player.moves or torch.equal(value, before[name]), f"{player.name}'s turn changed {name}"
            reached |= {
                f"{role}.{name}"
                for role in player.moves
                for name, parameter in trial.game.networks[role].named_parameters()
                if parameter.grad is not None
            }
    missed = trial.weights().keys() - reached
    assert not missed, f"no gradient ever reached {', '.join(sorted(missed))}"


def evaluation_is_deterministic(recipe: Recipe) -> None:
    """The same seed, or source, is the same picture, to the bit, twice and in other company."""
    trial = Trial(recipe).play(1)
    snapshot = _snapshot(trial)
    use = USES[snapshot.abilities[0]]
    many, few = use(trial, snapshot, range(70)), use(trial, snapshot, [3, 65])
    assert torch.equal(many, use(trial, snapshot, range(70))), "sampling twice gives different pictures"
    assert torch.equal(many[[3, 65]], few), "a picture depends on what else is asked for"


def survives_json(recipe: Recipe) -> None:
    """Recipe → JSON → recipe is the identity."""
    again = Recipe.model_validate_json(recipe.model_dump_json())
    assert again == recipe, "; ".join(recipe.differences(again)) or "the recipe changes class"


def snapshot_reopens(recipe: Recipe) -> None:
    """Snapshot → file → snapshot makes the same pictures."""
    trial = Trial(recipe).play(1)
    snapshot = _snapshot(trial)
    use = USES[snapshot.abilities[0]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot.safetensors"
        snapshot.save(path)
        opened = open_snapshot(path)
    assert opened.recipe == recipe and opened.images == snapshot.images
    again, before = use(trial, opened, range(4)), use(trial, snapshot, range(4))
    assert torch.equal(again, before), "the opened snapshot draws other pictures"


def resumes_exactly(recipe: Recipe) -> None:
    """Stopped and resumed is uninterrupted, bit for bit: weights, buffers, averages, optimizers, running means."""
    rounds = period(Trial(recipe).game)
    whole = Trial(recipe).play(2 * rounds + 1)
    first = Trial(recipe).play(rounds + 1)
    second = Trial(recipe)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.pt"
        write_state(path, _parts(first))
        restore(_parts(second), read_state(path), path)
    second.play(rounds)
    for name, part in _parts(whole).items():
        assert _same(part.state_dict(), _parts(second)[name].state_dict()), f"{name} differs after resuming"


def accumulates_exactly(recipe: Recipe) -> None:
    """Two parts give the weights of the undivided batch (float tolerance), for the same noise and no augmentation.

    Excused are networks that say they mix samples, whose parts are judged in other company (packs need no excuse: none
    is divided), spectrally normalised ones, which take one power iteration a call, and turns that are no plain ones:
    unrolled steps against half a batch are other steps.
    """
    trial = Trial(recipe)
    game = trial.game
    if any(isinstance(module, EXCUSED) or _keeps_company(module) for module in _modules(trial)):
        return
    if any(player.turn is not NoiseTurn for player in game.players) or getattr(recipe, "augment", None):
        return
    torch.manual_seed(1)
    prior: Any = game.networks["generator"].prior
    draws = [
        Draws(prior.draw(recipe.batch, torch.device("cpu")), torch.rand(recipe.batch, 1, 1, 1))
        for _ in range(game.turns)
    ]
    whole = Trial(recipe).with_plain_steps().hand_out(draws).play(1).weights()
    halves = Trial(recipe.but(parts=2)).with_plain_steps().hand_out(draws).play(1).weights()
    for name, weight in whole.items():
        assert torch.allclose(halves[name], weight, rtol=1e-4, atol=1e-6), f"{name} differs between one part and two"


def _sampled(trial: Trial, snapshot: Snapshot, which: Iterable[int]) -> Tensor:
    return snapshot.sample(list(which))


def _translated(trial: Trial, snapshot: Snapshot, which: Iterable[int]) -> Tensor:
    """One source after the other, as users hand them in."""
    sources = [trial.batches.at(i, 0).source for i in which]
    with as_tested(snapshot.networks["generator"], snapshot.recipe.test_mode):  # type: ignore[attr-defined]
        return torch.cat([_reseeded(snapshot.networks["generator"], s[:1]) for s in sources if s is not None])


def _reseeded(network: nn.Module, source: Tensor) -> Tensor:
    torch.manual_seed(0)
    translated: Tensor = network(source)
    return translated


USES: dict[str, Callable[[Trial, Snapshot, Iterable[int]], Tensor]] = {"sample": _sampled, "translate": _translated}
"""What a user does with a snapshot, by its ability: pictures of these numbers."""

LAWS: dict[str, Law] = {
    law.__name__.replace("_", " "): law
    for law in (
        shapes_fit,
        only_the_mover_moves,
        evaluation_is_deterministic,
        survives_json,
        snapshot_reopens,
        resumes_exactly,
        accumulates_exactly,
    )
}


def broken_laws(make: MakeRecipe) -> dict[str, str]:
    """Law and space → what is wrong; empty for a GAN that keeps them all."""
    broken = {}
    for words, space in spaces_for(make).items():
        for name, law in LAWS.items():
            try:
                law(recipe_for(make, space))
            except Exception as error:  # a GAN from outside may fail in any way; all of them are findings
                broken[f"{name} ({words})"] = f"{type(error).__name__}: {error}".splitlines()[0].removeprefix(
                    "AssertionError: "
                )
    return broken


def _modules(trial: Trial) -> Iterator[nn.Module]:
    return chain.from_iterable(network.modules() for network in trial.game.networks.values())


def _keeps_company(module: nn.Module) -> bool:
    return getattr(module, "mixes_samples", False) and not isinstance(module, Packed)


def _everything(trial: Trial) -> dict[str, Tensor]:
    return {
        f"{role}.{name}": tensor.clone()
        for role, network in trial.game.networks.items()
        for name, tensor in network.state_dict().items()
    }


def _snapshot(trial: Trial) -> Snapshot:
    trial.averages.catch_up()
    return Snapshot(trial.averages.networks, trial.recipe, trial.progress.images)


def _parts(trial: Trial) -> dict[str, Remembers]:
    return parts_of(trial.game, averages=trial.averages, progress=trial.progress)


def _same(a: object, b: object) -> bool:
    if isinstance(a, Tensor):
        return isinstance(b, Tensor) and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return isinstance(b, list | tuple) and len(a) == len(b) and all(map(_same, a, b))
    return a == b
