"""``ganvas weights``: which public networks there are, which are here, and how the others come."""

from __future__ import annotations

from typing import Annotated

import typer


def weights(
    names: Annotated[list[str] | None, typer.Argument(help="Names to fetch with --fetch; all are listed.")] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Download those named from their official place.")] = False,
) -> None:
    """The weights of public networks: found, or where to get them. Nothing is downloaded without --fetch."""
    from rich.console import Console
    from rich.table import Table

    from ganvas.errors import GanvasError
    from ganvas.weights import WEIGHTS, fetch_weights, locate_weights

    if fetch and not names:
        raise GanvasError(f"--fetch: name what to fetch; known: {', '.join(sorted(WEIGHTS))}")
    for name in names or ():
        path = fetch_weights(name) if fetch else locate_weights(name)
        typer.echo(f"{name}: {path}")
    if names:
        return
    table = Table("weights", "where", box=None, padding=(0, 2, 0, 0))
    for name in sorted(WEIGHTS):
        try:
            table.add_row(name, str(locate_weights(name)))
        except GanvasError as missing:
            table.add_row(name, str(missing), style="dim")
    Console().print(table)
