"""What every toy can be asked for, and how it tells what it left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ganvas.cli.output import write_json
from ganvas.errors import GanvasError


def _drawable(format: str) -> str:
    """Known before anything is trained."""
    from ganvas.toys.canvas import FORMATS

    if format not in FORMATS:
        raise GanvasError(f"--format {format}: a figure ends in .{', .'.join(FORMATS)}")
    return format


Out = Annotated[Path | None, typer.Option("--out", help="Folder for the figures; by default toys/NAME.")]
Dark = Annotated[bool, typer.Option("--dark", help="Figures on dark ground.")]
Format = Annotated[str, typer.Option("--format", callback=_drawable, help="Figures as png, svg or pdf.")]


def folder(out: Path | None, name: str) -> Path:
    """Where this toy's figures go."""
    return out if out is not None else Path("toys") / name


def finish(figures: list[Path], json: Path | None, numbers: Any) -> None:
    """Write the numbers where they are asked for and name every file that was written."""
    write_json(json, numbers)
    for path in [*figures, *([json] if json is not None else [])]:
        typer.echo(f"wrote {path}")
