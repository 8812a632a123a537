"""``ganvas interpolate``: from picture to picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganvas.cli.output import Code, Device


def interpolate(
    snapshot: Annotated[str, typer.Argument(help="A .safetensors file, a run directory, or 'digits'.")],
    out: Annotated[Path, typer.Option(help="strip.png, film.gif, or film.mp4 where ffmpeg is there.")] = Path(
        "interpolation.png"
    ),
    seeds: Annotated[str, typer.Option(help="The pictures to visit, in order.")] = "0-5",
    steps: Annotated[int, typer.Option(min=2, help="Frames from each picture to the next, both counted.")] = 10,
    path: Annotated[str, typer.Option(help="slerp (along the sphere) or lerp (straight).")] = "slerp",
    wanted: Annotated[
        str | None, typer.Option("--class", help="Which class (name or number); it stays the same.")
    ] = None,
    truncation: Annotated[float, typer.Option(help="In (0, 1]: smaller is more typical and less various.")] = 1.0,
    loop: Annotated[bool, typer.Option(help="Come back to the first picture.")] = False,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """Walk through the latent space and write the way as a strip, a GIF or a film."""
    from ganvas.cli.opening import open_for
    from ganvas.explore.animation import write_frames
    from ganvas.explore.interpolation import interpolate as frames_between
    from ganvas.explore.sampling import parse_seeds

    opened = open_for(snapshot, device, code)
    frames = frames_between(opened, parse_seeds(seeds), steps, path, wanted, truncation, loop)
    print(write_frames(frames, out, steps))
