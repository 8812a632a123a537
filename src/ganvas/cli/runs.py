"""``ganvas runs``: what has been trained here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ganvas.cli.output import JsonFile, write_json

LISTED = ("run", "recipe", "images", "of", "minutes", "images_per_second")
"""What fits a terminal; --json has the losses and measures too."""
ABREAST = 4
"""Runs that stand side by side in a comparison."""


def runs(
    place: Annotated[Path, typer.Argument(help="Where runs lie.")] = Path("runs"),
    compare: Annotated[
        bool, typer.Option("--compare", help="Show the fields in which recipes and results differ.")
    ] = False,
    json: JsonFile = None,
) -> None:
    """List the runs, or compare their recipes and measures field by field."""
    from rich.console import Console

    from ganvas.errors import GanvasError
    from ganvas.training.comparison import differing_fields, summaries

    rows = summaries(place)
    if not rows:
        raise GanvasError(f"{place} holds no runs; ganvas train makes some, or name another place")
    console = Console()
    if not compare:
        _print(console, list(LISTED), [[row[column] for column in LISTED] for row in rows])
        write_json(json, rows)
        return
    recipes = differing_fields(place)
    both = [
        recipe | {k: v for k, v in row.items() if k not in recipe} for recipe, row in zip(recipes, rows, strict=True)
    ]
    for start in range(0, len(both), ABREAST):
        side_by_side = both[start : start + ABREAST]
        fields = dict.fromkeys(field for row in side_by_side for field in row if field != "run")
        lines = [[field, *(row.get(field) for row in side_by_side)] for field in fields]
        _print(console, ["", *(row["run"] for row in side_by_side)], lines)
    write_json(json, both)


def _print(console: Any, headings: list[str], lines: list[list[Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading.replace("_", " "), overflow="fold")
    for first, *rest in lines:
        table.add_row(f"[bold]{first}[/bold]", *map(_words, rest))
    console.print(table)


def _words(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else str(value)
