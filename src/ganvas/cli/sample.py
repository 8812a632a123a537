"""``ganvas sample``: pictures from a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganvas.cli.output import Code, Device


def sample(
    snapshot: Annotated[str, typer.Argument(help="A .safetensors file, a run directory, or 'digits'.")],
    out: Annotated[Path, typer.Option(help="grid.png, a folder (one file a seed), or file.npz.")] = Path("samples.png"),
    seeds: Annotated[str, typer.Option(help="Which pictures: 0-63 or 1,5,9.")] = "0-99",
    wanted: Annotated[str | None, typer.Option("--class", help="Only this class (name or number).")] = None,
    truncation: Annotated[float, typer.Option(help="In (0, 1]: smaller is more typical and less various.")] = 1.0,
    columns: Annotated[int | None, typer.Option(min=1, help="Pictures in a row of the grid.")] = None,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """Draw pictures; the same seed is the same picture, however many are asked for."""
    from ganvas.cli.opening import open_for
    from ganvas.explore.sampling import columns_of, parse_seeds, write_pictures

    opened = open_for(snapshot, device, code)
    numbers = parse_seeds(seeds)
    condition = opened.conditions(numbers, wanted)
    images = opened.sample(numbers, condition, truncation).numpy()
    classes = opened.class_names(condition)
    columns = columns or columns_of(len(numbers), len(set(classes or ["any"])))
    print(write_pictures(images, numbers, out, columns, classes))
    if truncation < 1.0:
        prior = opened.generator.prior
        print(f"truncated in z: {prior.kind} latents drawn again until |z| ≤ {prior.reach(truncation):g}")
