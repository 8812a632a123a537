"""How far a game is from its equilibrium: what each player could still gain alone."""

from __future__ import annotations

from collections.abc import Callable

from ganvas.config import Config
from ganvas.games.batch import Stream
from ganvas.games.game import Game
from ganvas.games.player import Player
from ganvas.training.loop import train
from ganvas.training.progress import Progress
from ganvas.training.runtime import Runtime
from ganvas.training.spectator import spectate

MEASURED_ROUNDS = 20


class DualityGap(Config):
    """In units of the players' own losses; about 0 for both at a Nash equilibrium."""

    gains: dict[str, float]
    """By player: its adversarial loss now, minus what it is after training alone against the frozen others."""
    gap: float
    """The sum of the gains (Grnarova et al. 2019, for a game of any loss)."""
    rounds: int
    """Rounds that each player was given; with more, the gains can only be estimated larger."""


def duality_gap(
    game: Game, fresh: Callable[[], Game], batches: Stream, runtime: Runtime, rounds: int = 200
) -> DualityGap:
    """Let a copy of each player train alone for ``rounds`` rounds; the game itself stays as it is.

    Args:
        game: as it stands.
        fresh: makes the same game anew, with new optimizers; the networks' states are copied into it.
    """
    gains = {player.name: _gain(game, fresh(), player, batches, runtime, rounds) for player in game.players}
    return DualityGap(gains=gains, gap=sum(gains.values()), rounds=rounds)


def _gain(game: Game, alone: Game, player: Player, batches: Stream, runtime: Runtime, rounds: int) -> float:
    for role, network in alone.networks.items():
        network.load_state_dict(game.networks[role].state_dict())
    before = _loss(alone, player, batches, runtime)
    alone.players = tuple(p for p in alone.players if p.name == player.name)
    train(alone, batches, Progress(), rounds * batches.size, runtime)
    return before - _loss(alone, player, batches, runtime)


def _loss(game: Game, player: Player, batches: Stream, runtime: Runtime) -> float:
    terms = [term for term in player.terms if term.name == "adversarial"]
    return float(spectate(game, player, terms, batches, runtime, MEASURED_ROUNDS)["adversarial"].mean())
