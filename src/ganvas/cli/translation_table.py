"""The scores of translations in the terminal: a table a way, a row for whoever translates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ganvas.evaluate.translation.scorecard import COLUMNS, said_of

if TYPE_CHECKING:
    from ganvas.evaluate.translation.scorecard import Cell, Row, ScoreCard, WayScores

STYLES = {"asked": "bold", "beside": None, "baseline": "dim", "real": "cyan"}
VERDICTS = {"better": "green", "worse": "red", "not told apart": "yellow"}
ARROWS = {"higher": "↑", "lower": "↓"}
GROUPS = (("pairs",), ("kid", "classifier", "second_classifier"), ("cycle",), ("segmenter",))
"""Columns that stand in one table, by their protocol: the terminal is narrow."""


def print_scores(card: ScoreCard, everything: bool = False) -> None:
    """All tables, who is ahead of whom, and how it was measured; ``everything`` adds all differences."""
    console = Console()
    head = f"{card.data}, {card.part} pictures ({card.space})"
    console.print(head, style="bold", markup=False, highlight=False)
    for way in card.ways:
        console.print()
        words = f"{way.source} → {way.target}: {way.pictures:,} translations of {way.size}, {way.real:,} real targets"
        console.print(words, style="bold", markup=False, highlight=False)
        for group in GROUPS:
            keys = [key for key in way.columns if COLUMNS[key].protocol in group]
            if keys:
                console.print(_table(way.rows, keys))
        for sentence, verdict in said_of(way, everything):
            console.print(sentence, style=VERDICTS[verdict], markup=False, highlight=False)
        for reason in _reasons(way):
            console.print(reason, style="dim", markup=False, highlight=False)
    _print_discriminators(console, card)
    console.print()
    for row in (row for row in card.ways[0].rows if row.kind in ("asked", "beside")):
        console.print(f"{row.name}: {row.about}", style="dim", markup=False, highlight=False)
    for name, words in card.protocol.items():
        console.print(f"{name.replace('_', ' ')}: {words}", style="dim", markup=False, highlight=False)
    for note in card.notes:
        console.print(note, style="dim", markup=False, highlight=False)


def number(key: str, cell: Cell | None) -> str:
    """Value and half the width of its interval; n/a where it could not be measured, – where it does not apply."""
    if cell is None:
        return "–"
    if cell.value is None:
        return "n/a"
    digits = COLUMNS[key].digits
    if cell.interval is None:
        return f"{cell.value:.{digits}f}"
    low, high = cell.interval
    return f"{cell.value:.{digits}f} ±{(high - low) / 2:.{digits}f}"


def _table(rows: Sequence[Row], keys: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("", min_width=13)
    for key in keys:
        column = COLUMNS[key]
        table.add_column(f"{column.title} {ARROWS[column.better]}", justify="right")
    for row in rows:
        if any(key in row.cells for key in keys):
            table.add_row(row.name, *(number(key, row.cells.get(key)) for key in keys), style=STYLES[row.kind])
    return table


def _reasons(way: WayScores) -> list[str]:
    """Why numbers are n/a, each once."""
    why = {
        f"n/a: {COLUMNS[key].title}: {cell.why}": None
        for row in way.rows
        for key, cell in row.cells.items()
        if cell.why
    }
    return list(why)


def _print_discriminators(console: Console, card: ScoreCard) -> None:
    for found in card.discriminators:
        console.print()
        low, high = found.interval
        console.print(
            f"{found.of}'s discriminator: mean logit {found.true_pairs:.3f} of true pairs, "
            f"{found.shuffled_pairs:.3f} of the same pictures beside others' sources: {found.difference:+.3f} "
            f"({low:+.3f} to {high:+.3f}); the true source is ahead on {found.share_ahead:.0%} of {found.pictures:,}, "
            f"the network in {found.mode} mode, {found.batch} at a time",
            style="green" if low > 0 else "yellow",
            markup=False,
            highlight=False,
        )
