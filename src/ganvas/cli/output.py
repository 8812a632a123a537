"""What every verb prints alike: numbers as JSON, errors as one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

JsonFile = Annotated[Path | None, typer.Option("--json", help="Also write the numbers to this JSON file.")]
Seed = Annotated[int, typer.Option("--seed", help="Same seed, same result.")]
Code = Annotated[Path | None, typer.Option("--code", help="my_gan.py, where the GAN comes from outside the package.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 …")]


def write_json(path: Path | None, numbers: Any) -> None:
    """Write ``numbers`` to ``path`` whole or not at all; ``None`` means that nobody asked."""
    if path is not None:
        from ganvas.files import write_text

        write_text(path, json.dumps(numbers, indent=2, allow_nan=False) + "\n")
