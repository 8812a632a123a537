"""The data doctor finds each planted illness, and is silent about a healthy set."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from ganvas.cli.inspect import inspect
from ganvas.data import DataSpec
from ganvas.data.doctor import Checkup, inspect_data, suggest_recipe
from ganvas.errors import GanvasError
from ganvas.space import Space

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))


def noise(*shape: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(file, "PNG")
    return file.getvalue()


def looked_at(tmp_path: Path, files: Mapping[str, bytes | str], has_gpu: bool = False, **spec: object) -> Checkup:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return inspect_data(DataSpec.model_validate({"source": str(tmp_path / "set.zip"), **spec}), has_gpu)


@pytest.mark.parametrize(
    ("side", "has_gpu", "recipe"),
    [(28, False, "sprint"), (32, False, "sprint"), (33, False, "r3gan"), (28, True, "r3gan")],
)
def test_the_recommended_recipe(side: int, has_gpu: bool, recipe: str) -> None:
    """`sprint` up to 32 pixels without a GPU, `r3gan` otherwise."""
    name, reason = suggest_recipe(Space(channels=1, height=8, width=side), has_gpu)
    assert name == recipe and reason


def test_a_healthy_set_has_no_warnings() -> None:
    checkup = inspect_data(DataSpec(source="digits"))
    assert checkup.warnings == () and checkup.notes == ()
    assert (checkup.found, checkup.readable, checkup.duplicates_count) == (10_000, 10_000, 0)
    assert (checkup.recipe, checkup.suggested_size) == ("sprint", None)
    assert checkup.command == "ganvas train sprint --data digits"
    assert checkup.memory_mib == round(10_000 * 28 * 28 / 2**20, 1)
    assert checkup.classes["5"] == 863
    assert "19 minutes" in checkup.time  # 1,000,000 / 900 per second
    assert Checkup.model_validate_json(checkup.model_dump_json()) == checkup


def test_illnesses_are_found(tmp_path: Path) -> None:
    """Copies by their pixels (not their bytes), unreadable files by name, sizes that differ, uneven classes."""
    same = np.full((8, 8), 9, np.uint8)
    copies = [io.BytesIO(), io.BytesIO()]
    Image.fromarray(same).save(copies[0], "PNG")
    Image.fromarray(same).save(copies[1], "BMP")
    files: dict[str, bytes | str] = {f"a/{k:02d}.png": noise(8, 8) for k in range(11)}
    files |= {
        "a/x.png": copies[0].getvalue(),
        "b/y.bmp": copies[1].getvalue(),
        "b/bad.png": b"no",
        "a/w.png": noise(8, 9),
    }
    checkup = looked_at(tmp_path, files)
    assert checkup.duplicates == (("a/x.png", "b/y.bmp"),) and checkup.duplicates_count == 1
    assert checkup.unreadable == {"b/bad.png": "not a picture that can be read"}
    assert checkup.sizes == {"8x8": 13, "8x9": 1}
    assert checkup.formats == {"PNG": 13, "BMP": 1}
    assert (checkup.space, checkup.suggested_size) == (None, 8)
    assert checkup.classes == {"a": 13, "b": 1}
    text = " ".join(checkup.warnings)
    for words in ("1 files cannot be read", "sizes differ: 8x8 (13)", "1 pictures are exact copies", "'b' has 1"):
        assert words in text


def test_labels_that_say_nothing(tmp_path: Path) -> None:
    """All zero; broken; labelling only a part; a class without pictures; all pictures one folder too deep."""
    files = {f"{k}.png": noise(8, 8) for k in range(4)}

    def warned(content: object) -> str:
        raw = content if isinstance(content, str) else json.dumps(content)
        return " ".join(looked_at(tmp_path, files | {"dataset.json": raw}).warnings)

    assert "all labels by dataset.json are '0'" in warned({"labels": [[name, 0] for name in files]})
    assert "is broken" in warned("{")
    part = looked_at(tmp_path, files | {"dataset.json": json.dumps({"labels": [["0.png", 0], ["1.png", 1]]})})
    assert (part.missing_labels_count, part.missing_labels) == (2, ("2.png", "3.png"))
    three = {"labels": [[name, k % 2] for k, name in enumerate(files)], "classes": ["x", "y", "z"]}
    assert "1 of 3 classes have no picture: z" in warned(three)
    deep = looked_at(tmp_path, {f"only/{name}": raw for name, raw in files.items()})
    assert "all pictures lie in 'only'" in deep.notes[0]


def test_a_wise_size(tmp_path: Path) -> None:
    """Large pictures are scaled for a CPU, not-square ones are cut; what was asked for is not argued with."""
    files = {f"{k}.png": noise(100, 100) for k in range(2)}
    assert looked_at(tmp_path, files).suggested_size == 32
    assert looked_at(tmp_path, files, has_gpu=True).suggested_size is None
    assert looked_at(tmp_path, files, size=100).suggested_size is None
    assert looked_at(tmp_path, files, size=28).command.endswith("--size 28")
    assert looked_at(tmp_path, {"a.png": noise(20, 30)}).suggested_size == 16


def test_attributes_in_words(tmp_path: Path) -> None:
    table = "file,age,who\n0.png,7,ann\n1.png,,bob\n2.png,9,ann\n"
    checkup = looked_at(tmp_path, {f"{k}.png": noise(8, 8) for k in range(3)} | {"x.csv": table})
    assert checkup.attributes == {"age": "7 … 9, 1 unknown", "who": "2 different, such as ann, bob"}
    assert checkup.other_labels == ("age", "who")


def test_nothing_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(GanvasError, match=r"none of the 1 pictures .* can be read, such as a\.png"):
        looked_at(tmp_path, {"a.png": b"x"})
    with pytest.raises(GanvasError, match="no labels called 'mood'"):
        looked_at(tmp_path, {"a.png": noise(8, 8)}, labels="mood")


def test_the_command(tmp_path: Path) -> None:
    """Shows the histogram and the advice; brackets in a file's name are no markup; the same numbers as JSON."""
    app = typer.Typer()
    app.command()(inspect)
    with zipfile.ZipFile(tmp_path / "set[1].zip", "w") as archive:
        for k in range(6):
            archive.writestr(f"{'cat' if k < 4 else '[red]dog'}/{k}.png", noise(8, 8, 3))
        archive.writestr("cat/[bold]bad.png", b"x")
    where = tmp_path / "out.json"
    ran = CliRunner().invoke(app, [str(tmp_path / "set[1].zip"), "--json", str(where)])
    assert ran.exit_code == 0, ran.output
    for words in ("6 of 7 readable", "[red]dog", "cat/[bold]bad.png: not a picture", "sprint"):
        assert words in ran.output
    assert Checkup.model_validate_json(where.read_text()).classes == {"[red]dog": 2, "cat": 4}
    wrong = CliRunner().invoke(app, ["digits", "--size", "huge"])
    assert isinstance(wrong.exception, GanvasError) and "--size: a size is a number" in str(wrong.exception)


@pytest.mark.parametrize("folders", [("",), ("A/", "B/")])
def test_a_link_to_nothing_is_one_unreadable_file(tmp_path: Path, folders: tuple[str, ...]) -> None:
    """Trees that were moved are full of them; the rest is read."""
    for i in range(4):
        for folder in folders:
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.new("RGB", (16, 16), (i, 9, 9)).save(tmp_path / folder / f"{i}.png")
    (tmp_path / folders[0] / "3.png").unlink()
    (tmp_path / folders[0] / "3.png").symlink_to("nowhere.png")
    app = typer.Typer()
    app.command()(inspect)
    ran = CliRunner().invoke(app, [str(tmp_path)])
    assert ran.exit_code == 0 and "No such file" in ran.output and "Errno" not in ran.output
