"""``ganvas recipes``: what can be trained."""

from __future__ import annotations


def recipes() -> None:
    """List what can be trained, one line each with its paper."""
    from rich.console import Console
    from rich.table import Table

    from ganvas.recipes.table import RECIPES
    from ganvas.space import Space

    table = Table(box=None, pad_edge=False)
    for column in ("recipe", "paper", "what it is"):
        table.add_column(column, no_wrap=column == "recipe", style="bold" if column == "recipe" else "")
    space = Space(channels=1, height=32, width=32)
    for name, make in RECIPES.items():
        table.add_row(name, make(space).paper, (make.__doc__ or "").strip().splitlines()[0])
    Console().print(table)
