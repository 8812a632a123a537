"""Several generators beside each other, and beside the lecture's marks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ganvas.cli.evaluating import names_of
from ganvas.cli.main import main
from ganvas.errors import GanvasError
from ganvas.evaluate.card import Card, Measurement, Protocol
from ganvas.evaluate.properties import PROPERTIES
from ganvas.evaluate.side_by_side import numbers, side_by_side

SEEN = Protocol(n_real=5000, n_fake=5000, extractor="pixels", dimension=784)


def number(
    name: str, value: float | None, reference: float | None = None, collapse: float | None = None
) -> Measurement:
    protocol = SEEN if reference is not None else Protocol()
    return Measurement(
        name=name, value=value, reference=reference, collapse=collapse, better="higher", protocol=protocol
    )


def card(precision: float, coverage: float, family: str | None = "gan", seed: int = 0) -> Card:
    found = (
        number("precision", precision, 0.9, 0.9),
        number("recall", coverage, 0.9, 0.0),
        number("coverage", coverage, 0.95, 0.01),
        number("density", precision, 1.0, 0.2),
        number("images_per_second", 1000.0),
        number("likelihood", None),
    )
    facts = {"data": "toys", "data_fingerprint": "f", "space": "28x28", "samples": 5000, "seconds": 1.0}
    return Card(family=family, seed=seed, measurements=found, **facts)


def test_sections_are_the_lectures_six_in_its_order() -> None:
    sections = side_by_side([card(0.9, 0.9), card(0.5, 0.3)])
    assert [section.property for section in sections] == list(PROPERTIES)
    assert [section.marks[0] for section in sections] == ["yes", "yes", "no", "yes", "?", "n/a"]


def test_a_row_has_one_extractor_and_a_cell_for_each() -> None:
    """What one card lacks is None there, never left out or 0."""
    poor = card(0.5, 0.3).but(measurements=card(0.5, 0.3).measurements[:1])
    quality = side_by_side([card(0.9, 0.9), poor])[1]
    rows = {row.name: row for row in quality.rows}
    assert rows["precision"].extractor == "pixels"
    assert [cell and cell.value for cell in rows["precision"].cells] == [0.9, 0.5]
    assert rows["density"].cells[1] is None


def test_disagreement_is_said_of_yes_and_no_only() -> None:
    """The lecture marks a GAN's coverage "no": full coverage contradicts it, a third of it does not. "?" and "n/a"
    claim nothing; and where no family is known there is no mark to contradict."""
    full, third, unknown = card(0.9, 0.94), card(0.9, 0.3), card(0.9, 0.94, family=None)
    coverage = side_by_side([full, third, unknown])[2]
    said = list(coverage.disagreements(["full", "third", "unknown"]))
    assert len(said) == 1 and said[0].startswith("full: the lecture marks coverage 'no', measured it is good")
    assert coverage.marks == ("no", "no", None)


def test_cards_that_were_measured_otherwise_are_refused() -> None:
    with pytest.raises(GanvasError, match=r"seed 0.* seed 1.* evaluate them alike"):
        side_by_side([card(0.9, 0.9), card(0.9, 0.9, seed=1)])


def test_numbers_are_json_with_null_for_what_is_not_known() -> None:
    found = json.loads(json.dumps(numbers(["a", "b"], [card(0.9, 0.9), card(0.5, 0.3)]), allow_nan=False))
    likelihood = found["properties"][-1]
    assert likelihood["numbers"]["likelihood"]["a"]["value"] is None
    assert found["properties"][1]["numbers"]["precision/pixels"]["b"]["value"] == 0.5


def test_names_tell_apart() -> None:
    assert names_of(["runs/a", "runs/b/snapshot.safetensors"]) == ["a", "snapshot"]
    assert names_of(["x/run", "y/run"]) == ["1 run", "2 run"]


def test_one_is_not_enough(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["ganvas", "compare", "digits"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert capfd.readouterr().err.startswith("error: compare needs two snapshots or more")


@pytest.mark.slow
def test_the_verb_end_to_end(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The same generator twice: every number alike but the speed, and the marks beside them."""
    where = tmp_path / "both.json"
    words = ["compare", "digits", "digits", "--samples", "100", "--extractor", "pixels", "--json", str(where)]
    monkeypatch.setattr(sys, "argv", ["ganvas", *words])
    monkeypatch.setenv("COLUMNS", "120")
    with pytest.raises(SystemExit, match="0"):
        main()
    out = capfd.readouterr().out
    assert all(section.title in out for section in PROPERTIES) and "1 digits" in out and "the lecture" in out
    for section in json.loads(where.read_text())["properties"][1:]:
        for cells in section["numbers"].values():
            assert cells["1 digits"]["value"] == cells["2 digits"]["value"]
