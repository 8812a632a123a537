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

    from ganvas.errors import GanvasError
    from ganvas.weights import WEIGHTS, fetch_weights, locate_weights

    if fetch and not names:
        raise GanvasError(f"--fetch: name what to fetch; known: {', '.join(sorted(WEIGHTS))}")
    for name in names or ():
        path = fetch_weights(name) if fetch else locate_weights(name)
        typer.echo(f"{name}: {path}")
    if names:
        return
    console, used = Console(soft_wrap=True, highlight=False, markup=False), uses()
    for name in sorted(WEIGHTS):
        try:
            where, style = str(locate_weights(name)), None
        except GanvasError as missing:
            where, style = str(missing), "dim"
        console.print(name, style="bold")
        console.print(f"  for {', '.join(used[name])}")
        console.print(f"  {where}", style=style)


def uses() -> dict[str, list[str]]:
    """Weights → what runs on them, in the words in which a user asks for it."""
    from ganvas.evaluate.public import KINDS
    from ganvas.losses.content import SEEING
    from ganvas.metrics.lpips import TRUNKS
    from ganvas.weights import WEIGHTS

    found: dict[str, list[str]] = {name: [] for name in WEIGHTS}
    for extractor, kind in KINDS.items():
        found[kind.weights].append(f"--extractor {extractor}")
    found["dinov2-s14"].append("--extractor dinov2")
    found["lpips-alexnet"].append("LPIPS in scores")
    for lpips, trunk in TRUNKS.items():
        found[trunk.weights].append(f"--set content.lpips.network={lpips}")
    for network, seeing in SEEING.items():
        found[seeing.weights].append(f"--set content.perceptual.network={network}")
    return found
