"""The watch of translations: planted faults raise the right alarm, healthy ones none, and looking moves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganvas.data.translation.translations import Translations
from ganvas.nn.judgement import Judgement
from ganvas.recipes.overrides import overridden
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import RECIPES
from ganvas.space import Source, Space
from ganvas.training import watching
from ganvas.training.progress import Progress
from ganvas.training.watching import watch_over
from ganvas.watch.advice import advice
from ganvas.watch.evidence import Gap
from ganvas.watch.translation_data import doubts
from ganvas.watch.translation_evidence import Domains, TranslationLook
from ganvas.watch.translation_features import agreement, belonging, lattice, light, outlines
from ganvas.watch.translation_verdicts import RULES, find_faults
from ganvas.watch.watch import Watch
from states import identical
from translating import RUNTIME, SIDE, Planted, becomes, blobs, data, painted, recipe_of, shelf

# --- what is seen of pictures -----------------------------------------------------------------------------------------


def wave(period: int, levels: float, side: int = 32) -> Tensor:
    """(1, 1, side, side): noise of 5 grey levels, and ± so many levels that change sign every half period."""
    steps = (torch.arange(side) % period < period // 2).float() * 2 - 1
    noise = torch.randn(8, 1, side, side, generator=torch.Generator().manual_seed(0)) * 5
    return (noise + levels * steps[:, None] * steps) / 127.5


@pytest.mark.parametrize("period", [2, 4])
def test_a_pattern_of_two_or_four_pixels_stands_out_with_its_own_strength(period: int) -> None:
    """± 6 levels have a root mean square of 6: all of it lies on lines of the spectrum that are looked at."""
    stands_out, levels = lattice(wave(period, 6.0))
    assert stands_out > 10 and levels == pytest.approx(6.0, abs=0.4)


def test_noise_ramps_and_other_periods_are_no_pattern() -> None:
    """White noise has as much power on the lines as beside; a ramp and a period of 16 px have next to none there."""
    ramp = torch.linspace(-1, 1, 32).expand(1, 1, 32, 32)
    for pictures in (wave(2, 0.0), ramp, wave(16, 0.0) + ramp):
        stands_out, levels = lattice(pictures)
        assert stands_out < 2 and levels < 1.5


def test_light_agrees_with_itself_and_not_with_its_negative() -> None:
    pictures = torch.from_numpy(blobs(8, 0)).float() / 127.5 - 1
    assert agreement(light(pictures), light(pictures * 0.3 + 0.2)) == pytest.approx(1.0, abs=1e-6)
    assert agreement(light(pictures), light(-pictures)) == pytest.approx(-1.0, abs=1e-6)
    assert agreement(light(pictures), light(torch.full_like(pictures, 0.5))) == 0.0


def test_pairs_belong_together_and_shuffled_ones_do_not() -> None:
    """Outlines stay where they are when colours are permuted and turned over. (These all have a border every four
    pixels: that part is no sign of belonging.)"""
    pictures = torch.from_numpy(blobs(40, 0)).float() / 127.5 - 1
    changed = -pictures[:, [2, 0, 1]] * 0.5
    gain, sure = belonging(outlines(pictures), outlines(changed))
    assert gain > 0.15 and sure > 10
    gain, sure = belonging(outlines(pictures), outlines(changed.roll(1, 0)))
    assert abs(gain) < 0.1 and sure < 3


# --- rules ------------------------------------------------------------------------------------------------------------

PAIRS = Domains(paired=True, comparable=True, distance=0.3, called_for=False, lattice=1.0, pictures=500)
SETS = replace(PAIRS, paired=False)
GOOD = TranslationLook(
    images=0,
    agreement=0.8,
    moved=0.9,
    gained=0.5,
    spread_ratio=0.9,
    lattice=1.1,
    lattice_levels=0.3,
    trained=0.2,
    held_out=(0.25, 0.2, 0.3, 0.25),
    duelling=Gap(0.8, 0.1, 1.0),
)


def history(*changes: dict[str, Any]) -> list[TranslationLook]:
    return [replace(GOOD, images=1000 * k, **change) for k, change in enumerate(changes, start=1)]


def kinds(*changes: dict[str, Any], domains: Domains = PAIRS) -> list[str]:
    return list(find_faults(history(*changes), domains))


FAULTS: dict[str, dict[str, Any]] = {
    "colour inversion": {"agreement": -0.8},
    "identity collapse": {"moved": 0.02, "gained": 0.0},
    "sameness": {"spread_ratio": 0.01},
    "grid artefacts": {"lattice": 9.0, "lattice_levels": 4.0},
    "discriminator overfitting": {"duelling": Gap(1.0, 0.9, 9.0)},
}
NEARLY: dict[str, list[dict[str, Any]]] = {
    "colour inversion": [{"agreement": -0.3}],
    "identity collapse": [{"moved": 0.02, "gained": 0.3}, {"moved": 0.3, "gained": 0.0}],
    "sameness": [{"spread_ratio": 0.2}],
    "grid artefacts": [{"lattice": 2.0, "lattice_levels": 4.0}, {"lattice": 9.0, "lattice_levels": 0.5}],
    "discriminator overfitting": [
        {"duelling": Gap(1.0, 0.4, 9.0)},
        {"duelling": Gap(1.0, 0.9, 2.5)},
        {"duelling": None},
    ],
}


def test_every_rule_is_tried_from_both_sides() -> None:
    assert FAULTS.keys() == NEARLY.keys() == {rule.kind for rule in RULES} - {"pairs learnt by heart"}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_that_lasts_is_told_and_what_is_nearly_one_is_not(kind: str) -> None:
    assert kinds(*[FAULTS[kind]] * 5) == [kind]
    for change in NEARLY[kind]:
        assert kinds(*[change] * 12) == []


@pytest.mark.parametrize("kind", FAULTS.keys() - {"discriminator overfitting"})
def test_a_fault_that_comes_and_goes_is_not_told(kind: str) -> None:
    assert kinds(*[{}] * 5, FAULTS[kind], {}, FAULTS[kind]) == []


def test_good_looks_say_nothing_however_many() -> None:
    for count in (0, 1, 3, 7, 24):
        assert kinds(*[{}] * count) == [] and kinds(*[{}] * count, domains=SETS) == []


def test_an_inversion_that_the_data_call_for_is_none() -> None:
    assert kinds(*[{"agreement": -0.9}] * 6, domains=replace(SETS, called_for=True)) == []


def test_beginners_may_copy_and_draw_grids_for_a_while() -> None:
    """Four looks are nothing yet; a grid that has come down from 9 levels to 5 over the stretch is fading."""
    for kind in ("identity collapse", "grid artefacts"):
        assert kinds(*[FAULTS[kind]] * 4) == []
    fading = [{"lattice": 9.0, "lattice_levels": levels} for levels in (9.0, 9.0, 9.0, 7.0, 5.0)]
    assert kinds(*fading) == [] and kinds(*fading[:3], *[fading[2]] * 2) == ["grid artefacts"]


def test_a_grid_that_real_pictures_have_too_is_none() -> None:
    """JPEG blocks, enlarged pictures: 9 against 4 is less than three times as much."""
    assert kinds(*[FAULTS["grid artefacts"]] * 6, domains=replace(PAIRS, lattice=4.0)) == []


def test_classes_are_not_copied() -> None:
    """A map of classes cannot be laid over a picture: nothing is known of how far it was moved."""
    assert kinds(*[FAULTS["identity collapse"]] * 6, domains=replace(PAIRS, comparable=False)) == []


def test_two_sets_that_are_one_are_rightly_copied() -> None:
    """Blobs into other blobs: nothing to gain."""
    of = data(paired=False, change=lambda pictures: pictures)
    watch = watched("cyclegan", lambda x: x * 1.0, of)
    assert watch.looks[-1].moved < 1e-6 and watch.looks[-1].gained == 1.0 and raised(watch) == []


def test_the_first_epoch_tells_nothing_of_learning_by_heart() -> None:
    """Of 10,000 pictures the sixth thousand was never seen before either."""
    assert kinds(*[FAULTS["discriminator overfitting"]] * 9, domains=replace(PAIRS, pictures=10_000)) == []


def pairs(*errors: tuple[float, float]) -> list[dict[str, Any]]:
    """Looks with these mean errors of trained and unseen pairs; the four unseen ones differ, alike at every look."""
    return [{"trained": t, "held_out": tuple(u * k for k in (0.9, 1.0, 1.1, 1.0))} for t, u in errors]


BEST = [(0.4, 0.4), (0.3, 0.33), (0.25, 0.30)]
BY_HEART = [
    ([(0.2, 0.33), (0.18, 0.34), (0.16, 0.35)], True),  # up by 10 % and more
    ([(0.2, 0.31), (0.18, 0.31), (0.16, 0.31)], False),  # up by 3 %, while the others fell by a third: not enough …
    ([(0.17, 0.31), (0.165, 0.305), (0.16, 0.302)], True),  # … unless they fell by 30 % at all three looks
    ([(0.25, 0.33), (0.25, 0.34), (0.25, 0.35)], False),  # both are stuck: the generator got worse, not learned
    ([(0.2, 0.29), (0.15, 0.28), (0.1, 0.27)], False),  # both get better
    ([(0.2, 0.33), (0.18, 0.29), (0.16, 0.35)], False),  # it comes and goes
]


@pytest.mark.parametrize(("after", "told"), BY_HEART)
def test_pairs_learnt_by_heart(after: list[tuple[float, float]], told: bool) -> None:
    assert (kinds(*pairs(*BEST, *after)) == ["pairs learnt by heart"]) == told


def test_what_differs_from_window_to_window_must_be_sure() -> None:
    """+40 % on one of four windows and nothing on the others is 10 % in the mean, but one standard error."""
    steady = pairs(*BEST)
    jumpy = [{"trained": 0.2, "held_out": (0.27, 0.30, 0.33 + 0.12, 0.30)}] * 3
    assert kinds(*steady, *jumpy) == []


def test_the_words_hold_the_numbers() -> None:
    for kind, fault in FAULTS.items():
        words, evidence = find_faults(history(*[fault] * 5), PAIRS)[kind]
        assert words.startswith(kind) and "{" not in words and evidence
    words, _ = find_faults(history(*pairs(*BEST, *BY_HEART[0][0])), PAIRS)["pairs learnt by heart"]
    assert "since 3,000 images" in words and "by 36%" in words and "by 17%" in words


def test_a_look_comes_back_as_it_was_stored() -> None:
    for look in (GOOD, replace(GOOD, duelling=None, trained=None, held_out=())):
        assert TranslationLook.of_state(look.state()) == look
    assert GOOD.curves()["pairs/held_out_l1"] == 0.25 and GOOD.curves()["watch/held_out_gap"] == 0.1


# --- planted, without training ----------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "TRANSLATIONS", 64)
    monkeypatch.setattr(watching, "ROUNDS", 1)


def watched(
    name: str, does: Callable[[Tensor], Tensor], of: Translations | None = None, **networks: nn.Module
) -> Watch[Any]:
    """The watch of a game with this translator, after six looks."""
    of = of or data(paired=name == "pix2pix")
    recipe = recipe_of(name, of)
    game = recipe.game(RUNTIME.place.device)
    game.networks |= {"generator": Planted(does), **networks}
    game.begin_round(0)
    watch = watch_over(game, recipe, *of.divided(), 64, RUNTIME, lambda alarm: None)
    for k in range(6):
        watch(game, clock(watch.every * (k + 1)))
    return watch


def clock(images: int) -> Progress:
    progress = Progress()
    progress.images = images
    return progress


def raised(watch: Watch[Any]) -> list[str]:
    return [alarm.kind for alarm in watch.pending]


def checkered(pictures: Tensor) -> Tensor:
    """What it should be, under a checkerboard of ± 8 grey levels."""
    places = torch.arange(pictures.shape[3])
    return painted(pictures) + ((places[:, None] + places) % 2 * 2 - 1) * 8 / 127.5


PLANTED: dict[str, tuple[Callable[[Tensor], Tensor], list[str]]] = {
    "right": (painted, []),
    "copies": (lambda x: x * 1.0, ["identity collapse"]),
    "inverts": (lambda x: painted(-x), ["colour inversion"]),
    "always grey": (lambda x: x * 0 + 0.1, ["sameness"]),
    "draws a checkerboard": (checkered, ["grid artefacts"]),
}


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan"])
@pytest.mark.parametrize("planted", PLANTED)
def test_a_translator_that(planted: str, name: str) -> None:
    does, told = PLANTED[planted]
    assert raised(watched(name, does)) == told


def test_the_right_translator_is_all_there() -> None:
    """It has gained all but what rounding leaves, moved the whole way, and agrees with the truth."""
    look = watched("pix2pix", painted).looks[-1]
    assert look.gained > 0.97 and look.moved == pytest.approx(1, abs=0.05) and look.agreement > 0.99
    assert look.trained < 0.01 and len(look.held_out) == 24 and look.spread_ratio == pytest.approx(1, abs=0.1)


def test_sets_whose_light_and_dark_are_turned_over_call_for_it() -> None:
    """Dark pictures with light spots into their negatives: what inverts is right, and what does not is not told."""

    def dark(pictures: Any) -> Any:
        return (pictures // 3).astype(np.uint8)

    def negative(pictures: Any) -> Any:
        return 255 - dark(pictures)

    of = data(paired=False, change=negative)
    sources = replace(of.sources, flat=dark(of.sources.flat))  # type: ignore[type-var]
    of = replace(of, sources=sources)
    watch = watched("cyclegan", lambda x: -x, of)
    assert watch.find.keywords["domains"].called_for and raised(watch) == []  # type: ignore[attr-defined]


class ByHeart(nn.Module):
    """+5 for a picture that training shows, −4 for any other."""

    mixes_samples = False

    def __init__(self, known: Tensor) -> None:
        super().__init__()
        self.known, self.weight = known.flatten(1), nn.Parameter(torch.zeros(1))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        nearest = torch.cdist(images.flatten(1), self.known).amin(1)
        return Judgement(torch.where(nearest < 1e-2, 5.0, -4.0) + 0.01 * images.mean((1, 2, 3)) + self.weight)


def test_a_discriminator_that_knows_its_pairs_by_heart() -> None:
    """Held-out pictures are judged as fakes are, 9 of 9 logits down; and one that judges by colour is left alone."""
    of = data()
    known = of.images_as_network(np.stack([of.images.whole(i) for i in range(len(of.images))]))
    watch = watched("pix2pix", lambda x: painted(x) * 0.9, of, discriminator=ByHeart(known))
    assert raised(watch) == ["discriminator overfitting"]
    assert watch.looks[-1].duelling.overfitting == pytest.approx(1.0, abs=0.02)


def test_a_generator_that_learns_its_pairs_by_heart() -> None:
    """From look to look it is nearer to the pairs it knows, and farther from those that it does not."""
    of = data()
    known = of.sources_as_network(np.stack([of.sources.whole(i) for i in range(len(of.sources))]))  # type: ignore[union-attr]
    looks = 0

    def learns(pictures: Tensor) -> Tensor:
        mine = torch.cdist(pictures.flatten(1), known.flatten(1)).amin(1) < 1e-2
        off = torch.where(mine, 0.3 / (1 + looks), 0.2 + 0.04 * looks)
        return painted(pictures) + off[:, None, None, None]

    recipe = recipe_of("pix2pix", of)
    game = recipe.game(RUNTIME.place.device)
    game.networks["generator"] = Planted(learns)
    game.begin_round(0)
    watch = watch_over(game, recipe, *of.divided(), 64, RUNTIME, lambda alarm: None)
    for _ in range(6):
        looks += 1
        watch(game, clock(watch.every * looks))
    assert "pairs learnt by heart" in raised(watch)
    (alarm,) = [alarm for alarm in watch.pending if alarm.kind == "pairs learnt by heart"]
    assert alarm.evidence["best_at_images"] == watch.every and "best.safetensors" in alarm.suggestion


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan"])
def test_looking_moves_nothing(name: str) -> None:
    """Weights, batch statistics, the pools and torch's random state are as before; two looks see the same."""
    of = data(paired=name == "pix2pix")
    recipe = recipe_of(name, of)
    game = recipe.game(RUNTIME.place.device)
    game.begin_round(0)
    watch = watch_over(game, recipe, *of.divided(), 64, RUNTIME, lambda alarm: None)
    before = {role: {k: v.clone() for k, v in net.state_dict().items()} for role, net in game.networks.items()}
    modes, chance = {role: net.training for role, net in game.networks.items()}, torch.get_rng_state()
    first, second = watch.look(1), watch.look(1)
    assert isinstance(first, TranslationLook) and first == second
    assert identical({role: dict(net.state_dict()) for role, net in game.networks.items()}, before)
    assert {role: net.training for role, net in game.networks.items()} == modes
    assert torch.equal(torch.get_rng_state(), chance)
    assert all(p.requires_grad and p.grad is None for net in game.networks.values() for p in net.parameters())


def test_without_held_out_pictures_or_a_discriminator_less_is_seen() -> None:
    of = data(held=False)
    recipe = recipe_of("pix2pix", of).but(discriminator=None)
    game = recipe.but(optimizers={"generator": recipe.optimizers["generator"]}).game(RUNTIME.place.device)
    look = watch_over(game, recipe, *of.divided(), 64, RUNTIME, lambda alarm: None).look(0)
    assert look is not None and look.held_out == () and look.duelling is None and look.trained is not None


# --- the data ---------------------------------------------------------------------------------------------------------


def sets(
    pictures: Any, sources: Any, paired: bool, names: tuple[list[str] | None, list[str] | None] = (None, None)
) -> Translations:
    source = Source(channels=3, height=SIDE, width=SIDE, paired=paired)
    space = Space(channels=3, height=SIDE, width=SIDE, source=source)
    return Translations(shelf(pictures, names[0]), shelf(sources, names[1]), paired, space, "sets", ("a", "b"), "", {})


def words(of: Translations) -> str:
    return " ".join(alarm.words for alarm in doubts(of))


def test_sets_that_are_paired_after_all_are_told() -> None:
    """By what they show, in order or by name; and by telling names alone."""
    sources, strangers = blobs(40, 0), becomes(blobs(40, 5))
    assert doubts(sets(strangers, sources, paired=False)) == []
    assert "n-th pictures of the two sets look alike" in words(
        sets(becomes(sources), sources, False, ([f"x{i}.png" for i in range(40)], [f"y{i}.jpg" for i in range(40)]))
    )
    called = [f"{word}-{i * i}.png" for i, word in enumerate(["cat", "dog"] * 20)]
    order = np.random.default_rng(0).permutation(40)
    mixed = sets(becomes(sources)[order], sources, False, ([called[i] for i in order], called))
    assert "100% of the names are in both sets and pictures of one name look alike" in words(mixed)
    assert "100% of the names" in words(sets(strangers, sources, False, (called, called)))
    (alarm,) = doubts(mixed)
    assert "pix2pix" in alarm.suggestion and alarm.images == 0


def test_numbers_in_a_row_are_no_names() -> None:
    """Two sets that were numbered each for itself have all their names in common."""
    called = [f"img_{i:04}.png" for i in range(40)]
    assert doubts(sets(becomes(blobs(40, 5)), blobs(40, 0), False, (called, called))) == []


def test_pairs_that_do_not_fit_are_told() -> None:
    sources = blobs(40, 0)
    assert doubts(sets(becomes(sources), sources, True)) == []
    assert doubts(sets(255 - becomes(sources), sources, True)) == []
    (alarm,) = doubts(sets(np.roll(becomes(sources), 1, 0), sources, True))
    assert alarm.kind == "pairs that do not fit" and "in 40 pairs" in alarm.words
    assert doubts(sets(np.roll(becomes(sources), 1, 0)[:12], sources[:12], True)) == []  # too few to say


def test_it_is_said_once_after_the_first_round() -> None:
    sources = blobs(40, 0)
    watch = watched("cyclegan", painted, sets(becomes(sources), sources, False))
    assert raised(watch) == []  # the looks above began at 64 images
    first, game = watch.first(), None
    assert [alarm.kind for alarm in first] == ["two sets that look paired"]
    watch(game, clock(watch.batch))  # type: ignore[arg-type]
    watch(game, clock(2 * watch.batch))  # type: ignore[arg-type]
    assert raised(watch) == ["two sets that look paired"]


# --- advice -----------------------------------------------------------------------------------------------------------

SPACES = {
    "pairs": Space(channels=3, height=32, width=32, source=Source(channels=3, height=32, width=32)),
    "sets": Space(channels=3, height=32, width=32, source=Source(channels=3, height=32, width=32, paired=False)),
}


def playable() -> list[tuple[str, Recipe]]:
    return [
        (f"{name} on {of}", made) for name in RECIPES for of, space in SPACES.items() if (made := _made(name, space))
    ]


def _made(name: str, space: Space) -> Recipe | None:
    recipe = RECIPES[name](space)
    return recipe if recipe.abilities == ("translate",) and recipe.unsound() is None else None


@pytest.mark.parametrize("kind", [*FAULTS, "pairs learnt by heart"])
def test_advice_can_be_taken_and_changes_something(kind: str) -> None:
    for name, recipe in playable():
        said = advice(kind, recipe)
        for choice in said.partition("in a new run (--out) try ")[2].split(", or ") if "--set" in said else []:
            settings = [setting.strip() for setting in choice.split("--set ") if setting.strip()]
            assert recipe.differences(overridden(recipe, settings)), (name, settings)


def test_the_known_remedies_are_named() -> None:
    recipes = dict(playable())
    cyclegan, lecture, pix2pix = (
        recipes[f"{n} on {s}"] for n, s in (("cyclegan", "sets"), ("cyclegan-lecture", "sets"), ("pix2pix", "pairs"))
    )
    assert "--set weights.identity=1" in advice("colour inversion", cyclegan)
    assert "--set weights.identity=0.5" in advice("colour inversion", lecture)
    assert "--seed" in advice("colour inversion", cyclegan)
    assert "--set weights.content=0" in advice("identity collapse", lecture)
    assert "--set weights.identity=0" in advice("identity collapse", cyclegan)
    assert "--set generator.antialias=true" in advice("grid artefacts", cyclegan)
    assert "antialias" not in advice("grid artefacts", pix2pix) and "fades" in advice("grid artefacts", pix2pix)
    assert "--set augment=diffaugment" in advice("pairs learnt by heart", pix2pix)
