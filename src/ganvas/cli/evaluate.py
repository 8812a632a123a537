"""``ganvas evaluate``: the report card of a snapshot; and how a card is printed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganvas.cli.output import Code, Device, JsonFile, Seed, write_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ganvas.evaluate.card import Card, Measurement, Protocol
    from ganvas.snapshot import Snapshot

FEW = 1000
"""Fewer compared pictures than this are worth a warning."""
ARROWS = {"higher": "↑", "lower": "↓"}


def evaluate(
    snapshot: Annotated[str, typer.Argument(help="A .safetensors file, a run directory, or 'digits'.")],
    data: Annotated[str | None, typer.Option(help="Real pictures; by default those of the training.")] = None,
    samples: Annotated[int, typer.Option(min=6, help="How many pictures to generate.")] = 10_000,
    extractor: Annotated[str, typer.Option(help="Where to measure.")] = "pixels,random-conv,self-trained",
    truncation: Annotated[float, typer.Option(help="In (0, 1]: smaller is more typical and less various.")] = 1.0,
    json: JsonFile = None,
    seed: Seed = 0,
    device: Device = "auto",
    code: Code = None,
    duality_gap: Annotated[
        int, typer.Option(min=0, help="Also what each player could gain in so many rounds alone.")
    ] = 0,
) -> None:
    """Measure a snapshot against real pictures: quality, coverage, classes, speed.

    Of a run directory, the numbers also go into its report and its snapshot.
    """
    from rich.console import Console

    from ganvas.cli.opening import open_for
    from ganvas.data.dataset import open_data
    from ganvas.data.spec import DataSpec
    from ganvas.errors import GanvasError
    from ganvas.evaluate.measure import evaluate as measure
    from ganvas.training.runtime import detect

    opened = open_for(snapshot, device, code)
    trained_on = opened.recipe.data
    if data is None and trained_on is None:
        raise GanvasError(f"{snapshot} does not say what it was trained on; name real pictures by --data")
    spec = trained_on or DataSpec(source=str(data))
    space = opened.space
    real = spec.but(source=data or spec.source, size=(space.height, space.width), channels=space.channels)
    with working(Console(stderr=True)) as on_progress:
        card = measure(
            opened,
            open_data(real),
            samples=samples,
            extractors=extractor.split(","),
            truncation=truncation,
            seed=seed,
            device=detect(device).place.device,
            on_progress=on_progress,
        )
    if duality_gap:
        card = with_duality_gap(card, snapshot, device, duality_gap)
    print_card(card)
    write_json(json, card.model_dump(mode="json"))
    keep(card, snapshot, opened)


def keep(card: Card, snapshot: str, opened: Snapshot) -> None:
    """Write the card into the run that the snapshot lies in, where it lies in one: metrics.json, snapshot, report."""
    from ganvas.report.page import write_report
    from ganvas.training.run import Run

    run = Run(Path(snapshot))
    if run.recipe_file.exists():
        run.write_text("metrics.json", card.model_dump_json(indent=2) + "\n")
        opened.metrics = dict(card.numbers())
        opened.save(run.snapshot_file)
        write_report(run.path)


def with_duality_gap(card: Card, snapshot: str, device: str, rounds: int) -> Card:
    """The card and, beside its other numbers, how far the run's game is from its equilibrium."""
    from ganvas.data.dataset import open_data
    from ganvas.errors import GanvasError
    from ganvas.evaluate.card import Measurement, Protocol
    from ganvas.evaluate.duality import duality_gap
    from ganvas.training.run import Run
    from ganvas.training.runtime import detect
    from ganvas.training.session import Session

    run = Run(Path(snapshot))
    if not run.state_file.exists():
        raise GanvasError(f"--duality-gap needs both players: name a run directory with its state.pt, not {snapshot}")
    recipe = run.recipe()
    assert recipe.data is not None, "a run that was started from data"
    session = Session(recipe, open_data(recipe.data), run, detect(device, recipe.precision))
    session.restore()
    found = duality_gap(
        session.game, lambda: recipe.game(session.runtime.place.device), session.batches, session.runtime, rounds
    )
    detail = f"{rounds} rounds alone each; " + ", ".join(f"{who} gains {gain:.4g}" for who, gain in found.gains.items())
    gap = Measurement(name="duality_gap", value=found.gap, better="lower", protocol=Protocol(detail=detail))
    return card.but(measurements=(*card.measurements, gap))


@contextmanager
def working(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Within: one progress line, which the yielded function moves and renames."""
    from rich.progress import BarColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), "{task.completed:,.0f} of {task.total:,.0f}", TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks = {"": bar.add_task("", visible=False)}

        def on_progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                for task in tasks.values():
                    bar.update(task, visible=False)
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        yield on_progress


def print_card(card: Card, extractors: Collection[str] | None = None) -> None:
    """One table per extractor (or only for those named), each number beside its reference, the protocols under it; then
    speed, classes and notes."""
    from rich.console import Console

    console = Console()
    counted = f"{card.samples:,} pictures against {card.data} ({card.space})"
    console.print(counted, style="bold", markup=False, highlight=False)
    for doubt in _doubts(card):
        console.print(doubt, style="yellow", markup=False, highlight=False)
    for where in dict.fromkeys(m.protocol.extractor for m in card.measurements):
        if where is not None and extractors is not None and where not in extractors:
            continue
        group = [m for m in card.measurements if m.protocol.extractor == where]
        console.print(_table(where or "generator", group))
        for line in _protocols(group):
            console.print(f"  {line}", style="dim", markup=False, highlight=False)
    if card.classes:
        console.print(_classes(card))
    for note in card.notes:
        console.print(f"  {note}", style="dim", markup=False, highlight=False)


def _doubts(card: Card) -> list[str]:
    """Why these numbers should not be trusted far."""
    compared = min(
        (m.protocol.n_fake for m in card.measurements if m.name == "coverage" and m.protocol.n_fake), default=0
    )
    doubts = []
    if compared < FEW:
        doubts.append(f"only {compared:,} pictures a side are compared: the numbers are rough, above all the distances")
    if card.judge_accuracy is not None and card.judge_accuracy < 2 / (len(card.classes) + 1):
        doubts.append(
            f"the judge is right on only {card.judge_accuracy:.1%} of unseen real pictures: do not believe it"
        )
    return doubts


def _table(title: str, group: list[Measurement]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    table.add_column("measure")
    for heading in ("value", "95 % interval", "real against real"):
        table.add_column(heading, justify="right")
    for m in group:
        table.add_row(
            f"{m.name} {ARROWS[m.better]}",
            f"{_number(m.value)} {m.unit}".rstrip(),
            f"{_number(m.interval[0])} to {_number(m.interval[1])}" if m.interval else "",
            _number(m.reference) if m.reference is not None else "",
            style=None if m.headline else "dim",
        )
    return table


def _protocols(group: list[Measurement]) -> list[str]:
    """What all have in common, then what else holds for some of them."""
    common = group[0].protocol
    particular: dict[str, list[str]] = {}
    for m in group:
        particular.setdefault(_particulars(m.protocol, common), []).append(m.name)
    shared = [str(common.but(k=None, detail=None))] if common.extractor else []
    return shared + [f"{', '.join(names)}: {words}" for words, names in particular.items() if words]


def _particulars(protocol: Protocol, common: Protocol) -> str:
    """What this protocol says beyond the one that stands under the table."""
    parts = [
        f"k={protocol.k}" if protocol.k else None,
        f"{protocol.n_fake:,} generated" if protocol.n_fake != common.n_fake else None,
        protocol.split if protocol.split != common.split else None,
        protocol.detail,
    ]
    return ", ".join(part for part in parts if part)


def _classes(card: Card) -> Table:
    from rich.table import Table

    judged = f"judge right on {card.judge_accuracy:.1%} of unseen real ones" if card.judge_accuracy is not None else ""
    table = Table(title=f"classes, {judged}", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    table.add_column("class")
    for heading in ("share", "real share, judged", "made as asked", "95 % interval"):
        table.add_column(heading, justify="right")
    for row in card.classes:
        interval = f"{max(row.interval[0], 0.0):.1%} to {row.interval[1]:.1%}" if row.interval else ""
        accuracy = f"{row.accuracy:.1%}" if row.accuracy is not None else "n/a"
        table.add_row(row.name, f"{row.share:.1%}", f"{row.reference_share:.1%}", accuracy, interval)
    return table


def _number(value: float | None) -> str:
    """Four significant digits; n/a is not 0."""
    if value is None:
        return "n/a"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
