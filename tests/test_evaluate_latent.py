"""Properties of latent spaces that are known exactly, because the generators are written by hand."""

import math
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

import ganvas
from ganvas.errors import GanvasError
from ganvas.evaluate import Measurement, disentangled
from ganvas.evaluate.attributes import PICTURE_ATTRIBUTES, brightness, contrast, slant, width
from ganvas.evaluate.extractor import NetworkExtractor, Resize
from ganvas.evaluate.latent import LatentFindings, measure_latent
from ganvas.latent.priors import Normal, Prior, Uniform
from ganvas.snapshot import Snapshot
from ganvas.space import Classes, Space

SPACE = Space(channels=1, height=8, width=8)
HADAMARD = torch.tensor([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
"""Orthogonal, and every code then has an equal part in every quarter."""
BEHAVED = {
    "path_length_full",
    "path_length_end",
    "path_length_ratio",
    "random_precision",
    "midpoint_precision",
    "interpolation_precision_loss",
    "log_condition_number",
}
TOLD = {name for score in disentangled.SCORES for name in score.names}


class Painter(nn.Module):
    """Number i of z (4 of them), turned and scaled, is the grey of quarter i of the picture."""

    def __init__(self, scale: tuple[float, ...] = (0.1,) * 4, turn: Tensor | None = None, prior: Prior | None = None):
        super().__init__()
        self.matrix = nn.Parameter((torch.eye(4) if turn is None else turn) * torch.tensor(scale))
        self.prior = prior or Normal(dimension=4)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        quarters = (z @ self.matrix).view(-1, 1, 2, 2)
        return quarters.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)


def quarter(i: int):
    return lambda images: images.view(-1, 2, 4, 2, 4).double().mean(dim=(2, 4)).flatten(1)[:, i]


QUARTERS = {f"quarter {i}": quarter(i) for i in range(4)}
PIXELS = NetworkExtractor("pixels", Resize(8, 8, None), nn.Flatten(), 64, torch.device("cpu"))


def snapshot(painter: nn.Module, space: Space = SPACE) -> Snapshot:
    return Snapshot({"generator": painter}, SimpleNamespace(space=space, name="painted", abilities=("sample",)), 0)


def pictures(painter: Painter, count: int, seed: int) -> Tensor:
    z = painter.prior.draw(count, torch.device("cpu"), torch.Generator().manual_seed(seed))
    return snapshot(painter).generate(z)


def measured(painter: nn.Module, real: Tensor | None = None, **options) -> LatentFindings:
    real = pictures(Painter(), 400, 100) if real is None else real
    defaults = {"attributes": QUARTERS, "pairs": 300, "samples": 800}
    return measure_latent(snapshot(painter), real, PIXELS, **defaults | options)


@pytest.fixture(scope="module")
def straight() -> LatentFindings:
    return measured(Painter(), unseen=pictures(Painter(), 400, 101))


def test_a_latent_space_that_is_well_behaved(straight: LatentFindings):
    """The picture is 0.1 z, 16 pixels a number: squared speed 0.16 |γ'|². On the great circle from a to b |γ'|² is
    (l_b − l_a)² + ω² l². In 4 dimensions E l² = 4, E (l_b − l_a)² = 8 − 2 (E l)² = 8 − 9π/4 = 0.931, and ω, of density
    ∝ sin² ω, has E ω² = π²/4 + π²/12 − ½ = π²/3 − ½. At t = 0 that is 0.16 (0.931 + 4 · 2.790) = 1.935.
    All directions matter alike: log of the condition number 0. The way between is as good as its ends."""
    found = straight.well_behaved
    assert found.keys() == BEHAVED
    exact = 0.16 * (8 - 9 * math.pi / 4 + 4 * (math.pi**2 / 3 - 0.5))
    assert exact == pytest.approx(1.935, abs=1e-3)
    assert found["path_length_end"].value == pytest.approx(exact, rel=0.12)
    assert 1 < found["path_length_ratio"].value < 1.7
    assert found["log_condition_number"].value == pytest.approx(0, abs=1e-5)
    random = found["random_precision"]
    assert random.value == pytest.approx(random.reference, abs=0.08)
    assert random.value > 0.7
    low, high = found["interpolation_precision_loss"].interval
    assert low < found["interpolation_precision_loss"].value < high < 0.1


def test_every_measurement_carries_its_protocol_and_its_interval(straight: LatentFindings):
    for found in (*straight.well_behaved.values(), *straight.disentangled.values()):
        assert Measurement.model_validate_json(found.model_dump_json()) == found
        assert found.protocol.detail
        if not found.name.startswith(("dci", "sap")):
            assert found.interval[0] - 1e-9 <= found.value <= found.interval[1] + 1e-9, found.name
    assert "300 pairs, slerp, t ~ U(0, 1), ε = 0.0001" in straight.well_behaved["path_length_full"].protocol.detail
    assert "by chance" in straight.disentangled["sap"].protocol.detail
    assert straight.well_behaved["midpoint_precision"].protocol.n_real == 400


def test_the_straight_line_of_a_uniform_prior():
    """z ~ U(−1, 1), variance ⅓: E|b − a|² = 4 · ⅔, times 0.16 = 0.4267; straight and even: ratio 1."""
    found = measured(Painter(prior=Uniform(dimension=4)), attributes={}).well_behaved
    assert found["path_length_full"].value == pytest.approx(0.16 * 8 / 3, rel=0.08)
    assert found["path_length_ratio"].value == pytest.approx(1, rel=1e-3)
    assert "lerp" in found["path_length_full"].protocol.detail


def test_a_stretched_latent_space():
    """0.2 in one direction, 0.02 in another: log (0.2 / 0.02)² = 4.605. And a dead one is infinitely bad: n/a."""
    found = measured(Painter((0.2, 0.1, 0.1, 0.02)), attributes={})
    assert found.well_behaved["log_condition_number"].value == pytest.approx(math.log(100), rel=1e-4)
    dead = measured(Painter((0.2, 0.1, 0.1, 0.0)), attributes={})
    assert dead.well_behaved["log_condition_number"].value is None
    assert any("condition number: some direction" in note for note in dead.notes)


def test_a_hole_between_two_kinds_of_pictures():
    """Real pictures are bright or dark; a generator that fades between them passes through grey. Halfway between two
    uniform numbers |z| < ¼ has chance 1 − (¾)² = 0.4375 instead of ¼: midpoints are worse than ends. Halfway between
    two normal latents on the great circle lies, but for its length, a normal latent: they are equally bad."""

    class Fader(Painter):
        def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
            return (0.5 * (z[:, :1] * 4).clamp(-1, 1)).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)

    grey = torch.tensor([64, 191]).repeat(200).view(-1, 1, 1, 1).expand(-1, 1, 8, 8).to(torch.uint8)
    options = {"real": grey, "attributes": {}, "pairs": 1000}
    found = measured(Fader(prior=Uniform(dimension=4)), **options).well_behaved
    assert found["random_precision"].value == pytest.approx(0.75, abs=0.04)
    assert found["midpoint_precision"].value == pytest.approx(0.5625, abs=0.05)
    assert found["interpolation_precision_loss"].value == pytest.approx(0.1875, abs=0.06)
    assert found["interpolation_precision_loss"].interval[0] > 0.1
    normal = measured(Fader(), **options).well_behaved
    assert normal["random_precision"].value < 0.85
    assert abs(normal["interpolation_precision_loss"].value) < 0.07


def test_single_numbers_that_stand_for_single_attributes(straight: LatentFindings):
    """z_i alone makes quarter i: known by one code (gap near 1, less what the bin around the median leaves open).
    Turned, each of four codes knows equally little of each of four."""
    turned = measured(Painter(turn=HADAMARD)).disentangled
    pure = straight.disentangled
    assert pure.keys() == turned.keys() == TOLD
    for name, high, low in (
        ("mutual_information_gap", 0.8, 0.1),
        ("dci_disentanglement", 0.8, 0.1),
        ("dci_completeness", 0.8, 0.1),
        ("sap", 0.4, 0.12),
        ("modularity", 0.95, 0.7),
        ("factor_vae_score", 0.99, 0.7),
    ):
        assert pure[name].value > high > low > turned[name].value, name
    for told in (pure, turned):  # a hyperplane in z tells either
        assert told["linear_separability"].value < 2
        assert told["dci_informativeness"].value > 0.8


def test_the_class_is_a_factor_only_where_it_cannot_be_asked_for(monkeypatch: pytest.MonkeyPatch):
    @dataclass
    class Judge:
        def __call__(self, images: Tensor) -> Tensor:
            return images.flatten(1).float()

        def classify(self, features: Tensor) -> Tensor:
            return (features.mean(dim=1) > 127.5).long()

    few = {"quarter 0": quarter(0)}
    monkeypatch.setattr(disentangled, "SCORES", disentangled.SCORES[:1])
    free = measured(Painter(), attributes=few, judge=Judge())
    assert "quarter 0, class" in free.disentangled["mutual_information_gap"].protocol.detail
    asked = SPACE.but(condition=Classes(names=("a", "b")))
    told, notes = disentangled.disentangled(snapshot(Painter(), asked), few, Judge(), samples=300)
    assert told["mutual_information_gap"].protocol.detail.startswith("codes z, factors quarter 0, 20 bins, by chance")
    assert any("it is asked for" in note for note in notes)


def test_an_attribute_is_above_the_median_of_its_own_class():
    """Class 1 is brighter by far: over all pictures brightness would be the class, within each it is z."""
    values, asked = torch.tensor([1.0, 2, 3, 4, 101, 102, 103, 104]), torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    assert disentangled._factor(values, asked).tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    assert disentangled._factor(values, None).tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


def test_what_cannot_be_measured_is_none_and_says_why():
    class Bytes:
        name, dimension, resize, fingerprint = "bytes", 64, "none", "0"

        def __call__(self, images: Tensor) -> Tensor:
            return images.flatten(1).float()

    real = pictures(Painter(), 100, 100)
    blank = {"nothing": lambda images: torch.zeros(len(images))}
    found = measure_latent(snapshot(Painter()), real, Bytes(), attributes=blank, pairs=50, samples=60)
    absent = {name for name, measurement in found.well_behaved.items() if measurement.value is None}
    assert absent == {"path_length_full", "path_length_end", "path_length_ratio"}
    assert found.disentangled.keys() == TOLD
    assert all(measurement.value is None for measurement in found.disentangled.values())
    assert any("bytes takes pictures of 8 bits only" in note for note in found.notes)
    assert any("nothing as a factor: it is the same in all pictures" in note for note in found.notes)


def test_one_attribute_leaves_some_scores_without_meaning():
    told, notes = disentangled.disentangled(snapshot(Painter()), {"quarter 0": quarter(0)}, samples=300)
    assert {name for name in TOLD if told[name].value is None} == {
        "dci_disentanglement",
        "factor_vae_score",
        "modularity",
    }
    assert told["mutual_information_gap"].value > 0.7
    assert sum("dci_disentanglement" in note for note in notes) == 1


def test_it_is_repeatable():
    options = {"attributes": {}, "pairs": 60}
    first, again, other = (measured(Painter(), seed=seed, **options).well_behaved for seed in (0, 0, 1))
    assert first == again != other


def test_the_packaged_digits():
    """Its classes are asked for, pairs keep theirs; all numbers are there, but for the class as a factor."""
    digits = ganvas.open("digits")
    real = digits.sample(range(200))
    extractor = NetworkExtractor("pixels", Resize(28, 28, None), nn.Flatten(), 784, torch.device("cpu"))
    found = measure_latent(digits, real, extractor, pairs=60, samples=300)
    assert all(m.value is not None for m in (*found.well_behaved.values(), *found.disentangled.values()))
    assert found.notes == ("n/a: the class as a factor: it is asked for, so z does not hold it",)
    assert found.well_behaved["log_condition_number"].value > 1
    with pytest.raises(GanvasError, match="cannot sample"):
        measure_latent(Snapshot({}, digits.recipe, 0), real, extractor)


def test_picture_attributes_by_hand():
    """A bar of 2 columns, white on black: 16 of 64 pixels. Brightness ¼; its columns are ½ from their centre; upright
    it has slant 0, and moved a pixel to the right with each row, 1."""
    bar = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    bar[..., 3:5] = 255
    assert brightness(bar).item() == pytest.approx(0.25)
    assert contrast(bar).item() == pytest.approx((0.25 * 0.75 * 64 / 63) ** 0.5)
    assert width(bar).item() == pytest.approx(0.5)
    assert slant(bar).item() == pytest.approx(0)
    assert torch.allclose(width(255 - bar), width(bar))
    leaning = torch.eye(8)[None, None].mul(255).to(torch.uint8)
    assert slant(leaning).item() == pytest.approx(1)
    assert slant(leaning.flip(3)).item() == pytest.approx(-1)
    blank = torch.full((2, 3, 8, 8), 9, dtype=torch.uint8)
    assert all(torch.isfinite(attribute(blank)).all() for attribute in PICTURE_ATTRIBUTES.values())
