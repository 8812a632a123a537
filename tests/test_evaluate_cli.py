"""``ganvas evaluate`` and ``ganvas metrics``: tables for people, JSON for programs."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ganvas.cli.card_table import print_card
from ganvas.cli.main import app
from ganvas.data.spec import DataSpec
from ganvas.errors import GanvasError
from ganvas.evaluate import Card, Measurement, judge
from ganvas.recipes.recipe import Recipe
from ganvas.snapshot import Snapshot
from ganvas.space import Classes, Space

THREE = Space(channels=1, height=8, width=8, condition=Classes(names=("0", "1", "2")))


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganvas.evaluate.measure.PAIRS", 40)
    monkeypatch.setattr("ganvas.evaluate.measure.CODED", 200)


def test_metrics_of_two_files(tmp_path: Path):
    generator = np.random.default_rng(0)
    for name, top in (("a", 256), ("b", 128)):
        np.savez(tmp_path / f"{name}.npz", images=generator.integers(0, top, (40, 8, 8, 3), dtype=np.uint8))
    out = tmp_path / "numbers.json"
    done = CliRunner().invoke(app, ["metrics", *(str(tmp_path / f"{n}.npz") for n in "ab"), "--json", str(out)])
    assert done.exit_code == 0, done.output
    assert "precision ↑" in done.output and "kernel_distance ↓" in done.output
    card = Card.model_validate(json.loads(out.read_text()))
    assert card.find("precision", "pixels").protocol.n_fake == 20
    assert card.find("kernel_distance", "pixels").value > card.find("kernel_distance", "pixels").reference


def test_evaluate_takes_the_data_it_was_trained_on(
    tmp_path: Path,
    pictures: Path,
    tiny: Callable[..., Recipe],
    snapshot_of: Callable[..., Snapshot],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(judge, "IMAGES_SHOWN", 640)
    for name, recipe in (("says", tiny(space=THREE).but(data=DataSpec(source=str(pictures)))), ("says-not", tiny())):
        snapshot_of(recipe).save(tmp_path / f"{name}.safetensors")
    out = tmp_path / "card.json"
    arguments = ["--samples", "12", "--json", str(out)]
    done = CliRunner().invoke(app, ["evaluate", str(tmp_path / "says.safetensors"), *arguments])
    assert done.exit_code == 0, done.output
    assert "made as asked" in done.output and "images/s" in done.output
    assert len(json.loads(out.read_text())["classes"]) == 3
    refused = CliRunner().invoke(app, ["evaluate", str(tmp_path / "says-not.safetensors"), *arguments])
    assert isinstance(refused.exception, GanvasError)
    assert "name real pictures by --data" in str(refused.exception)


def test_what_is_not_there_is_not_printed_as_zero(capsys: pytest.CaptureFixture[str]):
    missing = Measurement(name="likelihood", value=None, better="higher")
    print_card(Card(data="d", data_fingerprint="f", space="s", samples=9, seed=0, measurements=(missing,), seconds=1.0))
    assert "n/a" in capsys.readouterr().out


def test_a_run_gets_its_card_and_its_report_names_it(
    tmp_path: Path, pictures: Path, tiny: Callable[..., Recipe], snapshot_of: Callable[..., Snapshot]
):
    """The numbers in metrics.json and in the snapshot, the pictures in card.html, to which report.html leads."""
    recipe = tiny(space=THREE).but(data=DataSpec(source=str(pictures)))
    snapshot_of(recipe).save(tmp_path / "snapshot.safetensors")
    (tmp_path / "recipe.json").write_text(recipe.model_dump_json())
    done = CliRunner().invoke(app, ["evaluate", str(tmp_path), "--samples", "12", "--extractor", "pixels"])
    assert done.exit_code == 0, done.output
    card = Card.model_validate_json((tmp_path / "metrics.json").read_text())
    assert card.family == "gan" and card.find("random_precision", "pixels") is not None
    page = (tmp_path / "card.html").read_text()
    assert "From one z to another" in page and tmp_path.name in page
    assert 'href="card.html"' in (tmp_path / "report.html").read_text()


def test_metrics_writes_a_page_too(tmp_path: Path):
    generator = np.random.default_rng(0)
    for name in "ab":
        np.savez(tmp_path / f"{name}.npz", images=generator.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8))
    sets, page = [str(tmp_path / f"{name}.npz") for name in "ab"], tmp_path / "card.html"
    done = CliRunner().invoke(app, ["metrics", *sets, "--all", "--html", str(page), "--extractor", "pixels"])
    assert done.exit_code == 0, done.output
    assert "Sample quality" in done.output and "Novelty" in done.output and "Disentangled" not in done.output
    assert "Nearest real pictures" in page.read_text()


def _pictures(count: int, side: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, channels), dtype=np.uint8)


@pytest.mark.parametrize(
    ("fake", "words"),
    [
        (_pictures(20, 16), "has pictures of 16x16 with 3 channels, the real set of 8x8"),
        (_pictures(20, 8, 1), "8x8 with 1 channel, the real set of 8x8 with 3 channels"),
        (_pictures(5, 8), "5 generated pictures are too few"),
        (np.zeros((0, 8, 8, 3), np.uint8), "b.npz"),
        (np.full((20, 8, 8, 3), np.nan, np.float32), "b.npz"),
        (None, "b.zip"),
    ],
)
def test_wrong_pictures_are_one_line(tmp_path: Path, fake: np.ndarray | None, words: str):
    """Other sizes, other channels, too few, none at all, NaN, a zip without pictures: said, with what to do."""
    np.savez(tmp_path / "a.npz", images=_pictures(40, 8))
    other = tmp_path / ("b.zip" if fake is None else "b.npz")
    if fake is None:
        zipfile.ZipFile(other, "w").close()
    else:
        np.savez(other, images=fake)
    done = CliRunner().invoke(app, ["metrics", str(tmp_path / "a.npz"), str(other)])
    assert isinstance(done.exception, GanvasError), done.output
    assert words in str(done.exception) and "\n" not in str(done.exception)
