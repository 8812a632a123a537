"""The report card as a whole: every number has its place, its protocol and its references; and its page is sound."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from torch import Tensor

from ganvas.cli.card_table import print_card
from ganvas.errors import GanvasError
from ganvas.evaluate import Card, ImageSet, Measurement, Protocol, closer, judge
from ganvas.evaluate.evidence import Evidence
from ganvas.evaluate.looking import CHUNK, PART, Fakes, features_of
from ganvas.evaluate.measure import examine, examine_sets, part_of
from ganvas.evaluate.properties import FAMILIES, PROPERTIES, PROPERTY_OF, SECTIONS
from ganvas.metrics import classifier
from ganvas.recipes.recipe import Recipe
from ganvas.report.card_numbers import bar_of
from ganvas.report.card_page import render_card
from ganvas.snapshot import Snapshot
from ganvas.space import Classes, Space

HOSTILE = "<script>alert('x')</script>"
THREE = Space(channels=1, height=8, width=8, condition=Classes(names=("0", HOSTILE, "2")))


@pytest.fixture(scope="module")
def dots() -> ImageSet:
    """240 pictures of three classes: a bright dot in one of three corners, on noise."""
    draw = np.random.default_rng(0)
    labels = np.arange(240) % 3
    images = draw.integers(0, 60, (240, 1, 8, 8), dtype=np.uint8)
    for label, (y, x) in enumerate(((0, 0), (0, 5), (5, 0))):
        images[labels == label, 0, y : y + 3, x : x + 3] += 180
    return ImageSet(images, labels, HOSTILE)


@pytest.fixture(scope="module")
def measured(
    dots: ImageSet, tiny: Callable[..., Recipe], snapshot_of: Callable[..., Snapshot]
) -> Iterator[tuple[Card, Evidence]]:
    """An untrained snapshot, measured in every way there is, in a hurry."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in ((judge, "IMAGES_SHOWN", 640), (classifier, "FEWEST_STEPS", 60)):
            patch.setattr(module, name, value)
        patch.setattr("ganvas.evaluate.measure.PAIRS", 40)
        patch.setattr("ganvas.evaluate.measure.CODED", 300)
        snapshot = snapshot_of(tiny(space=THREE))
        real = Named(dots.images, dots.labels, dots.name)
        card, evidence = examine(snapshot, real, samples=120, show=True)
        assert evidence is not None
        yield card, evidence


class Named(ImageSet):
    """Dots whose classes have names."""

    @property
    def space(self) -> Space:
        return THREE


def test_every_measurement_belongs_to_one_section_and_says_how_it_was_measured(measured: tuple[Card, Evidence]):
    card, _ = measured
    keys = [m.key for m in card.measurements]
    assert len(set(keys)) == len(keys)
    for m in card.measurements:
        assert m.section in {section.key for section in SECTIONS}
        assert str(m.protocol), m.key
        assert (m.why is None) == (m.value is not None), "n/a has a reason, and nothing else has one"
        if m.protocol.extractor and m.section in ("quality", "coverage"):
            assert m.protocol.n_real and m.protocol.n_fake and m.protocol.fingerprint and m.protocol.part == "train"
        if m.interval and m.value is not None:
            assert m.interval[0] - 1e-6 <= m.value <= m.interval[1] + 1e-6 or m.name == "kernel_distance", m.key
    assert sum(len(card.section(section.key)) for section in SECTIONS) == len(card.measurements)


def test_names_are_in_one_section_only_and_the_lecture_marks_all_six():
    names = [name for section in SECTIONS for name in section.names]
    assert len(names) == len(set(names)) == len(PROPERTY_OF)
    assert [p.key for p in PROPERTIES] == ["sampling", "quality", "coverage", "latent", "disentangled", "likelihood"]
    table = {family: [p.marks[family] for p in PROPERTIES] for family in FAMILIES}
    assert table == {
        "gan": ["yes", "yes", "no", "yes", "?", "n/a"],
        "vae": ["yes", "no", "?", "yes", "?", "no"],
        "flow": ["yes", "no", "?", "yes", "?", "yes"],
        "diffusion": ["no", "yes", "?", "no", "no", "no"],
    }


def test_all_six_properties_and_novelty_are_measured(measured: tuple[Card, Evidence]):
    card, _ = measured
    for section in SECTIONS:
        if section.key != "game":
            assert card.section(section.key), section.key
    assert card.eyes == "self-trained"
    assert {m.name for m in card.measurements} >= {
        *("precision", "density", "c2st_accuracy", "js_over_generated", "recall", "coverage", "bins_low"),
        *("vendi_ratio", "birthday_support", "class_recall_lowest", "random_precision", "midpoint_precision"),
        *("path_length_full", "path_length_end", "log_condition_number", "mutual_information_gap", "sap"),
        *("dci_disentanglement", "modularity", "linear_separability", "authentic_share", "ct_score"),
        *("share_missing", "share_surplus", "memorised_frechet_distance"),
    }
    for row in card.classes:
        assert row.recall is not None and 0 <= row.recall <= 1 and row.reference_recall is not None


def test_a_gan_has_no_likelihood_which_is_not_0(measured: tuple[Card, Evidence]):
    likelihood = measured[0].find("likelihood")
    assert likelihood is not None and likelihood.value is None
    assert "no density" in (likelihood.why or "")
    gap = measured[0].find("optimal_discriminator_gap")
    assert gap is not None and gap.value is None and "snapshots keep none" in (gap.why or "")
    assert not {"likelihood", "optimal_discriminator_gap"} & set(measured[0].numbers())


def test_collapse_is_what_one_repeated_picture_gets(measured: tuple[Card, Evidence]):
    """Always inside a real ball, coming near to hardly any, told apart from the others at once; a copy."""
    card, _ = measured

    def collapse(name: str) -> float:
        found = card.find(name, "self-trained")
        assert found is not None and found.collapse is not None, name
        return found.collapse

    assert collapse("precision") == 1
    assert max(collapse("recall"), collapse("coverage")) < 0.1
    assert collapse("authentic_share") == collapse("nearest_train_distance") == 0
    assert collapse("birthday_support") == pytest.approx(1)
    assert collapse("vendi_ratio") < 0.6
    assert collapse("c2st_accuracy") > 0.9
    assert collapse("ct_score") < -3
    copied = card.find("memorised_frechet_distance", "self-trained")
    assert copied is not None and copied.reference is not None
    assert collapse("memorised_frechet_distance") > 1e6 * copied.reference > 0, "a copy is at a cosine distance of 0"


@pytest.mark.parametrize(
    ("name", "extractor", "n", "label"),
    [
        ("frechet_distance", "self-trained", 10_000, "fd10k_self-trained_train"),
        ("fid", "inception", 50_000, "fid50k_inception_train"),
        ("kernel_distance", "efficientnet-lite0", 2500, "kd2.5k_efficientnet-lite0_train"),
        ("precision", "pixels", 300, "precision300_pixels_train"),
    ],
)
def test_a_label_cites_the_protocol(name: str, extractor: str, n: int, label: str):
    """Only the Inception network's number is called FID: nothing else has these letters."""
    protocol = Protocol(n_fake=n, extractor=extractor, part="train")
    assert Measurement(name=name, value=1.0, better="lower", protocol=protocol).label == label
    assert ("fid" in label) == (extractor == "inception")


def test_the_part_of_the_data_is_named():
    assert [part_of(name) for name in ("mnist", "mnist-test", "faces/val")] == ["train", "test", "val"]


def test_the_table_fits_and_hides_what_is_not_asked_for(
    measured: tuple[Card, Evidence], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "200")
    print_card(measured[0])
    short = capsys.readouterr().out
    print_card(measured[0], everything=True)
    full = capsys.readouterr().out
    assert max(map(len, short.splitlines())) <= 100 >= max(map(len, full.splitlines()))
    assert len(short.splitlines()) < 100 < len(full.splitlines())
    for section in PROPERTIES:
        assert f"{section.title}" in short
    assert "no density" in " ".join(short.split())
    assert "pixels" in full and "--all" in short and "--all" not in full


class Resources(HTMLParser):
    """All that a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]


def test_the_page_loads_nothing_runs_nothing_and_escapes_all(measured: tuple[Card, Evidence]):
    card, evidence = measured
    page = render_card(card, evidence, HOSTILE)
    found = Resources()
    found.feed(page)
    assert all(link.startswith(("data:", "#")) for link in found.loaded)
    assert "script" not in found.tags and HOSTILE not in page
    assert page.count("&lt;script&gt;") >= 3, "the title, the data and the class"
    assert not re.search(r"https?://|@import|url\(", page)
    for section in SECTIONS:
        assert (f'id="{section.key}"' in page) == (section.key != "game")
    assert found.tags.count("img") >= 4 and "<polyline" in page


def test_bars_stand_between_collapse_and_real_pictures():
    """Half-way in value is half-way on the track, which ends 12 % beyond the mark; distances go by their logarithm."""

    def bar(name: str, value: float | None, reference: float | None, collapse: float | None, better: str):
        return bar_of(
            Measurement(name=name, value=value, reference=reference, collapse=collapse, better=better)  # type: ignore[arg-type]
        )

    recall = bar("recall", 0.4, 0.8, 0.0, "higher")
    assert recall is not None and recall.value == pytest.approx(50 / 1.12, abs=0.01)
    assert recall.mark == pytest.approx(100 / 1.12, abs=0.01)
    frechet = bar("frechet_distance", 1.0, 0.1, 10.0, "lower")
    assert frechet is not None and frechet.value == pytest.approx(50 / 1.12, abs=0.01)
    assert bar("recall", None, 0.8, 0.0, "higher") is None
    assert bar("recall", 0.3, 0.0, 0.5, "higher") is None, "ends in the wrong order"
    assert bar("images_per_second", 100.0, None, None, "higher") is None
    beyond = bar("recall", 5.0, 0.8, 0.0, "higher")
    assert beyond is not None and beyond.value == 100


def test_interrupted_work_goes_on_where_its_last_part_ended():
    """Pictures of the first part are not made again; the numbers are those of uninterrupted work."""
    made: list[int] = []
    count = PART + 2 * CHUNK + 7

    def draw(rows: np.ndarray) -> Tensor:
        made.extend(rows.tolist())
        return torch.from_numpy(rows % 251).to(torch.uint8)[:, None, None, None]

    def interrupted(rows: np.ndarray) -> Tensor:
        if rows[0] >= PART + CHUNK:
            raise KeyboardInterrupt
        return draw(rows)

    class Plain:
        name, dimension, resize, fingerprint = "plain", 1, "none", "plain of the test"

        def __call__(self, images: Tensor) -> Tensor:
            return images.flatten(1).float()

    told: list[tuple[str, int, int]] = []

    def look(draws: Callable[[np.ndarray], Tensor]) -> Tensor:
        fakes = Fakes(draws, count, key="interrupted")
        return features_of([Plain()], "pictures", fakes, lambda *what: told.append(what))[0]

    with pytest.raises(KeyboardInterrupt):
        look(interrupted)
    made.clear()
    features = look(draw)
    assert made == list(range(PART, count))
    assert torch.equal(features[:, 0], torch.arange(count) % 251)
    assert told[-1] == ("looking at pictures", count, count)
    made.clear()
    assert torch.equal(look(draw), features) and not made


def test_the_cheap_numbers_can_be_had_alone(dots: ImageSet):
    thorough, quick = (
        examine_sets(dots, ImageSet(dots.images[::2]), extractors=("pixels",), thorough=wanted)[0]
        for wanted in (True, False)
    )
    assert {m.name for m in thorough.measurements} - {m.name for m in quick.measurements} == {
        name for score in closer.SCORES for name in score.names
    }
    infinity = thorough.find("frechet_distance_infinity", "pixels")
    assert infinity is not None and infinity.value is None and "too few to extrapolate" in (infinity.why or "")


def test_constant_pictures_give_numbers_and_no_zero_for_equal_ones(dots: ImageSet):
    """All-equal fakes: collapse; all-equal reals and fakes: the same set, so precision 1."""
    grey = ImageSet(np.full((60, 1, 8, 8), 128, np.uint8))
    card, evidence = examine_sets(dots, grey, extractors=("pixels",), show=True)
    recall, vendi = card.find("recall", "pixels"), card.find("vendi_ratio", "pixels")
    assert recall is not None and recall.value == 0
    assert vendi is not None and vendi.value is not None and vendi.value < 0.9
    assert evidence is not None and evidence.sheets
    same, _ = examine_sets(grey, grey, extractors=("pixels",), show=True)
    for name in ("precision", "recall", "coverage"):
        found = same.find(name, "pixels")
        assert found is not None and found.value == 1, name


def test_spoilt_features_are_a_clear_line(dots: ImageSet, monkeypatch: pytest.MonkeyPatch):
    def nothing(self: object, images: Tensor) -> Tensor:
        return torch.full((len(images), 4), torch.nan)

    monkeypatch.setattr("ganvas.evaluate.extractor.NetworkExtractor.__call__", nothing)
    with pytest.raises(GanvasError, match="NaN or infinite"):
        examine_sets(ImageSet(dots.images[:50]), ImageSet(dots.images[50:90]), extractors=("pixels",))
