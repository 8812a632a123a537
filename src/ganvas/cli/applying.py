"""What ``ganvas translate`` and ``ganvas upscale`` share: applying a network to what the user has, and scoring it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganvas.cli.output import write_json
from ganvas.errors import GanvasError

if TYPE_CHECKING:
    from ganvas.evaluate.beside_truth import Scored, SetScores
    from ganvas.evaluate.pairs import Perceptual
    from ganvas.translate.applied import Applied, How
    from ganvas.translate.engine import Tile
    from ganvas.translate.work import Outcome

SOURCE = "A picture, a folder, a zip, or a film (mp4, mov, mkv, webm, gif)."
Out = Annotated[Path | None, typer.Option(help="Where results go: a file, or a folder. Not needed with --score.")]
TileOption = Annotated[str, typer.Option(help="auto: whole pictures where memory allows; off; or a side in pixels.")]
Passes = Annotated[
    int | None, typer.Option(min=1, help="At most so many passes over tiles, to settle normalisation; default: enough.")
]
Format = Annotated[str | None, typer.Option(help="Write png, jpg, webp, tif, bmp or npy; default: as the source.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Make anew what an earlier run of the command has made.")]
ScoreOption = Annotated[bool, typer.Option("--score", help="Hold the results against the truth.")]
ModeOption = Annotated[str | None, typer.Option(help="train or eval; default: as the recipe says.")]
MODES = {
    "train": "dropout on, batch normalisation by the picture itself",
    "eval": "dropout off, batch normalisation as it was trained",
}
MOST_PICTURES = 32
"""So many are printed one by one; the JSON has all."""
STAND_INS = ("bicubic", "nearest", "identity")


@dataclass(frozen=True)
class Asked:
    """The verb's words, after those about the network."""

    name: str
    """The snapshot's, as it was given."""
    source: Path
    out: Path | None
    format: str | None
    overwrite: bool
    json: Path | None


def how(mode: str | None, tile: str, seed: int, passes: int | None, device: str, reverse: bool = False) -> How:
    """The words about applying, understood."""
    from ganvas.training.runtime import detect
    from ganvas.translate.applied import How

    if mode not in (None, *MODES):
        raise GanvasError(f"--mode {mode}: say train ({MODES['train']}) or eval ({MODES['eval']})")
    return How(mode, _tile(tile), seed, passes, reverse, detect(device).place.device)  # type: ignore[arg-type]


def opened(name: str, scale: int | None, how: How, code: Path | None) -> tuple[Applied, float]:
    """What is to be applied, and when it was saved (seconds of the system's clock)."""
    from ganvas.cli.opening import open_for
    from ganvas.snapshot import find_snapshot
    from ganvas.translate.applied import applied_snapshot, applied_stand_in

    if name in STAND_INS and not Path(name).exists():
        return applied_stand_in(name, scale, how), 0.0
    applied = applied_snapshot(open_for(name, str(how.device), code), name, how)
    if scale not in (None, applied.scale):
        raise GanvasError(f"--scale {scale}: {name} enlarges {applied.scale} times")
    return applied, find_snapshot(name).stat().st_mtime


def apply(asked: Asked, applied: Applied, saved: float) -> None:
    """Translate the source into ``asked.out``, say what was done, and end with status 1 if anything failed."""
    from ganvas.translate.film import ENDINGS

    if asked.out is None:
        raise GanvasError("say with --out where the results should go")
    if asked.source.suffix.lower() in ENDINGS and asked.source.is_file():
        film(asked, applied, asked.out)
    else:
        pictures(asked, applied, asked.out, saved)


def film(asked: Asked, applied: Applied, out: Path) -> None:
    """One film."""
    from ganvas.translate.filming import translate_film

    target = out / asked.source.name if out.is_dir() or not out.suffix else out
    started = time.monotonic()
    with showing("frames", applied) as on_frame, interruptible(lambda: "nothing was written"):
        made = translate_film(asked.source, target, applied, on_frame)
    height, width = made.size
    print(f"{made.frames} frames of {height}x{width} at {made.rate} a second in {target}{_manner(applied)}")
    if made.flicker is not None:
        print(f"flicker: {made.flicker:+.2f} grey levels between neighbouring frames, against the source")
    notes = [*applied.engine.notes, *made.notes]
    told = {"frames": made.frames, "height": height, "width": width, "rate": made.rate, "flicker": made.flicker}
    write_json(asked.json, {**about(asked, applied), **told, "seconds": time.monotonic() - started, "notes": notes})
    ended(applied.engine.notes, made.notes)


def pictures(asked: Asked, applied: Applied, out: Path, saved: float) -> None:
    """One picture, or all of a folder or zip."""
    from ganvas.translate.work import Outcome, jobs_for, listed, still_to_do, work_through

    source = listed(asked.source, but=out)
    if source.films:
        applied.engine.notes.append(
            f"{len(source.films)} films were passed by, {source.films[0]} first: name one by one"
        )
    jobs = jobs_for(source, asked.source, out, asked.format)
    todo = jobs if asked.overwrite or source.single else still_to_do(jobs, source, saved)
    outcome = Outcome(total=len(todo))
    started = time.monotonic()

    def so_far() -> str:
        return f"{outcome.done} of {outcome.total} pictures are done, all of them whole; the same command goes on"

    with showing("pictures", applied) as on_picture, interruptible(so_far):
        work_through(todo, applied, outcome, on_picture)
    if source.single and outcome.failed:
        raise GanvasError(f"{asked.source.parent / outcome.failed[0]}")
    what = f"{outcome.done} picture{'s' * (outcome.done != 1)} in {jobs[0].out if source.single else out}"
    print(what + _manner(applied))
    if skipped := len(jobs) - len(todo):
        print(f"{skipped} were there already, newer than their source and the snapshot; --overwrite makes them anew")
    told = {"pictures": outcome.done, "skipped": skipped, "failed": outcome.failed, "notes": applied.engine.notes}
    write_json(asked.json, {**about(asked, applied), **told, "seconds": time.monotonic() - started})
    ended(applied.engine.notes, outcome.failed)


def report(asked: Asked, applied: Applied, scored: list[Scored], outcome: Outcome, protocol: dict[str, Any]) -> None:
    """Scores as a table and as numbers; ``protocol`` says what a reader must know, ``baseline`` among it."""
    from ganvas.evaluate.beside_truth import by_set, numbers

    sets = by_set(scored, applied.engine.seed)
    if not scored:
        raise GanvasError(f"{asked.source}: nothing could be scored; {'; '.join(outcome.failed[:3])}")
    print_scores(asked, sets, scored, str(protocol["baseline"]))
    print(protocol["words"] + _manner(applied))
    told = {**about(asked, applied), "protocol": protocol, **numbers(scored, sets), "failed": outcome.failed}
    write_json(asked.json, {**told, "notes": applied.engine.notes})
    ended(applied.engine.notes, outcome.failed)


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


def about(asked: Asked, applied: Applied) -> dict[str, Any]:
    """What every JSON of these verbs begins with."""
    engine = applied.engine
    words = {"snapshot": asked.name, "source": str(asked.source), "out": None if asked.out is None else str(asked.out)}
    return {**words, "scale": applied.scale, "mode": engine.mode, "tile": engine.tile, "seed": engine.seed}


@contextmanager
def showing(what: str, applied: Applied) -> Iterator[Callable[[int, int], None]]:
    """Within: a bar with the time left, moved by (done, of so many); of large pictures it also shows the tiles."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TimeRemainingColumn

    count = "{task.completed:,.0f} of {task.total:,.0f}"
    columns = (what, BarColumn(), count, "[dim]{task.description}", "[dim]left", TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", visible=False, total=1)

        def on_tile(done: int, total: int, number: int) -> None:
            bar.update(task, description=f"tile {done} of {total}, pass {number}", visible=True)

        applied.engine.on_tile = on_tile
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)


@contextmanager
def interruptible(so_far: Callable[[], str]) -> Iterator[None]:
    """Within: Ctrl-C ends with a line that says how far it came, and status 130."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        typer.echo(f"interrupted: {so_far()}", err=True)
        raise typer.Exit(130) from interrupt


def ended(notes: list[str], failed: list[str] | tuple[str, ...]) -> None:
    """Notes and failures on stderr; status 1 if anything failed."""
    for line in dict.fromkeys(notes):
        typer.echo(f"note: {line}", err=True)
    for line in failed:
        typer.echo(f"failed: {line}", err=True)
    if failed:
        raise typer.Exit(1)


def _tile(text: str) -> Tile:
    if text in ("auto", "off"):
        return text  # type: ignore[return-value]
    if not text.isdigit() or int(text) < 1:
        raise GanvasError(f"--tile {text}: say auto, off, or a side in pixels, 512 for instance")
    return int(text)


def _manner(applied: Applied) -> str:
    """How the network was run, where that is a choice."""
    engine = applied.engine
    return f" ({engine.mode} mode: {MODES[engine.mode]}; seed {engine.seed})" if engine.mode_matters else ""


def _cell(value: float | None, name: str) -> str:
    if value is None:
        return "n/a"
    return f"{value:.2f}" if name.endswith("_db") else f"{value:.4f}"
