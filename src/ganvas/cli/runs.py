"""``ganvas runs``: what has been trained here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganvas.cli.output import JsonFile, write_json

if TYPE_CHECKING:
    from ganvas.training.comparison import Comparison

LISTED = ("run", "recipe", "images", "of", "minutes", "images_per_second")
"""What fits a terminal; --json has the losses and measures too."""
ABREAST = 4
"""Runs that stand side by side in a comparison."""
MOST_NAMES = 4
"""Of a list that is shown."""


def runs(
    place: Annotated[Path, typer.Argument(help="Where runs lie.")] = Path("runs"),
    compare: Annotated[
        bool, typer.Option("--compare", help="Runs of one kind side by side: where their recipes differ, and results.")
    ] = False,
    json: JsonFile = None,
) -> None:
    """List the runs, or compare their recipes and results field by field."""
    from rich.console import Console

    from ganvas.errors import GanvasError
    from ganvas.training.comparison import comparisons, summaries

    rows = summaries(place)
    if not rows:
        raise GanvasError(f"{place} holds no runs; ganvas train makes some, or name another place")
    console = Console()
    if not compare:
        write_json(json, rows)
        _print(
            console,
            [column.replace("_", " ") for column in LISTED],
            [[row[column] for column in LISTED] for row in rows],
        )
        return
    compared = comparisons(place)
    write_json(json, [row for comparison in compared for row in _rows(comparison)])
    for comparison in compared:
        for start in range(0, len(comparison.runs), ABREAST):
            _print_side_by_side(console, comparison, slice(start, start + ABREAST))


def _print_side_by_side(console: Any, comparison: Comparison, some: slice) -> None:
    fields = [[field, *values[some]] for field, values in comparison.recipe.items()]
    results = [[name.replace("_", " "), *values[some]] for name, values in comparison.results.items()]
    lines = [*results, *([["[not bold dim]recipes differ in"]] if fields else []), *fields]
    _print(console, [comparison.kind, *comparison.runs[some]], lines)
    console.print()


def _rows(comparison: Comparison) -> list[dict[str, Any]]:
    """As JSON has them: an object a run."""
    columns = {**comparison.recipe, **comparison.results}
    return [
        {"run": run, "kind": comparison.kind, **{name: values[i] for name, values in columns.items()}}
        for i, run in enumerate(comparison.runs)
    ]


def _print(console: Any, headings: list[str], lines: list[list[Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading == headings[0])
    for first, *rest in lines:
        table.add_row(f"[bold]{first}[/bold]", *map(_words, rest))
    console.print(table)


def _words(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        more = f" … ({len(value)})" if len(value) > MOST_NAMES else ""
        return ", ".join(map(_words, value[:MOST_NAMES])) + more or "none"
    if isinstance(value, dict):  # a schedule
        held = f" from {value['hold']:.0%} of the run" if value.get("hold") else ""
        return f"{value['start']:g} to {value['end']:g}, {value['shape']}{held}"
    return f"{value:,}" if isinstance(value, int) else str(value)
