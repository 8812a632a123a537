"""Extractors: shapes, stated sizes, fingerprints, and that each sees what it must in real digits."""

from importlib.resources import files

import numpy as np
import pytest
import torch

from ganvas.errors import GanvasError
from ganvas.evaluate import EXTRACTORS, ImageSet, judge
from ganvas.evaluate.extractor import Material, Resize, UnsuitableError, in_silence
from ganvas.evaluate.extractors import extractor_factory
from ganvas.evaluate.sets import split
from ganvas.metrics import neighbour_scores
from ganvas.space import Space


def digits(count: int) -> ImageSet:
    """The first ``count`` of the packaged digits, in random order."""
    stored = np.load(files("ganvas.data") / "digits.npz")
    chosen = np.random.default_rng(0).permutation(len(stored["labels"]))[:count]
    return ImageSet(stored["images"][chosen][:, None], stored["labels"][chosen].astype(np.int64), "digits")


def material(pictures: ImageSet, seed: int = 0) -> Material:
    parts = split(pictures, len(pictures.images), seed, lesson=True)
    place = torch.device("cpu")
    return Material(
        pictures.images, pictures.labels, pictures.space, parts.lesson, parts.unseen, seed, place, in_silence
    )


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "IMAGES_SHOWN", 640)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 96, 70), (4, 2, 5)])
@pytest.mark.parametrize("name", EXTRACTORS)
def test_features_have_the_stated_shape_and_depend_on_one_picture_only(
    name: str, shape: tuple[int, int, int], hasty: None
):
    images = np.random.default_rng(0).integers(0, 256, (24, *shape), dtype=np.uint8)
    extractor = extractor_factory(name)(material(ImageSet(images, np.arange(24) % 3)))
    features = extractor(torch.from_numpy(images))
    assert features.shape == (24, extractor.dimension)
    assert features.dtype == torch.float32
    torch.testing.assert_close(extractor(torch.from_numpy(images[5:6])), features[5:6], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", EXTRACTORS)
def test_the_fingerprint_is_that_of_the_features(name: str, hasty: None):
    """Same seed, same features, same fingerprint, whatever the global generator is at; trained or drawn, another seed
    makes other features."""
    pictures = digits(60)
    first = extractor_factory(name)(material(pictures))
    torch.rand(3)
    again, other = extractor_factory(name)(material(pictures)), extractor_factory(name)(material(pictures, seed=1))
    images = torch.from_numpy(pictures.images[:8])
    assert first.fingerprint == again.fingerprint
    assert torch.equal(first(images), again(images))
    if name != "pixels":
        assert first.fingerprint != other.fingerprint
        assert not torch.equal(first(images), other(images))


def test_making_one_leaves_the_global_generator_alone(hasty: None):
    torch.manual_seed(5)
    for name in EXTRACTORS:
        extractor_factory(name)(material(digits(60)))
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(after, torch.rand(1))


def test_pixels_are_averaged_over_areas_down_to_32():
    """A 64-px picture of 2×2 blocks of one grey each loses nothing: its features are the blocks, in [−1, 1]."""
    blocks = np.random.default_rng(0).integers(0, 256, (18, 1, 32, 32), dtype=np.uint8)
    extractor = extractor_factory("pixels")(material(ImageSet(blocks.repeat(2, axis=2).repeat(2, axis=3))))
    assert (extractor.dimension, extractor.resize) == (1024, "area to 32x32")
    features = extractor(torch.from_numpy(blocks.repeat(2, axis=2).repeat(2, axis=3)))
    np.testing.assert_allclose(features.numpy(), blocks.reshape(18, -1) / 127.5 - 1, atol=1e-5)


def test_shrinking_is_antialiased_and_keeps_the_shape():
    """A 1-px checkerboard shrunk to a third must become grey; without antialiasing it stays black and white."""
    board = torch.tensor([[-1.0, 1.0], [1.0, -1.0]]).repeat(96, 48)[None, None]  # 192x96
    resize = Resize.at_most(64, Space(channels=1, height=192, width=96), mode="bilinear", antialias=True)
    assert str(resize) == "antialiased bilinear to 64x32"
    small = resize(board)
    assert small.shape == (1, 1, 64, 32)
    assert small[..., 2:-2, 2:-2].abs().max() < 0.15
    assert str(Resize.at_most(64, Space(channels=1, height=28, width=28), mode="area")) == "none"


def test_the_judge_reads_digits(monkeypatch: pytest.MonkeyPatch):
    """1,000 digits, half of them unseen: a linear classifier gets about 84 %, the judge must do clearly better."""
    monkeypatch.setattr(judge, "IMAGES_SHOWN", 16_000)
    pictures = digits(1000)
    made = judge.self_trained(material(pictures))
    assert made.accuracy > 0.93
    assert made.head.out_features == 10
    images = torch.from_numpy(pictures.images[:200])
    right = made.classify(made(images)).numpy() == pictures.labels[:200]
    assert right.mean() > 0.94


@pytest.mark.parametrize("labels", [None, np.zeros(24, np.int64)])
def test_without_classes_there_is_no_judge(labels: np.ndarray | None):
    images = np.zeros((24, 1, 8, 8), np.uint8)
    with pytest.raises(UnsuitableError, match="labels of at least two classes"):
        extractor_factory("self-trained")(material(ImageSet(images, labels)))


def test_a_mistyped_name_lists_the_near_ones():
    with pytest.raises(GanvasError, match="no extractor is called 'pixel'; did you mean 'pixels'"):
        extractor_factory("pixel")


@pytest.mark.parametrize("name", ["pixels", "random-conv"])
def test_dropped_digits_are_missed_by_coverage_not_by_precision(name: str):
    """A generator that never draws 7, 8, 9 leaves out 30 % of the real set; what it draws stays real."""
    pictures = digits(3000)
    extractor = extractor_factory(name)(material(pictures))
    features = extractor(torch.from_numpy(pictures.images))
    real, unseen, labels = features[:1500], features[1500:], pictures.labels[1500:]
    whole = neighbour_scores(real, unseen).means()
    dropped = neighbour_scores(real, unseen[torch.from_numpy(labels < 7)]).means()
    assert dropped["coverage"] < whole["coverage"] - 0.15
    assert dropped["precision"] == pytest.approx(whole["precision"], abs=0.04)
