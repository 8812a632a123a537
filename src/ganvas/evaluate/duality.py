"""How far a game is from its equilibrium: what each player could still gain alone."""

from __future__ import annotations

import copy

from ganvas.config import Config
from ganvas.games.game import Game
from ganvas.games.player import Player
from ganvas.training.loop import train
from ganvas.training.progress import Progress
from ganvas.training.session import Session
from ganvas.training.spectator import spectate

MEASURED_ROUNDS = 20


class DualityGap(Config):
    """In units of the players' own losses; about 0 for both at a Nash equilibrium."""

    gains: dict[str, float]
    """By player: its adversarial loss now, minus what it is after training alone against the frozen others."""
    gap: float
    """The sum of the gains (Grnarova et al. 2019, definition 2, for a game of any loss)."""
    rounds: int
    """Rounds that each player was given. With more, the gains can only be estimated larger."""


def duality_gap(session: Session, rounds: int = 200) -> DualityGap:
    """Let a copy of each player train alone for ``rounds`` rounds; the session itself stays as it is."""
    gains = {player.name: _gain(session, player, rounds) for player in session.game.players}
    return DualityGap(gains=gains, gap=sum(gains.values()), rounds=rounds)


def _gain(session: Session, player: Player, rounds: int) -> float:
    recipe, runtime = session.recipe, session.runtime
    alone: Game = recipe.game(runtime.place.device)
    for role, network in alone.networks.items():
        network.load_state_dict(copy.deepcopy(session.game.networks[role].state_dict()))
    before = _loss(session, alone, player)
    alone.players = tuple(p for p in alone.players if p.name == player.name)
    train(alone, session.batches, Progress(), rounds * recipe.batch, runtime)
    return before - _loss(session, alone, player)


def _loss(session: Session, game: Game, player: Player) -> float:
    terms = [term for term in player.terms if term.name == "adversarial"]
    seen = spectate(game, player, terms, session.batches, session.runtime, MEASURED_ROUNDS)
    return float(seen["adversarial"].mean())
