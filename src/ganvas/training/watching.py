"""The watch, put together for a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from torch import Tensor

from ganvas.data.held_out import Pictures
from ganvas.games.game import Game
from ganvas.games.term import Term
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.translation import TranslationRecipe
from ganvas.space import Classes
from ganvas.training.runtime import Runtime
from ganvas.training.spectator import spectate
from ganvas.watch.advice import advice
from ganvas.watch.evidence import Look
from ganvas.watch.looking import Album, Eyes, judge_of
from ganvas.watch.reference import Groups, Reference, survey
from ganvas.watch.translation_data import doubts
from ganvas.watch.translation_evidence import TranslationLook
from ganvas.watch.translation_looking import Replay, TranslationEyes
from ganvas.watch.translation_verdicts import find_faults
from ganvas.watch.verdicts import find_all
from ganvas.watch.watch import Alarm, Watch

IMAGES, ROUNDS, LOOKS = 8192, 100, 100
"""Real images, and rounds, between two looks at least: a look costs what about a hundred real images do in `sprint`,
the cheapest of the recipes for pictures, and a few rounds' worth of overhead where networks are smaller still. No run
needs more than a hundred looks."""
TRANSLATIONS = 2048
"""The same where pictures are translated: there a look costs what twenty to sixty real images do."""


def watch_over(
    game: Game,
    recipe: Recipe,
    training: Any,
    held_out: Any,
    tick: int,
    runtime: Runtime,
    tell: Callable[[Alarm], None],
    reference: Reference | None = None,
) -> Watch[Any]:
    """The watch of this game, looking at every so many-th tick of ``tick`` images; it sees nothing in a game that only
    samples and has no duel. ``reference`` is surveyed unless it is given."""
    if isinstance(recipe, TranslationRecipe):
        return _over_translations(game, recipe, training, held_out, tick, runtime, tell)
    return _over_samples(game, recipe, training, held_out, tick, runtime, tell, reference)


def _every(game: Game, recipe: Recipe, tick: int, images: int) -> int:
    return -(-max(images, ROUNDS * recipe.batch, game.horizon // LOOKS) // tick) * tick


def _over_samples(
    game: Game,
    recipe: Recipe,
    training: Pictures,
    held_out: Pictures,
    tick: int,
    runtime: Runtime,
    tell: Callable[[Alarm], None],
    reference: Reference | None,
) -> Watch[Look]:
    classes = recipe.space.condition.names if isinstance(recipe.space.condition, Classes) else ()
    every = _every(game, recipe, tick, IMAGES)

    def bound(look: Callable[[int], Look | None], groups: Groups) -> Watch[Look]:
        find = partial(find_all, groups=groups, classes=classes)
        return Watch(look, find, Look.of_state, recipe.batch, every, lambda kind: advice(kind, recipe), tell)

    if "sample" not in recipe.abilities or (judge := judge_of(game)) is None:
        return bound(lambda images: None, Groups((), (), (), 0.0))

    def watched(album: Album, terms: Sequence[Term]) -> Mapping[str, Tensor]:
        return spectate(game, judge, terms, album, runtime, album.rounds)

    reference = reference or survey(training, classes, recipe.seed)
    size = recipe.batch // (recipe.parts * runtime.place.world)
    device = runtime.place.device
    eyes = Eyes(game, reference, training, held_out, size, len(classes), recipe.seed, device, watched)
    return bound(eyes.look, reference.groups)


def _over_translations(
    game: Game,
    recipe: TranslationRecipe,
    training: Any,
    held_out: Any,
    tick: int,
    runtime: Runtime,
    tell: Callable[[Alarm], None],
) -> Watch[TranslationLook]:
    judge = judge_of(game)

    def watched(replay: Replay, terms: Sequence[Term]) -> Mapping[str, Tensor]:
        assert judge is not None
        return spectate(game, judge, terms, replay, runtime, replay.rounds)

    size = recipe.batch // (recipe.parts * runtime.place.world)
    eyes = TranslationEyes(game, recipe, training, held_out, size, runtime.place.device, watched if judge else None)
    find = partial(find_faults, domains=eyes.domains)
    return Watch(
        eyes.look,
        find,
        TranslationLook.of_state,
        recipe.batch,
        _every(game, recipe, tick, TRANSLATIONS),
        lambda kind: advice(kind, recipe),
        tell,
        lambda: doubts(training),
    )
