"""``ganvas convert``: weights of other tools → a snapshot, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganvas.cli.output import Code
from ganvas.errors import GanvasError


def convert(
    weights: Annotated[str, typer.Argument(help="A .pth, .safetensors or ncnn .param; with --to, a snapshot.")],
    out: Annotated[Path, typer.Option("--out", help="The snapshot to write; with --to, the .pth.")],
    to: Annotated[str, typer.Option("--to", help="pix2pix, real-esrgan or esrgan: write for that tool.")] = "",
    role: Annotated[str, typer.Option("--role", help="With --to: generator, or a cycle's inverse.")] = "generator",
    code: Code = None,
) -> None:
    """Networks of pix2pix, CycleGAN, CUT, ESRGAN and Real-ESRGAN become snapshots, told apart by their tensors."""
    from ganvas.bridge.convert import WRITERS, to_foreign, write_foreign
    from ganvas.bridge.convert import convert as convert_weights
    from ganvas.cli.opening import open_for

    if to:
        snapshot = open_for(weights, "cpu", code)
        write_foreign(to_foreign(snapshot, to, role), out)
        typer.echo(f"{out}: the {role} of {snapshot.recipe.name}, for {to}")
        return
    if _is_ours(weights):
        raise GanvasError(
            f"{weights} is a snapshot of ganvas already; say with --to for which tool it should be written: "
            f"{', '.join(WRITERS)}"
        )
    if out.suffix != ".safetensors":
        raise GanvasError(f"--out {out}: a snapshot ends in .safetensors; a .pth for another tool is written with --to")
    convert_weights(weights, out, lambda foreign: typer.echo("\n  ".join([f"{out}: {foreign.what}", *foreign.notes])))


def _is_ours(weights: str) -> bool:
    """Whether this is a run directory or a snapshot."""
    from safetensors import SafetensorError, safe_open

    from ganvas.snapshot import find_snapshot

    try:
        with safe_open(find_snapshot(weights), framework="pt") as opened:
            return "ganvas" in (opened.metadata() or {})
    except (GanvasError, SafetensorError, OSError):
        return False
