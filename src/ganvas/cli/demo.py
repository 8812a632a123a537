"""``ganvas demo``: the first complete path, in a few minutes, on real handwritten digits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganvas.cli.output import Device


def demo(
    minutes: Annotated[float, typer.Option(min=0.05, help="How long to train.")] = 3.0,
    out: Annotated[Path, typer.Option(help="The run directory.")] = Path("runs/demo"),
    device: Device = "auto",
) -> None:
    """Train on real handwritten digits for about three minutes, measure, and show where everything is."""
    from rich.console import Console

    from ganvas.cli.card_table import print_card
    from ganvas.cli.evaluate import keep
    from ganvas.cli.evaluating import working
    from ganvas.cli.training import play, where
    from ganvas.data.dataset import open_data
    from ganvas.data.spec import DataSpec
    from ganvas.evaluate.measure import examine
    from ganvas.snapshot import open_snapshot
    from ganvas.training.start import Request, open_session, prepare

    console = Console(stderr=True)
    digits = DataSpec(source="digits")
    prepared = prepare(Request(digits, "sprint", out, minutes=minutes, device=device), console.print)
    session = open_session(prepared, console.print)
    play(session, None, console)
    snapshot = open_snapshot(session.run.path)
    with working(console) as on_progress:
        card, evidence = examine(snapshot, open_data(digits), show=True, on_progress=on_progress)
    keep(card, evidence, str(session.run.path), snapshot)
    print_card(card)
    where(session, console)
