"""The loop proven wide: the games of `probes`, played by ``ganvas.training.loop.train`` as it stands.

Each stays finite, each player moves its own and nothing else, and a stopped game goes on to the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganvas.contract.trial import HERE, RandomPictures
from ganvas.games.batch import Batches
from ganvas.games.game import Game
from ganvas.training.loop import take_turn, train
from ganvas.training.progress import Progress
from ganvas.training.spectator import scores
from ganvas.training.state import parts_of, read_state, restore, write_state
from probes import BATCH, ROUNDS, SPACE, autoencoder, auxiliary_classifier, cycle, growing, packing


@dataclass
class Play:
    """A probe game on random pictures."""

    make: Callable[[], Game]
    parts: int = 1

    def __post_init__(self) -> None:
        torch.manual_seed(0)
        self.game, self.progress = self.make(), Progress()
        data = RandomPictures.of(SPACE)
        self.batches = Batches(data, BATCH, self.game.turns, seed=0, place=HERE.place, parts=self.parts)

    def on(self, rounds: int) -> Play:
        train(self.game, self.batches, self.progress, self.progress.images + rounds * BATCH, HERE)
        return self

    def everything(self) -> dict[str, Tensor]:
        return {f"{r}.{k}": v.clone() for r, n in self.game.networks.items() for k, v in n.state_dict().items()}


GAMES = pytest.mark.parametrize("make", [auxiliary_classifier, cycle, growing, autoencoder, packing])


@GAMES
def test_it_is_played_to_finite_numbers_and_every_weight_moves(make: Callable[[], Game]) -> None:
    play = Play(make)
    before = play.everything()
    play.on(ROUNDS)
    assert all(torch.isfinite(torch.tensor(value)) for value in play.progress.means().values())
    still = [name for name, value in play.everything().items() if value.equal(before[name])]
    assert still == []


@GAMES
def test_only_the_mover_moves(make: Callable[[], Game]) -> None:
    """Weights and memories alike; the pool changes in its own player's turn and in no other."""
    play = Play(make)
    for round in range(ROUNDS):
        play.game.begin_round(round * BATCH)
        for number, player in enumerate(play.game.players_of(round)):
            before = play.everything()
            take_turn(play.game, player, play.batches.at(round, number), HERE)
            changed = {name.partition(".")[0] for name, v in play.everything().items() if not v.equal(before[name])}
            assert changed and changed <= set(player.moves)


@GAMES
def test_stopped_and_resumed_is_uninterrupted_to_the_bit(make: Callable[[], Game], tmp_path: Path) -> None:
    """Through a file, into a game made anew: networks, pools, optimizers; the level comes from the images seen."""
    whole, first, second = Play(make).on(ROUNDS), Play(make).on(ROUNDS // 2), Play(make)
    path = tmp_path / "state.pt"
    write_state(path, parts_of(first.game, progress=first.progress))
    restore(parts_of(second.game, progress=second.progress), read_state(path), path)
    second.on(ROUNDS - ROUNDS // 2)
    after = second.everything()
    assert all(value.equal(after[name]) for name, value in whole.everything().items())
    assert whole.progress.means() == second.progress.means()


@GAMES
def test_it_is_played_in_parts(make: Callable[[], Game]) -> None:
    """Gradient accumulation needs nothing from a game; a pack of two is still whole in a part of two."""
    play = Play(make, parts=2).on(2)
    assert all(torch.isfinite(value).all() for value in play.everything().values())


def test_the_classifier_learns_from_both_players() -> None:
    names = Play(auxiliary_classifier).on(1).progress.means().keys()
    assert {"discriminator/classify", "generator/classify", "discriminator/r1"} <= names


def test_the_pool_fills_and_then_shows_old_fakes() -> None:
    """Two fakes a round and side: full with 6 after 3 rounds; from then on some are swapped."""
    play = Play(cycle).on(3)
    pool = play.game.networks["pool_a"]
    assert int(pool.get_buffer("filled")) == 6
    kept = pool.get_buffer("kept").clone()
    play.on(ROUNDS)
    swapped = (pool.get_buffer("kept") != kept).flatten(1).any(1)
    assert swapped.any()


def test_the_old_weights_do_not_move_the_picture_when_a_level_begins() -> None:
    """At level 0 the new layer is not there: no gradient, no step. At the end the old one has faded out."""
    play = Play(growing)
    generator = play.game.networks["generator"]
    before = generator.large.weight.clone()
    play.on(1)
    assert torch.equal(generator.large.weight, before) and generator.large.weight.grad is None
    play.on(ROUNDS - 1)
    assert not torch.equal(generator.large.weight, before)
    play.game.begin_round(play.progress.images)
    assert float(generator.level) == 1.0


def test_the_one_player_gets_better() -> None:
    """A VAE's bound falls: the mean of the last rounds is under that of the first."""
    play = Play(autoencoder).on(20)
    first = play.progress.means()["autoencoder/reconstruction"]
    play.progress.clear()
    play.on(200)
    assert play.progress.means()["autoencoder/reconstruction"] < first


def test_a_pack_is_judged_together() -> None:
    play = Play(packing)
    turn = play.game.players[0].sees(play.game.networks, play.batches.at(0, 0))
    assert turn.duels[0].real_logits.shape == (BATCH // 2,)


@pytest.mark.parametrize(
    "make",
    [
        *(auxiliary_classifier, growing, packing),
        *(cycle, autoencoder),
    ],
)
def test_the_end_of_a_run_can_look_at_it(make: Callable[[], Game]) -> None:
    """The score histograms that a session writes last: with two discriminators or none, too, and nothing moves."""
    play = Play(make)
    before = play.everything()
    scores(play.game, play.batches, HERE, count=8)
    assert all(value.equal(before[name]) for name, value in play.everything().items())
