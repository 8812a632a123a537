"""What ``ganvas train`` and ``ganvas demo`` show."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from ganvas.cli.display import live
from ganvas.cli.output import write_json
from ganvas.errors import GanvasError
from ganvas.report.page import write_report
from ganvas.training.session import Session
from ganvas.training.start import Prepared
from ganvas.training.ticks import DivergenceError


def play(session: Session, json: Path | None, console: Console) -> None:
    """Train with a live display; at the end (or on Ctrl-C) say where everything is and how to go on."""
    run, recipe, progress = session.run, session.recipe, session.progress
    if session.runtime.leads:
        run.write_text("command.txt", shlex.join(["ganvas", *sys.argv[1:]]) + "\n")
        going = f"going on at {progress.images:,}" if progress.images else "training"
        console.print(f"{going}: {recipe.name} on {recipe.space}, {session.runtime.place.device}, into {run.path}")
    if progress.images >= recipe.images:
        console.print(f"this run has seen its {recipe.images:,} images; --images with a larger number trains on")
    total = -(-recipe.images // recipe.batch) * recipe.batch  # the last round is whole
    try:
        with live(console, progress, total) as display:
            finished = session.play([display], say=display.say)
    except DivergenceError:
        if session.runtime.leads:
            write_report(run.path)  # it tells the alarms
        raise
    session.runtime.close()
    if not session.runtime.leads:
        return
    write_report(run.path)
    numbers = {
        "run": str(run.path),
        "finished": finished,
        "images": progress.images,
        "seconds": round(session.stopwatch.seconds, 1),
        "snapshot": str(run.snapshot_file),
        "report": str(run.report_file),
    }
    write_json(json, numbers)
    if not finished:
        console.print(f"stopped and saved at {progress.images:,} images; the same command goes on from here")
        raise typer.Exit(130)


def where(session: Session, console: Console, code: str | None = None) -> None:
    """The files a user wants next, and commands that can be pasted; ``code`` is where a GAN from outside lies."""
    run = session.run
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("report", str(run.report_file))
    table.add_row("samples", str(run.sheet(session.progress.images)))
    table.add_row("snapshot", str(run.snapshot_file))
    if run.best_file.exists():
        table.add_row("best", f"{run.best_file}, as held-out pictures have it")
    console.print(table)
    outside = ["--code", code] if code else []
    for words in NEXT[session.snapshot.abilities[0]](str(run.path)):
        console.print(
            shlex.join(["ganvas", *words, *outside]), style="dim", soft_wrap=True, highlight=False, markup=False
        )


NEXT: Mapping[str, Callable[[str], list[list[str]]]] = {
    "sample": lambda run: [["sample", run, "--out", "grid.png"], ["evaluate", run]],
    "translate": lambda run: [["evaluate", run], ["translate", run, "PICTURES", "--out", "translated"]],
}
"""What a user does next with what a run can do: commands."""


def dry(prepared: Prepared, json: Path | None, console: Console) -> None:
    """The resolved recipe, parameters, memory and time to expect."""
    plan = prepared.plan()
    minutes = prepared.request.minutes
    recipe = prepared.recipe if minutes is None else prepared.recipe.but(images=plan.images(minutes))
    console.print_json(recipe.model_dump_json())
    table = Table(box=None, show_header=False, pad_edge=False)
    for role, count in plan.parameters.items():
        if count:  # a history of fakes is a network too
            table.add_row(role, f"{count:,} parameters")
    table.add_row("speed", f"{plan.images_per_second:,.1f} images/s, measured on {prepared.runtime.place.device}")
    table.add_row("time", f"{_duration(plan.seconds(recipe.images))} for {recipe.images:,} images")
    table.add_row("memory", f"{plan.memory / 2**20:,.0f} MiB at most so far")
    table.add_row("run", str(prepared.out))
    console.print(table)
    seconds = round(plan.seconds(recipe.images), 1)
    write_json(
        json,
        {
            "recipe": recipe.model_dump(mode="json"),
            "parameters": plan.parameters,
            "images_per_second": round(plan.images_per_second, 1),
            "seconds": seconds,
            "memory_bytes": plan.memory,
        },
    )


def sweep_gamma(prepared: Prepared, what: str, json: Path | None, console: Console) -> None:
    """Three short runs, and which penalty weight to take."""
    from ganvas.evaluate.sweep import SHARE, sweep

    if what != "gamma":
        raise GanvasError(f"--sweep {what}: only gamma can be swept")
    recipe, request = prepared.recipe, prepared.request
    each = request.images or max(recipe.batch, recipe.images // SHARE)
    if request.minutes is not None:
        each = prepared.plan().images(request.minutes / 3)
    where = f"({each:,} images, in {prepared.out}-sweep)"
    rows, best = sweep(prepared, each, lambda text: console.print(text, where, highlight=False))
    table = Table(box=None, pad_edge=False)
    for column in rows[0]:
        table.add_column(column.replace("_", " "))
    for row in rows:
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()))
    console.print(table)
    console.print(best, soft_wrap=True, highlight=False, markup=False)
    write_json(json, {"runs": rows, "take": best})


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"
