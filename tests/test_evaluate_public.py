"""Extractors from public networks and ONNX files, and what is kept on the disk of what extractors found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate import ImageSet, evaluate, features_cache, judge
from ganvas.evaluate.card import Card
from ganvas.evaluate.distances import measure_distances
from ganvas.evaluate.extractor import Material, UnsuitableError, in_silence
from ganvas.evaluate.extractors import extractor_factory
from ganvas.evaluate.features_cache import Kept, keep, keep_features, load, load_features, rows_key
from ganvas.evaluate.looking import rows_of
from ganvas.evaluate.public import KINDS, PublicExtractor, Scaling
from ganvas.evaluate.resizing import FILTERS
from ganvas.nn.backbones.vit import VisionTransformer
from ganvas.space import Space
from ganvas.weights import locate_weights
from test_backbones import SMALL, random_state

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))


def material(channels: int = 3) -> Material:
    """Only the channels count: public networks are trained on nothing of ours."""
    none = np.zeros(0, np.int64)
    space = Space(channels=channels, height=8, width=8)
    return Material(np.zeros((0, channels, 8, 8), np.uint8), None, space, none, none, 0, CPU, in_silence)


def means(name: str = "inception") -> PublicExtractor:
    """A network that gives the mean of each channel, as scaled for Inception."""

    class Means(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.mean(dim=(2, 3))

    return PublicExtractor(name, Means(), 3, 24, Scaling((128.0,) * 3, (128.0,) * 3), FILTERS["clean"], "sum", CPU)


def test_levels_are_scaled_as_the_network_was_trained():
    """Flat 255 → (255 − 128) / 128 = 0.992; ImageNet's 0.485 · 255 = 123.675 → 0."""
    white = torch.full((40, 1, 8, 8), 255, dtype=torch.uint8)
    torch.testing.assert_close(means()(white), torch.full((40, 3), 127 / 128))
    assert KINDS["vgg16"].scaling(torch.tensor([123.675, 116.28, 103.53])[:, None, None]).abs().max() < 1e-6
    assert KINDS["efficientnet-lite0"].scaling(torch.full((3, 1, 1), 255.0)).flatten().tolist() == [1, 1, 1]


def test_only_inceptions_distance_is_called_fid():
    draw = torch.Generator().manual_seed(0)
    real, unseen, fake = torch.randn(3, 40, 3, generator=draw)
    for name, called in (("inception", "fid"), ("inception:legacy", "fid"), ("vgg16", "frechet_distance")):
        keys = [m.key for m in measure_distances(means(name), real, unseen, fake, seed=0).measurements]
        assert f"{called}/{name}" in keys
        assert sum("fid" in key or "frechet" in key for key in keys) == 1


def test_the_fingerprint_knows_name_filter_and_file():
    parts = vars(means())
    changes: tuple[dict[str, Any], ...] = (
        {"filter": FILTERS["legacy"]},
        {"checksum": "x"},
        {"side": 32},
        {"name": "n"},
    )
    others = {PublicExtractor(**{**parts, **change}).fingerprint for change in changes}
    assert len(others | {means().fingerprint}) == 5


def test_a_transformer_from_a_file(tmp_path: Path):
    state = random_state(lambda: VisionTransformer(SMALL))
    torch.save(state, tmp_path / "small.pth")
    extractor = extractor_factory(f"dinov2:{tmp_path / 'small.pth'}")(material())
    assert (extractor.name, extractor.dimension) == ("dinov2:small.pth", 128)
    assert extractor.resize == "antialiased bicubic to 224x224"
    images = torch.randint(256, (2, 3, 8, 8), dtype=torch.uint8)
    features = extractor(images)
    assert features.shape == (2, 128) and features.isfinite().all()
    torch.testing.assert_close(extractor(images[1:]), features[1:], rtol=1e-4, atol=1e-4)
    again = extractor_factory(f"vit:{tmp_path / 'small.pth'}")(material())
    assert torch.equal(again(images), features)


def test_mistakes_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GANVAS_WEIGHTS", raising=False)
    for name, words in {
        "inception": "the weights 'inception' are not on this machine; put ",
        "inception:legcay": "no filter is called 'legcay'; did you mean 'legacy'",
        "vit": "'vit' needs a file of weights: vit:PATH",
        f"vit:{tmp_path}/none.pth": "no such file of weights",
        "incepton": "no extractor is called 'incepton'; did you mean 'inception'",
    }.items():
        with pytest.raises(GanvasError, match=words):
            extractor_factory(name)(material())
    with pytest.raises(UnsuitableError, match="not at 2 channels"):
        extractor_factory("inception")(material(channels=2))


@pytest.mark.parametrize("name", ["efficientnet-lite0", "vgg16-conv"])
def test_public_weights_see_more_than_pixels(name: str):
    """Skipped where the weights are not installed. A stripe moved by its own width is another picture in pixels; to a
    trained network it is nearer to the first than noise of the same strength is."""
    try:
        locate_weights(KINDS[name].weights)
    except GanvasError as missing:
        pytest.skip(str(missing))
    extractor = extractor_factory(name)(material(channels=1))
    stripes = torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
    stripes[..., ::8], stripes[..., 1::8], stripes[..., 2::8], stripes[..., 3::8] = 255, 255, 255, 255
    noise = (torch.rand(stripes.shape, generator=torch.Generator().manual_seed(0)) < 0.5).to(torch.uint8) * 255
    a, moved, other = extractor(torch.cat([stripes, stripes.roll(4, dims=3), noise]))
    assert a.shape == (extractor.dimension,)
    assert (a - moved).norm() < 0.6 * (a - other).norm()


def test_an_onnx_file_is_an_extractor(tmp_path: Path):
    """Its one layer is the mean over places: of flat 255 in [−1, 1], 1 in each channel."""
    onnx = pytest.importorskip("onnx", reason="needs onnx to make a file", exc_type=Exception)
    pytest.importorskip("onnxruntime", reason="needs onnxruntime: pip install 'ganvas[onnx]'", exc_type=Exception)
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("GlobalAveragePool", ["pictures"], ["features"])],
        "mean",
        [helper.make_tensor_value_info("pictures", kind, ["n", 3, 16, 16])],
        [helper.make_tensor_value_info("features", kind, ["n", 3, 1, 1])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "m.onnx")
    extractor = extractor_factory(f"onnx:{tmp_path / 'm.onnx'}")(material(channels=1))
    assert (extractor.name, extractor.dimension) == ("onnx:m.onnx", 3)
    assert extractor.resize == "antialiased bicubic to 16x16"
    torch.testing.assert_close(extractor(torch.full((70, 1, 8, 8), 255, dtype=torch.uint8)), torch.ones(70, 3))
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    with pytest.raises(GanvasError, match="is no network that onnxruntime can run"):
        extractor_factory(f"onnx:{tmp_path / 'bad.onnx'}")(material())


def test_features_are_kept_by_picture_and_extractor():
    features = torch.randn(5, 3)
    keep_features("pictures A", means(), features)
    assert torch.equal(load_features("pictures A", means()), features)
    assert load_features("pictures B", means()) is None
    assert load_features("pictures A", means("vgg16")) is None
    assert rows_key("x", np.arange(3)) != rows_key("x", np.arange(3)[::-1])


def test_a_damaged_entry_is_made_again_and_an_unwritable_place_is_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    keep({"a": 1}, Kept({"x": torch.ones(2)}, {"fact": [1, None, "ü"]}))
    kept = load({"a": 1})
    assert kept is not None and kept.facts == {"fact": [1, None, "ü"]} and kept.tensors["x"].tolist() == [1, 1]
    (file,) = (tmp_path / "cache" / "features").iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    assert load({"a": 1}) is None
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "file"))
    keep({"a": 2}, Kept({}, {}))
    assert "not kept for next time" in caplog.text


def test_the_longest_unused_makes_room(monkeypatch: pytest.MonkeyPatch):
    """Entries of some 4.1 kB in a folder of 10 kB: two fit. Looking at the first saves it from the third."""
    monkeypatch.setattr(features_cache, "MOST_BYTES", 10_000)
    times = iter(range(1, 99))
    monkeypatch.setattr(features_cache.os, "utime", _ticking(times))
    for number in (1, 2):
        keep({"entry": number}, Kept({"x": torch.zeros(1000)}, {}))
        assert load({"entry": number}) is not None
    assert load({"entry": 1}) is not None
    keep({"entry": 3}, Kept({"x": torch.zeros(1000)}, {}))
    assert [load({"entry": number}) is not None for number in (1, 2, 3)] == [True, False, True]


def _ticking(times: Any) -> Any:
    """`os.utime` by a clock that moves one second a call."""
    real = features_cache.os.utime
    return lambda file: real(file, (t := next(times), t))


class Counting:
    """A sampler that counts what it is asked for and can be known again."""

    def __init__(self, fingerprint: str = "g") -> None:
        self.space = Space(channels=1, height=8, width=8)
        self.fingerprint = fingerprint
        self.made = 0

    def sample(self, seeds: Sequence[int], condition: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        self.made += len(seeds)
        draw = torch.Generator().manual_seed(seeds[0])
        return torch.randint(256, (len(seeds), 1, 8, 8), generator=draw, dtype=torch.uint8)


def numbers(card: Card) -> dict[str, float]:
    return {key: value for key, value in card.numbers().items() if "second" not in key}


def test_a_second_evaluation_samples_nothing_trains_nothing_and_says_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(judge, "IMAGES_SHOWN", 640)
    draw = np.random.default_rng(0)
    data = ImageSet(draw.integers(0, 256, (80, 1, 8, 8), dtype=np.uint8), np.arange(80) % 2)
    first, again, other = Counting(), Counting(), Counting("another")
    card = evaluate(first, data, samples=300)
    for part in ("_train", "_accuracy"):
        monkeypatch.setattr(judge, part, None)
    assert numbers(evaluate(again, data, samples=300)) == numbers(card)
    assert first.made - again.made == 300, "all but the timing"
    evaluate(other, data, samples=300)
    assert other.made == first.made
    relabelled = ImageSet(data.images, np.arange(80) // 40)
    with pytest.raises(TypeError):
        evaluate(again, relabelled, samples=300, extractors=["self-trained"])


def test_what_cannot_be_known_again_is_not_kept(tmp_path: Path):
    """Fakes without a key: looked at every time."""
    nameless = Counting()
    del nameless.fingerprint
    data = ImageSet(np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8), dtype=np.uint8))
    for _ in range(2):
        before = nameless.made
        evaluate(nameless, data, samples=50, extractors=["pixels"])
        assert nameless.made - before > 50 + 64
    assert len(list(rows_of(data, np.arange(40)).chunks())) == 1
