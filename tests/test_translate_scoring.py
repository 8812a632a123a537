"""Scores against closed forms and the protocol of published tables, each beside what would be had for nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganvas import images, resizing
from ganvas.errors import GanvasError
from ganvas.evaluate.beside_truth import Scored, beside, by_set, numbers, score, shrunk
from ganvas.evaluate.features_cache import code_of
from ganvas.evaluate.pairs import NAMES, luma, means, plain, score_pair
from ganvas.evaluate.translation import made
from ganvas.evaluate.translation.methods import Method
from ganvas.models import unet
from ganvas.nn import tested
from ganvas.resizing import matlab_bicubic
from ganvas.translate import engine
from ganvas.translate.applied import How, applied_stand_in
from ganvas.translate.photo import Photo
from ganvas.translate.work import Outcome, listed

CHANCE = np.random.default_rng(1)
BICUBIC = applied_stand_in("bicubic", 4, How())
NEAREST = applied_stand_in("nearest", 4, How())
IDENTITY = applied_stand_in("identity", None, How())


def levels(*shape: int) -> Tensor:
    return torch.from_numpy(CHANCE.integers(0, 256, shape).astype(np.float32))


def test_a_constant_error_has_a_closed_form() -> None:
    """5 levels off everywhere: 20 log₁₀(255 / 5) = 34.151 dB on RGB. On Y the same error counts by 219 / 255, the sum
    of the luma's weights: 34.151 + 20 log₁₀(255 / 219) = 35.473 dB."""
    truth = torch.full((3, 40, 40), 100.0)
    scores = score_pair(truth + 5, truth)
    assert scores["psnr_rgb_db"] == pytest.approx(20 * math.log10(51))
    assert scores["psnr_y_db"] == pytest.approx(20 * math.log10(51) + 20 * math.log10(255 / 219))
    assert scores["lpips"] is None


def test_luma_is_matlabs() -> None:
    """White 235, black 16; of pure red 16 + 65.481."""
    colours = torch.tensor([[255.0, 255, 255], [0, 0, 0], [255, 0, 0]])[:, :, None, None]
    assert luma(colours).ravel().tolist() == pytest.approx([235, 16, 81.481], abs=1e-4)


def test_a_border_is_not_looked_at() -> None:
    """All the error lies in the outermost 4 pixels: with them PSNR is finite, without it is not."""
    truth = levels(3, 40, 50)
    result = truth.clone()
    result[:, :4], result[..., -4:] = 0, 255
    assert score_pair(result, truth, border=4)["psnr_y_db"] == math.inf
    assert score_pair(result, truth, border=3)["psnr_y_db"] < 30  # type: ignore[operator]


def test_grey_is_scored_on_its_own_levels() -> None:
    truth = torch.full((1, 40, 40), 100.0)
    scores = score_pair(truth + 5, truth)
    assert scores["psnr_rgb_db"] == scores["psnr_y_db"] == pytest.approx(20 * math.log10(51))


def test_too_small_for_a_score_is_no_score() -> None:
    scores = score_pair(levels(3, 12, 40), levels(3, 12, 40), border=1)
    assert scores["ssim_y"] is None and scores["psnr_y_db"] is not None
    assert score_pair(levels(3, 8, 8), levels(3, 8, 8), border=4)["psnr_rgb_db"] is None


def test_two_sizes_cannot_be_compared() -> None:
    with pytest.raises(GanvasError, match="8x8 with 3 channels cannot be compared with a truth of 8x9 with 3 channels"):
        score_pair(levels(3, 8, 8), levels(3, 8, 9))


def test_lpips_sees_the_whole_picture_in_its_own_range() -> None:
    seen: list[Tensor] = []

    def spy(x: Tensor, y: Tensor) -> Tensor:
        seen.extend((x, y))
        return torch.tensor([0.25])

    assert score_pair(torch.zeros(3, 20, 20), torch.full((3, 20, 20), 255.0), 4, spy)["lpips"] == 0.25
    assert [(x.shape, float(x.min())) for x in seen] == [((1, 3, 20, 20), -1.0), ((1, 3, 20, 20), 1.0)]


def test_means_with_intervals_over_the_pictures() -> None:
    rows = [dict.fromkeys(NAMES, value) for value in (1.0, 2.0, 3.0, 4.0)]
    mean = means(rows)["psnr_y_db"]
    assert mean.value == 2.5 and mean.interval is not None
    assert 1 <= mean.interval[0] < 2.5 < mean.interval[1] <= 4
    assert means(rows[:1])["lpips"].interval is None
    assert means([dict.fromkeys(NAMES)])["lpips"].value is None
    assert means([dict.fromkeys(NAMES, math.inf), rows[0]])["psnr_y_db"].value == math.inf
    assert plain(math.inf) is None and plain(1.0) == 1.0


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """Two sets of smooth pictures, one of them grey, none of a side that 4 divides; and a file that is none."""
    for place, shape in (("one/a", (66, 83)), ("one/grey", (61, 47)), ("two/b", (50, 70))):
        coarse = torch.from_numpy(CHANCE.integers(30, 220, (1, 3, 7, 8)).astype(np.float64))
        pixels = matlab_bicubic(coarse, shape)[0].round().clamp(0, 255).permute(1, 2, 0).numpy().astype(np.uint8)
        (tmp_path / place).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels[..., 0] if "grey" in place else pixels).save(tmp_path / f"{place}.png")
    (tmp_path / "two" / "broken.png").write_text("no picture")
    return tmp_path


def run(place: Path, applied: object = BICUBIC) -> tuple[list[Scored], Outcome]:
    truths = listed(place)
    outcome = Outcome(len(truths.names))
    scored = score(
        truths.names,
        shrunk(truths, BICUBIC),
        applied,  # type: ignore[arg-type]
        outcome,
        border=4,
        perceptual=None,
        on_result=None,
        on_picture=lambda *_: None,
    )
    return scored, outcome


def test_enlarging_is_scored_by_the_usual_protocol(sets: Path) -> None:
    """By hand for one picture: cut to 64×80, shrunk to 16×20 and enlarged, both in whole levels, 4 px cut off."""
    scored, outcome = run(sets)
    assert outcome.done == 3 and outcome.failed == ["two/broken.png: not a picture that can be read"]
    truth = (
        torch.from_numpy(np.asarray(Image.open(sets / "one/a.png"))[:64, :80].copy()).permute(2, 0, 1)[None].double()
    )
    small = matlab_bicubic(truth, (16, 20)).round().clamp(0, 255)
    large = matlab_bicubic(small, (64, 80)).round().clamp(0, 255)
    error = (luma(large) - luma(truth))[..., 4:-4, 4:-4].square().mean()
    by_name = {one.name: one for one in scored}
    assert by_name["one/a.png"].result["psnr_y_db"] == pytest.approx(float(10 * torch.log10(255**2 / error)), abs=1e-3)


def test_bicubic_is_its_own_baseline_and_better_than_repeating_pixels(sets: Path) -> None:
    rows = by_set(run(sets)[0])
    assert [(row.name, row.pictures) for row in rows] == [("one", 2), ("two", 1)]
    assert rows[0].baseline == rows[0].result
    worse = by_set(run(sets, NEAREST)[0])
    assert worse[0].baseline == rows[0].baseline
    assert worse[0].result["psnr_y_db"].value < rows[0].result["psnr_y_db"].value  # type: ignore[operator]


def test_numbers_are_json(sets: Path) -> None:
    scored, _ = run(sets)
    told = numbers(scored, by_set(scored))
    assert json.loads(json.dumps(told, allow_nan=False)) == json.loads(json.dumps(told))
    assert [one["name"] for one in told["sets"]] == ["one", "two"]
    assert {one["name"] for one in told["pictures"]} == {"one/a.png", "one/grey.png", "two/b.png"}


def test_translations_find_their_truth_by_name(sets: Path, tmp_path: Path) -> None:
    """Endings aside. The truth of 'a' is 5 levels brighter, so the source itself scores 20 log₁₀(51) dB."""
    truths = tmp_path / "truths"
    truths.mkdir()
    source = np.asarray(Image.open(sets / "one/a.png"))
    Image.fromarray(source + 5).save(truths / "a.bmp")
    Image.fromarray(source).save(truths / "other.bmp")
    here, there = listed(sets / "one"), listed(truths)
    names, pair = beside(here, there, IDENTITY)
    assert names == ["a.png"]
    options = {"border": 0, "perceptual": None, "on_result": None, "on_picture": lambda *_: None}
    scored = score(names, pair, IDENTITY, Outcome(1), **options)  # type: ignore[arg-type]
    assert scored[0].result["psnr_rgb_db"] == pytest.approx(20 * math.log10(51))
    assert scored[0].baseline == scored[0].result
    with pytest.raises(GanvasError, match="no truth is called as a source is"):
        beside(listed(sets / "two"), there, IDENTITY)


def test_translations_are_kept_until_the_code_that_made_them_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine's, and what it runs: networks, their layers, resizing, and how levels become numbers."""
    looked_at = {file for place in made.MAKERS for file in (place.glob("*.py") if place.is_dir() else [place])}
    for module in (engine, unet, tested, resizing, images):
        assert Path(str(module.__file__)) in looked_at
    code, calls = tmp_path / "code.py", []

    class Sources(list[int]):
        key = str(tmp_path)

        def network(self, _: object) -> Tensor:
            return torch.zeros(1, 3, 4, 4)

    def translate(source: Tensor) -> Tensor:
        calls.append(source)
        return source

    way: Any = SimpleNamespace(sources=Sources([1, 2]))
    method = Method("x", "x", "baseline", "x", translate)
    monkeypatch.setattr(made, "MAKERS", (code,))
    for text, expected in (("a = 1", 2), ("a = 1", 2), ("a = 2", 4)):
        code.write_text(text)
        code_of.cache_clear()
        assert made.make(method, way, lambda *_: None).pictures.shape == (2, 3, 4, 4)
        assert len(calls) == expected


def test_colour_and_grey_can_be_held_against_each_other(sets: Path) -> None:
    """A grey result against a colour truth is that grey in three channels; the other way round its luma."""
    grey, colour = Photo(np.full((20, 20, 1), 90, np.uint8)), torch.full((3, 20, 20), 90.0)
    from ganvas.evaluate import beside_truth

    assert beside_truth._scores(grey, colour, 0, None)["psnr_rgb_db"] == math.inf
    assert beside_truth._scores(Photo(grey.pixels.repeat(3, 2)), colour[:1], 0, None)["psnr_rgb_db"] == math.inf
