"""What a card's numbers mean, in words: the faults that they betray, and one sentence a property."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from ganvas.config import Config
from ganvas.evaluate.card import Card, Measurement
from ganvas.evaluate.faults import HALF_WAY, KINDS, NEAR, RULES, Level
from ganvas.evaluate.looks import FEWEST, Case, case_of, eyes, listed
from ganvas.evaluate.properties import SECTIONS, Property

HEALTHY, UNDECIDED, STANDING = "healthy", "undecided", "standing"
"""Kinds of verdicts that are no fault: none found; nothing to find one with; where a property stands."""


class Verdict(Config):
    """One thing that can be said of a generator."""

    kind: str
    """A fault (`KINDS`), `healthy`, `undecided`, or `standing`: where a property stands."""
    property: str
    """Key of the section of `ganvas.evaluate.properties` that it belongs to; empty where it is said of all."""
    level: Level
    sentence: str
    evidence: dict[str, float] = Field(default_factory=dict)
    """Key of the measurement (`precision/pixels`) or name of the class → the number that it rests on."""


def verdicts(card: Card) -> tuple[Verdict, ...]:
    """The faults, the worst first, or that there is none or no way to tell; then how each property stands."""
    case = case_of(card)
    faults, silent = _faults(case) if case else ((), KINDS)
    standing = tuple(_standing(card, section, faults) for section in SECTIONS)
    return (*(faults or (_no_fault(case, silent),)), *(verdict for verdict in standing if verdict))


def _faults(case: Case) -> tuple[tuple[Verdict, ...], tuple[str, ...]]:
    """The faults, the worst first, and the kinds that no rule could look for."""
    found: dict[str, Verdict] = {}
    tried: set[str] = set()
    for rule in RULES:
        if not rule.able(case):
            continue
        tried.add(rule.kind)
        fault = None if {rule.kind, *rule.unless} & found.keys() else rule.find(case)
        if fault:
            facts = {"level": fault.level, "sentence": f"{rule.kind}: {fault.sentence}", "evidence": fault.evidence}
            found[rule.kind] = Verdict(kind=rule.kind, property=rule.property, **facts)
    worst_first = tuple(sorted(found.values(), key=lambda verdict: verdict.level != "bad"))
    return worst_first, tuple(kind for kind in KINDS if kind not in tried)


def _no_fault(case: Case | None, silent: Sequence[str]) -> Verdict:
    if case is None:
        sentence = (
            f"no verdict: it takes {FEWEST} pictures a side, and precision and coverage beside those of unseen real "
            "pictures"
        )
        return Verdict(kind=UNDECIDED, property="", level="unknown", sentence=sentence)
    looked = [kind for kind in KINDS if kind not in silent]
    rest = f"; not looked for, as numbers are missing: {listed(silent)}" if silent else ""
    sentence = f"no fault found by these rules, which looked for {listed(looked)} in {case.best.n:,} pictures{rest}"
    return Verdict(kind=HEALTHY, property="", level="good", sentence=sentence)


ORDER: tuple[Level, ...] = ("unknown", "good", "doubtful", "bad")


def _standing(card: Card, section: Property, faults: Sequence[Verdict]) -> Verdict | None:
    """The first number of a section that has something beside it, else its first number; None where it has none."""
    measured = [m for m in card.section(section.key) if m.value is not None]
    if not measured:
        return None
    chosen = next((m for m in measured if m.reference is not None), measured[0])
    own = [fault for fault in faults if fault.property == section.key]
    level = max([_level(chosen), *(fault.level for fault in own)], key=ORDER.index)
    because = f"; see {listed([fault.kind for fault in own])}" if own else ""
    return Verdict(
        kind=STANDING,
        property=section.key,
        level=level,
        sentence=f"{section.title}: {_told(chosen)}{because}",
        evidence={chosen.key: float(chosen.value or 0.0)},
    )


def _level(number: Measurement) -> Level:
    """By the part of the reference that is reached; a distance's reference may be 0, so distances say nothing."""
    if number.value is None or not number.reference or number.better == "lower" or number.reference < 0:
        return "unknown"
    sizes = [n for n in (number.protocol.n_real, number.protocol.n_fake) if n is not None]
    if sizes and min(sizes) < FEWEST:
        return "unknown"
    part = number.value / number.reference
    return "good" if part >= NEAR else "doubtful" if part >= HALF_WAY else "bad"


def _told(number: Measurement) -> str:
    seen = f" in {eyes(number.protocol.extractor)}" if number.protocol.extractor else ""
    unit = f" {number.unit}" if number.unit else ""
    what = f"{number.name.replace('_', ' ')}{seen} is {_short(number.value)}{unit}"
    if number.reference is None:
        return f"{what}, with nothing measured beside it to judge it by"
    return f"{what} (unseen real pictures: {_short(number.reference)}{unit})"


def _short(value: float | None) -> str:
    return "n/a" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
