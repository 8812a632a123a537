"""The pictures beside the numbers: do they show the fault that was planted?"""

from importlib.resources import files

import numpy as np
import pytest
import torch
from torch import Tensor

from ganvas.evaluate import ImageSet
from ganvas.evaluate.evidence import Evidence, Sheet
from ganvas.evaluate.measure import examine_sets
from ganvas.metrics.truncation import TruncationRow
from ganvas.report.card_curve import curve_of


@pytest.fixture(scope="module")
def halves() -> tuple[ImageSet, ImageSet]:
    """Real digits, and others that fakes are made of."""
    stored = np.load(files("ganvas.data") / "digits.npz")
    order = np.random.default_rng(0).permutation(len(stored["labels"]))
    images, labels = stored["images"][:, None], stored["labels"].astype(np.int64)
    first, second = order[:1200], order[1200:2400]
    return ImageSet(images[first], labels[first], "digits"), ImageSet(images[second], labels[second], "others")


def evidence_of(real: ImageSet, fake: np.ndarray) -> Evidence:
    found = examine_sets(real, ImageSet(fake, name="fakes"), extractors=("pixels",), show=True, thorough=False)[1]
    assert found is not None
    return found


def sheet(evidence: Evidence, title: str) -> Sheet:
    return next(sheet for sheet in evidence.sheets if sheet.title == title)


def labels_of(pictures: np.ndarray, known: ImageSet) -> np.ndarray:
    """The label of each picture, which is one of the known ones to the bit."""
    assert known.labels is not None
    rows = {image.tobytes(): label for image, label in zip(known.images, known.labels, strict=True)}
    return np.array([rows[image.tobytes()] for image in pictures])


def test_the_missing_class_is_shown(halves: tuple[ImageSet, ImageSet]):
    """No 1 is ever made: a tenth of the data, in pixels its own tight cluster. Kinds made too rarely are kinds of 1,
    into which few other digits stray; real pictures that none comes near to are mostly 1s."""
    real, others = halves
    assert others.labels is not None
    evidence = evidence_of(real, others.images[others.labels != 1])
    rare = sheet(evidence, "Made too rarely")
    assert (labels_of(rare.images, real) == 1).all()
    shares = [[float(share.rstrip("%")) for share in row.split(" → ")] for row in rare.rows]
    assert all(made < kind / 4 for kind, made in shares)
    assert len(rare.images) == len(rare.rows) * rare.columns
    lonely = sheet(evidence, "No generated picture comes near")
    assert (labels_of(lonely.images, real) == 1).mean() > 0.7
    assert {rare.section, lonely.section} == {"coverage"}


def test_healthy_pictures_have_no_kind_made_too_rarely(halves: tuple[ImageSet, ImageSet]):
    evidence = evidence_of(halves[0], halves[1].images)
    assert "Made too rarely" not in {sheet.title for sheet in evidence.sheets}


def test_junk_is_shown_as_least_realistic(halves: tuple[ImageSet, ImageSet]):
    """Ten pictures of noise among 590 digits: they are the ten that are shown first."""
    real, others = halves
    junk = np.random.default_rng(1).integers(0, 256, (10, 1, 28, 28), dtype=np.uint8)
    worst = sheet(evidence_of(real, np.concatenate([others.images[:590], junk])), "Least realistic")
    assert {image.tobytes() for image in worst.images[:10]} == {image.tobytes() for image in junk}
    assert worst.section == "quality"


def test_copies_stand_above_what_they_copy(halves: tuple[ImageSet, ImageSet]):
    """Half of the fakes are real pictures again: equal columns."""
    real, others = halves
    evidence = evidence_of(real, np.concatenate([real.images[:600], others.images[:600]]))
    shown = sheet(evidence, "Nearest real pictures")
    made, nearest = np.split(shown.images, 2)
    assert np.array_equal(made, nearest)
    assert "mean distance 0;" in shown.caption
    honest = sheet(evidence_of(real, others.images), "Nearest real pictures")
    made, nearest = np.split(honest.images, 2)
    assert not any(np.array_equal(a, b) for a, b in zip(made, nearest, strict=True))


def test_two_image_sets_have_no_latent_space_to_show(halves: tuple[ImageSet, ImageSet]):
    evidence = evidence_of(halves[0], halves[1].images[:100])
    assert {sheet.section for sheet in evidence.sheets} <= {"quality", "coverage", "novelty"}
    assert evidence.truncation == () and curve_of(evidence) is None


def test_the_curve_is_drawn_to_scale():
    """τ of 0.2 and 1 are the drawing's ends, scores go up from its ground; density may pass 1 and makes room."""

    def row(tau: float, **scores: float) -> TruncationRow:
        return TruncationRow(tau, scores, {})

    low = row(0.2, precision=1.0, recall=0.0, density=2.0, coverage=0.5)
    high = row(1.0, precision=0.5, recall=1.0, density=1.0, coverage=1.0)
    curve = curve_of(Evidence((), (high, low)))
    assert curve is not None and [tau for _, tau in curve.across] == [0.2, 1.0]
    lines = {line.name: line.dots for line in curve.lines}
    ground, top = lines["recall"][0][1], lines["density"][0][1]
    assert lines["precision"][0][1] == pytest.approx((ground + top) / 2, abs=0.1)
    assert lines["recall"][1] == lines["density"][1] == lines["coverage"][1]
    assert [tick for _, tick in curve.upwards] == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_features_do_not_change_with_the_pictures_shown(halves: tuple[ImageSet, ImageSet]):
    """Showing draws pictures again by their rows: the same ones."""
    real, others = halves
    card, _ = examine_sets(real, others, samples=200, extractors=("pixels",), thorough=False)
    again, evidence = examine_sets(real, others, samples=200, extractors=("pixels",), thorough=False, show=True)
    assert card.measurements == again.measurements
    known = {image.tobytes() for image in others.images}
    assert evidence is not None
    shown: Tensor = torch.from_numpy(sheet(evidence, "Least realistic").images)
    assert all(image.numpy().tobytes() in known for image in shown)
