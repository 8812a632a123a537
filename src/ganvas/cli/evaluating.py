"""What ``ganvas evaluate`` and ``ganvas compare`` share, whatever they measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Options:
    """The words of the verb; of several snapshots the first is ``snapshot``, the others are ``beside``."""

    snapshot: str
    data: str | None
    samples: int
    extractor: str | None
    json: Path | None
    html: Path | None
    seed: int
    device: str
    code: Path | None
    part: str
    beside: tuple[str, ...]
    border: int | None
    colours: bool
    direction: str | None
    truncation: float = 1.0
    everything: bool = False
    duality_gap: int = 0


def is_run(snapshot: str) -> bool:
    """Whether the user named a run directory."""
    from ganvas.training.run import Run

    return Run(Path(snapshot)).recipe_file.exists()


def names_of(snapshots: Sequence[str]) -> list[str]:
    """Short names that tell them apart: the last part of each path, or as much of it as that takes."""
    paths = [Path(snapshot) for snapshot in snapshots]
    plain = [path.stem if path.suffix else path.resolve().name for path in paths]
    if len(set(plain)) == len(plain):
        return plain
    return [f"{number} {name}" for number, name in enumerate(plain, start=1)]


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
