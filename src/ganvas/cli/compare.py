"""``ganvas compare``: several generators beside each other, and beside the lecture's ticks and crosses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ganvas.cli.evaluate import CARD_EXTRACTORS, Border, Colours, Direction, Extractor, Html, Part
from ganvas.cli.evaluating import Options, names_of, working
from ganvas.cli.output import Code, Device, JsonFile, Seed, write_json

if TYPE_CHECKING:
    from rich.table import Table

    from ganvas.evaluate.card import Card, Measurement
    from ganvas.evaluate.extractor import OnProgress
    from ganvas.evaluate.side_by_side import Section
    from ganvas.snapshot import Snapshot

SIGNS = {"yes": "✓", "no": "✗", "?": "?", "n/a": "n/a", None: ""}


def compare(
    snapshots: Annotated[list[str], typer.Argument(help="Two or more: .safetensors files, run directories, 'digits'.")],
    data: Annotated[str | None, typer.Option(help="Real pictures; by default those of the first's training.")] = None,
    samples: Annotated[int, typer.Option(min=6, help="How many pictures each generates.")] = 10_000,
    extractor: Extractor = None,
    part: Part = "held-out",
    border: Border = None,
    colours: Colours = False,
    direction: Direction = None,
    json: JsonFile = None,
    html: Html = None,
    seed: Seed = 0,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """The six properties of good models side by side: definition, numbers, verdicts, and what the lecture says; or the
    scores of translations."""
    from ganvas.cli.opening import open_for
    from ganvas.cli.translation_scores import compare_translations
    from ganvas.errors import GanvasError

    if len(snapshots) < 2:
        raise GanvasError("compare needs two snapshots or more; ganvas evaluate measures one")
    options = Options(
        snapshot=snapshots[0],
        data=data,
        samples=samples,
        extractor=extractor,
        json=json,
        html=html,
        seed=seed,
        device=device,
        code=code,
        part=part,
        beside=tuple(snapshots[1:]),
        border=border,
        colours=colours,
        direction=direction,
    )
    opened = [open_for(snapshot, device, code) for snapshot in snapshots]
    kinds: Mapping[str, Callable[[Sequence[Snapshot], Options], None]] = {
        "sample": compare_samples,
        "translate": compare_translations,
    }
    next((kinds[ability] for ability in opened[0].abilities if ability in kinds), compare_samples)(opened, options)


def compare_samples(opened: Sequence[Snapshot], options: Options) -> None:
    """The six properties of several generators."""
    from rich.console import Console

    from ganvas.cli.evaluate import real_pictures
    from ganvas.errors import GanvasError
    from ganvas.evaluate.measure import evaluate
    from ganvas.evaluate.side_by_side import numbers, side_by_side
    from ganvas.training.runtime import detect

    if options.html is not None:
        raise GanvasError("compare --html is for translations; ganvas evaluate --html writes the page of one generator")
    real = real_pictures(opened[0], options.snapshot, options.data)
    names, cards = names_of([options.snapshot, *options.beside]), []
    for name, one in zip(names, opened, strict=True):
        with working(Console(stderr=True)) as on_progress:
            cards.append(
                evaluate(
                    one,
                    real,
                    samples=options.samples,
                    extractors=(options.extractor or CARD_EXTRACTORS).split(","),
                    seed=options.seed,
                    device=detect(options.device).place.device,
                    on_progress=partial(_told, on_progress, name),
                )
            )
    print_comparison(names, cards, side_by_side(cards))
    write_json(options.json, numbers(names, cards))


def _told(on_progress: OnProgress, name: str, what: str, done: int, total: int) -> None:
    on_progress(f"{name}: {what}", done, total)


def print_comparison(names: Sequence[str], cards: Sequence[Card], sections: Sequence[Section]) -> None:
    """A table a property, a column a generator; disagreements with the lecture last."""
    from rich.console import Console

    console = Console()
    head = f"{cards[0].samples:,} pictures of each against {cards[0].data} ({cards[0].space}), seed {cards[0].seed}"
    console.print(head, style="bold", markup=False, highlight=False)
    for section in sections:
        console.print()
        console.print(section.property.title, style="bold", highlight=False)
        console.print(section.property.definition, style="dim", markup=False, highlight=False)
        console.print(_table(names, section))
    parted = [line for section in sections for line in section.disagreements(names)]
    console.print()
    for line in parted or ["measurement and the lecture agree wherever both judge"]:
        console.print(line, style="yellow" if parted else None, markup=False, highlight=False)


def _table(names: Sequence[str], section: Section) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=True)
    table.add_column("", min_width=30)
    for name in (*names, "real vs real"):
        table.add_column(name, justify="right", min_width=12)
    table.add_row("the lecture", *(SIGNS[mark] for mark in section.marks), "", style="dim")
    table.add_row("measured", *section.levels, "")
    for row in section.rows:
        first = next(cell for cell in row.cells if cell is not None)
        name = f"{row.name} {'↑' if first.better == 'higher' else '↓'}"
        reference = _number(first.reference) if first.reference is not None else ""
        table.add_row(name, *(_cell(cell) for cell in row.cells), reference)
    return table


def _cell(measurement: Measurement | None) -> str:
    """Value and half the width of its interval."""
    if measurement is None or measurement.value is None:
        return "n/a"
    if measurement.interval is None:
        return _number(measurement.value)
    low, high = measurement.interval
    return f"{_number(measurement.value)} ± {(high - low) / 2:.1g}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.3g}"
