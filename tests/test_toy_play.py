"""A toy at play: points as batches, looking in without leaving a trace, where fakes are pulled, what is read out."""

from __future__ import annotations

import copy
import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganvas.errors import GanvasError
from ganvas.recipes.overrides import overridden
from ganvas.recipes.points import points
from ganvas.theory import js
from ganvas.toys import plane
from ganvas.toys.completion import target_of
from ganvas.toys.plane import VARIANTS, lesson
from ganvas.toys.play import Play
from ganvas.toys.stream import Points, space_of
from ganvas.toys.targets import grid, mixture, ring, spiral

SMALL = ("generator.widths=[16]", "discriminator.widths=[16]", "batch=8")
FEW = 200


@pytest.fixture(autouse=True)
def few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read-outs look at a few."""
    monkeypatch.setattr(plane, "PROTOCOL", FEW)


def played(*settings: str, rounds: int = 3) -> Play:
    play = Play(overridden(points(space_of(grid())), [*SMALL, "images=64", *settings]), grid())
    play.on(rounds * play.recipe.batch)
    return play


def places(count: int = 6) -> np.ndarray:
    return np.random.default_rng(3).uniform(-4, 4, (count, 2))


# --- the stream -----------------------------------------------------------------------------------------------------


def test_points_are_a_function_of_seed_round_and_turn():
    """Whatever was asked before; and each of the three matters."""
    stream = Points(ring(), 16, seed=5)
    first = stream.at(2, 1)
    stream.at(7, 0)
    assert torch.equal(first.images, stream.at(2, 1).images)
    assert torch.equal(first.images, Points(ring(), 16, seed=5).at(2, 1).images)
    others = [stream.at(3, 1), stream.at(2, 0), stream.at(1, 2), Points(ring(), 16, seed=6).at(2, 1)]
    for a, b in itertools.combinations([first, *others], 2):
        assert not torch.equal(a.images, b.images)


def test_points_are_pictures_of_one_pixel_in_the_networks_range():
    """The grid reaches 4 of its extent 5; on the line there is one channel."""
    batch = Points(grid(), 4000, seed=0).at(0, 0)
    assert batch.images.shape == (4000, 2, 1, 1) and batch.images.dtype == torch.float32
    assert 0.8 < float(batch.images.abs().max()) < 0.9
    line = target_of("0:1")
    assert space_of(line).shape == (1, 1, 1) == tuple(Points(line, 2, 0).at(0, 0).images.shape[1:])


# --- looking in -----------------------------------------------------------------------------------------------------


def test_points_go_in_and_come_out_in_the_targets_unit():
    """Five times the networks' unit for the grid, both ways."""
    play = played()
    with torch.no_grad():
        z = torch.randn(4, 2)
        inside = play.game.networks["generator"](z).flatten(1).double() * 5
        said = play.game.networks["discriminator"](torch.from_numpy(places() / 5).float()[:, :, None, None]).logits
    assert np.allclose(play.through(z, averaged=False), inside)
    assert np.allclose(play.logits(places()), said)
    assert not np.allclose(play.through(z), inside)  # the average lags behind
    assert play.fakes(7).shape == (7, 2) and (play.fakes(7) == play.fakes(7)).all()


def test_packs_are_of_the_same_point():
    """Packing 2: the logit at x is that of the pack (x, x), so x's own logit does not hang on its neighbours."""
    play = played("discriminator.packing=2")
    logits = play.logits(places())
    assert logits.shape == (6,)
    assert play.logits(places()[::-1].copy()) == pytest.approx(logits[::-1], rel=1e-5, abs=1e-6)
    with torch.no_grad():
        twice = torch.from_numpy(places()[:1] / 5).float()[:, :, None, None].repeat(2, 1, 1, 1)
        assert play.game.networks["discriminator"](twice).logits.item() == pytest.approx(logits[0], rel=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        ("loss=non-saturating",),
        ("loss=minimax",),
        ("loss=hinge",),
        ("loss=relativistic",),
        ("loss=least-squares", "discriminator.packing=2"),
        ("loss=non-saturating", "discriminator.minibatch=deviation"),
        ("loss=non-saturating", "discriminator.spectral_norm=true", "augment=instance-noise"),
    ],
    ids=" ".join,
)
def test_the_pull_is_downhill(settings: tuple[str, ...]):
    """−∂L/∂x by central differences of L = Σ generator loss, through the whole discriminator, at every point and
    coordinate. Networks in float64 and h = 1e-6: the difference errs by about h² and 1e-16 / h, so 1e-7 is kept."""
    play = played(*settings, "penalties=none")
    play.game.networks["discriminator"].double()
    play._images = lambda points: torch.from_numpy(points / 5)[:, :, None, None]  # type: ignore[method-assign]
    at = places()
    real = play.logits(grid().draw(len(at), np.random.default_rng(4)))

    def loss(points: np.ndarray) -> float:
        return float(play.recipe.loss.generator(torch.from_numpy(real), torch.from_numpy(play.logits(points))).sum())

    found = play.pull(at, seed=4)
    for index in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[index] = 1e-6
        assert found[index] == pytest.approx(-(loss(at + step) - loss(at - step)) / 2e-6, abs=1e-7)
    assert np.abs(found).max() > 1e-4


@pytest.mark.parametrize("settings", ["discriminator.spectral_norm=true", "augment=instance-noise"])
def test_looking_leaves_no_trace(settings: str):
    """Spectral normalisation takes a step at every call in training mode, and noise draws: neither may show. The game
    goes on as if nobody had looked, and two looks see the same."""
    looked, alone = played(settings), played(settings)
    before = copy.deepcopy(looked.game.networks["discriminator"].state_dict())
    assert (looked.logits(places()) == looked.logits(places())).all()
    assert (looked.pull(places()) == looked.pull(places())).all()
    looked.fakes(9)
    after = looked.game.networks["discriminator"].state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert looked.game.networks["discriminator"].training
    for play in (looked, alone):
        play.on(6 * 8)
    for a, b in zip(*(p.game.networks["discriminator"].state_dict().values() for p in (looked, alone)), strict=True):
        assert torch.equal(a, b)


def test_stops_lie_ever_farther_apart():
    """64 images in rounds of 8 and 4 looks: after 1/16, 1/4, 9/16 and all of 8 rounds, rounded up: 1, 2, 5 and 8. With
    more looks than rounds none is repeated."""
    assert played(rounds=0).stops(4) == [8, 16, 40, 64]
    assert played(rounds=0).stops(40) == [8, 16, 24, 32, 40, 48, 56, 64]
    assert played("images=3", rounds=0).stops(40) == [8]


def test_means_are_since_the_last_call():
    play = played(rounds=0)
    first = play.on(8)
    assert {"discriminator/real_logits", "generator/gradient_norm"} <= first.keys()
    assert play.on(8) == {}  # nothing was played
    assert play.on(16).keys() <= first.keys()  # lazy penalties are not due again


# --- lessons --------------------------------------------------------------------------------------------------------

SEEN = {"images", "seconds", "energy_distance"}
MODES = {
    *("modes", "modes_covered", "modes_at_half_mass", "high_quality_share", "reverse_kl", "within_mode_sd_ratio"),
    *("counts", "elsewhere", "js_quality", "js_coverage", "js_over_generated", "js_under_generated"),
}


def test_learning_reads_out_and_remembers():
    """The history is what was yielded, less what the players report; curves have no modes to speak of."""
    for target, keys in ((grid(), SEEN | MODES), (spiral(), SEEN)):
        subject = lesson("plain", target, SMALL, seed=0, images=64)
        rows = list(plane.learn(subject, itertools.count().__next__, moments=3))
        assert [row["images"] for row in rows] == [8, 32, 64] == [row["images"] for row in subject.history]
        assert [row["seconds"] for row in rows] == [1, 2, 3]
        for row, kept in zip(rows, subject.history, strict=True):
            assert kept.keys() == keys
            assert kept.items() <= row.items() and "generator/adversarial" in row
        numbers = subject.numbers()
        assert numbers["name"] == "plain" and numbers["images"] == 64 and numbers["history"] == subject.history
        assert numbers["recipe"]["loss"]["kind"] == "non-saturating"


def test_a_lesson_that_has_not_begun_has_no_numbers():
    numbers = lesson("ganvas", grid(), SMALL, 0, None).numbers()
    assert numbers.keys() == {"name", "alarms", "recipe", "history"} and numbers["history"] == []


def test_same_seed_same_numbers():
    def end(seed: int, moments: int) -> dict[str, object]:
        return list(plane.learn(lesson("ganvas", grid(), SMALL, seed, 64), lambda: 0.0, moments))[-1]

    once, again, more, other = end(1, 2), end(1, 2), end(1, 5), end(2, 2)
    assert once == again
    assert {key: once[key] for key in SEEN | MODES} == {key: more[key] for key in SEEN | MODES}  # looks change nothing
    assert once["energy_distance"] != other["energy_distance"]


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_plays(name: str):
    """Three rounds, finite numbers, and its settings in the recipe."""
    subject = lesson(name, ring(), SMALL, seed=0, images=24)
    rows = list(plane.learn(subject, lambda: 0.0, moments=1))
    assert subject.play.progress.round == 3
    assert all(np.isfinite(value) for row in rows for value in row.values() if isinstance(value, float))
    for logits in (subject.play.logits(places()), subject.play.pull(places())):
        assert np.isfinite(logits).all()


def test_variants_differ_and_take_settings_upon_them():
    recipes = [lesson(name, ring(), SMALL, 0, None).play.recipe for name in VARIANTS]
    for a, b in itertools.combinations(recipes, 2):
        assert a != b
    own = lesson("loss=hinge penalties=none", ring(), [*SMALL, "penalties=r1"], 3, 16).play.recipe
    assert own.loss.kind == "hinge" and set(own.penalties) == {"r1"} and (own.seed, own.images) == (3, 16)


@pytest.mark.parametrize(
    ("name", "settings", "line"),
    [
        ("packin", (), "no variant is called 'packin'; did you mean 'packing'"),
        ("loss=hinge plain", (), "no variant is called 'loss=hinge plain'"),
        ("loss=hing", (), "--set loss=hing"),
        ("plain", ("lr=1",), "the recipe has no 'lr'"),
        ("plain", ("loss=wasserstein",), "unbounded without a limit"),
        ("packing", ("batch=6",), "6 pictures at once do not divide into packs of 4"),
    ],
)
def test_a_wrong_setting_is_one_clear_error(name: str, settings: tuple[str, ...], line: str):
    with pytest.raises(GanvasError, match=line) as caught:
        lesson(name, ring(), settings, seed=0, images=None)
    assert "\n" not in str(caught.value)


def test_a_wrong_seed_is_one_clear_error():
    with pytest.raises(GanvasError, match="seed=-1"):
        lesson("plain", ring(), (), seed=-1, images=None)


def test_the_split_adds_up_to_the_divergence():
    """Both pairs of parts of JS add up to JS of the two histograms over eight modes and "elsewhere". A generator that
    has learnt nothing lies elsewhere altogether: JS = log 2, up to the 1 % of real points that do so too."""
    subject = lesson("plain", ring(), SMALL, 0, 8)
    numbers = list(plane.learn(subject, lambda: 0.0, 1))[-1]
    within = (1 - np.exp(-4.5)) / 8
    total = js([*[within] * 8, np.exp(-4.5)], [*numbers["counts"], numbers["elsewhere"]])
    assert numbers["js_quality"] + numbers["js_coverage"] == pytest.approx(total, abs=1e-12)
    assert numbers["js_over_generated"] + numbers["js_under_generated"] == pytest.approx(total, abs=1e-12)
    assert 0.6 < total <= np.log(2)


def test_the_truth_has_next_to_no_divergence():
    """Where the generator draws the target itself, the split of 2,000 points is that of a sample against its law:
    about (bins − 1) / (8 · 2,000) = .0005 nats in all, .002 at most; missing half of the modes costs .22."""
    play = played()
    target = mixture(ring().centres, 0.01, 1.25)
    half = replace(target, centres=target.centres[:4], weights=np.full(4, 0.25))
    for source, low, high in ((target, 0.0, 0.002), (half, 0.2, 0.25)):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(plane, "PROTOCOL", 2000)
            play.target = target
            drawn = source
            patched.setattr(play, "fakes", lambda n, seed, drawn=drawn: drawn.draw(n, np.random.default_rng(9)))
            numbers = plane.read_out(play)
        assert low <= numbers["js_quality"] + numbers["js_coverage"] <= high


def test_a_lesson_is_json_able():
    subject = lesson("ganvas", ring(), SMALL, 0, 8)
    list(plane.learn(subject, lambda: 0.0, 1))
    assert json.loads(json.dumps(subject.numbers(), allow_nan=False))["history"][0]["images"] == 8


def test_the_watch_names_the_modes_that_a_toy_lost():
    """A generator that can reach five of eight modes only, judged beside all eight: dropping, with the three named."""
    target = ring()
    kept = np.array([0, 2, 3, 4, 7])
    subject = lesson("ganvas", target, ("batch=64", "images=12800"), 0, None)
    (watch,) = subject.play.callbacks[1:]
    points = target.centres[kept][np.arange(512) % 5] + target.sigma * np.random.default_rng(0).standard_normal(
        (512, 2)
    )
    generator = subject.play.game.networks["generator"]
    images = torch.from_numpy((points / target.extent).astype(np.float32))[:, :, None, None]
    generator.forward = lambda z, condition=None: images[torch.arange(len(z)) % 512] + 0.0 * z.sum()
    for look in range(8):
        watch.note(watch.look(look))
    (alarm,) = subject.alarms
    assert alarm.kind == "mode dropping" and alarm.evidence["missing"] == ["mode 1", "mode 5", "mode 6"]
