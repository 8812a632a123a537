"""``ganvas train``: from a folder of pictures to a generator one can keep."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ganvas.cli.output import Device, JsonFile, Seed


def train(
    recipe: Annotated[
        str | None, typer.Argument(help="See `ganvas recipes`; or my_gan.py:function. Default: advised.")
    ] = None,
    data: Annotated[str, typer.Option(help="digits, mnist, a folder, a zip, an .npz …")] = "digits",
    out: Annotated[Path | None, typer.Option(help="The run directory; default runs/<data>-<recipe>.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Begin from this snapshot or run.")] = None,
    images: Annotated[int | None, typer.Option(min=1, help="How many real images to see.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Or how long; measured once at the start.")] = None,
    size: Annotated[str | None, typer.Option(help="64 or HEIGHTxWIDTH.")] = None,
    crop: Annotated[str | None, typer.Option(help="Train on windows of this size, cut anew each time.")] = None,
    fit: Annotated[str | None, typer.Option(help="Translations: cover, stretch, scale-width, none.")] = None,
    direction: Annotated[str | None, typer.Option(help="Translate AtoB or BtoA.")] = None,
    paired: Annotated[bool | None, typer.Option("--paired/--unpaired", help="Else found out by names.")] = None,
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="Every picture holds A in its left and B in its right half.")
    ] = False,
    edges: Annotated[bool, typer.Option("--edges", help="Maps of classes get a channel of outlines.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only so many pictures.")] = None,
    labels: Annotated[str | None, typer.Option(help="Which labels to use; 'none' for none.")] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="Also show every picture mirrored.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="path=value, such as batch=32 or loss=hinge.")
    ] = None,
    sweep: Annotated[str | None, typer.Option(help="gamma: three short runs that find the penalty weight.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print recipe, size and time to expect; train nothing.")
    ] = False,
    seed: Seed = 0,
    device: Device = "auto",
    json: JsonFile = None,
) -> None:
    """Train a GAN. The same command again resumes; Ctrl-C saves."""
    from pydantic import ValidationError
    from rich.console import Console

    from ganvas.cli.display import decoding
    from ganvas.cli.training import dry, play, sweep_gamma, where
    from ganvas.data.spec import DataSpec
    from ganvas.errors import GanvasError
    from ganvas.recipes.overrides import first_problem
    from ganvas.training.start import Request, open_session, prepare

    console = Console(stderr=True, quiet=os.environ.get("RANK", "0") != "0")  # under torchrun the leader talks
    try:
        told = {"size": size, "crop": crop, "fit": fit, "direction": direction, "paired": paired, "limit": limit}
        told |= {
            "labels": labels,
            "mirror": mirror or None,
            "side_by_side": side_by_side or None,
            "edges": edges or None,
        }
        spec = DataSpec.model_validate({"source": data, **{k: v for k, v in told.items() if v is not None}})
    except ValidationError as error:
        raise GanvasError(f"--{first_problem(error)}") from error
    request = Request(spec, recipe, out, images, minutes, start, settings or (), seed, device)
    with decoding(console) as on_data:
        prepared = prepare(request, console.print, on_data)
    if dry_run:
        dry(prepared, json, console)
    elif sweep is not None:
        sweep_gamma(prepared, sweep, json, console)
    else:
        session = open_session(prepared, console.print)
        play(session, json, console)
        where(session, console, recipe.partition(":")[0] if recipe and ".py" in recipe else None)
