"""``ganvas check``: the contract battery on a GAN from outside the package."""

from __future__ import annotations

from typing import Annotated

import typer


def check(
    recipe: Annotated[str, typer.Argument(help="my_gan.py, my_gan.py:function, or a name of `ganvas recipes`.")],
) -> None:
    """Hold a GAN to the laws that every recipe of the package keeps."""
    from rich.console import Console

    from ganvas.contract.laws import LAWS, broken_laws
    from ganvas.contract.trial import spaces_for
    from ganvas.recipes.table import find_recipe

    make = find_recipe(recipe)
    broken = broken_laws(make)
    console = Console()
    for law in (f"{name} ({words})" for words in spaces_for(make) for name in LAWS):
        console.print(
            f"[red]✗[/red] {law}: {broken[law]}" if law in broken else f"[green]✓[/green] {law}", highlight=False
        )
    if broken:
        raise typer.Exit(1)
