"""A card's verdicts, sorted by where they are shown."""

from __future__ import annotations

from dataclasses import dataclass

from ganvas.evaluate.card import Card
from ganvas.evaluate.properties import SECTIONS
from ganvas.evaluate.verdicts import STANDING, Verdict, verdicts


@dataclass(frozen=True)
class Said:
    """Of one property: how good it is in a word and in a sentence, and the faults that belong to it."""

    level: str
    sentence: str
    faults: tuple[Verdict, ...]


def said_of(card: Card) -> tuple[tuple[Verdict, ...], dict[str, Said]]:
    """The faults (or that there is none) of the whole, and what is said of each property that was measured."""
    found = verdicts(card)
    overall = tuple(verdict for verdict in found if verdict.kind != STANDING)
    titles = {section.key: section.title for section in SECTIONS}
    return overall, {
        standing.property: Said(
            level=standing.level,
            sentence=standing.sentence.removeprefix(f"{titles[standing.property]}: "),
            faults=tuple(fault for fault in overall if fault.property == standing.property),
        )
        for standing in found
        if standing.kind == STANDING
    }
