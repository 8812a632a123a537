"""``ganvas convert``: weights of other tools → a snapshot, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganvas.cli.output import Code


def convert(
    weights: Annotated[str, typer.Argument(help="A .pth, .safetensors or ncnn .param; with --to, a snapshot.")],
    out: Annotated[Path, typer.Option("--out", help="The snapshot to write; with --to, the .pth.")],
    to: Annotated[str, typer.Option("--to", help="pix2pix, real-esrgan or esrgan: write for that tool.")] = "",
    role: Annotated[str, typer.Option("--role", help="With --to: generator, or a cycle's inverse.")] = "generator",
    code: Code = None,
) -> None:
    """Networks of pix2pix, CycleGAN, CUT, ESRGAN and Real-ESRGAN become snapshots, told apart by their tensors."""
    from ganvas.bridge.convert import converted, open_foreign, to_foreign, write_foreign
    from ganvas.cli.opening import open_for

    if to:
        snapshot = open_for(weights, "cpu", code)
        write_foreign(to_foreign(snapshot, to, role), out)
        typer.echo(f"{out}: the {role} of {snapshot.recipe.name}, for {to}")
        return
    foreign = open_foreign(weights)
    converted(foreign, Path(weights).stem).save(out)
    typer.echo(f"{out}: {foreign.what}")
    for note in foreign.notes:
        typer.echo(f"  {note}")
