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

    from ganvas.cli.evaluate import print_card
    from ganvas.cli.training import play
    from ganvas.data.spec import DataSpec
    from ganvas.evaluate.measure import evaluate
    from ganvas.report.page import write_report
    from ganvas.snapshot import open_snapshot
    from ganvas.training.start import Request, open_session, prepare

    console = Console(stderr=True)
    prepared = prepare(Request(DataSpec(source="digits"), "sprint", out, minutes=minutes, device=device), console.print)
    session = open_session(prepared, console.print)
    play(session, None, console)
    console.print("measuring …")
    card = evaluate(open_snapshot(session.run.path), prepared.data)
    session.run.write_text("metrics.json", card.model_dump_json(indent=2) + "\n")
    write_report(session.run.path)
    print_card(card)
