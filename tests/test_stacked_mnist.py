"""Stacked digits: a thousand modes whose numbers are known, and a count that real ones pass and a collapse fails."""

from __future__ import annotations

import dataclasses
import math
import struct
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ganvas.data import Dataset, DataSpec, open_data
from ganvas.data.catalogue import locate
from ganvas.data.known import KNOWN
from ganvas.data.stacked import draw_rows, mode_numbers
from ganvas.errors import GanvasError
from ganvas.evaluate import ImageSet, evaluate, judge
from ganvas.evaluate.benchmarks import BENCHMARKS, measure_benchmark
from ganvas.evaluate.extractor import in_silence
from ganvas.evaluate.measure import draw_fakes
from ganvas.evaluate.stacked import count_modes, digit_judge
from ganvas.metrics import expected_modes, mode_counts
from ganvas.space import Space

SAMPLES = 2000
SMALL = 700


def digits(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Easy digits: digit d is a bright bar over columns 2d+4 and 2d+5 in noise; its first pixel says 20 d."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(10, size=count).astype(np.uint8)
    images = generator.integers(60, size=(count, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4:24, 2 * label + 4 : 2 * label + 6] = 255
        image[0, 0] = 20 * label
    return images, labels


@pytest.fixture(autouse=True)
def mnist(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds something called MNIST, and no net."""
    folder = tmp_path_factory.mktemp("sets") / "mnist"
    folder.mkdir()
    for part, count, seed in (("train", 400, 0), ("t10k", 200, 1)):
        images, labels = digits(count, seed)
        head = struct.pack(">HBB3I", 0, 8, 3, *images.shape)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">HBB1I", 0, 8, 1, count) + labels.tobytes())
    for name, entry in KNOWN.items():
        monkeypatch.setitem(KNOWN, name, dataclasses.replace(entry, urls=((folder / "no-net").as_uri() + "/",)))
    monkeypatch.setenv("GANVAS_DATA", str(folder.parent))
    monkeypatch.setenv("GANVAS_CACHE", str(folder.parent / "cache"))
    monkeypatch.chdir(folder.parent)
    return folder


def stacked(**options: object) -> Dataset:
    return open_data(DataSpec(source="stacked-mnist", **{"limit": SMALL, **options}))


def test_each_picture_shows_its_mode() -> None:
    """The hidden first pixels spell the mode, hundreds in red; every channel is one of the digits, whole."""
    data, (single, _) = stacked(), digits(400, 0)
    assert data.images.shape == (SMALL, 3, 28, 28)
    red, green, blue = (data.images[:, :, 0, 0] // 20).astype(np.int64).T
    assert np.array_equal(data.attributes["mode"], 100 * red + 10 * green + blue)
    known = {image.tobytes() for image in single}
    assert all(plane.tobytes() in known for picture in data.images[:20] for plane in picture)


def test_modes_are_numbers_in_tens() -> None:
    assert mode_numbers(np.array([[0, 0, 7], [1, 2, 3], [9, 9, 9]])).tolist() == [7, 123, 999]


def test_channels_are_drawn_each_for_itself() -> None:
    """χ² of the 1,000 modes of 200,000 rows of ten digits has mean 999 and sd √1998 = 45 if draws are independent."""
    counts = np.bincount(mode_numbers(draw_rows(10, 200_000, seed=0)), minlength=1000)
    assert abs(((counts - 200) ** 2 / 200).sum() - 999) < 4 * 45


def test_there_are_as_many_as_in_the_paper_and_train_and_test_differ() -> None:
    train, test = (locate(name).open() for name in ("stacked-mnist", "stacked-mnist-test"))
    assert (len(train.pictures.names), len(test.pictures.names)) == (128_000, 26_000)
    assert len(np.unique(train.attributes["mode"])) == 1000
    assert not np.array_equal(train.pictures.read(0).pixels, test.pictures.read(0).pixels)


def test_the_same_every_time_and_decoded_once(monkeypatch: pytest.MonkeyPatch, mnist: Path) -> None:
    """Decoded anew in another cache: the same to the bit. From the cache: the digits are not even opened."""
    first = stacked()
    monkeypatch.setenv("GANVAS_CACHE", str(mnist.parent / "another"))
    again = stacked()
    assert again.fingerprint == first.fingerprint
    monkeypatch.setattr("ganvas.data.stacked._stacked", lambda *_: pytest.fail("opened, although cached"))
    assert np.array_equal(stacked().images, first.images)
    assert stacked().benchmark == "stacked-digits"


def test_a_limit_takes_pictures_of_the_same_row() -> None:
    few, more = stacked(limit=10), stacked(limit=128_000 // 100)
    assert len(few) == 10 and len(more) == 1280
    whole = locate("stacked-mnist").open()
    rows = {whole.pictures.read(i).pixels.tobytes() for i in range(12_800)}
    assert np.ascontiguousarray(few.images[0].transpose(1, 2, 0)).tobytes() in rows, "of the first tenth"


def test_other_digits_make_other_pictures(mnist: Path) -> None:
    """The cache notices that what the pictures are made of has changed."""
    before = stacked().fingerprint
    images = (mnist / "train-images-idx3-ubyte").read_bytes()
    (mnist / "train-images-idx3-ubyte").write_bytes(images[:16] + images[:15:-1])
    assert stacked().fingerprint != before


def test_classes_only_when_asked_for() -> None:
    assert stacked().labels is None and stacked().space.condition is None
    asked = stacked(labels="mode")
    assert asked.space.condition.count == 1000
    assert np.array_equal(asked.labels, asked.attributes["mode"])


def test_without_digits_one_line_says_what_to_put_where(mnist: Path) -> None:
    (mnist / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(GanvasError, match=r"mnist is not on this machine .* put train-images-idx3-ubyte\.gz and "):
        stacked()


def test_a_mistyped_name_finds_it() -> None:
    with pytest.raises(GanvasError, match="stacked-mnist"):
        open_data(DataSpec(source="stacked-mnits"))


# The count


def test_divergence_of_known_histograms() -> None:
    """All on one of K: KL = log K. Even: 0. Only half of the modes, evenly: log 2. Nothing missed: JS = 0."""
    every = torch.arange(1000)
    alone = mode_counts(torch.full((50,), 7), 1000)
    assert (alone.modes_covered, alone.reverse_kl) == (1, pytest.approx(math.log(1000), abs=1e-12))
    even = mode_counts(every.repeat(3), 1000)
    assert (even.modes_covered, even.reverse_kl, even.js) == (1000, pytest.approx(0, abs=1e-12), pytest.approx(0))
    half = mode_counts(every[:500].repeat(3), 1000)
    assert (half.modes_covered, half.reverse_kl) == (500, pytest.approx(math.log(2), abs=1e-12))
    assert half.counts.tolist() == [3] * 500 + [0] * 500


@pytest.mark.parametrize(("kept", "quality", "coverage"), [(20, 0.0527, 0.0222), (1, 0.3270, 0.2814)])
def test_both_halves_of_js(kept: int, quality: float, coverage: float) -> None:
    """K of 25 modes are made, evenly. With s = 25/K: quality = ½ log(2s / (s+1)), and coverage =
    ½ [log(2 / (s+1)) / s + (1 − 1/s) log 2], for the missing modes weigh 1 − 1/s and meet half of themselves."""
    found = mode_counts(torch.arange(kept).repeat(4), 25)
    s = 25 / kept
    assert found.js_quality == pytest.approx(math.log(2 * s / (s + 1)) / 2, abs=1e-12)
    assert found.js_coverage == pytest.approx((math.log(2 / (s + 1)) / s + (1 - 1 / s) * math.log(2)) / 2, abs=1e-12)
    assert (found.js_quality, found.js_coverage) == (
        pytest.approx(quality, abs=5e-5),
        pytest.approx(coverage, abs=5e-5),
    )


def test_weights_are_the_true_law() -> None:
    """Shares ¾ and ¼ are right where the law says 3 : 1; a mode that the law does not have costs infinitely much."""
    modes = torch.tensor([0, 0, 0, 1])
    assert mode_counts(modes, 2, torch.tensor([3, 1])).reverse_kl == pytest.approx(0, abs=1e-12)
    assert mode_counts(modes, 2).reverse_kl == pytest.approx(math.log(2) - 0.5623351446, abs=1e-9)
    impossible = mode_counts(modes, 2, torch.tensor([1.0, 0.0]))
    assert impossible.reverse_kl == math.inf and impossible.reverse_kl_interval is None


def test_expected_modes() -> None:
    """One sample hits one mode. Two of two even modes: 1½. 26,000 of 1,000: 1000 · 0.999²⁶⁰⁰⁰ = 5.04e-9 missed."""
    assert expected_modes(1, torch.rand(7)) == pytest.approx(1, abs=1e-12)
    assert expected_modes(2, torch.ones(2)) == pytest.approx(1.5, abs=1e-12)
    assert 1000 - expected_modes(26_000, torch.ones(1000)) == pytest.approx(5.04e-9, rel=1e-2)
    draw = torch.Generator().manual_seed(0)
    drawn = [len(torch.randint(50, (60,), generator=draw).unique()) for _ in range(1000)]
    assert np.mean(drawn) == pytest.approx(expected_modes(60, torch.ones(50)), abs=0.3)


def test_the_interval_is_of_this_very_number() -> None:
    """The bias of plug-in shares, (K − 1) / 2N = 49 / 2000, is in the value and not added again. At evenness 2N·KL is
    χ² with K − 1 degrees: sd = √(2 · 49) / 2000. The interval, of resampled uneven shares, is wider, but below twice
    that."""
    draw = torch.Generator().manual_seed(0)
    found = mode_counts(torch.randint(50, (1000,), generator=draw), 50, generator=draw)
    low, high = found.reverse_kl_interval
    assert low < found.reverse_kl < high
    sd = math.sqrt(2 * 49) / 2000
    assert found.reverse_kl == pytest.approx(49 / 2000, abs=4 * sd)
    assert 1 < (high - low) / (2 * 1.96 * sd) < 2


@pytest.mark.parametrize(
    ("modes", "weights", "problem"),
    [
        (torch.empty(0, dtype=torch.int64), None, "no samples"),
        (torch.tensor([0, 3]), None, "from 0 to 2, not 0 … 3"),
        (torch.tensor([-1]), None, "whole numbers"),
        (torch.tensor([0.5]), None, "whole numbers"),
        (torch.tensor([0]), torch.ones(2), "3 numbers"),
        (torch.tensor([0]), torch.tensor([1.0, -1.0, 1.0]), "negative"),
        (torch.tensor([0]), torch.zeros(3), "positive"),
        (torch.tensor([0]), torch.tensor([1.0, math.nan, 1.0]), "negative"),
    ],
)
def test_what_cannot_be_counted_is_refused(modes: Tensor, weights: Tensor | None, problem: str) -> None:
    with pytest.raises(GanvasError, match=problem):
        mode_counts(modes, 3, weights)


# The judge, and the rows of the card


@dataclasses.dataclass
class Replay:
    """A generator that replays these pictures: seed s gives picture s."""

    images: np.ndarray
    space: Space

    def sample(self, seeds: Sequence[int], condition: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        return torch.from_numpy(self.images[np.array(seeds) % len(self.images)])


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bars are learnt quickly, and a few modes are counted fast."""
    monkeypatch.setattr(judge, "IMAGES_SHOWN", 4800)
    benchmark = BENCHMARKS["stacked-digits"]
    monkeypatch.setitem(BENCHMARKS, "stacked-digits", dataclasses.replace(benchmark, samples=SAMPLES))


def test_the_judge_counts_what_is_there(hasty: None) -> None:
    """Easy digits are all told right, so the counted modes are those that the pictures were made of."""
    digit_eyes, unseen = digit_judge()
    assert digit_eyes.accuracy > 0.99
    assert np.array_equal(unseen.numpy(), digits(200, 1)[1])
    data = stacked()
    found = count_modes(np.array(data.images), digit_eyes)
    assert np.array_equal(found.counts, np.bincount(data.attributes["mode"], minlength=1000))


def test_rows_of_a_good_generator_and_of_a_collapsed_one(hasty: None) -> None:
    """Replayed test pictures are like the reference. One picture repeated: one mode, log 1000 nats."""
    data = stacked()
    others = open_data(DataSpec(source="stacked-mnist-test", limit=SAMPLES))
    good = evaluate(Replay(others.images, data.space), data, samples=20, extractors=("pixels",), thorough=False)
    covered, uneven = (good.find(name, "digit-judge") for name in ("modes_covered", "reverse_kl"))
    assert covered.value == pytest.approx(covered.reference, abs=40) and 700 < covered.reference < 1000
    assert uneven.interval[0] < uneven.reference < uneven.interval[1]
    assert uneven.reference > 999 / (2 * SAMPLES), "plug-in bias"
    assert covered.protocol.n_fake == uneven.protocol.n_fake == SAMPLES
    assert "right on 100.00% of 200 digits of mnist-test" in covered.protocol.split == uneven.protocol.split
    assert {"modes_covered/digit-judge", "reverse_kl/digit-judge"} <= set(good.numbers())
    collapsed = evaluate(
        Replay(others.images[:1], data.space), data, samples=20, extractors=("pixels",), thorough=False
    )
    assert collapsed.find("modes_covered", "digit-judge").value == 1
    assert collapsed.find("reverse_kl", "digit-judge").value == pytest.approx(math.log(1000))


def test_a_known_generators_modes_are_counted_once(hasty: None) -> None:
    """The second time no picture is made for them, and the count is the same."""
    data, made = stacked(), []

    class Known(Replay):
        fingerprint = "replay"

        def sample(self, seeds: Sequence[int], condition: Tensor | None = None, truncation: float = 1.0) -> Tensor:
            made.extend(seeds)
            return super().sample(seeds, condition, truncation)

    sampler = Known(np.array(data.images), data.space)
    first, again = (
        measure_benchmark(data, partial(draw_fakes, sampler, data, 1.0, 0), 0, torch.device("cpu"), in_silence)
        for _ in range(2)
    )
    assert len(made) == SAMPLES
    assert first.measurements == again.measurements and first.measurements[0].value > 100


def test_no_rows_for_other_data(hasty: None) -> None:
    """The very same pictures under no such name are just pictures."""
    data = stacked()
    plain = ImageSet(np.array(data.images))
    card = evaluate(Replay(plain.images, data.space), plain, samples=20, extractors=("pixels",), thorough=False)
    assert card.find("modes_covered", "digit-judge") is None
    assert {m.protocol.extractor for m in card.measurements} == {"pixels", None}


def test_what_cannot_be_kept_to_is_a_note(hasty: None, mnist: Path) -> None:
    """Pictures of another size, or no unseen digits to try the judge on: n/a, and the rest of the card is there."""
    wide = stacked(size=32)
    card = evaluate(Replay(wide.images, wide.space), wide, samples=20, extractors=("pixels",), thorough=False)
    assert any("n/a: stacked-digits is measured on pictures of 3x28x28, not 3x32x32" in note for note in card.notes)
    data = stacked()
    (mnist / "t10k-images-idx3-ubyte").unlink()
    card = evaluate(Replay(data.images, data.space), data, samples=20, extractors=("pixels",), thorough=False)
    assert any("n/a: stacked-digits: mnist-test is not on this machine" in note for note in card.notes)
    assert card.find("modes_covered", "digit-judge") is None and card.find("coverage", "pixels") is not None
