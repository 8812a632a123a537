"""The doctor recognises a set to translate between, finds each planted illness, and leaves classes alone."""

from __future__ import annotations

import io
import json
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
from ganvas.data import DataSpec
from ganvas.data.translation.doctor import TranslationCheckup, inspect_translation, recognised

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
    assert checkup.warnings == () and checkup.notes == () and checkup.paired
    assert checkup.counts == {"training": {"b": 4, "a": 4}, "held out": {"b": 2, "a": 2}}
    assert checkup.command == f"ganvas train pix2pix --data {tmp_path}/set.zip --direction BtoA --size 8"


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
    for words in ("1 files have no partner", "2 files cannot be used", "1 pictures are both", "smaller than the crop"):
        assert words in said


def test_all_maps_out_of_range_are_listed(tmp_path: Path) -> None:
    """Training stops at the first; the doctor goes on."""
    files: dict[str, bytes | str] = {"classes.json": '["sky", "road"]'}
    for i in range(5):
        files |= {f"labels/{i}.png": png(4, 4, value=i), f"images/{i}.png": png(4, 4, 3)}
    checkup = looked_at(tmp_path, files)
    assert checkup.out_of_range_count == 3 and "labels/2.png holds the value 2" in checkup.out_of_range[0]
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
    for words in ("paired by name", "A into B", "no partner A/lonely.png", "ganvas train pix2pix"):
        assert words in said, words
    assert json.loads((tmp_path / "report.json").read_text())["unmatched_count"] == 1
    asked = CliRunner().invoke(app, [spec.source, "--direction", "BtoA", "--crop", "4", "--unpaired"])
    halves = packed(tmp_path, {f"{i}.png": png(4, 8) for i in range(3)}).source
    told = CliRunner().invoke(app, [halves, "--side-by-side"])
    assert told.exit_code == 0 and "side by side" in " ".join(told.output.split())
    assert asked.exit_code == 0 and "two sets without pairs" in " ".join(asked.output.split())
