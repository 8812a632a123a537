"""``ganvas runs``: what has been trained here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganvas.cli.output import JsonFile, write_json


def runs(
    place: Annotated[Path, typer.Argument(help="Where runs lie.")] = Path("runs"),
    compare: Annotated[bool, typer.Option(help="Show only the fields in which the recipes differ.")] = False,
    json: JsonFile = None,
) -> None:
    """List the runs and compare them: recipe, images, time, last losses and measures."""
    from rich.console import Console
    from rich.table import Table

    from ganvas.errors import GanvasError
    from ganvas.training.comparison import differing_fields, summaries

    rows = summaries(place)
    if not rows:
        raise GanvasError(f"{place} holds no runs; ganvas train makes some, or name another place")
    shown = differing_fields(place) if compare else rows
    table = Table(box=None, pad_edge=False)
    for column in shown[0]:
        table.add_column(column.replace("_", " "), style="bold" if column == "run" else "")
    for row in shown:
        table.add_row(
            *(
                "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
                for value in row.values()
            )
        )
    Console().print(table)
    write_json(json, shown)
