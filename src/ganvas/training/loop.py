"""The one loop: every GAN of this package trains here, and nothing here knows which one it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from ganvas.games.batch import Batch, Stream
from ganvas.games.game import Game
from ganvas.games.player import Player
from ganvas.nn.precision import at_least_float32
from ganvas.training.progress import Progress
from ganvas.training.runtime import Runtime

Callback = Callable[[Game, Progress], None]
"""Called after every round, in order: averaging, pictures, statistics, and last of all saving."""


def train(
    game: Game,
    batches: Stream,
    progress: Progress,
    until: int,
    runtime: Runtime,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Play rounds until ``until`` images have been seen."""
    while progress.images < until:
        game.begin_round(progress.images)
        for turn, player in enumerate(game.players_of(progress.round)):
            progress.report(player, take_turn(game, player, batches.at(progress.round, turn), runtime))
        progress.advance(batches.size)
        for callback in callbacks:
            callback(game, progress)


def take_turn(game: Game, player: Player, batch: Batch, runtime: Runtime) -> Mapping[str, Tensor]:
    """One move: the player sees the batch, its due terms are weighed and summed, its weights take one step."""
    terms = player.terms_due(batch.key.round)
    reports: dict[str, Tensor] = {}
    with game.only(player) as optimizer:
        for part in batch.split():
            with runtime.precisely():
                turn = player.sees(game.networks, part)
                values = {term.name: at_least_float32(term(turn)).mean() for term in terms}
            loss = torch.stack([term.weight_due * values[term.name] for term in terms if not term.is_reading]).sum()
            runtime.backward(part.share * loss)
            for name, value in values.items():
                reports[name] = reports.get(name, 0.0) + part.share * value.detach()
        reports["gradient_norm"] = runtime.step(optimizer)
        for bound in player.bounds:
            bound(parameter for role in player.moves for parameter in game.networks[role].parameters())
    return reports
