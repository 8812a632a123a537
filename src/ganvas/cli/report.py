"""``ganvas report``: the page of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(run: Annotated[Path, typer.Argument(help="A run directory.")]) -> None:
    """Write report.html anew: one file, no network needed."""
    from ganvas.report.page import write_report

    print(write_report(run))
