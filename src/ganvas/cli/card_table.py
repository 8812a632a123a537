"""A report card in the terminal: a section a property, verdict first, at most 100 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ganvas.evaluate.properties import SECTIONS, Property
from ganvas.report.card_words import Said, said_of

if TYPE_CHECKING:
    from ganvas.evaluate.card import Card, Measurement

WIDEST = 100
FEW = 1000
"""Fewer compared pictures than this are worth a warning."""
STYLES = {"good": "green", "doubtful": "yellow", "bad": "red", "unknown": "dim"}
ARROWS = {"higher": "↑", "lower": "↓"}
COLUMNS = {"value": 13, "95 %": 17, "real vs real": 12, "collapse": 9}
"""With their least widths, so that they stand under each other in all sections."""
NAME_WIDTH = 24


def print_card(card: Card, everything: bool = False) -> None:
    """The main numbers by the best eyes, property by property; ``everything`` adds the others and their protocols."""
    console = Console()
    console.width = min(console.width, WIDEST)
    for text, style in _head(card):
        console.print(text, style=style, markup=False, highlight=False)
    overall, said = said_of(card)
    for verdict in overall:
        console.print(f"{verdict.sentence}.", style=STYLES[verdict.level], markup=False, highlight=False)
    for section in SECTIONS:
        shown = _chosen(card, section, everything)
        if shown:
            _print_section(console, card, section, shown, said.get(section.key), everything)
    if card.classes:
        console.print()
        console.print(_classes(card))
    for note in card.notes:
        console.print(note, style="dim", markup=False, highlight=False)
    hidden = len(card.measurements) - sum(len(_chosen(card, section, everything)) for section in SECTIONS)
    if hidden:
        console.print(f"{hidden} more numbers, and every protocol: --all", style="dim", highlight=False)


def _head(card: Card) -> Iterator[tuple[str, str]]:
    """What was compared with what, why not to trust it far, and what all numbers have in common."""
    yield f"{card.samples:,} pictures against {card.data} ({card.space})", "bold"
    for doubt in doubts(card):
        yield doubt, "yellow"
    eyes = card.find("precision", card.eyes)
    if eyes is not None:
        yield f"seen by {eyes.protocol.but(k=None, detail=None)}", "dim"
    yield "real vs real: unseen real pictures in the generated ones' place; collapse: one picture repeated", "dim"


def doubts(card: Card) -> list[str]:
    """Why these numbers should not be trusted far."""
    compared = min(
        (m.protocol.n_fake for m in card.measurements if m.name == "coverage" and m.protocol.n_fake), default=0
    )
    found = []
    if compared < FEW:
        found.append(f"only {compared:,} pictures a side are compared: the numbers are rough, above all the distances")
    if card.judge_accuracy is not None and card.judge_accuracy < 2 / (len(card.classes) + 1):
        found.append(f"the judge is right on only {card.judge_accuracy:.1%} of unseen real pictures: do not believe it")
    return found


def _chosen(card: Card, section: Property, everything: bool) -> list[Measurement]:
    """The section's measurements that are printed: the main ones by the best eyes, and all that is n/a in them."""
    return [
        m
        for m in card.section(section.key)
        if everything or (m.name in section.primary and m.headline and card.leads(m))
    ]


def _print_section(
    console: Console,
    card: Card,
    section: Property,
    shown: Sequence[Measurement],
    said: Said | None,
    everything: bool,
) -> None:
    mark = section.marks.get(card.family) if card.family else None
    console.print()
    console.print(section.title, style="bold", end="")
    if said and said.level != "unknown":
        console.print(f" · {said.level}", style=STYLES[said.level], end="")
    console.print(f"   the lecture says of {card.family.upper()}s: {mark}" if mark and card.family else "", style="dim")
    console.print(_table(shown, everything))
    for line in _explained(shown, card, everything):
        console.print(f"  {line}", style="dim", markup=False, highlight=False)


def _table(shown: Sequence[Measurement], everything: bool) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("", min_width=NAME_WIDTH)
    for heading, width in COLUMNS.items():
        table.add_column(heading, justify="right", min_width=width)
    several = len({m.protocol.extractor for m in shown if m.protocol.extractor}) > 1
    for m in shown:
        by = f" {m.protocol.extractor}" if several and m.protocol.extractor else ""
        table.add_row(
            f"{m.name} {ARROWS[m.better]}{by}",
            f"{number(m.value)} {m.unit if m.value is not None and len(m.unit) < 20 else ''}".rstrip(),
            f"{number(m.interval[0], 3)} to {number(m.interval[1], 3)}" if m.interval else "",
            number(m.reference, 3) if m.reference is not None else "",
            number(m.collapse, 3) if m.collapse is not None else "",
            style=None if m.headline else "dim",
        )
    return table


def _explained(shown: Sequence[Measurement], card: Card, everything: bool) -> Iterator[str]:
    """Why a number is n/a; and its whole protocol, or only what a reader of the main numbers has to know."""
    eyes = card.find("precision", card.eyes)
    common = eyes.protocol if eyes is not None else None
    particular: dict[str, list[str]] = {}
    for m in shown:
        if m.why:
            words = f"{m.name}: {m.why}" if everything else m.why
        elif everything:
            words = f"{m.label}: {m.protocol}"
        else:
            counted = m.protocol.n_fake if common is not None and m.protocol.n_fake != common.n_fake else None
            unit = "at a time" if m.section == "sampling" else "pictures"
            parts = [f"k={m.protocol.k}" if m.protocol.k else "", f"{counted:,} {unit}" if counted else ""]
            words = ", ".join(part for part in parts if part)
        particular.setdefault(words, []).append(m.name)
    for words, names in particular.items():
        if words:
            everybody = len(names) == len(shown) and len(shown) > 1
            yield words if everything or everybody else f"{', '.join(names)}: {words}"


def _classes(card: Card) -> Table:
    judged = f"judge right on {card.judge_accuracy:.1%} of unseen real ones" if card.judge_accuracy is not None else ""
    table = Table(title=f"Classes, {judged}", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    table.add_column("class", header_style="dim")
    for heading in ("share", "real share", "recall", "real vs real", "made as asked", "95 %"):
        table.add_column(heading, justify="right", header_style="dim")
    for row in card.classes:
        table.add_row(
            row.name,
            *(_percent(share) for share in (row.share, row.reference_share, row.recall, row.reference_recall)),
            _percent(row.accuracy),
            f"{max(row.interval[0], 0.0):.1%} to {row.interval[1]:.1%}" if row.interval else "",
        )
    return table


def _percent(share: float | None) -> str:
    return f"{share:.1%}" if share is not None else "n/a"


def number(value: float | None, digits: int = 4) -> str:
    """So many significant digits; n/a is not 0."""
    if value is None:
        return "n/a"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.{digits}g}"
