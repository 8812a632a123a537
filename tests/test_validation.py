"""Validation: the numbers are what they are called, the best is kept, and training does not notice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganvas.data.translation.translations import Translations
from ganvas.errors import GanvasError
from ganvas.games.game import Game
from ganvas.images import GAP
from ganvas.recipes.table import RECIPES
from ganvas.report import write_report
from ganvas.snapshot import open_snapshot
from ganvas.space import Source, Space
from ganvas.training import exam, session, validation
from ganvas.training.exam import MOST_PSNR, CycleExam, PairedExam, baseline
from ganvas.training.progress import Progress
from ganvas.training.run import Run
from ganvas.training.session import Session
from ganvas.training.spectator import scores
from ganvas.training.validation import Validation
from ganvas.watch.windows import Windows, translated
from states import identical, trained
from translating import HELD, RUNTIME, SIDE, Planted, data, painted, recipe_of, shelf

CPU = torch.device("cpu")
IMAGES = 32


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few scores at the end, and a validation every eight images."""
    monkeypatch.setattr("ganvas.training.session.scores", lambda *given: scores(*given, count=1))
    monkeypatch.setattr(validation, "LEAST", 0)
    monkeypatch.setattr(validation, "TIMES", 4)


def windows(name: str = "pix2pix", count: int = HELD) -> Windows:
    of = data(paired=name == "pix2pix")
    return Windows(recipe_of(name, of), of.held_out, count, CPU)


def run_of(path: Path, name: str = "pix2pix", images: int = IMAGES, held: bool = True, *settings: str) -> Session:
    of = data(paired=name == "pix2pix", held=held)
    recipe = recipe_of(name, of, *settings)
    mine = Session(recipe.but(images=images, horizon=IMAGES), of, Run(path), RUNTIME)
    mine.resume()
    return mine


def log(run: Run) -> str:
    return (run.path / "log.txt").read_text()


# --- windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 8, 13, HELD])
def test_windows_are_the_same_however_often_and_whatever_the_batch(count: int) -> None:
    """The n-th of 13 is the n-th of 24; sources belong to their pictures."""
    first, all_of_them = list(windows(count=count)), list(windows())
    assert len(first) == count
    for (source, picture), (same, other) in zip(first, all_of_them, strict=False):
        assert torch.equal(source, same) and torch.equal(picture, other)
        assert (picture - painted(source)).abs().max() < 0.02


def test_windows_are_never_mirrored() -> None:
    plain = windows()
    mirroring = replace(plain, recipe=plain.recipe.but(data={"source": "blobs", "mirror": True}))
    assert all(torch.equal(a[1], b[1]) for a, b in zip(plain, mirroring, strict=True))


def test_pictures_are_translated_one_at_a_time() -> None:
    """What a network does to a batch's mean it does to a single picture's own."""
    picture = torch.rand(5, 3, 4, 4)
    centred = translated(Planted(lambda x: x - x.mean()), picture, "eval")
    assert centred.mean((1, 2, 3)).abs().max() < 1e-6


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_ten_levels_too_light_are_28_decibels() -> None:
    """10 log₁₀(255² / 10²) = 28.13 dB; ℓ1 in [−1, 1] is 10 / 127.5."""
    numbers = PairedExam(windows())(lambda x: painted(x) + 10 / 127.5)
    assert numbers["psnr_db"] == pytest.approx(28.13, abs=0.3)  # a few pixels are rounded to the other side
    assert numbers["l1"] == pytest.approx(10 / 127.5, abs=1e-3)
    assert numbers["ssim"] > 0.9 and "lpips" not in numbers  # 16 px are too small for AlexNet


def test_the_truth_has_a_finite_number() -> None:
    shown = iter([picture for _, picture in windows()])
    numbers = PairedExam(windows())(lambda x: next(shown))
    assert numbers == {"psnr_db": MOST_PSNR, "l1": 0.0, "ssim": pytest.approx(1.0)}


def test_lpips_decides_where_it_can_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its weights at hand, on pictures of 31 px; else PSNR decides."""

    class Seeing(torch.nn.Module):
        smallest = 31

        def forward(self, a: Tensor, b: Tensor) -> Tensor:
            return (a - b).abs().mean((1, 2, 3))

    def missing(net: str) -> Any:
        raise GanvasError("the weights are not on this machine")

    large = Space(channels=3, height=32, width=32, source=Source(channels=3, height=32, width=32))
    plain = windows()
    monkeypatch.setattr(exam, "load_lpips", lambda net: Seeing())
    assert PairedExam(plain).by == "psnr_db"  # 16 px
    assert PairedExam(replace(plain, recipe=plain.recipe.but(space=large))).by == "lpips"
    monkeypatch.setattr(exam, "load_lpips", missing)
    assert PairedExam(replace(plain, recipe=plain.recipe.but(space=large))).by == "psnr_db"


def test_there_and_back_and_how_far_the_sets_are_apart() -> None:
    """A right translator and its inverse: the sets are one, and only rounding is lost on the way. The source itself is
    far from the pictures, and has no way back to speak of."""
    back = lambda y: (y - painted(torch.zeros(1, 3, 1, 1))) / 0.5  # noqa: E731
    right, copied = CycleExam(windows("cyclegan"))(painted, back), CycleExam(windows("cyclegan"))(lambda x: x)
    assert right["cycle_psnr_db"] > 60 and right["cycle_psnr_back_db"] > 30
    assert abs(right["kernel_distance"]) < 0.3 and copied["kernel_distance"] > 5 * abs(right["kernel_distance"]) + 1
    assert copied.keys() == {"kernel_distance"}


def test_what_is_not_finite_is_no_number() -> None:
    assert PairedExam(windows())(lambda x: x * float("nan")) == {}


def test_the_baseline_is_the_source_or_its_bicubic_enlargement() -> None:
    maps = Space(channels=3, height=8, width=8, source=Source(channels=2, height=8, width=8, names=("a", "b")))
    grey = Space(channels=3, height=8, width=8, source=Source(channels=1, height=8, width=8))
    fewer = Space(channels=1, height=8, width=8, source=Source(channels=3, height=8, width=8))
    small = Space(channels=3, height=8, width=8, source=Source(channels=3, height=4, width=4))
    make = RECIPES["pix2pix"]
    assert baseline(make(maps)) is None and baseline(make(fewer)) is None  # type: ignore[arg-type]
    coloured, enlarged = baseline(make(grey)), baseline(make(small))  # type: ignore[arg-type]
    assert coloured is not None and coloured.translate(torch.ones(1, 1, 8, 8)).shape == (1, 3, 8, 8)
    assert enlarged is not None and enlarged.name == "bicubic enlargement"
    assert torch.allclose(enlarged.translate(torch.full((1, 3, 4, 4), 0.5)), torch.full((1, 3, 8, 8), 0.5))


# --- the best is kept -------------------------------------------------------------------------------------------------


def test_only_what_is_better_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PSNR 20, 25, 24, 26: the snapshots of 4, 8 and 16 images were the best in their time."""
    mine = run_of(tmp_path).validation
    assert isinstance(mine, Validation)
    for images, psnr in ((4, 20.0), (8, 25.0), (12, 24.0), (16, 26.0)):
        monkeypatch.setattr(mine, "exam", lambda *given, psnr=psnr: {"psnr_db": psnr, "l1": 0.1})
        mine.exam.by = "psnr_db"  # type: ignore[attr-defined]
        mine.validate(images)
        assert mine.collect() == {"validation/psnr_db": psnr, "validation/l1": 0.1} and mine.collect() == {}
        kept = open_snapshot(tmp_path / "best.safetensors")
        assert kept.images == {4: 4, 8: 8, 12: 8, 16: 16}[images]
    told = kept.metrics["validation"]
    assert told["by"] == "psnr_db" and told["numbers"]["psnr_db"] == 26.0 and told["baseline"]["name"]
    written = json.loads((tmp_path / "validation.json").read_text())
    assert written["best"]["images"] == 16 and written["windows"] == HELD and written["third"] == "truth"
    lines = [line for line in log(mine.run).splitlines() if "best so far" in line]
    assert len(lines) == 3 and "best so far at 16 images: PSNR 26 dB, ℓ1 0.1 (the source itself: PSNR " in lines[-1]


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan"])
def test_a_run_validates_now_and_then_and_at_its_end(name: str, tmp_path: Path) -> None:
    """Every 8 images of 28, and at 28, which is no multiple; the pictures for the report are there."""
    mine = run_of(tmp_path, name, 28)
    mine.play()
    rows = [row for row in mine.run.stats() if any(key.startswith("validation/") for key in row)]
    assert [row["images"] for row in rows] == [8, 16, 24, 28]
    kept = open_snapshot(tmp_path / "best.safetensors")
    best = json.loads((tmp_path / "validation.json").read_text())["best"]
    by, better = {"pix2pix": ("psnr_db", max), "cyclegan": ("kernel_distance", min)}[name]
    assert best["by"] == by and best["numbers"][by] == pytest.approx(
        better(row[f"validation/{by}"] for row in rows), rel=1e-5
    )
    assert kept.images == best["images"] and "translate" in kept.abilities
    shots = {"pix2pix": "before best last truth", "cyclegan": "before best best-back last last-back"}[name].split()
    page = write_report(tmp_path).read_text()
    drawn = sorted(kind for kind in shots if f'data-kind="{kind}"' in page)
    assert drawn == sorted(shots if best["images"] != 28 else [s for s in shots if not s.startswith("last")])
    assert sorted(p.name for p in (tmp_path / "validation").iterdir()) == sorted(
        f"{i}-{s}.png" for i in range(8) for s in shots
    )


COLOURS = np.array([[70, 130, 180], [128, 64, 128], [107, 142, 35]], np.uint8)
"""The first three of the palette."""


def class_maps() -> Translations:
    """Blocks of three classes, and pictures that hold 40, 120 or 200 in their place."""

    def part(count: int, seed: int, held_out: Translations | None) -> Translations:
        maps = np.random.default_rng(seed).integers(0, 3, (count, 1, 4, 4), np.uint8).repeat(4, 2).repeat(4, 3)
        pictures = (40 + 80 * maps).repeat(3, 1)
        source = Source(channels=3, height=SIDE, width=SIDE, names=("sky", "road", "tree"))
        space = Space(channels=3, height=SIDE, width=SIDE, source=source)
        names, summary = ("maps", "photos"), {"classes": list(source.names)}
        return Translations(
            *(shelf(pictures), shelf(maps), True, space, "blocks", names, f"{seed}", summary, 3), held_out=held_out
        )

    return part(16, 0, part(8, 1, None))


def levels_of(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


def test_maps_of_classes_go_through_a_run_in_their_colours(tmp_path: Path) -> None:
    """One channel a class goes in, and the palette's colours are shown: before every translation, and in the first
    column of the sheet, whose last is the truth. A map has no baseline: it cannot be held against a picture."""
    of = class_maps()
    assert of.held_out is not None
    recipe = recipe_of("pix2pix", of).but(images=16, horizon=16)
    mine = Session(recipe, of, Run(tmp_path), RUNTIME)
    mine.resume()
    mine.play()
    assert [row["images"] for row in mine.run.stats() if "validation/psnr_db" in row] == [4, 8, 12, 16]
    assert json.loads((tmp_path / "validation.json").read_text())["baseline"] is None
    sheet = levels_of(mine.run.sheet(16))[::4, ::4]  # 8 rows and 3 columns are 142 x 52, shown 4 times as large
    assert sheet.shape == (8 * SIDE + 7 * GAP, 3 * SIDE + 2 * GAP, 3)
    for i, (source, picture) in enumerate(Windows(recipe, of.held_out, 8, CPU)):
        classes = source[0].argmax(0).numpy()
        assert source.shape == (1, 3, SIDE, SIDE) and len(np.unique(classes)) == 3
        truth = np.stack([40 + 80 * classes] * 3, axis=2)
        assert np.abs(((picture[0] + 1) * 127.5).numpy().transpose(1, 2, 0) - truth).max() < 0.01
        row = sheet[i * (SIDE + GAP) :][:SIDE]
        for shown, expected in (
            (levels_of(tmp_path / "validation" / f"{i}-before.png"), COLOURS[classes]),
            (levels_of(tmp_path / "validation" / f"{i}-truth.png"), truth),
            (row[:, :SIDE], COLOURS[classes]),
            (row[:, -SIDE:], truth),
        ):
            assert np.array_equal(shown, expected)
    page = write_report(tmp_path).read_text()
    assert 'data-kind="before"' in page and 'data-kind="truth"' in page


def test_what_was_kept_translates_as_it_did_when_it_was_kept(tmp_path: Path) -> None:
    """The file's network, put through the same exam, has the numbers that the file names."""
    mine = run_of(tmp_path)
    mine.play()
    kept = open_snapshot(tmp_path / "best.safetensors")
    network, mode = kept.networks["generator"], kept.recipe.test_mode  # type: ignore[attr-defined]
    assert mine.validation is not None
    numbers = mine.validation.exam(lambda x: translated(network, x, mode))
    assert numbers == pytest.approx(kept.metrics["validation"]["numbers"])


def test_without_held_out_pictures_it_says_so_once(tmp_path: Path) -> None:
    mine = run_of(tmp_path, held=False)
    mine.play()
    run_of(tmp_path, held=False)
    assert log(mine.run).count("validation: none, for no pictures are held out") == 1
    assert not mine.run.best_file.exists() and not mine.run.validation.exists()
    assert not any(key.startswith("validation/") for row in mine.run.stats() for key in row)


def test_a_run_on_noise_knows_no_validation(tmp_path: Path) -> None:
    assert validation.validation_of(open_snapshot("digits"), None, Run(tmp_path), 64, CPU, lambda: None) is None


# --- training does not notice -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan"])
def test_training_is_the_same_without(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pix2pix has dropout, so any number drawn out of turn would show."""
    mine = run_of(tmp_path / "with", name)
    mine.play()
    monkeypatch.setattr(session, "validation_of", lambda *given: None)
    other = run_of(tmp_path / "without", name)
    other.play()
    states = [{k: v for k, v in trained(s.run).items() if k != "validation"} for s in (mine, other)]
    assert identical(*states)


class Killed(Exception):  # noqa: N818
    pass


@pytest.mark.parametrize("at", [4, 8, 20])
def test_killed_and_resumed_finds_the_same_best(at: int, tmp_path: Path) -> None:
    """Before, at and after a validation: statistics, best snapshot and state are those of the whole run."""

    def kill(game: Game, progress: Progress) -> None:
        if progress.images == at:
            raise Killed

    whole = run_of(tmp_path / "whole")
    whole.play(save_seconds=0.0)
    with pytest.raises(Killed):
        run_of(tmp_path / "killed").play([kill], save_seconds=0.0)
    again = run_of(tmp_path / "killed")
    again.play(save_seconds=0.0)
    clocks = ("seconds", "images_per_second")
    rows = [[{k: v for k, v in row.items() if k not in clocks} for row in s.run.stats()] for s in (whole, again)]
    assert rows[0] == rows[1]
    assert identical(trained(whole.run), trained(again.run))
    kept = [open_snapshot(s.run.best_file) for s in (whole, again)]
    assert kept[0].fingerprint == kept[1].fingerprint and kept[0].metrics == kept[1].metrics
    told = [json.loads((s.run.path / "validation.json").read_text()) for s in (whole, again)]
    assert told[0] == told[1]


def test_validations_keep_their_distance() -> None:
    """A window costs what a fifth of a training image does: 24 windows are due every 192 images at most, in a long
    run every hundredth of it, always together with a line of statistics."""
    monkey = pytest.MonkeyPatch()
    monkey.setattr(validation, "LEAST", 8)
    monkey.setattr(validation, "TIMES", 100)
    of = data()
    for horizon, tick, every in ((1000, 6, 192), (1000, 50, 200), (1_000_000, 6666, 13332)):
        recipe = recipe_of("pix2pix", of).but(horizon=horizon)
        mine = Validation(object(), recipe, of.held_out, object(), tick, CPU, lambda: None)  # type: ignore[arg-type]
        assert mine.every == every
    monkey.undo()


def test_the_pictures_of_the_report_are_the_windows(tmp_path: Path) -> None:
    """Window 3 as a file holds the levels of window 3."""
    run_of(tmp_path)
    source, picture = list(windows())[3]
    for name, pictures in (("before", source), ("truth", picture)):
        levels = levels_of(tmp_path / "validation" / f"3-{name}.png").transpose(2, 0, 1)
        assert levels.shape == (3, SIDE, SIDE)
        assert np.abs(levels - (pictures[0].numpy() + 1) * 127.5).max() < 0.51
