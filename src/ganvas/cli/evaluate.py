"""``ganvas evaluate``: the report card of a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganvas.cli.output import Code, Device, JsonFile, Seed, write_json

if TYPE_CHECKING:
    from rich.console import Console

    from ganvas.data.dataset import Dataset
    from ganvas.evaluate.card import Card
    from ganvas.evaluate.evidence import Evidence
    from ganvas.snapshot import Snapshot

All = Annotated[bool, typer.Option("--all", help="Print every number with its protocol, not only the main ones.")]
Html = Annotated[Path | None, typer.Option("--html", help="Also write a page with the numbers and the pictures.")]


def evaluate(
    snapshot: Annotated[str, typer.Argument(help="A .safetensors file, a run directory, or 'digits'.")],
    data: Annotated[str | None, typer.Option(help="Real pictures; by default those of the training.")] = None,
    samples: Annotated[int, typer.Option(min=6, help="How many pictures to generate.")] = 10_000,
    extractor: Annotated[str, typer.Option(help="Where to measure.")] = "pixels,random-conv,self-trained",
    truncation: Annotated[float, typer.Option(help="In (0, 1]: smaller is more typical and less various.")] = 1.0,
    everything: All = False,
    json: JsonFile = None,
    html: Html = None,
    seed: Seed = 0,
    device: Device = "auto",
    code: Code = None,
    duality_gap: Annotated[
        int, typer.Option(min=0, help="Also what each player could gain in so many rounds alone.")
    ] = 0,
) -> None:
    """Measure a snapshot against real pictures: the six properties of a good model, and a verdict on each.

    Of a run directory, the numbers also go into its report and its snapshot, and card.html shows the pictures.
    """
    from rich.console import Console

    from ganvas.cli.card_table import print_card
    from ganvas.cli.opening import open_for
    from ganvas.evaluate.measure import examine
    from ganvas.training.runtime import detect

    opened = open_for(snapshot, device, code)
    real = real_pictures(opened, snapshot, data)
    with working(Console(stderr=True)) as on_progress:
        card, evidence = examine(
            opened,
            real,
            samples=samples,
            extractors=extractor.split(","),
            truncation=truncation,
            seed=seed,
            device=detect(device).place.device,
            show=html is not None or is_run(snapshot),
            on_progress=on_progress,
        )
    if duality_gap:
        card = with_duality_gap(card, snapshot, device, duality_gap)
    print_card(card, everything)
    write_json(json, card.model_dump(mode="json"))
    write_html(html, card, evidence, snapshot)
    keep(card, evidence, snapshot, opened)


def real_pictures(opened: Snapshot, snapshot: str, data: str | None) -> Dataset:
    """The real pictures to measure against, in the snapshot's own size: those of its training unless told otherwise.

    Raises:
        GanvasError: it does not say what it was trained on, or the data cannot be opened.
    """
    from ganvas.data.dataset import open_data
    from ganvas.data.spec import DataSpec
    from ganvas.errors import GanvasError

    trained_on = opened.recipe.data
    if data is None and trained_on is None:
        raise GanvasError(f"{snapshot} does not say what it was trained on; name real pictures by --data")
    spec = trained_on or DataSpec(source=str(data))
    space = opened.space
    return open_data(spec.but(source=data or spec.source, size=(space.height, space.width), channels=space.channels))


def write_html(path: Path | None, card: Card, evidence: Evidence | None, of: str) -> None:
    """The card's page, if anybody asked for it, and where it is."""
    if path is not None:
        from ganvas.report.card_page import write_card

        print(write_card(path, card, evidence, of))


def is_run(snapshot: str) -> bool:
    """Whether the user named a run directory."""
    from ganvas.training.run import Run

    return Run(Path(snapshot)).recipe_file.exists()


def keep(card: Card, evidence: Evidence | None, snapshot: str, opened: Snapshot) -> None:
    """Write the card into the run that the snapshot lies in, where it lies in one: metrics.json, card.html, snapshot,
    report."""
    from ganvas.report.card_page import write_card
    from ganvas.report.page import CARD_PAGE, write_report
    from ganvas.training.run import Run

    run = Run(Path(snapshot))
    if is_run(snapshot):
        run.write_text("metrics.json", card.model_dump_json(indent=2) + "\n")
        write_card(run.path / CARD_PAGE, card, evidence, run.path.resolve().name)
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
