"""Runs side by side: what is compared with what, and what a run that has seen enough may still be asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ganvas.cli.runs import runs as list_runs
from ganvas.data.spec import DataSpec
from ganvas.errors import GanvasError
from ganvas.training.comparison import comparisons, differing_fields, kind_of, summaries
from ganvas.training.start import Request, open_session, prepare

NOISE = {"kind": "noise", "name": "sprint", "space": {"height": 28, "width": 28, "source": None}, "loss": {"kind": "a"}}
SOURCE = {"height": 64, "width": 64, "paired": True}
PAIRED = {"kind": "paired", "name": "pix2pix", "space": {"height": 64, "width": 64, "source": SOURCE}}


def written(run: Path, recipe: dict[str, Any], ticks: list[dict[str, Any]], **files: Any) -> None:
    run.mkdir(parents=True)
    (run / "recipe.json").write_text(json.dumps(recipe))
    (run / "stats.jsonl").write_text("".join(json.dumps(tick) + "\n" for tick in ticks))
    for name, content in files.items():
        (run / f"{name}.json").write_text(json.dumps(content))


def test_speed_is_that_of_the_whole_run(tmp_path: Path) -> None:
    """900 images in 10 s and 100 in another 40, for a validation fell into them: 1000 / 50 = 20 a second, not 2.5."""
    ticks = [{"images": 900, "seconds": 10.0, "images_per_second": 90.0}]
    ticks += [{"images": 1000, "seconds": 50.0, "images_per_second": 2.5}]
    written(tmp_path / "a", NOISE, ticks)
    written(tmp_path / "new", NOISE, [])
    assert [row["images_per_second"] for row in summaries(tmp_path)] == [20.0, None]


def test_only_what_does_the_same_stands_side_by_side(tmp_path: Path) -> None:
    two_sets = {**PAIRED, "kind": "cycle", "space": {**PAIRED["space"], "source": {**SOURCE, "paired": False}}}  # type: ignore[dict-item]
    enlarging = {**PAIRED, "space": {**PAIRED["space"], "source": {**SOURCE, "height": 16, "width": 16}}}  # type: ignore[dict-item]
    recipes = {"a": NOISE, "b": PAIRED, "c": two_sets, "d": enlarging, "e": NOISE, "f": PAIRED}
    for name, recipe in recipes.items():
        written(tmp_path / name, recipe, [])
    assert {comparison.kind: comparison.runs for comparison in comparisons(tmp_path)} == {
        "pictures from noise": ["a", "e"],
        "translations of pairs": ["b", "f"],
        "translations between two sets": ["c"],
        "enlargements": ["d"],
    }
    assert kind_of({"kind": "toy"}) == "toy" and kind_of({"kind": "noise"}) == "pictures from noise"


def test_parts_of_two_kinds_have_nothing_beneath_them_to_compare() -> None:
    """A unet's width is no resnet's; where both are unets it is one, and a part that one run lacks is a kind too."""
    unet, wide = {"kind": "unet", "width": 32, "norm": "batch"}, {"kind": "unet", "width": 64, "norm": "batch"}
    resnet = {"kind": "resnet", "width": 64}
    assert differing_fields([{"generator": unet}, {"generator": resnet}]) == {"generator": ["unet", "resnet"]}
    assert differing_fields([{"generator": unet}, {"generator": wide}]) == {"generator.width": [32, 64]}
    assert differing_fields([{"judge": None}, {"judge": unet}]) == {"judge": [None, "unet"]}
    assert differing_fields([{"judge": None}, {"judge": unet}, {"judge": wide}]) == {
        "judge": [None, "unet", "unet"],
        "judge.width": [None, 32, 64],
    }
    assert differing_fields([{"generator": unet}] * 2) == {}


def test_terms_and_schedules_stand_as_they_are_set() -> None:
    """A term that is called by its kind is told by its weight; a schedule is one value, whatever the other run has."""
    l1, lpips = {"kind": "l1", "weight": 100.0}, {"kind": "lpips", "weight": 10.0}
    schedule = {"start": 2e-4, "end": 0.0, "shape": "linear", "share": 1.0, "hold": 0.5}
    plain, richer = {"content": {"l1": l1}, "lr": 1e-4}, {"content": {"l1": l1, "lpips": lpips}, "lr": schedule}
    assert differing_fields([plain, richer]) == {"lr": [1e-4, schedule], "content.lpips.weight": [None, 10.0]}
    told = {"kind": "noise", "paper": "A", "name": "a", "images": 1, "horizon": 1}
    assert differing_fields([told, {**told, "paper": "B", "name": "b", "images": 2, "horizon": 2}]) == {}


VALIDATED = {
    "windows": 64,
    "baseline": {"name": "the source itself", "numbers": {"lpips": 0.4}},
    "best": {"images": 30, "by": "lpips", "numbers": {"lpips": 0.2, "psnr_db": 18.0}},
    "last": {"images": 60, "numbers": {"lpips": 0.3, "psnr_db": 17.0}},
    "scores": {"lpips": {}, "psnr_db": {}, "ssim": {}},
}


def test_translations_have_their_validation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Best, last and baseline of every score that any run has, in the table and as JSON; losses only of one loss."""
    tick = {"images": 60, "seconds": 2.0, "generator/adversarial": 0.7}
    written(tmp_path / "a", {**PAIRED, "loss": {"kind": "x"}}, [tick], validation=VALIDATED)
    written(tmp_path / "b", {**PAIRED, "loss": {"kind": "y"}}, [tick])
    (comparison,) = comparisons(tmp_path)
    assert comparison.recipe == {"loss": ["x", "y"]}
    found = {name: values[0] for name, values in comparison.results.items() if name.startswith("validation")}
    assert found == {
        "validation_windows": 64, "validation_baseline": "the source itself", "validation_best_by": "lpips",
        "validation_best_images": 30, "validation_lpips_baseline": 0.4, "validation_lpips_best": 0.2,
        "validation_lpips_last": 0.3, "validation_psnr_db_best": 18.0, "validation_psnr_db_last": 17.0,
    }  # fmt: skip
    assert "generator_loss" not in comparison.results and comparison.results["validation_lpips_best"] == [0.2, None]
    written(tmp_path / "c", NOISE, [tick])
    list_runs(tmp_path, compare=True, json=tmp_path / "rows.json")
    said, rows = capsys.readouterr().out, json.loads((tmp_path / "rows.json").read_text())
    assert "translations of pairs" in said and "validation lpips best" in said and "recipes differ in" in said
    assert [(row["run"], row["kind"]) for row in rows][2] == ("c", "pictures from noise")
    assert rows[0]["loss"] == "x" and rows[2]["generator_loss"] == 0.7


def test_a_run_is_not_asked_for_less_than_it_has_seen(tmp_path: Path) -> None:
    """Eight images seen in rounds of four. Five to eight are what two rounds are: the same again resumes, and nothing
    is left to do. Four are fewer than were seen: said in one line, and the directory is as it was."""

    def asked(images: int | None) -> Request:
        tiny = ("batch=4", "generator.width=4", "discriminator.width=4", "augment=none")
        return Request(DataSpec(source="digits", limit=64), "sprint", tmp_path / "run", images, None, None, tiny)

    open_session(prepare(asked(8))).play()
    recipe = tmp_path / "run" / "recipe.json"
    before = recipe.read_bytes()
    with pytest.raises(GanvasError, match=r"has seen 8 images already, more than images=4: .* --out"):
        open_session(prepare(asked(4)))
    assert recipe.read_bytes() == before
    for images in (5, 8, None, 12):
        assert open_session(prepare(asked(images))).progress.images == 8
    assert json.loads(recipe.read_text())["images"] == 12 and json.loads(recipe.read_text())["horizon"] == 8
    assert open_session(prepare(asked(8))).recipe.images == 8  # 12 were never begun
