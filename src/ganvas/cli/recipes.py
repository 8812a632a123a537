"""``ganvas recipes``: what can be trained."""

from __future__ import annotations

from collections.abc import Callable


def about(make: Callable[..., object]) -> str:
    """The first paragraph of its docstring, in one line."""
    return " ".join((make.__doc__ or "").strip().split("\n\n")[0].split())


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
        table.add_row(name, f"{about(make)}\n[dim]{make(space).paper}[/dim]")
    Console().print(table)
