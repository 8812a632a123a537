"""The doctor recognises a set to translate between, finds each planted illness, and leaves classes alone."""

from __future__ import annotations

import io
import json
import shlex
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from ganvas.cli.inspect import inspect
from ganvas.cli.train import train
from ganvas.data import DataSpec
from ganvas.data.doctor import inspect_data
from ganvas.data.translation.advice import advised, beside, recognised
from ganvas.data.translation.doctor import TranslationCheckup, inspect_translation
from ganvas.errors import GanvasError
from ganvas.training import start
from ganvas.training.plan import Plan
from ganvas.training.start import Request, prepare

rng = np.random.default_rng(0)


def png(*shape: int, value: int | None = None) -> bytes:
    pixels = rng.integers(0, 256, shape, np.uint8) if value is None else np.full(shape, value, np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def packed(tmp_path: Path, files: Mapping[str, bytes | str], **spec: Any) -> DataSpec:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return DataSpec.model_validate({"source": str(tmp_path / "set.zip"), **spec})


def looked_at(tmp_path: Path, files: Mapping[str, bytes | str], **spec: Any) -> TranslationCheckup:
    found = recognised(packed(tmp_path, files, **spec))
    assert found is not None
    checkup = inspect_translation(found)
    assert TranslationCheckup.model_validate_json(checkup.model_dump_json()) == checkup
    return checkup


def two(a: str, b: str, count: int = 4, **others: bytes) -> dict[str, bytes | str]:
    return {f"{folder}{i}.png": png(8, 8, 3) for folder in (a, b) for i in range(count)} | others


def test_a_healthy_set(tmp_path: Path) -> None:
    checkup = looked_at(tmp_path, two("train/a/", "train/b/") | two("val/a/", "val/b/", 2), direction="BtoA")
    assert checkup.warnings == () and checkup.notes == () and checkup.paired and checkup.first is None
    assert checkup.counts == {"training": {"b": 4, "a": 4}, "held out": {"b": 2, "a": 2}}
    assert checkup.command == f"ganvas train pix2pix --data {tmp_path}/set.zip --direction BtoA --size 32"  # the least


@pytest.mark.parametrize(
    ("files", "kind", "recipe"),
    [
        ({f"{p}/{i}.png": png(4, 8) for p in ("train", "val") for i in range(3)}, "side by side", "pix2pix"),
        (two("google/", "twitter/"), "pairs", "pix2pix"),
        (two("A/", "B/x"), "two sets", "cyclegan"),
        (two("trainA/", "trainB/"), "two sets", "cyclegan"),
        ({"lq/0.png": png(4, 4), "gt/0.png": png(8, 8)}, "scaled pairs", "srresnet"),
    ],
)
def test_recognised_by_its_folders(tmp_path: Path, files: dict[str, bytes], kind: str, recipe: str) -> None:
    checkup = looked_at(tmp_path, files)
    assert (checkup.kind, checkup.recipe, checkup.direction) == (kind, recipe, "AtoB")


@pytest.mark.parametrize(
    "files",
    [
        two("cat/cat.", "dog/dog."),  # two classes
        two("cat/", "dog/") | {"dataset.json": json.dumps({"labels": None})},
        {f"{p}/{i}.png": png(4, 4) for p in ("train", "test") for i in range(3)},  # no two halves
        {f"{i}.png": png(4, 8) for i in range(3)},
        two("a/", "b/") | two("c/", "d/"),
    ],
)
def test_plain_pictures_stay_plain(tmp_path: Path, files: dict[str, bytes | str]) -> None:
    assert recognised(packed(tmp_path, files)) is None
    assert recognised(DataSpec(source="digits")) is None


def test_illnesses_are_found(tmp_path: Path) -> None:
    """No partner, unreadable, other sizes, the same picture on both sides, smaller than the crop."""
    files = two("train/A/", "train/B/", 8) | two("val/A/", "val/B/", 3)
    files |= {"train/A/lonely.png": png(8, 8, 3), "train/B/1.png": b"no", "train/A/2.png": png(8, 9, 3)}
    files |= {"train/A/3.png": png(5, 8, 3), "train/B/3.png": png(5, 8, 3), "val/B/0.png": files["train/B/7.png"]}
    checkup = looked_at(tmp_path, files, direction="AtoB", crop=6)
    assert checkup.unmatched == ("train/A/lonely.png",)
    assert set(checkup.unreadable) == {"train/B/1.png", "train/B/2.png"}
    assert checkup.leaks == (("train/B/7.png", "val/B/0.png"),)
    assert checkup.too_small == ("train/B/3.png (5x8)",)
    assert checkup.counts["training"] == {"A": 6, "B": 6}
    said = " / ".join(checkup.warnings)
    for words in ("1 file without a partner", "2 files left out", "1 picture both", "smaller than the crop"):
        assert words in said


def test_all_maps_out_of_range_are_listed(tmp_path: Path) -> None:
    """Training stops at the first; the doctor goes on."""
    files: dict[str, bytes | str] = {"classes.json": '["sky", "road"]'}
    for i in range(5):
        files |= {f"labels/{i}.png": png(4, 4, value=i), f"images/{i}.png": png(4, 4, 3)}
    checkup = looked_at(tmp_path, files)
    assert checkup.out_of_range_count == 3 and "labels/2.png holds the value 2" in checkup.out_of_range[0]
    assert checkup.first == "mend 3 maps (classes are 0 to 1, and 255 for none), or name all classes in classes.json"
    assert checkup.classes == ("sky", "road") and sum(checkup.counts[p]["labels"] for p in checkup.counts) == 2


def test_names_that_speak_against_the_pairing(tmp_path: Path) -> None:
    """Two sets full of the same names may be pairs; pairs by half of the names may be two sets."""
    same = looked_at(tmp_path, two("trainA/", "trainB/"))
    assert "4 of 4 names are in both sets: if they are pairs, use --paired" in same.warnings[0]
    half = two("A/", "B/", 6)
    for i in range(3):
        half[f"B/other{i}.png"] = half.pop(f"B/{i}.png")
    assert any("3 of 6 names are in both" in text for text in looked_at(tmp_path, half).warnings)
    assert looked_at(tmp_path, two("A/", "B/", 6)).warnings == ()


def test_on_the_command_line(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(inspect)
    spec = packed(tmp_path, two("A/", "B/") | {"A/lonely.png": png(8, 8, 3)})
    result = CliRunner().invoke(app, [spec.source, "--json", str(tmp_path / "report.json")])
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    for words in ("paired by name", "A into B", "no partner A/lonely.png", "ganvas train pix2pix", "of A RGB 4"):
        assert words in said, words
    assert json.loads((tmp_path / "report.json").read_text())["unmatched_count"] == 1
    asked = CliRunner().invoke(app, [spec.source, "--direction", "BtoA", "--crop", "4", "--unpaired"])
    halves = packed(tmp_path, {f"{i}.png": png(4, 8) for i in range(3)}).source
    told = CliRunner().invoke(app, [halves, "--side-by-side"])
    assert told.exit_code == 0 and "side by side" in " ".join(told.output.split())
    assert asked.exit_code == 0 and "two sets without pairs" in " ".join(asked.output.split())


def test_a_and_b_that_are_the_same(tmp_path: Path) -> None:
    """Most pairs of the same pixels are a folder copied twice; a few may be."""
    files = two("A/", "B/", 6)
    for i in range(4):
        files[f"B/{i}.png"] = files[f"A/{i}.png"]
    checkup = looked_at(tmp_path, files)
    assert checkup.identical_count == 4 and checkup.identical[0].startswith("B/")
    assert checkup.first == "A and B are the same pictures: put into B what A should become"
    assert any(text.startswith("4 of 6 pairs are twice the same pixels") for text in checkup.warnings)
    files["B/0.png"] = png(8, 8, 3)
    half = looked_at(tmp_path, files)
    assert half.identical_count == 3 and half.first is None and half.warnings == ()


@pytest.mark.parametrize("empty", ["A", "B"])
def test_an_empty_folder_is_named(tmp_path: Path, empty: str) -> None:
    """In a folder and in a zip, with the direction and without; but other empty folders say nothing, nor do boxes."""
    full = "AB".replace(empty, "")
    for folder in (f"folder/{empty}", f"folder/{full}", "other/B", "other/notes"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "folder" / full / "0.png").write_bytes(png(8, 8, 3))
    (tmp_path / "other" / "B" / "0.png").write_bytes(png(8, 8, 3))
    archive = packed(tmp_path, {f"{full}/0.png": png(8, 8, 3), f"{empty}/": b""})
    for spec in (DataSpec(source=str(tmp_path / "folder")), archive, archive.but(direction="AtoB")):
        with pytest.raises(GanvasError, match=f"{empty}/ is empty: put there what belongs to {full}/"):
            inspect_translation(recognised(spec) or spec)
    assert recognised(DataSpec(source=str(tmp_path / "other"))) is None
    boxes = {"images/": b"", "images/0.png": png(8, 8, 3), "labels/": b"", "labels/0.txt": "0 .5 .5 1 1"}
    assert recognised(packed(tmp_path, boxes)) is None


@pytest.mark.parametrize(
    ("files", "asked", "line"),
    [
        (
            {"A/0.png": png(8, 8), "B/0.png": png(9, 8)},
            {},
            "no pair can be used, such as B/0.png: is 9x8, not the 8x8 of its partner A/0.png; look again with --size",
        ),
        ({f"{part}/{s}/0.png": png(8, 8) for part in ("val", "test") for s in "AB"}, {}, "put some into train/"),
        ({"labels/0.png": png(8, 8, value=7), "images/0.png": png(8, 8), "classes.json": '["a"]'}, {}, "mend 1 map"),
        ({"A/x.png": b"no", "B/y.png": png(8, 8)}, {}, "nothing of A can be used, such as A/x.png"),
    ],
)
def test_nothing_is_suggested_where_nothing_is_left(
    tmp_path: Path, files: dict[str, bytes | str], asked: dict[str, Any], line: str
) -> None:
    checkup = looked_at(tmp_path, files, **asked)
    assert checkup.command is None and checkup.first is not None and line in checkup.first
    assert not any("held out" in text for text in checkup.warnings)  # one thing at a time


def test_sizes_that_differ_are_brought_together(tmp_path: Path) -> None:
    """The other side of the first line above: what it tells to do mends it."""
    checkup = looked_at(tmp_path, {"A/0.png": png(8, 8), "B/0.png": png(9, 8)}, size=32)
    assert checkup.first is None and checkup.command is not None and "--size 32" in checkup.command


def test_too_few_to_hold_any_out(tmp_path: Path) -> None:
    """Of names 0 to 3 none is held out by its hash; what the line says to do, does it."""
    said = "none of the 4 pairs is held out: no validation, no scores; put some into val/A/ and val/B/"
    assert looked_at(tmp_path, two("A/", "B/")).warnings == (said,)
    assert looked_at(tmp_path, two("A/", "B/") | two("val/A/", "val/B/", 1)).warnings == ()
    sets = looked_at(tmp_path, two("A/", "B/x")).warnings
    assert sets and sets[-1].startswith("none of the 4 pictures of A is held out")


def test_a_crop_that_does_not_fit(tmp_path: Path) -> None:
    files = two("A/", "B/")
    assert looked_at(tmp_path, files, direction="AtoB", crop=9).first == "use --crop 8, or leave out 4 smaller pictures"
    assert looked_at(tmp_path, files, direction="AtoB", crop=8).first is None


def test_colours_and_opacity(tmp_path: Path) -> None:
    files = {f"A/{i}.png": png(8, 8, *((4,) if i else (3,))) for i in range(3)}
    checkup = looked_at(tmp_path, files | {f"B/{i}.png": png(8, 8) for i in range(3)})
    assert checkup.modes == {"A": {"RGB with opacity": 2, "RGB": 1}, "B": {"grey": 3}}
    assert checkup.channels == {"A": 3, "B": 1}
    maps = two("labels/", "images/") | {f"labels/{i}.png": png(8, 8, value=i) for i in range(4)}
    assert looked_at(tmp_path, maps).modes["labels"] == {"class numbers": 4}


def hints(tmp_path: Path, files: Mapping[str, bytes | str]) -> list[str]:
    spec = packed(tmp_path, files)
    assert recognised(spec) is None
    return beside(inspect_data(spec))


def test_large_photographs_also_teach_to_enlarge(tmp_path: Path) -> None:
    """From a median side of 256 on, where windows of 96 fit everywhere and nobody gave classes."""
    large = {f"{i}.png": png(256, 300) for i in range(3)}
    (line,) = hints(tmp_path, large)
    assert f"`ganvas train srresnet --data {tmp_path}/set.zip`" in line
    for others in (
        {f"{i}.png": png(255, 300) for i in range(3)},
        large | {"tiny.png": png(95, 300)},
        {f"{name}/{i}.png": content for i, content in enumerate(large.values()) for name in ("cat/c", "dog/d")},
    ):
        assert hints(tmp_path, others) == []
    assert hints(tmp_path, large | {"small.png": png(96, 96)}) != []


def test_pictures_twice_as_wide_may_be_pairs(tmp_path: Path) -> None:
    wide = {f"{i}.png": png(8 + i, 16 + 2 * i) for i in range(3)}
    (line,) = hints(tmp_path, wide)
    assert f"`ganvas inspect {tmp_path}/set.zip --side-by-side`" in line
    assert hints(tmp_path, {"0.png": png(8, 16)}) == [] and hints(tmp_path, wide | {"x.png": png(8, 17)}) == []


def test_names_that_only_repeat_the_folder_are_classes(tmp_path: Path) -> None:
    """1_in.png and 1_out.png are pairs; cat/1_cat.png and dog/1_dog.png more likely are classes."""
    pairs = {f"{f}/{i}_{f[:3]}.png": png(8, 8) for f in ("input", "output") for i in range(4)}
    assert looked_at(tmp_path, pairs).kind == "pairs"
    assert (
        recognised(packed(tmp_path, {f"{f}/{i}_{f}.png": png(8, 8) for f in ("cat", "dog") for i in range(4)})) is None
    )


def scaled_pairs(scale: int, small: str = "lq", large: str = "gt") -> dict[str, bytes | str]:
    sides = {small: 24, large: 24 * scale}
    return {f"{folder}/{i}.png": png(side, side, 3) for folder, side in sides.items() for i in range(3)}


LAYOUTS: dict[str, tuple[dict[str, bytes | str], dict[str, Any]]] = {
    "side by side": ({f"{p}/{i}.png": png(40, 80) for p in ("train", "val") for i in range(2)}, {}),
    "side by side, told": ({f"{i}.png": png(40, 80) for i in range(3)}, {"direction": "BtoA", "side_by_side": True}),
    "pairs": (two("A/", "B/"), {"direction": "BtoA"}),
    "odd sizes": ({f"{s}/{i}.png": png(100, 90, 3) for s in "AB" for i in range(3)}, {}),
    "many sizes": ({f"{s}/{i}.png": png(300 + i, 280, 3) for s in "AB" for i in range(3)}, {}),
    "endings": ({f"{f}/{i}_{f[:1]}.png": png(33, 32) for f in ("in", "out") for i in range(3)}, {}),
    "class maps": (two("labels/", "images/") | {f"labels/{i}.png": png(8, 8, value=i) for i in range(4)}, {}),
    "two times": (scaled_pairs(2), {}),
    "four times": (scaled_pairs(4, "s_lr", "s_hr"), {}),
    "as large": (scaled_pairs(1, "low", "high"), {}),
    "as large, and large": ({f"{f}/{i}.png": png(300, 400) for f in ("low", "high") for i in range(2)}, {}),
    "a side of a U-Net": ({f"{s}/{i}.png": png(250, 60) for s in "AB" for i in range(2)}, {}),
    "two sets": ({f"train{s}/{i}{s}.png": png(33, 32, 3) for s in "AB" for i in range(3)}, {"limit": 2}),
    "no pairs": (two("A/", "B/"), {"paired": False, "direction": "AtoB"}),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_suggested_can_be_typed(tmp_path: Path, layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command ends well with --dry-run, with its speed not measured but its networks built and a batch drawn."""
    files, asked = LAYOUTS[layout]
    checkup = looked_at(tmp_path, files, **asked)
    assert checkup.command is not None and checkup.first is None
    dry_run(checkup.command, monkeypatch)


def test_what_is_hinted_at_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = hints(tmp_path, {f"{i}.png": png(256, 256) for i in range(3)})
    dry_run(line.split("`")[1], monkeypatch)
    (line,) = hints(tmp_path, LAYOUTS["side by side, told"][0])
    app = typer.Typer()
    app.command()(inspect)
    result = CliRunner().invoke(app, shlex.split(line.split("`")[1])[2:])
    assert result.exit_code == 0 and "--side-by-side" in " ".join(result.output.split())


def dry_run(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unmeasured(recipe: Any, data: Any, runtime: Any) -> Plan:
        game = recipe.game(runtime.place.device)
        recipe.stream(data, game.turns, runtime.place).at(0, 0)
        return Plan(dict.fromkeys(game.networks, 1), 1.0, 1)

    monkeypatch.setattr(start, "measure", unmeasured)
    app = typer.Typer()
    app.command()(train)
    program, verb, *words = shlex.split(command)
    result = CliRunner().invoke(app, [*words, "--dry-run"])
    assert (program, verb, result.exit_code) == ("ganvas", "train", 0), (command, result.output, result.exception)


def test_three_times_is_told_and_not_suggested(tmp_path: Path) -> None:
    checkup = looked_at(tmp_path, scaled_pairs(3))
    assert checkup.command is None and "no recipe enlarges 3 times" in checkup.recipe_reason


@pytest.mark.parametrize(("small", "large", "scale"), [("lq", "gt", 4), ("LRbicx2", "HR", 2)])
def test_small_ones_beside_large_ones_are_learnt_from(tmp_path: Path, small: str, large: str, scale: int) -> None:
    """`ganvas train srresnet` and `--crop` alone take the pairs; not without small ones, nor where told otherwise."""
    spec = packed(tmp_path, scaled_pairs(scale, small, large))
    recipe = prepare(Request(spec.but(crop=24), "srresnet", settings=["batch=1"])).recipe
    assert recipe.data is not None and recipe.data.direction == "AtoB" and recipe.degradation is None  # type: ignore[attr-defined]
    assert recipe.space.source is not None and recipe.space.source.height == 24 // scale
    advice = advised(spec.but(crop=24))
    assert advice is not None and advice[0] == "srresnet" and advice[2].crop == 24
    made = prepare(Request(spec.but(crop=24, paired=False), "srresnet", settings=["batch=1"])).recipe
    assert made.degradation is not None  # type: ignore[attr-defined]
    same = packed(tmp_path, scaled_pairs(1, "low", "high"), crop=24)
    assert prepare(Request(same, "srresnet", settings=["batch=1"])).recipe.degradation is not None  # type: ignore[attr-defined]
