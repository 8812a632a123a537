"""What ``ganvas translate`` and ``ganvas upscale`` share: applying a network to what the user has."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganvas.cli.output import write_json
from ganvas.errors import GanvasError

if TYPE_CHECKING:
    from ganvas.translate.applied import Applied, How
    from ganvas.translate.filming import Filmed
    from ganvas.translate.work import Job, Listed, Outcome

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
MOST_LINES = 5
"""So many notes and failures are printed; the JSON has all."""


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

    side: Any = int(tile) if tile.isdigit() else tile
    return How(mode, side, seed, passes, reverse, detect(device).place.device)  # type: ignore[arg-type]


def opened(name: str, scale: int | None, how: How, code: Path | None) -> tuple[Applied, float]:
    """What is to be applied, and when it was saved (seconds of the system's clock)."""
    from ganvas.cli.opening import open_for
    from ganvas.snapshot import find_snapshot
    from ganvas.translate.applied import applied_snapshot, applied_stand_in
    from ganvas.translate.standins import NAMES

    if name in NAMES and not Path(name).exists():
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
    from ganvas.counted import counted
    from ganvas.files import make_folder
    from ganvas.translate.filming import translate_film

    target = out / asked.source.name if out.is_dir() or not out.suffix else out
    make_folder(target.parent)
    started = time.monotonic()
    with showing("frames", applied) as on_frame, interruptible(lambda: "nothing was written"):
        made = translate_film(asked.source, target, applied, on_frame)
    height, width = made.size
    frames = counted(made.frames, "frame")
    rate = f"{float(Fraction(made.rate)):.5g}"
    print(f"{frames} of {height}x{width}, {rate} a second, in {target}{manner(applied)}")
    if made.flicker is not None:
        print(f"flicker: {made.flicker:+.2f} grey levels between neighbouring frames, against the source")
    told = {**about(asked, applied), **film_numbers(made), "seconds": time.monotonic() - started}
    write_json(asked.json, {**told, "notes": [*applied.engine.notes, *made.notes]})
    ended(applied.engine.notes, made.notes)


def film_numbers(made: Filmed) -> dict[str, Any]:
    """For JSON."""
    height, width = made.size
    return {"frames": made.frames, "height": height, "width": width, "rate": made.rate, "flicker": made.flicker}


def pictures(asked: Asked, applied: Applied, out: Path, saved: float) -> None:
    """One picture, or all pictures, then all films, of a folder or zip."""
    from ganvas.counted import counted
    from ganvas.files import make_folder
    from ganvas.translate.sides import sources_of
    from ganvas.translate.work import jobs_for, listed, still_to_do

    source = listed(asked.source, but=out)
    if not applied.keeps:  # what is only made larger or cleaner may stand on either side
        source, applied.engine.notes[:] = sources_of(source, asked.source, applied.direction)
    jobs, film_jobs = jobs_for(source, asked.source, out, asked.format), films_for(source, applied, out)
    make_folder(jobs[0].out.parent if source.single else out)
    todo, films_todo = (
        some if asked.overwrite or source.single else still_to_do(some, source, saved) for some in (jobs, film_jobs)
    )
    started = time.monotonic()
    outcome, filmed, made = carried_out(todo, films_todo, asked.source, applied)
    failed = [*outcome.failed, *filmed.failed]
    if source.single and failed:
        raise GanvasError(f"{asked.source.parent / failed[0]}")
    done = [counted(outcome.done, "picture")] * bool(jobs) + [counted(filmed.done, "film")] * bool(film_jobs)
    print(f"{' and '.join(done)} in {jobs[0].out if source.single else out}{manner(applied)}")
    skipped = len(jobs) + len(film_jobs) - len(todo) - len(films_todo)
    if skipped:
        were = "was there already, newer than its" if skipped == 1 else "were there already, newer than their"
        print(f"{skipped} {were} source and the snapshot; --overwrite makes them anew")
    numbers = {"pictures": outcome.done, "films": made, "skipped": skipped, "failed": failed}
    seconds = time.monotonic() - started
    write_json(asked.json, {**about(asked, applied), **numbers, "notes": applied.engine.notes, "seconds": seconds})
    ended(applied.engine.notes, failed)


def carried_out(
    jobs: list[Job], films: list[Job], place: Path, applied: Applied
) -> tuple[Outcome, Outcome, list[dict[str, Any]]]:
    """What became of the pictures, of the films, and each film's numbers."""
    from ganvas.counted import counted
    from ganvas.translate.filming import translate_films
    from ganvas.translate.work import Outcome, work_through

    outcome, filmed = Outcome(total=len(jobs)), Outcome(total=len(films))
    told, made = dict[str, None](), list[dict[str, Any]]()

    def so_far() -> str:
        and_films = f" and {filmed.done} of {counted(filmed.total, 'film')}" if films else ""
        done = f"{outcome.done} of {counted(outcome.total, 'picture')}{and_films}"
        return f"{done} are done, all of them whole; the same command goes on"

    with interruptible(so_far):
        with showing("pictures", applied, told) as on_picture:
            work_through(jobs, applied, outcome, on_picture)
        with showing("frames", applied, told) as on_frame:
            for name, one in translate_films(films, place, applied, filmed, on_frame):
                made.append({"name": name, **film_numbers(one)})
    return outcome, filmed, made


def films_for(source: Listed, applied: Applied, out: Path) -> list[Job]:
    """The films of a folder; with a note none, where they cannot be translated."""
    from ganvas.counted import counted
    from ganvas.ffmpeg import find_ffmpeg
    from ganvas.translate.work import film_jobs

    if not source.films:
        return []
    why = "this network translates label maps" if applied.names else ""
    try:
        find_ffmpeg()
    except GanvasError as error:
        why = why or str(error)
    if why:
        applied.engine.notes.append(f"{counted(len(source.films), 'film')} left out, {source.films[0]} first: {why}")
    return [] if why else film_jobs(source, out)


def about(asked: Asked, applied: Applied) -> dict[str, Any]:
    """What every JSON of these verbs begins with."""
    engine = applied.engine
    words = {"snapshot": asked.name, "source": str(asked.source), "out": None if asked.out is None else str(asked.out)}
    return {**words, "scale": applied.scale, "mode": engine.mode, "tile": engine.tile, "seed": engine.seed}


@contextmanager
def showing(what: str, applied: Applied, told: dict[str, None] | None = None) -> Iterator[Callable[[int, int], None]]:
    """Within: a bar with the time left, moved by (done, of so many); of large pictures it also shows the tiles. Notes
    are printed as they come, the first few of them, but not those in ``told``, which grows."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TimeRemainingColumn

    count = "{task.completed:,.0f} of {task.total:,.0f}"
    columns = (what, BarColumn(), count, "[dim]{task.description}", "[dim]left", TimeRemainingColumn())
    notes, told = applied.engine.notes, {} if told is None else told

    def tell() -> None:
        for line in (line for line in dict.fromkeys(notes) if line not in told):
            told[line] = None
            if len(told) <= MOST_LINES:
                console.print(f"note: {line}", soft_wrap=True, markup=False, highlight=False)

    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", visible=False, total=1)

        def on_tile(done: int, total: int, number: int) -> None:
            if done == number == 1:
                notes.extend(applied.of_tiles())
                tell()
            bar.update(task, description=f"tile {done} of {total}, pass {number}", visible=True)

        def on_picture(done: int, total: int) -> None:
            tell()
            bar.update(task, completed=done, total=total, visible=True)

        applied.engine.on_tile = on_tile
        try:
            tell()
            yield on_picture
        finally:
            tell()
            notes[:] = told  # each once


@contextmanager
def interruptible(so_far: Callable[[], str]) -> Iterator[None]:
    """Within: Ctrl-C ends with a line that says how far it came, and status 130."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        typer.echo(f"interrupted: {so_far()}", err=True)
        raise typer.Exit(130) from interrupt


def ended(notes: Sequence[str], failed: Sequence[str]) -> None:
    """How many notes were not printed, and the first failures, on stderr; status 1 if anything failed."""
    from ganvas.counted import counted

    if (more := len(notes) - MOST_LINES) > 0:
        typer.echo(f"… and {counted(more, 'more note')}; --json has all", err=True)
    for line in failed[:MOST_LINES]:
        typer.echo(f"failed: {line}", err=True)
    if (more := len(failed) - MOST_LINES) > 0:
        typer.echo(f"… and {more:,} more failed; --json has all", err=True)
    if failed:
        raise typer.Exit(1)


def manner(applied: Applied) -> str:
    """How the network was run, where that is a choice."""
    from ganvas.translate.applied import MODES

    engine = applied.engine
    return f" ({engine.mode} mode: {MODES[engine.mode]}; seed {engine.seed})" if engine.mode_matters else ""
