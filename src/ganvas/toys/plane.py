"""Points in the plane: what a GAN makes of a ring, a grid, a spiral or a picture, read out in numbers as it learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from ganvas.config import suggest
from ganvas.errors import GanvasError
from ganvas.metrics.modes import due_masses, energy_distance, mode_scores
from ganvas.recipes.overrides import overridden
from ganvas.recipes.points import points
from ganvas.theory import js_split
from ganvas.toys.play import Play
from ganvas.toys.stream import space_of
from ganvas.toys.targets import Mixture, Target
from ganvas.toys.watched import watch_toy
from ganvas.watch.watch import Alarm

PROTOCOL = 2500
"""Points that are counted (Lin et al. 2018)."""
MOMENTS = 18
IMAGES = {"grid": 3_000_000}
"""Points that a target needs, where the recipe's own number does not suffice."""

PLAIN = ("loss=non-saturating", "penalties=none", "discriminator.octaves=0")
VARIANTS: dict[str, tuple[str, ...]] = {
    "ganvas": (),
    "plain": PLAIN,
    "minimax": ("loss=minimax", *PLAIN[1:]),
    "hinge": ("loss=hinge", *PLAIN[1:]),
    "least-squares": ("loss=least-squares", *PLAIN[1:]),
    "wgan": ("loss=wasserstein", "penalties=none", "discriminator.octaves=0", "bounds=clip", "bounds.clip.limit=0.1"),
    "wgan-gp": ("loss=wasserstein", "penalties=gradient-penalty", "discriminator.octaves=0"),
    "r1": ("loss=non-saturating", "penalties=r1", "penalties.r1.gamma=0.01", "discriminator.octaves=0"),
    "minibatch-discrimination": (*PLAIN, "discriminator.minibatch=discrimination"),
    "minibatch-deviation": (*PLAIN, "discriminator.minibatch=deviation"),
    "packing": (*PLAIN, "discriminator.packing=4"),
    "spectral-norm": (*PLAIN, "discriminator.spectral_norm=true"),
    "instance-noise": (*PLAIN, "augment=instance-noise"),
    "label-smoothing": (*PLAIN, "loss.label_smoothing=0.1"),
    "unrolled": (*PLAIN, "unroll.steps=5"),
    "waves": PLAIN[:2],
}
"""Names for `--compare`: the toolkit's own choice, the plain non-saturating GAN, and one trick at a time upon that."""


@dataclass
class Lesson:
    """One variant, and what was read out at each of its moments."""

    name: str
    play: Play
    history: list[dict[str, Any]] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    """What the watch has raised so far."""

    def __post_init__(self) -> None:
        watch_toy(self.play, self.alarms.append)

    def look(self, seconds: float) -> dict[str, Any]:
        """Read out and remember."""
        row = {"images": self.play.progress.images, "seconds": round(seconds, 2), **read_out(self.play)}
        self.history.append(row)
        return row

    def numbers(self) -> dict[str, Any]:
        """JSON-able: the last read-out, what the watch raised, the recipe, and the history."""
        last = self.history[-1] if self.history else {}
        recipe, alarms = self.play.recipe.model_dump(mode="json"), [alarm.row() for alarm in self.alarms]
        return {"name": self.name, **last, "alarms": alarms, "recipe": recipe, "history": self.history}


def lesson(name: str, target: Target, settings: Sequence[str], seed: int, images: int | None) -> Lesson:
    """A variant ready to play: a name of `VARIANTS` or settings apart by spaces, upon ``settings`` for all.

    Raises:
        GanvasError: a name or setting that is unknown, or does not work.
    """
    own = VARIANTS[name] if name in VARIANTS else tuple(name.split())
    if not all("=" in setting for setting in own):
        raise GanvasError(
            f"no variant is called '{name}'; {suggest(name, VARIANTS)}; or settings: 'loss=hinge batch=64'"
        )
    recipe = points(space_of(target))
    recipe = overridden(recipe.but(images=images or recipe.images), [f"seed={seed}", *own, *settings])
    return Lesson(name, Play(recipe, target))


def learn(subject: Lesson, clock: Callable[[], float], moments: int = MOMENTS) -> Iterator[dict[str, Any]]:
    """Play to the end, reading out at so many moments; ``clock`` tells seconds."""
    start = clock()
    for stop in subject.play.stops(moments):
        means = subject.play.on(stop)
        yield subject.look(clock() - start) | means


def read_out(play: Play) -> dict[str, Any]:
    """The numbers of `PROTOCOL` fakes: energy distance always, modes where the target has them.

    The split of the Jensen–Shannon divergence is exact on the histogram over the modes and "elsewhere".
    """
    target = play.target
    fakes = torch.from_numpy(play.fakes(PROTOCOL, seed=1))
    real = torch.from_numpy(target.draw(PROTOCOL, np.random.default_rng(1)))
    numbers: dict[str, Any] = {"energy_distance": energy_distance(real, fakes)}
    if isinstance(target, Mixture) and target.has_modes:
        weights = torch.from_numpy(target.weights)
        scores = mode_scores(fakes, torch.from_numpy(target.centres), target.sigma, weights)
        split = js_split(due_masses(weights, target.dimensions).numpy(), [*scores.counts, scores.elsewhere])
        numbers |= asdict(scores) | {f"js_{name}": value for name, value in asdict(split).items()}
    return numbers
