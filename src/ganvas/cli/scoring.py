"""What ``--score`` shares between ``ganvas translate`` and ``ganvas upscale``: results held against the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import typer

from ganvas.cli.applying import Asked, about, ended, interruptible, manner, showing
from ganvas.cli.output import write_json
from ganvas.errors import GanvasError

if TYPE_CHECKING:
    from ganvas.evaluate.beside_truth import Pair, Scored, SetScores
    from ganvas.evaluate.pairs import Perceptual
    from ganvas.translate.applied import Applied
    from ganvas.translate.work import Outcome

MOST_PICTURES = 32
"""So many are printed one by one; the JSON has all."""


def score_all(
    asked: Asked, applied: Applied, names: Sequence[str], pair: Callable[[str], Pair], protocol: dict[str, Any]
) -> None:
    """Every result beside its truth: computed, written where ``asked.out`` says, and told of.

    Args:
        names: of the pictures.
        pair: name → source, truth and baseline.
        protocol: what a reader must know: ``baseline`` (the name of a stand-in), ``border`` (pixels that are cut off)
            and ``words``.
    """
    from ganvas.evaluate.beside_truth import score
    from ganvas.translate.work import Outcome, writer

    outcome = Outcome(total=len(names))
    with (
        showing("pictures", applied) as on_picture,
        interruptible(lambda: f"{outcome.done} of {outcome.total} were scored"),
    ):
        scored = score(
            names,
            compared(pair, applied, protocol["baseline"]),
            applied,
            outcome,
            border=protocol["border"],
            perceptual=perceptual(),
            on_result=writer(names, asked.out, asked.format),
            on_picture=on_picture,
        )
    report(asked, applied, scored, outcome, protocol)


def report(asked: Asked, applied: Applied, scored: list[Scored], outcome: Outcome, protocol: dict[str, Any]) -> None:
    """Scores as a table and as numbers; ``protocol`` says what a reader must know, ``baseline`` among it."""
    from ganvas.evaluate.beside_truth import by_set, numbers

    sets = by_set(scored, applied.engine.seed)
    if not scored:
        raise GanvasError(f"{asked.source}: nothing could be scored; {'; '.join(outcome.failed[:3])}")
    print_scores(asked, sets, scored, str(protocol["baseline"]))
    print(protocol["words"] + manner(applied))
    told = {**about(asked, applied), "protocol": protocol, **numbers(scored, sets), "failed": outcome.failed}
    write_json(asked.json, {**told, "notes": applied.engine.notes})
    ended(applied.engine.notes, outcome.failed)


def compared(pair: Callable[[str], Pair], applied: Applied, baseline: str) -> Callable[[str], Pair]:
    """Name → pair, without a baseline where that is the very thing that is scored: its row would stand there twice."""
    from ganvas.translate.standins import stand_in

    same = isinstance(applied.engine.network, type(stand_in(baseline, applied.scale)))
    return (lambda name: replace(pair(name), baseline=None)) if same else pair


def perceptual() -> Perceptual | None:
    """LPIPS, or a line that says how to get it."""
    from ganvas.metrics.lpips import load_lpips

    try:
        return load_lpips("alexnet")
    except GanvasError as error:
        typer.echo(f"LPIPS n/a: {error}", err=True)
        return None


def print_scores(asked: Asked, sets: list[SetScores], scored: list[Scored], baseline: str) -> None:
    """Two rows a set: the results, and below what would be had for nothing; of few pictures each by itself too."""
    from rich.console import Console
    from rich.table import Table

    from ganvas.evaluate.pairs import NAMES

    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    table.add_column("n", justify="right")
    for title, better in NAMES.values():
        table.add_column(f"{title} {'↑' if better == 'higher' else '↓'}", justify="right")
    for one in sets:
        table.add_row(one.name or asked.source.stem, style="bold")
        if len(scored) <= MOST_PICTURES:
            for picture in (picture for picture in scored if picture.set == one.name):
                cells = (_cell(picture.result[name], name) for name in NAMES)
                table.add_row(f"  {PurePosixPath(picture.name).name}", "", *cells, style="dim")
        for who, values in ((Path(asked.name).name, one.result), (f"{baseline} (baseline)", one.baseline)):
            if values is not None:
                table.add_row(f"  {who}", str(one.pictures), *(_cell(values[name].value, name) for name in NAMES))
    Console().print(table)


def _cell(value: float | None, name: str) -> str:
    if value is None:
        return "n/a"
    return f"{value:.2f}" if name.endswith("_db") else f"{value:.4f}"
