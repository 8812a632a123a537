"""The watch, put together for a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from ganvas.data.held_out import Pictures
from ganvas.games.game import Game
from ganvas.games.term import Term
from ganvas.recipes.recipe import Recipe
from ganvas.space import Classes
from ganvas.training.runtime import Runtime
from ganvas.training.spectator import spectate
from ganvas.watch.advice import advice
from ganvas.watch.evidence import Look
from ganvas.watch.looking import Album, Eyes, judge_of
from ganvas.watch.reference import Groups, Reference, survey
from ganvas.watch.watch import Alarm, Watch

IMAGES, ROUNDS, LOOKS = 8192, 100, 100
"""Real images, and rounds, between two looks at least: a look costs what about a hundred real images do in `sprint`,
the cheapest of the recipes for pictures, and a few rounds' worth of overhead where networks are smaller still. No run
needs more than a hundred looks."""


def watch_over(
    game: Game,
    recipe: Recipe,
    training: Pictures,
    held_out: Pictures,
    tick: int,
    runtime: Runtime,
    tell: Callable[[Alarm], None],
    reference: Reference | None = None,
) -> Watch:
    """The watch of this game, looking at every so many-th tick of ``tick`` images; it sees nothing in a game without a
    duel. ``reference`` is surveyed unless it is given."""
    classes = recipe.space.condition.names if isinstance(recipe.space.condition, Classes) else ()
    every = -(-max(IMAGES, ROUNDS * recipe.batch, game.horizon // LOOKS) // tick) * tick

    def bound(look: Callable[[int], Look | None], groups: Groups) -> Watch:
        return Watch(look, groups, classes, recipe.batch, every, lambda kind: advice(kind, recipe), tell)

    if "sample" not in recipe.abilities or (judge := judge_of(game)) is None:
        return bound(lambda images: None, Groups((), (), (), 0.0))

    def watched(album: Album, terms: Sequence[Term]) -> Mapping[str, Tensor]:
        return spectate(game, judge, terms, album, runtime, album.rounds)

    reference = reference or survey(training, classes, recipe.seed)
    size = recipe.batch // (recipe.parts * runtime.place.world)
    device = runtime.place.device
    eyes = Eyes(game, reference, training, held_out, size, len(classes), recipe.seed, device, watched)
    return bound(eyes.look, reference.groups)
