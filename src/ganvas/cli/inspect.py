"""`ganvas inspect DATA`: the data doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganvas.cli.output import JsonFile, write_json

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from ganvas.data.doctor import Checkup

MOST_BARS = 20


def inspect(
    data: Annotated[str, typer.Argument(help="Packaged or known name, folder, zip, .npz or idx file.")],
    size: Annotated[
        str | None, typer.Option("--size", help="Look at it at this size: 64, or 64x96 (height first).")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Look at so many pictures only, spread evenly.")] = None,
    labels: Annotated[
        str | None, typer.Option("--labels", help="A column, attribute or rule; none ignores labels.")
    ] = None,
    json: JsonFile = None,
) -> None:
    """Look at every picture of DATA: counts, sizes, labels, duplicates, what is broken; suggests a recipe."""
    import torch
    from pydantic import ValidationError
    from rich.console import Console
    from rich.progress import Progress

    from ganvas.data.doctor import inspect_data
    from ganvas.data.spec import DataSpec
    from ganvas.errors import GanvasError
    from ganvas.recipes.overrides import first_problem

    try:
        spec = DataSpec.model_validate({"source": data, "size": size, "limit": limit, "labels": labels})
    except ValidationError as error:
        raise GanvasError(f"--{first_problem(error)}") from error
    console = Console()
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("looking at every picture", total=None)
        checkup = inspect_data(
            spec, torch.cuda.is_available(), lambda done, total: bar.update(task, completed=done, total=total)
        )
    _show(checkup, console)
    write_json(json, checkup.model_dump(mode="json"))


def _show(checkup: Checkup, console: Console) -> None:
    console.print(_facts(checkup))
    for title, counts in (("classes", checkup.classes), ("sizes (height x width)", checkup.sizes)):
        if len(counts) > 1:
            console.print(_bars(title, counts))
    for name, reason in checkup.unreadable.items():
        console.print(f"  unreadable  {name}: {reason}", style="yellow", markup=False, highlight=False)
    for group in checkup.duplicates[:5]:
        console.print(f"  the same    {' = '.join(group[:5])}", style="yellow", markup=False, highlight=False)
    for text in checkup.warnings:
        console.print(f"! {text}", style="yellow", markup=False, highlight=False)
    for text in checkup.notes:
        console.print(f"  {text}", style="dim", markup=False, highlight=False)


def _facts(checkup: Checkup) -> RenderableType:
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0), title=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    rows = {
        "data": f"{checkup.source} ({checkup.kind})",
        "pictures": f"{checkup.readable:,} of {checkup.found:,} readable",
        "space": checkup.space or "not decided: sizes differ",
        "formats": _counted(checkup.formats),
        "modes": _counted(checkup.modes) + (f"; {checkup.transparent:,} with opacity" if checkup.transparent else ""),
        "labels": f"{len(checkup.classes)} classes by {checkup.labels}" if checkup.labels else "none",
        "attributes": "; ".join(f"{name}: {words}" for name, words in checkup.attributes.items()),
        "copies": f"{checkup.duplicates_count:,}",
        "memory": f"{checkup.memory_mib:,} MiB decoded, on the disk and mapped",
        "suggested": checkup.command,
        "because": checkup.recipe_reason,
        "time": checkup.time,
    }
    for name, text in rows.items():
        if text:
            table.add_row(name, escape(text))
    return table


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _bars(title: str, counts: dict[str, int]) -> RenderableType:
    """A histogram with one bar a name; what does not fit is summed up in the last line."""
    from rich.bar import Bar
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 2), title=title, title_justify="left", show_header=False)
    largest = max(counts.values())
    for name, count in list(counts.items())[:MOST_BARS]:
        table.add_row(escape(name), f"{count:,}", Bar(largest, 0, count, width=40))
    rest = list(counts.values())[MOST_BARS:]
    if rest:
        table.add_row(f"{len(rest):,} more", f"{sum(rest):,}", "")
    return table
