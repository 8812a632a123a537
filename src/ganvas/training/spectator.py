"""Looking at a game without touching it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ganvas.games.batch import Stream
from ganvas.games.game import Game
from ganvas.games.player import Player
from ganvas.games.term import Term, reading
from ganvas.training.runtime import Runtime

MOST_ROUNDS = 32
ELSEWHERE = 1_000_000_000
"""The rounds that spectators look at; no training comes here, so their noise is fresh."""


def spectate(
    game: Game, player: Player, terms: Sequence[Term], batches: Stream, runtime: Runtime, rounds: int
) -> dict[str, Tensor]:
    """What ``terms`` are in turns like the player's: (rounds · N,) values each. Nobody moves, no buffer changes."""
    spectator = replace(player, name="spectator", moves=(), terms=tuple(terms))
    seen: dict[str, list[Tensor]] = {term.name: [] for term in terms}
    for round in range(ELSEWHERE, ELSEWHERE + rounds):
        with game.only(spectator):
            for part in batches.at(round, 0).split():
                with runtime.precisely():
                    turn = spectator.sees(game.networks, part)
                    for term in terms:
                        seen[term.name].append(term(turn).detach().float().cpu())
    return {name: torch.cat(values) for name, values in seen.items()}


def scores(game: Game, batches: Stream, runtime: Runtime, count: int = 2000) -> dict[str, list[float]]:
    """Logits on about ``count`` real training pictures and as many fresh fakes, fewer where batches are small and so
    networks large; empty for a game without duels."""
    terms = [reading("real_logits"), reading("fake_logits")]
    wanted = terms[0].needs | terms[1].needs
    judges = [player for player in game.players if any(wanted <= term.needs for term in player.terms)]
    if not judges:
        return {}
    seen = spectate(game, judges[0], terms, batches, runtime, rounds=min(-(-count // batches.size), MOST_ROUNDS))
    return {name.removesuffix("_logits"): [round(x, 4) for x in values.tolist()] for name, values in seen.items()}
