"""One sitting of a run: everything bound together, resumed where it stood, played, saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ganvas.data.dataset import Dataset
from ganvas.data.translation.translations import Translations
from ganvas.errors import GanvasError
from ganvas.recipes.recipe import Recipe
from ganvas.snapshot import Snapshot
from ganvas.training.average import Averages
from ganvas.training.interrupt import Interrupted, stopping_on_signals
from ganvas.training.loop import Callback, train
from ganvas.training.pictures import Pictures
from ganvas.training.progress import Progress
from ganvas.training.run import Run
from ganvas.training.runtime import Runtime
from ganvas.training.saver import Saver
from ganvas.training.sheets import sheet_of
from ganvas.training.spectator import scores
from ganvas.training.state import is_finite, parts_of, read_state, restore, write_state
from ganvas.training.stopwatch import Stopwatch
from ganvas.training.ticks import REMEDY, DivergenceError, Ticks
from ganvas.training.validation import validation_of
from ganvas.training.watching import watch_over
from ganvas.watch.verdicts import DIVERGED
from ganvas.watch.watch import Alarm

TICKS, SHEETS = 150, 30
"""How many lines of statistics and sheets of samples a run leaves, at most 50,000 images apart."""
SAVE_SECONDS = 60.0


class Session:
    """A recipe, its data and its directory, ready to play."""

    def __init__(self, recipe: Recipe, data: Dataset | Translations, run: Run, runtime: Runtime) -> None:
        self.recipe, self.run, self.runtime = recipe, run, runtime
        world = runtime.place.world
        if recipe.batch % (recipe.parts * world):
            raise GanvasError(f"batch={recipe.batch} does not divide into parts={recipe.parts} on {world} processes")
        if world > 1 and (reason := recipe.but(batch=recipe.batch // world).unsound()):
            raise GanvasError(f"on each of {world} processes: {reason}")
        self.game = recipe.game(runtime.place.device)
        seen, held_out = data.divided()
        self.batches = recipe.stream(seen, self.game.turns, runtime.place)
        self.progress, self.stopwatch = Progress(), Stopwatch()
        self.averages = Averages(self.game, recipe.keeps, recipe.average, recipe.batch)
        self.snapshot = Snapshot(self.averages.networks, recipe, 0)
        every = [max(recipe.batch, min(self.game.horizon // times, 50_000)) for times in (TICKS, SHEETS)]
        self.say: Callable[[str], object] = lambda text: None
        self.watch = watch_over(self.game, recipe, seen, held_out, every[0], runtime, self._tell)
        place, catch_up = runtime.place, self.averages.catch_up
        self.validation = validation_of(self.snapshot, held_out, run, every[0], place.device, catch_up)
        self.ticks = Ticks(run, self.stopwatch, recipe.batch, every[0], self._collect)
        self.sheet = sheet_of(self.snapshot, held_out or seen, runtime.place)
        self.pictures = Pictures(run, self._sheet, recipe.batch, every[1])
        self.parts = parts_of(
            self.game,
            averages=self.averages,
            progress=self.progress,
            ticks=self.ticks,
            watch=self.watch,
            stopwatch=self.stopwatch,
            **({"validation": self.validation} if self.validation else {}),
        )

    def restore(self) -> None:
        """Take over the run's state, where there is one; nothing is written.

        Raises:
            GanvasError: the state is damaged or does not fit.
        """
        if self.run.state_file.exists():
            restore(self.parts, read_state(self.run.state_file), self.run.state_file)

    def resume(self) -> None:
        """Go on from the run's state, or begin: what lies beyond it in the directory is cut back."""
        self.restore()
        if not self.runtime.leads:
            return
        self.run.cut_back(self.progress.images)
        self.run.write_recipe(self.recipe)
        self.run.log(f"{'resumed' if self.progress.images else 'started'} at {self.progress.images:,} images")
        if self.validation:
            self.validation.begin(self.progress.images)
        if not self.progress.images:
            self.pictures.draw(0)

    def warm_start(self, start: Snapshot, others: dict[str, dict[str, torch.Tensor]]) -> None:
        """Begin from trained networks: the snapshot's, and from its run's state those that the snapshot leaves out.

        Raises:
            GanvasError: the networks do not fit this recipe.
        """
        weights = {**others, **{role: network.state_dict() for role, network in start.networks.items()}}
        try:
            for role in {*self.recipe.keeps, *(weights.keys() & self.game.networks.keys())}:
                self.game.networks[role].load_state_dict(weights[role])
        except (RuntimeError, KeyError) as error:
            ours = [d for d in start.recipe.differences(self.recipe) if d.startswith(("generator", "space", "discrim"))]
            raise GanvasError(
                f"--from: the networks of {start.recipe.name} do not fit those of {self.recipe.name}: "
                f"{'; '.join(ours[:4]) or 'other classes or channels'}; use the same recipe, size and classes"
            ) from error
        self.averages.load_state_dict({role: self.game.networks[role].state_dict() for role in self.recipe.keeps})

    def save(self) -> None:
        """Write snapshot and state, unless something is not finite.

        Raises:
            GanvasError: the disk is full or the place cannot be written; the old files are intact.
            DivergenceError: a weight is not finite; the old files are intact.
        """
        if not is_finite(self.parts):
            raise DivergenceError(
                f"training diverged: a weight is not finite at {self.progress.images:,} images; {REMEDY}"
            )
        self.snapshot.images = self.progress.images
        self.snapshot.save(self.run.snapshot_file)
        write_state(self.run.state_file, self.parts)

    def play(
        self,
        watchers: Sequence[Callback] = (),
        save_seconds: float = SAVE_SECONDS,
        say: Callable[[str], object] = lambda text: None,
    ) -> bool:
        """Train to the recipe's number of images, saving on the way; False when the user stopped it before.

        ``say`` is given every alarm in words when it is raised.

        Raises:
            DivergenceError: training left the finite numbers.
            GanvasError: the run directory cannot be written.
        """
        self.say = say
        try:
            with stopping_on_signals() as interrupt:
                callbacks: list[Callback] = [self.averages]
                if self.runtime.leads:
                    callbacks += [self.watch, *([self.validation] if self.validation else [])]
                    callbacks += [self.ticks, self.pictures, *watchers]
                    callbacks += [Saver(self.save, save_seconds), interrupt]
                finished = self._train(callbacks)
            self._end("finished" if finished else "stopped")
            return finished
        except DivergenceError as error:
            self._diverged(error)
            raise
        except OSError as error:
            raise GanvasError(
                f"cannot write {self.run.path}: {error.strerror or error}; the last state is kept"
            ) from error

    def _collect(self) -> dict[str, Any]:
        """What the watch and the validation have for a line of statistics."""
        return {**(self.validation.collect() if self.validation else {}), **self.watch.collect()}

    def _sheet(self) -> np.ndarray:
        self.averages.catch_up()
        return self.sheet()

    def _tell(self, alarm: Alarm) -> None:
        self.run.log(f"alarm at {alarm.images:,} images: {alarm}")
        self.say(f"at {alarm.images:,} images: {alarm}")

    def _diverged(self, error: DivergenceError) -> None:
        """The last alarm: what the others would have said, and that the run is over."""
        if self.runtime.leads:
            words = str(error).partition(";")[0]
            alarm = Alarm(DIVERGED, words, {}, self.watch.advise(DIVERGED), self.progress.images)
            self.watch.raise_alarm(alarm)
            self.ticks.write_end(self.progress)

    def _train(self, callbacks: Sequence[Callback]) -> bool:
        try:
            train(self.game, self.batches, self.progress, self.recipe.images, self.runtime, callbacks)
        except Interrupted:
            return False
        if self.runtime.leads and self.progress.images > self.ticks.last_images:
            self.ticks.write(self.progress)  # the end need not be a multiple of anything
        return True

    def _end(self, how: str) -> None:
        if self.runtime.leads:
            self.save()
            self.pictures.draw(self.progress.images)
            self.run.write_json("scores.json", scores(self.game, self.batches, self.runtime))
            self.run.log(f"{how} at {self.progress.images:,} images after {self.stopwatch.seconds:.0f} s of training")
