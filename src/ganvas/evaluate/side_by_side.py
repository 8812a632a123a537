"""Several generators beside each other, and beside the marks that the lecture gives to their families."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ganvas.errors import GanvasError
from ganvas.evaluate.card import Card, Measurement
from ganvas.evaluate.properties import PROPERTIES, Mark, Property
from ganvas.evaluate.verdicts import verdicts

MEANS: dict[Mark, tuple[str, ...]] = {"yes": ("good",), "no": ("doubtful", "bad")}
"""The levels of a verdict that agree with a mark; the other marks claim nothing that could be contradicted."""


@dataclass(frozen=True)
class Row:
    """One number of all: `Measurement`s in the order of the generators, None where one was not made."""

    name: str
    extractor: str | None
    cells: tuple[Measurement | None, ...]


@dataclass(frozen=True)
class Section:
    """One property of the lecture's table: its marks, what was found, and where the two part."""

    property: Property
    marks: tuple[Mark | None, ...]
    """Of each generator's family; None where the lecture has none."""
    levels: tuple[str, ...]
    rows: tuple[Row, ...]

    def disagreements(self, names: Sequence[str]) -> Iterator[str]:
        """Where the measurement contradicts the lecture, in a sentence each."""
        for name, mark, level in zip(names, self.marks, self.levels, strict=True):
            if mark in MEANS and level not in (*MEANS[mark], "unknown"):
                yield f"{name}: the lecture marks {self.property.title.lower()} '{mark}', measured it is {level}"


def side_by_side(cards: Sequence[Card]) -> list[Section]:
    """The lecture's six properties for cards that were measured alike.

    Raises:
        GanvasError: cards of other data, or numbers that were measured otherwise.
    """
    first = cards[0]
    for card in cards[1:]:
        if (card.data_fingerprint, card.samples, card.seed) != (first.data_fingerprint, first.samples, first.seed):
            raise GanvasError(
                f"cards over {first.data} ({first.samples:,} samples, seed {first.seed}) and {card.data} "
                f"({card.samples:,} samples, seed {card.seed}) cannot stand beside each other; evaluate them alike"
            )
    return [_section(section, cards) for section in PROPERTIES]


def _section(section: Property, cards: Sequence[Card]) -> Section:
    levels = tuple(_level(card, section) for card in cards)
    marks = tuple(section.marks.get(card.family or "") for card in cards)
    rows = (_row(name, cards) for name in section.primary)
    return Section(section, marks, levels, tuple(row for row in rows if any(row.cells)))


def _row(name: str, cards: Sequence[Card]) -> Row:
    """By the best eyes of the first card that has the number at all: one row has one extractor."""
    leading = (m for card in cards for m in card.measurements if m.name == name and card.leads(m))
    extractor = next((m.protocol.extractor for m in leading), None)
    return Row(name, extractor, tuple(card.find(name, extractor) for card in cards))


def _level(card: Card, section: Property) -> str:
    standing = (v.level for v in verdicts(card) if v.kind == "standing" and v.property == section.key)
    return next(standing, "unknown")


def numbers(names: Sequence[str], cards: Sequence[Card]) -> dict[str, Any]:
    """JSON-able: every section with its definition, marks, levels and numbers, by the generators' names."""
    sections = side_by_side(cards)
    return {
        "data": cards[0].data,
        "samples": cards[0].samples,
        "seed": cards[0].seed,
        "properties": [
            {
                "property": section.property.key,
                "definition": section.property.definition,
                "lecture": dict(zip(names, section.marks, strict=True)),
                "measured": dict(zip(names, section.levels, strict=True)),
                "disagreements": list(section.disagreements(names)),
                "numbers": {
                    "/".join(filter(None, (row.name, row.extractor))): {
                        name: cell.model_dump(mode="json") if cell else None
                        for name, cell in zip(names, row.cells, strict=True)
                    }
                    for row in section.rows
                },
            }
            for section in sections
        ],
    }
