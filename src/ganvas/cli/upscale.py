"""``ganvas upscale``: larger pictures, by a snapshot or by a rule, and how near they come to the truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganvas.cli.applying import (
    SOURCE,
    Asked,
    Format,
    ModeOption,
    Out,
    Overwrite,
    Passes,
    ScoreOption,
    TileOption,
    apply,
    how,
    opened,
)
from ganvas.cli.output import Code, Device, JsonFile, Seed
from ganvas.cli.scoring import score_all
from ganvas.errors import GanvasError

if TYPE_CHECKING:
    from ganvas.translate.applied import Applied


def upscale(
    snapshot: Annotated[str, typer.Argument(help="A .safetensors file or a run directory; or 'bicubic', 'nearest'.")],
    source: Annotated[Path, typer.Argument(help=f"{SOURCE} With --score: true high-resolution pictures.")],
    out: Out = None,
    scale: Annotated[int | None, typer.Option(min=1, help="How many times larger, for bicubic and nearest.")] = None,
    mode: ModeOption = None,
    tile: TileOption = "auto",
    passes: Passes = None,
    format: Format = None,
    overwrite: Overwrite = False,
    score: ScoreOption = False,
    json: JsonFile = None,
    seed: Seed = 0,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """Enlarge pictures, folders, zips and films; large ones in tiles.

    With --score the pictures are the truth: they are shrunk as MATLAB's bicubic does, enlarged again and compared. The
    same command again goes on where it was interrupted.
    """
    applied, saved = opened(snapshot, scale, how(mode, tile, seed, passes, device), code)
    if applied.scale == 1:
        raise GanvasError(f"{snapshot} does not enlarge pictures; ganvas translate applies it")
    asked = Asked(snapshot, source, out, format, overwrite, json)
    if score:
        score_enlarging(asked, applied)
    else:
        apply(asked, applied, saved)


def score_enlarging(asked: Asked, applied: Applied) -> None:
    """Shrink, enlarge, compare."""
    from ganvas.evaluate.beside_truth import shrunk
    from ganvas.translate.applied import How, applied_stand_in
    from ganvas.translate.work import pictures_in

    truths = pictures_in(asked.source, but=asked.out)
    pair = shrunk(truths, applied_stand_in("bicubic", applied.scale, How()))
    words = (
        f"cut to multiples of {applied.scale}, shrunk by MATLAB's bicubic, 8 bit; PSNR and SSIM without a border of "
        f"{applied.scale} px; Y: MATLAB's; grey by itself; SSIM: Gaussian 11 px, σ 1.5, inside; intervals: --json"
    )
    protocol = {"baseline": "bicubic", "border": applied.scale, "words": words}
    score_all(asked, applied, truths.names, pair, protocol)
