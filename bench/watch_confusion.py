"""Runs made to fail in each of the ways that the watch tells apart, and healthy ones: does it raise the right alarm?

    python bench/watch_confusion.py [--held-out] [--only WORD] [--out watch.md] [--looks watch.json]

Prints a confusion table (rows: what was planted; columns: the first alarm, in brackets all alarms) and one line a run.
Single-threaded; about a quarter of an hour on an idle core.

The rules were made while looking at `CASES`. `HELD_OUT` are runs on other data and other seeds (found as `ganvas train
--data` finds them); nothing was changed after they had run.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganvas.data.dataset import Dataset, open_data
from ganvas.data.held_out import hold_out
from ganvas.data.spec import DataSpec
from ganvas.games.batch import Batches, Place
from ganvas.games.game import Game
from ganvas.recipes.overrides import overridden
from ganvas.recipes.points import points
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import RECIPES
from ganvas.toys.stream import Points, space_of
from ganvas.toys.targets import TARGETS, Mixture
from ganvas.toys.watched import Still
from ganvas.training.average import Averages
from ganvas.training.loop import train
from ganvas.training.progress import Progress
from ganvas.training.runtime import Runtime
from ganvas.training.ticks import DivergenceError, check
from ganvas.training.watching import watch_over
from ganvas.watch.reference import Reference, of_features, survey
from ganvas.watch.verdicts import DIVERGED
from ganvas.watch.watch import Watch

RUNTIME = Runtime(Place(torch.device("cpu")))
KINDS = (
    "mode dropping",
    "mode collapse",
    "discriminator overfitting",
    "generator starved of gradient",
    "oscillation",
    DIVERGED,
)
HEALTHY = "none"


@dataclass(frozen=True)
class Case:
    """A run: what is planted, and how the game, its stream and its watch come about."""

    planted: str
    name: str
    make: Callable[[], Run]


@dataclass
class Run:
    """Everything bound together, ready to play."""

    recipe: Recipe
    game: Game
    stream: Any
    watch: Watch

    def play(self) -> list[tuple[str, int, str]]:
        """(kind, images, words) of every alarm, in order."""
        progress = Progress()
        averages = Averages(self.game, self.recipe.keeps, self.recipe.average, self.recipe.batch)
        raised: list[tuple[str, int, str]] = []
        self.watch.tell = lambda alarm: raised.append((alarm.kind, alarm.images, str(alarm)))

        def tick(game: Game, now: Progress) -> None:
            if now.images % self.watch.every < self.recipe.batch:
                check(now.means(), now.images)
                now.clear()

        try:
            train(self.game, self.stream, progress, self.recipe.images, RUNTIME, [averages, self.watch, tick])
        except DivergenceError as error:
            raised.append((DIVERGED, progress.images, str(error)))
        return raised


LOOKS = 22


def assemble(recipe: Recipe, game: Game, stream: Any, seen: Any, unseen: Any, reference: Reference | None) -> Run:
    every = max(recipe.batch, recipe.images // LOOKS // recipe.batch * recipe.batch)
    watch = watch_over(game, recipe, seen, unseen, every, RUNTIME, print, reference)
    watch.every = every  # these runs are short: more looks than a user's run would get, so more occasions to be wrong
    return Run(recipe, game, stream, watch)


# --- handwritten digits ---------------------------------------------------------------------------------------------


def digits(
    recipe: str,
    *settings: str,
    source: str = "digits",
    images: int = 56_000,
    size: int | None = 14,
    limit: int | None = None,
    labels: bool = True,
    without: Sequence[int] = (),
    named: bool = True,
    deaf: bool = False,
) -> Callable[[], Run]:
    """A GAN on pictures with classes; ``without`` some classes, which the watch's reference has (with their names, or
    as clusters); ``deaf``: the generator gets 0 for every latent."""

    def make() -> Run:
        whole = open_data(DataSpec(source=source, limit=limit, size=size))
        space = whole.space if labels else whole.space.but(condition=None)
        assert whole.labels is not None
        data = whole if labels else replace(whole, labels=None, space=space)
        reference = None
        if without:
            names = whole.space.condition.names  # type: ignore[union-attr]
            reference = survey(whole if named else data, names if named else ())
            data = _without(whole, without, space)
        told = overridden(RECIPES[recipe](space).but(images=images, horizon=images), settings)
        game = told.game(RUNTIME.place.device)
        if deaf:
            game.networks["generator"].register_forward_pre_hook(lambda _, a: (a[0] * 0.0, *a[1:]))
        seen, unseen = hold_out(data)
        stream = Batches(seen, told.batch, game.turns, told.seed, RUNTIME.place, told.parts)
        return assemble(told, game, stream, seen, unseen, reference)

    return make


def _without(whole: Dataset, classes: Sequence[int], space: Any) -> Dataset:
    kept = ~np.isin(whole.labels, classes)
    return replace(whole, images=np.asarray(whole.images)[kept], labels=None, space=space)


# --- points in the plane ----------------------------------------------------------------------------------------------


def far_ring() -> Mixture:
    """A ring two radii away from where generators begin: linear players run round it for ever."""
    ring = TARGETS["ring"]()
    assert isinstance(ring, Mixture)
    return replace(ring, centres=ring.centres + np.array([2.0, 0.0]), extent=3.25)


def plane(target: str, *settings: str, images: int = 1_500_000, without: Sequence[int] = ()) -> Callable[[], Run]:
    """A GAN on points of a toy target; ``without`` some of its modes, which the watch's reference has."""

    def make() -> Run:
        whole = far_ring() if target == "far ring" else TARGETS[target]()
        taught = whole
        if without:
            assert isinstance(whole, Mixture)
            weights = np.where(np.isin(np.arange(len(whole.weights)), without), 0.0, whole.weights)
            taught = replace(whole, weights=weights / weights.sum())
        recipe = overridden(points(space_of(whole)).but(images=images, horizon=images), settings)
        game = recipe.game(RUNTIME.place.device)
        seen, unseen, all_of_it = (
            Still((t.draw(2000, np.random.default_rng(k)) / t.extent).astype(np.float32)[:, :, None, None])
            for k, t in enumerate((taught, taught, whole))
        )
        reference = None
        if isinstance(whole, Mixture) and whole.has_modes:
            flat = torch.from_numpy(all_of_it.images[:, :, 0, 0])
            modes = torch.cdist(flat, torch.from_numpy(whole.centres / whole.extent).float()).argmin(1)
            reference = of_features(flat, modes, [f"mode {k}" for k in range(len(whole.centres))])
        stream = Points(taught, recipe.batch, recipe.seed)
        return assemble(recipe, game, stream, seen, unseen, reference)

    return make


SMALL = ("generator.width=16", "discriminator.width=16")


def both(setting: str) -> tuple[str, str]:
    return f"optimizers.generator.{setting}", f"optimizers.discriminator.{setting}"


FREE = ("discriminator.octaves=0", "penalties=none", "loss=non-saturating")
STEADY = both("lr=5e-3")
MOMENTUM = both("beta1=0.9")
LINEAR = ("generator.widths=[]", "discriminator.widths=[]", "penalties=none", "discriminator.octaves=0")
DROP, HEART, STARVED, HOPPING = (
    "mode dropping",
    "discriminator overfitting",
    "generator starved of gradient",
    "oscillation",
)
COLLAPSE = "mode collapse"

CASES = (
    *(Case(HEALTHY, f"sprint, seed {s}", digits("sprint", *SMALL, f"seed={s}")) for s in range(2)),
    Case(HEALTHY, "sprint, no classes", digits("sprint", *SMALL, labels=False)),
    Case(HEALTHY, "sprint, full size and width", digits("sprint", size=28, images=30_000)),
    Case(HEALTHY, "sprint, hinge", digits("sprint", *SMALL, "loss=hinge")),
    Case(HEALTHY, "sprint, non-saturating, r1", digits("sprint", *SMALL, "loss=non-saturating", "penalties=r1")),
    Case(HEALTHY, "sprint, 1,000 pictures, augmented", digits("sprint", *SMALL, "augment=diffaugment", limit=1000)),
    Case(HEALTHY, "dcgan, no classes, seed 0", digits("dcgan", *SMALL, "batch=64", labels=False)),
    Case(HEALTHY, "dcgan, no classes", digits("dcgan", *SMALL, "batch=64", "seed=1", labels=False)),
    Case(HEALTHY, "wgan-gp", digits("wgan-gp", *SMALL, *both("lr=5e-4"), images=30_000)),
    Case(HEALTHY, "wgan", digits("wgan", *SMALL, *both("lr=5e-4"), images=30_000)),
    *(Case(HEALTHY, f"ring, seed {s}", plane("ring", f"seed={s}")) for s in range(1)),
    Case(HEALTHY, "grid, seed 0", plane("grid")),
    Case(HEALTHY, "spiral", plane("spiral", images=500_000)),
    Case(DROP, "digits without 2, 5, 8", digits("sprint", *SMALL, labels=False, without=(2, 5, 8))),
    Case(DROP, "digits without 0, 1, 7", digits("sprint", *SMALL, "seed=1", labels=False, without=(0, 1, 7))),
    Case(DROP, "digits without 0, 6, in clusters", digits("sprint", *SMALL, labels=False, without=(0, 6), named=False)),
    Case(DROP, "ring without modes 1, 2, 6", plane("ring", without=(1, 2, 6), images=1_000_000)),
    Case(DROP, "ring without modes 0, 3, 4", plane("ring", "seed=1", without=(0, 3, 4), images=1_000_000)),
    Case(COLLAPSE, "z ignored", digits("sprint", *SMALL, labels=False, deaf=True, images=30_000)),
    Case(COLLAPSE, "z ignored, classes", digits("sprint", *SMALL, deaf=True, images=30_000)),
    Case(COLLAPSE, "z ignored, dcgan", digits("dcgan", *SMALL, "batch=64", labels=False, deaf=True, images=30_000)),
    Case(COLLAPSE, "ring, plain, momentum", plane("ring", *FREE, *STEADY, *MOMENTUM, images=300_000)),
    Case(COLLAPSE, "grid, wasserstein, momentum",
         plane("grid", *FREE, "bounds=clip", "bounds.clip.limit=0.1", "loss=wasserstein", *STEADY, *MOMENTUM,
               images=300_000)),
    Case(HEART, "100 digits", digits("sprint", *SMALL, "penalties=none", "loss=non-saturating", limit=100)),
    Case(HEART, "100 digits, with penalties", digits("sprint", *SMALL, limit=100, images=80_000)),
    Case(HEART, "200 digits, hinge", digits("sprint", *SMALL, "penalties=none", "loss=hinge", limit=200, labels=False)),
    Case(STARVED, "digits, minimax, D's lr x 20",
         digits("sprint", *SMALL, "penalties=none", "loss=minimax", "optimizers.discriminator.lr=4e-2", labels=False)),
    Case(STARVED, "dcgan, minimax, D's lr x 20",
         digits("dcgan", *SMALL, "batch=64", "loss=minimax", "optimizers.discriminator.lr=4e-3", labels=False)),
    Case(STARVED, "ring, minimax, D's lr x 20",
         plane("ring", "penalties=none", "loss=minimax", "optimizers.discriminator.lr=1e-1",
               "optimizers.generator.lr=1e-3", images=300_000)),
    Case(HOPPING, "far ring, linear players, wasserstein",
         plane("far ring", *LINEAR, "bounds=clip", "bounds.clip.limit=1", "loss=wasserstein", *STEADY, images=300_000)),
    Case(HOPPING, "far ring, linear players, momentum",
         plane("far ring", *LINEAR, "loss=non-saturating", *STEADY, *MOMENTUM, images=300_000)),
    Case(HOPPING, "grid, linear players, momentum",
         plane("grid", *LINEAR, "loss=non-saturating", *STEADY, *MOMENTUM, images=300_000)),
    Case(DIVERGED, "sprint, lr 1e12", digits("sprint", *SMALL, *both("lr=1e12"), images=5000)),
    Case(DIVERGED, "ring, lr 1e3", plane("ring", *both("lr=1e3"), images=100_000)),
    Case(DIVERGED, "wgan-gp, D's lr 10", digits("wgan-gp", *SMALL, "optimizers.discriminator.lr=10", images=5000)),
)  # fmt: skip


FASHION, MNIST, CIFAR = "fashion-mnist-test", "mnist", "cifar10_10k_32.zip"
REAL = {"size": None, "images": 100_000}
HELD_OUT = (
    Case(HEALTHY, "mnist, sprint", digits("sprint", "seed=11", source=MNIST, **REAL)),
    Case(HEALTHY, "mnist, sprint, no classes", digits("sprint", "seed=12", source=MNIST, labels=False, **REAL)),
    Case(HEALTHY, "fashion, sprint", digits("sprint", "seed=13", source=FASHION, **REAL)),
    Case(HEALTHY, "fashion, sprint, no classes", digits("sprint", "seed=14", source=FASHION, labels=False, **REAL)),
    Case(HEALTHY, "cifar, sprint", digits("sprint", "augment=diffaugment", "seed=15", source=CIFAR, **REAL)),
    Case(HEALTHY, "packaged digits, sprint", digits("sprint", "augment=diffaugment", "seed=16", **REAL)),
    Case(HEALTHY, "mnist, dcgan", digits("dcgan", *SMALL, "batch=64", "seed=17", source=MNIST, images=60_000)),
    Case(HEALTHY, "fashion, wgan-gp", digits("wgan-gp", *SMALL, "seed=18", source=FASHION, images=40_000)),
    Case(HEALTHY, "fashion, sprint, hinge, r1",
         digits("sprint", *SMALL, "loss=hinge", "penalties=r1", "seed=19", source=FASHION)),
    *(Case(HEALTHY, f"{toy}, seed {seed}", plane(toy, f"seed={seed}", images=4_000_000))
      for toy, seed in (("ring", 21), ("ring", 22), ("grid", 23), ("spiral", 24), ("checkerboard", 25))),
    Case(DROP, "mnist without 3, 4, 9",
         digits("sprint", *SMALL, "seed=31", source=MNIST, labels=False, without=(3, 4, 9))),
    Case(DROP, "fashion without trouser, bag, ankle boot",
         digits("sprint", *SMALL, "seed=32", source=FASHION, labels=False, without=(1, 8, 9))),
    Case(DROP, "ring without modes 0, 5, 7", plane("ring", "seed=33", without=(0, 5, 7), images=4_000_000)),
    Case(DROP, "grid without modes 3, 12, 20", plane("grid", "seed=34", without=(3, 12, 20), images=4_000_000)),
    Case(COLLAPSE, "fashion, z ignored",
         digits("sprint", *SMALL, "seed=41", source=FASHION, labels=False, deaf=True, images=30_000)),
    Case(COLLAPSE, "mnist, z ignored, classes",
         digits("sprint", *SMALL, "seed=42", source=MNIST, deaf=True, images=30_000)),
    Case(COLLAPSE, "ring, plain, momentum", plane("ring", *FREE, *STEADY, *MOMENTUM, "seed=43", images=1_000_000)),
    Case(HEART, "150 of fashion",
         digits("sprint", *SMALL, "penalties=none", "loss=hinge", "seed=51", source=FASHION, limit=150, images=80_000)),
    Case(HEART, "120 of mnist", digits("sprint", *SMALL, "seed=52", source=MNIST, limit=120, images=80_000)),
    Case(STARVED, "fashion, minimax, D's lr x 20",
         digits("sprint", *SMALL, "penalties=none", "loss=minimax", "optimizers.discriminator.lr=4e-2", "seed=61",
                source=FASHION, labels=False)),
    Case(STARVED, "mnist, dcgan, minimax, D's lr x 20",
         digits("dcgan", *SMALL, "batch=64", "loss=minimax", "optimizers.discriminator.lr=4e-3", "seed=62",
                source=MNIST, labels=False)),
    Case(HOPPING, "far ring, linear players, momentum",
         plane("far ring", *LINEAR, "loss=non-saturating", *STEADY, *MOMENTUM, "seed=71", images=1_000_000)),
    Case(HOPPING, "far ring, linear players, wasserstein",
         plane("far ring", *LINEAR, "bounds=clip", "bounds.clip.limit=1", "loss=wasserstein", *STEADY, "seed=72",
               images=1_000_000)),
    Case(DIVERGED, "fashion, sprint, lr 1e9", digits("sprint", *SMALL, *both("lr=1e9"), source=FASHION, images=5000)),
    Case(DIVERGED, "spiral, lr 1e4", plane("spiral", *both("lr=1e4"), images=300_000)),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--held-out", action="store_true", help="the runs that no rule was made on")
    parser.add_argument("--only", default="", help="cases whose planted fault or name holds this word")
    parser.add_argument("--out", type=Path, help="markdown")
    parser.add_argument("--looks", type=Path, help="every look of every run, json")
    words = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[Any] = []
    looks: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    for case in HELD_OUT if words.held_out else CASES:
        if words.only not in f"{case.planted}: {case.name}":
            continue
        start = time.process_time()
        run = case.make()
        seen: list[dict[str, Any]] = []
        look = run.watch.look

        def noted(images: int, look: Any = look, seen: list[dict[str, Any]] = seen) -> Any:
            found = look(images)
            if found is not None:
                seen.append(found.state())
            return found

        run.watch.look = noted
        alarms = run.play()
        looks[f"{case.planted}: {case.name}"] = seen
        groups[f"{case.planted}: {case.name}"] = vars(run.watch.find.keywords["groups"])
        rows.append((case, alarms, time.process_time() - start))
        said = "; ".join(f"{kind} at {images:,}" for kind, images, _ in alarms) or "silent"
        print(f"{case.planted:30}  {case.name:34}  {said}  ({rows[-1][2]:.0f} s)", flush=True)
        if words.looks:
            words.looks.write_text(
                json.dumps(
                    {"looks": looks, "groups": groups, "alarms": {f"{c.planted}: {c.name}": a for c, a, _ in rows}}
                )
            )
    text = table(rows)
    print(text)
    if words.out:
        words.out.write_text(text, encoding="utf-8")


def table(rows: Sequence[tuple[Case, list[tuple[str, int, str]], float]]) -> str:
    """Markdown."""
    heads = (*KINDS, "silent")
    lines = ["| planted | runs | " + " | ".join(heads) + " |", "|---" * (len(heads) + 2) + "|"]
    for planted in (*KINDS, HEALTHY):
        mine = [[kind for kind, _, _ in alarms] for case, alarms, _ in rows if case.planted == planted]
        first = Counter(kinds[0] if kinds else "silent" for kinds in mine)
        every = Counter(kind for kinds in mine for kind in (set(kinds) or {"silent"}))
        cells = [f"{first[k]} ({every[k]})" if every[k] else "" for k in heads]
        lines.append(f"| {planted} | {len(mine)} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "First alarms; in brackets runs in which it was raised at all.",
        "",
        "| planted | run | alarms | CPU s |",
        "|---|---|---|---|",
    ]
    for case, alarms, seconds in rows:
        said = "; ".join(f"{kind} at {images:,}" for kind, images, _ in alarms) or "silent"
        lines.append(f"| {case.planted} | {case.name} | {said} | {math.ceil(seconds)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
