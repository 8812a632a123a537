"""`ganvas inspect DATA`: the data doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganvas.cli.output import JsonFile, write_json

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from ganvas.data.doctor import Checkup
    from ganvas.data.translation.doctor import TranslationCheckup

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
    direction: Annotated[
        str | None, typer.Option("--direction", help="As pictures to translate between: AtoB or BtoA.")
    ] = None,
    crop: Annotated[str | None, typer.Option("--crop", help="As pictures to train on in windows of this size.")] = None,
    paired: Annotated[
        bool | None, typer.Option("--paired/--unpaired", help="Whether A and B are pairs; else found out by names.")
    ] = None,
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="Every picture holds A in its left and B in its right half.")
    ] = False,
    json: JsonFile = None,
) -> None:
    """Look at every picture of DATA: counts, sizes, labels or pairs, duplicates, what is broken; suggests a recipe."""
    import torch
    from pydantic import ValidationError
    from rich.console import Console
    from rich.progress import Progress

    from ganvas.data.doctor import inspect_data
    from ganvas.data.spec import DataSpec
    from ganvas.data.translation.advice import beside, recognised
    from ganvas.data.translation.doctor import inspect_translation
    from ganvas.errors import GanvasError
    from ganvas.recipes.overrides import first_problem

    try:
        told = {"size": size, "limit": limit, "labels": labels, "direction": direction, "crop": crop, "paired": paired}
        told |= {"side_by_side": side_by_side, "direction": direction or ("AtoB" if side_by_side else None)}
        spec = DataSpec.model_validate({"source": data, **told})
    except ValidationError as error:
        raise GanvasError(f"--{first_problem(error)}") from error
    console = Console()
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("looking at every picture", total=None)

        def on_progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        translating = recognised(spec)
        checkup: Checkup | TranslationCheckup
        if translating is not None:
            checkup = inspect_translation(translating, on_progress)
        else:
            checkup = inspect_data(spec, torch.cuda.is_available(), on_progress)
            checkup = checkup.but(notes=(*checkup.notes, *beside(checkup)))
    _show(checkup, console)
    write_json(json, checkup.model_dump(mode="json"))


def _show(checkup: Checkup | TranslationCheckup, console: Console) -> None:
    from ganvas.data.doctor import Checkup

    lines = _show_pictures(checkup, console) if isinstance(checkup, Checkup) else _show_translation(checkup, console)
    for text in lines:
        console.print(f"  {text}", style="yellow", markup=False, highlight=False)
    for text in checkup.warnings:
        console.print(f"! {text}", style="yellow", markup=False, highlight=False)
    for text in checkup.notes:
        console.print(f"  {text}", style="dim", markup=False, highlight=False)


def _show_pictures(checkup: Checkup, console: Console) -> list[str]:
    """The table and the bars; → lines about single pictures."""
    console.print(_table(_facts(checkup)))
    for title, counts in (("classes", checkup.classes), ("sizes (height x width)", checkup.sizes)):
        if len(counts) > 1:
            console.print(_bars(title, counts))
    unreadable = [f"unreadable  {name}: {reason}" for name, reason in checkup.unreadable.items()]
    return unreadable + [f"the same    {' = '.join(group[:5])}" for group in checkup.duplicates[:5]]


def _show_translation(checkup: TranslationCheckup, console: Console) -> list[str]:
    """The table; → lines about single pictures."""
    source, target = checkup.names
    rows = {
        "data": f"{checkup.source}: {checkup.layout}",
        "direction": f"{checkup.direction}: {source} into {target}" if checkup.direction else "",
        **{part: _counted(counts) + " pairs" * checkup.paired for part, counts in checkup.counts.items()},
        **{f"sizes of {name}": _counted(dict(list(sizes.items())[:5])) for name, sizes in checkup.sizes.items()},
        "scale": f"{checkup.scale} times" if checkup.scale > 1 else "",
        **{f"colours of {name}": _modes(modes, checkup.channels[name]) for name, modes in checkup.modes.items()},
        "bits": ", ".join(f"{name} {bits}" for name, bits in checkup.bits.items() if bits > 8),
        "classes": f"{len(checkup.classes)}: {', '.join(checkup.classes[:12])}" if checkup.classes else "",
        "first": checkup.first or "",
        ("then" if checkup.first else "suggested"): checkup.command or "",
        "because": checkup.recipe_reason if checkup.command or not checkup.first else "",
    }
    console.print(_table(rows))
    groups = {
        "no partner ": checkup.unmatched,
        "no class   ": checkup.out_of_range,
        "too small  ": checkup.too_small,
        "unreadable ": tuple(f"{name}: {reason}" for name, reason in checkup.unreadable.items()),
        "the same   ": tuple(" = ".join(group[:5]) for group in checkup.leaks),
    }
    return [f"{title} {text}" for title, texts in groups.items() for text in texts[:5]]


def _modes(modes: dict[str, int], channels: int) -> str:
    """'RGB 15, RGB with opacity 5 (laid on white)': what there is, and what becomes of it where that differs."""
    opacity = any("opacity" in mode for mode in modes) and channels != 4
    colour = "grey" in modes and channels == 3
    return _counted(modes) + " (laid on white)" * opacity + " (grey becomes RGB)" * colour


def _facts(checkup: Checkup) -> dict[str, str]:
    return {
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


def _table(rows: dict[str, str]) -> RenderableType:
    """Name and text, where there is a text."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0), title=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
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
