"""The report card of generators whose faults are known, because they are made of real digits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np
import pytest
import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate import EXTRACTORS, Card, ImageSet, Measurement, Protocol, closer, compare_sets, evaluate, judge
from ganvas.evaluate.measure import SEEDS_APART, weights_of
from ganvas.evaluate.sets import split
from ganvas.recipes.recipe import Average
from ganvas.recipes.sprint import sprint
from ganvas.schedule import Schedule
from ganvas.snapshot import Snapshot
from ganvas.space import Space

SAMPLES = 600
NAMES = ("frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage")


@dataclass
class Replay:
    """A generator that replays real digits: seed s gives one of the class ``draws(asked)``."""

    pictures: ImageSet
    draws: Callable[[Tensor], Tensor] = lambda asked: asked
    space: Space | None = None
    first_seeds: Sequence[int] = ()

    def __post_init__(self) -> None:
        self.space = self.space or self.pictures.space
        self.rows = {label: np.flatnonzero(self.pictures.labels == label) for label in range(10)}

    def sample(self, seeds: Sequence[int], condition: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        self.first_seeds = (*self.first_seeds, seeds[0])
        asked = condition if condition is not None else torch.tensor([seed % 10 for seed in seeds])
        drawn = zip(self.draws(asked).tolist(), seeds, strict=True)
        rows = [self.rows[label][seed * 31 % len(self.rows[label])] for label, seed in drawn]
        return torch.from_numpy(self.pictures.images[rows])


@pytest.fixture(scope="module")
def halves() -> tuple[ImageSet, ImageSet]:
    """Real digits, and others that the generators replay."""
    stored = np.load(files("ganvas.data") / "digits.npz")
    order = np.random.default_rng(0).permutation(len(stored["labels"]))
    images, labels = stored["images"][:, None], stored["labels"].astype(np.int64)
    first, second = order[:1800], order[1800:4000]
    return ImageSet(images[first], labels[first], "digits"), ImageSet(images[second], labels[second], "others")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "IMAGES_SHOWN", 6400)
    monkeypatch.setattr(closer, "SCORES", ())  # which have a test of their own


def test_a_perfect_generator_meets_its_references(halves: tuple[ImageSet, ImageSet]):
    """Other real digits of the asked class: every number is the reference's but for chance."""
    real, others = halves
    told: list[tuple[str, int, int]] = []
    card = evaluate(Replay(others), real, samples=SAMPLES, on_progress=lambda *what: told.append(what))
    assert [m.key for m in card.measurements if m.protocol.extractor == "pixels"] == [f"{n}/pixels" for n in NAMES]
    for extractor in ("pixels", "random-conv", "self-trained"):
        for name in ("precision", "recall", "density", "coverage"):
            found = card.find(name, extractor)
            assert found.value == pytest.approx(found.reference, abs=0.1), found.key
    accuracy = card.find("class_accuracy", "self-trained")
    assert accuracy.value == pytest.approx(card.judge_accuracy, abs=0.03)
    assert accuracy.reference == card.judge_accuracy > 0.9
    assert card.find("class_share_distance", "self-trained").value < 0.12
    assert sum(row.share for row in card.classes) == pytest.approx(1.0)
    assert card.find("images_per_second").value > 0 < card.find("latency_seconds").value
    assert {what for what, _, _ in told} >= {"training the judge", "looking at generated pictures"}
    assert ("measuring distances", 3, 3) in told


def test_it_is_repeatable_and_json_gives_it_back(halves: tuple[ImageSet, ImageSet]):
    real, others = halves
    options = {"samples": 200, "extractors": ("random-conv", "self-trained")}
    first, again, other = (evaluate(Replay(others), real, seed=seed, **options) for seed in (0, 0, 1))

    def measured(card: Card) -> tuple[Measurement, ...]:
        return tuple(m for m in card.measurements if m.protocol.extractor)

    assert measured(first) == measured(again) != measured(other)
    assert Card.model_validate_json(first.model_dump_json()) == first


def test_evaluation_pictures_are_none_that_were_shown(halves: tuple[ImageSet, ImageSet]):
    """The timing takes seed 0 onwards, the evaluation SEEDS_APART onwards, other ones for another seed."""
    real, others = halves
    for seed in (0, 2):
        sampler = Replay(others)
        evaluate(sampler, real, samples=20, extractors=("pixels",), seed=seed)
        assert set(sampler.first_seeds) == {0, SEEDS_APART * (1 + seed)}


def test_dropped_and_confused_classes_are_named(halves: tuple[ImageSet, ImageSet]):
    """Asked for a 3 it draws an 8, and 9 is never drawn at all but as a 4; the rest is as asked."""
    real, others = halves
    swaps = torch.tensor([0, 1, 2, 8, 4, 5, 6, 7, 8, 4])
    card = evaluate(Replay(others, lambda asked: swaps[asked]), real, samples=SAMPLES, extractors=("self-trained",))
    accuracies = [row.accuracy for row in card.classes]
    assert max(accuracies[3], accuracies[9]) < 0.15
    assert min(accuracies[i] for i in (0, 1, 2, 4, 5, 6, 7, 8)) > 0.75
    assert card.find("class_accuracy_lowest", "self-trained").value == min(accuracies)
    assert card.classes[3].share < 0.03 < 0.15 < card.classes[8].share
    coverage, precision = (card.find(name, "self-trained") for name in ("coverage", "precision"))
    assert coverage.value < coverage.reference - 0.1
    assert precision.value > precision.reference - 0.05


def test_a_collapsed_generator(halves: tuple[ImageSet, ImageSet]):
    """Always one digit of the class: nearly as precise as real ones, covering next to nothing."""
    real, others = halves

    class Stuck(Replay):
        def sample(self, seeds: Sequence[int], condition: Tensor | None = None, truncation: float = 1.0) -> Tensor:
            return super().sample([0] * len(seeds), condition, truncation)

    card = evaluate(Stuck(others), real, samples=SAMPLES, extractors=("random-conv",))
    assert card.find("coverage", "random-conv").value < 0.15
    assert card.find("recall", "random-conv").value < 0.1
    assert card.find("kernel_distance", "random-conv").value > card.find("kernel_distance", "random-conv").reference


def test_kernel_distance_leads_where_samples_are_few(halves: tuple[ImageSet, ImageSet]):
    """600 pictures are over twice random-conv's 256 dimensions, but not twice the 784 pixels."""
    real, others = halves
    card = compare_sets(real, others, samples=SAMPLES)
    leads = {m.key for m in card.measurements if m.headline and m.name.endswith("distance")}
    assert leads == {"kernel_distance/pixels", "frechet_distance/random-conv"}
    assert card.find("kernel_distance", "pixels").interval is not None
    assert not any("fid" in key.lower() for key in card.numbers())


def test_every_number_carries_its_protocol(halves: tuple[ImageSet, ImageSet]):
    real, others = halves
    card = compare_sets(real, others, samples=300, seed=3)
    precision = card.find("precision", "pixels")
    expected = {
        "n_real": 300,
        "n_fake": 300,
        "k": 3,
        "seed": 3,
        "extractor": "pixels",
        "dimension": 784,
        "resize": "none",
    }
    assert expected.items() <= precision.protocol.model_dump().items()
    assert "300 real against 300 generated, k=3, disjoint random parts" in str(precision.protocol)
    assert card.find("coverage", "pixels").protocol.k == 5


def test_reference_and_generated_pictures_are_matched():
    """Both stand against the same real pictures, in equal number, and the judge has seen none of all these."""
    pictures = ImageSet(np.zeros((101, 1, 2, 2), np.uint8))
    for most, lesson, size in ((1000, False, 50), (1000, True, 33), (20, False, 20), (20, True, 20)):
        parts = split(pictures, most, seed=0, lesson=lesson)
        assert len(parts.real) == len(parts.unseen) == size
        assert sorted([*parts.real, *parts.unseen, *parts.lesson]) == list(range(101))


def test_a_judge_that_met_the_measured_pictures_does_not_lead(halves: tuple[ImageSet, ImageSet]):
    """A hundred pictures of noise under labels of chance: the judge learns its third by heart, and is right about no
    more of the others than a guess. It says so and random-conv leads. On real digits it leads, and nothing is said."""
    noise = np.random.default_rng(0).integers(0, 256, (120, 1, 8, 8), dtype=np.uint8)
    guessing = ImageSet(noise, np.random.default_rng(1).integers(0, 3, 120), "noise")
    card = compare_sets(guessing, guessing, extractors=EXTRACTORS)
    assert card.judge_accuracy < 0.5
    assert card.eyes == "random-conv"
    (note,) = [note for note in card.notes if "do not lead" in note]
    assert "right on only" in note and note.endswith("random-conv leads")
    sound = compare_sets(*halves, samples=200, extractors=EXTRACTORS)
    assert sound.eyes == "self-trained" and not sound.notes
    learnt = [m.but(reference=0.39) if m.key == "precision/self-trained" else m for m in sound.measurements]
    assert sound.but(measurements=tuple(learnt)).eyes == "random-conv"


def test_a_snapshots_numbers_name_its_weights():
    """Averaged by a half-life of 10,000 images, and by none; of other samplers nobody knows."""
    made = sprint(Space(channels=1, height=16, width=16))
    for half_life, word in ((10_000, "ema10k"), (500, "ema500"), (0, "raw"), (Schedule(start=0, end=2500), "ema2.5k")):
        recipe = made.but(average=Average(half_life=half_life))
        snapshot = Snapshot(recipe.networks(recipe.keeps), recipe, images=0)
        assert weights_of(snapshot) == word
    pictures = ImageSet(np.random.default_rng(0).integers(0, 256, (40, 1, 16, 16), dtype=np.uint8), name="noise")
    card = evaluate(snapshot, pictures, samples=20, extractors=("pixels",), thorough=False)
    assert {m.protocol.weights for m in card.measurements} == {"ema2.5k"}
    assert card.find("coverage", "pixels").label == "coverage20_pixels_train_ema2.5k"
    assert "weights ema2.5k" in str(card.find("coverage", "pixels").protocol)
    assert weights_of(Replay(ImageSet(pictures.images, np.zeros(40, np.int64)))) is None


def test_without_classes_the_card_says_so(halves: tuple[ImageSet, ImageSet]):
    """n/a is a note, not a 0."""
    real, others = halves
    plain = Replay(others, space=real.space.but(condition=None))
    card = evaluate(plain, replace(real, labels=None), samples=60)
    assert any("self-trained needs labels" in note for note in card.notes)
    assert any("class accuracy needs" in note for note in card.notes)
    assert not card.classes and card.judge_accuracy is None
    assert {m.protocol.extractor for m in card.measurements} == {"pixels", "random-conv", None}
    judged = evaluate(plain, real, samples=60, extractors=("self-trained",))
    assert [row.accuracy for row in judged.classes] == [None] * 10
    assert judged.find("class_accuracy", "self-trained") is None
    assert Measurement(name="likelihood", value=None, better="higher", protocol=Protocol()).value is None


@pytest.mark.parametrize(
    ("fake", "words"),
    [
        (ImageSet(np.zeros((20, 1, 32, 32), np.uint8), name="big"), "big has pictures of 32x32 with 1 channel"),
        (ImageSet(np.zeros((20, 3, 28, 28), np.uint8), name="rgb"), "rgb has pictures of 28x28 with 3 channels"),
        (ImageSet(np.zeros((20, 1, 28, 28), np.uint8), np.arange(20) % 3, "three"), "three knows the classes 0, 1, 2"),
        (
            ImageSet(np.zeros((5, 1, 28, 28), np.uint8), name="few"),
            "1800 real against 5 generated pictures are too few",
        ),
    ],
)
def test_sets_that_do_not_match_are_one_line(halves: tuple[ImageSet, ImageSet], fake: ImageSet, words: str):
    with pytest.raises(GanvasError, match=words) as caught:
        compare_sets(halves[0], fake)
    assert "\n" not in str(caught.value)


def test_an_extractor_must_be_left(halves: tuple[ImageSet, ImageSet]):
    plain = replace(halves[0], labels=None)
    with pytest.raises(GanvasError, match="no extractor is left"):
        compare_sets(plain, plain, extractors=("self-trained",))
