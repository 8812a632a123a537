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
    """A callback that redraws a line twice a second; only then are losses read from the device."""

    def __init__(self, bar: Progress, task: TaskID, seen: int) -> None:
        self.bar, self.task = bar, task
        self.start = (time.monotonic(), seen)
        self.last = 0.0

    def __call__(self, game: Game, progress: training.Progress) -> None:
        if time.monotonic() - self.last >= REFRESH_SECONDS:
            self.last = time.monotonic()
            self.show(progress)

    def say(self, text: str) -> None:
        """A line above the bar, which goes on below it."""
        self.bar.console.print(text, style="yellow", soft_wrap=True, highlight=False, markup=False)

    def show(self, progress: training.Progress) -> None:
        """Redraw now."""
        since, seen = self.start
        rate = (progress.images - seen) / max(time.monotonic() - since, 1e-9)
        self.bar.update(self.task, completed=progress.images, rate=f"{rate:,.0f} images/s")
        means = progress.means()
        if losses := "  ".join(f"{name[0].upper()} {means[name]:.3f}" for name in SHOWN if name in means):
            self.bar.update(self.task, losses=f"loss {losses}")


@contextmanager
def live(console: Console, progress: training.Progress, total: int) -> Iterator[Display]:
    """Within: a progress bar that the yielded callback moves."""
    columns = (
        BarColumn(bar_width=20),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} images"),
        TextColumn("[cyan]{task.fields[rate]}"),
        TextColumn("[dim]{task.fields[losses]}"),
        TimeElapsedColumn(),
        TextColumn("[dim]left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, refresh_per_second=2) as bar:
        task = bar.add_task("training", total=total, completed=progress.images, rate="", losses="")
        display = Display(bar, task, progress.images)
        yield display
        display.show(progress)


@contextmanager
def decoding(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Within: a bar for decoding pictures, shown only once there is something to decode."""
    columns = ("decoding pictures", BarColumn(), "{task.completed:,.0f} of {task.total:,.0f}")
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)
