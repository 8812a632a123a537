"""``ganvas recipes``: what can be trained."""

from __future__ import annotations


def recipes() -> None:
    """List what can be trained, one line each with its paper."""
    from rich.console import Console
    from rich.table import Table

    from ganvas.recipes.table import RECIPES
    from ganvas.space import Space

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    space = Space(channels=1, height=32, width=32)
    for name, make in RECIPES.items():
        table.add_row(name, f"{(make.__doc__ or '').strip().splitlines()[0]}\n[dim]{make(space).paper}[/dim]")
    Console().print(table)
