"""The live display of a training: images, speed, losses, time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ganvas.games.game import Game
from ganvas.training import progress as training

REFRESH_SECONDS = 0.5
SHOWN = ("discriminator/adversarial", "generator/adversarial")


class Display:
    """A callback that redraws a line a few times a second; only then are losses read from the device."""

    def __init__(self, bar: Progress, task: TaskID, seen: int) -> None:
        self.bar, self.task = bar, task
        self.start = (time.monotonic(), seen)
        self.last = 0.0

    def __call__(self, game: Game, progress: training.Progress) -> None:
        now = time.monotonic()
        if now - self.last < REFRESH_SECONDS:
            return
        self.last = now
        rate = (progress.images - self.start[1]) / (now - self.start[0])
        means = progress.means()
        losses = "  ".join(f"{name[0].upper()} {means[name]:.3f}" for name in SHOWN if name in means)
        self.bar.update(self.task, completed=progress.images, rate=f"{rate:,.0f} images/s", losses=losses or None)


@contextmanager
def live(console: Console, seen: int, total: int) -> Iterator[Display]:
    """Within: a progress bar that the yielded callback moves."""
    columns = (
        BarColumn(bar_width=24),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} images"),
        TextColumn("[cyan]{task.fields[rate]}"),
        TextColumn("[dim]loss {task.fields[losses]}"),
        TimeElapsedColumn(),
        TextColumn("[dim]left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, refresh_per_second=2) as bar:
        task = bar.add_task("training", total=total, completed=seen, rate="", losses="")
        yield Display(bar, task, seen)
        bar.update(task, completed=bar.tasks[0].completed)


@contextmanager
def decoding(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Within: a bar for decoding pictures, shown only once there is something to decode."""
    with Progress(
        "decoding pictures", BarColumn(), "{task.completed:,.0f} of {task.total:,.0f}", console=console
    ) as bar:
        task = bar.add_task("", visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)
