"""``ganvas evaluate`` and ``ganvas metrics``: tables for people, JSON for programs."""

import json
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
