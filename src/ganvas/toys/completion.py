"""Goodfellow et al. 2014, figure 1 and proposition 1: a game in one dimension, trained to completion.

For a fixed generator the best discriminator is D*(x) = p(x) / (p(x) + q(x)); against it the generator's value is
V = −log 4 + 2·JS(p, q). At the end q = p, D = ½ and V = −log 4. Here p is known, and q as well: G sends evenly spaced z
to x, and where they lie dense q is large.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy.special import expit, log_expit

from ganvas.errors import GanvasError
from ganvas.games.optimizers import Adam
from ganvas.latent.priors import Uniform
from ganvas.losses.adversarial import NonSaturating
from ganvas.losses.penalties import R1
from ganvas.models.mlp import MLPDiscriminator, MLPGenerator
from ganvas.recipes.noise import NoiseRecipe, Updates
from ganvas.recipes.points import points
from ganvas.schedule import Schedule
from ganvas.theory import js, optimal_discriminator
from ganvas.toys.play import Play
from ganvas.toys.stream import space_of
from ganvas.toys.targets import Floats, Mixture1D, Target

CELLS = 400
LATENTS = 100_000
SUPPORT = 0.01
"""The support counts where p is at least this share of its largest value."""


def target_of(text: str) -> Mixture1D:
    """``"-1:0.4:2, 1.5:0.3:1"``: centre, deviation and (1 where left out) weight of each Gaussian.

    Raises:
        GanvasError: not numbers, or a deviation or weight that is not positive.
    """
    parts = [[float(number) for number in part.split(":")] for part in text.split(",")] if _readable(text) else []
    if not parts or any(len(part) not in (2, 3) or not all(n > 0 for n in part[1:]) for part in parts):
        raise GanvasError(f"--target {text}: write centre:deviation:weight, apart by commas, such as -1:0.4,1.5:0.3:2")
    columns = np.array([[*part, 1.0][:3] for part in parts]).T
    return Mixture1D(columns[0], columns[1], columns[2] / columns[2].sum())


def _readable(text: str) -> bool:
    try:
        return all(np.isfinite(float(number)) for part in text.split(",") for number in part.split(":"))
    except ValueError:
        return False


def recipe_for(target: Target) -> NoiseRecipe:
    """Uniform z, dense networks, the non-saturating game. D learns faster than G, so that it stays near D*; a little R1
    lets both come to rest (Mescheder et al. 2018)."""
    beta2 = 0.99
    return points(space_of(target)).but(
        name="trained-to-completion",
        paper="Goodfellow et al. 2014, arXiv 1406.2661",
        prior=Uniform(dimension=1),
        generator=MLPGenerator(widths=(64, 64, 64), output="linear"),
        discriminator=MLPDiscriminator(widths=(64, 64), octaves=5),
        loss=NonSaturating(),
        penalties=[R1(gamma=Schedule(start=0.03, end=0.02, shape="geometric"))],
        optimizers={
            "generator": Adam(lr=Schedule(start=2e-3, end=1e-6), beta1=0.0, beta2=beta2),
            "discriminator": Adam(lr=Schedule(start=5e-3, end=3e-4), beta1=0.0, beta2=beta2),
        },
        updates=Updates(discriminator=2),
        batch=1024,
        images=2_500_000,
    )


@dataclass(frozen=True)
class Moment:
    """The whole game at one time: densities (CELLS,) at ``x``, D's logits there, and where some latents go."""

    images: int
    x: Floats
    p: Floats
    q: Floats
    logit: Floats
    z: Floats
    to: Floats

    @property
    def d(self) -> Floats:
        """D(x), the probability of being real."""
        return np.asarray(expit(self.logit))

    @property
    def best(self) -> Floats:
        """D*(x) = p / (p + q)."""
        return optimal_discriminator(self.p, self.q)

    @property
    def numbers(self) -> dict[str, float | int]:
        """What proposition 1 speaks of; ``value`` is E_p log D + E_q log(1 − D) by sums over the cells."""
        p, q = self.p / self.p.sum(), self.q / self.q.sum()
        here = self.p > SUPPORT * self.p.max()
        weight = (p + q) / 2
        return {
            "images": self.images,
            "value": float((p * log_expit(self.logit) + q * log_expit(-self.logit)).sum()),
            "value_at_best": float(-np.log(4.0) + 2.0 * js(p, q)),
            "js": js(p, q),
            "mean_abs_to_best": float((weight * np.abs(self.d - self.best)).sum()),
            "max_abs_to_half": float(np.abs(self.d[here] - 0.5).max()),
        }


def moment(play: Play) -> Moment:
    """Look at the networks that play now, not at their averages: D answers those."""
    target = play.target
    edges = np.linspace(-target.extent, target.extent, CELLS + 1)
    x = (edges[1:] + edges[:-1]) / 2
    z = torch.linspace(-1, 1, LATENTS)[:, None]
    fakes = play.through(z, averaged=False)[:, 0].clip(-target.extent, target.extent)  # no mass may be lost
    counts, _ = np.histogram(fakes, edges)
    few = torch.linspace(-0.98, 0.98, 25)[:, None]
    return Moment(
        images=play.progress.images,
        x=x,
        p=target.density(x[:, None]),
        q=counts / LATENTS / (edges[1] - edges[0]),
        logit=play.logits(x[:, None]),
        z=np.asarray(few[:, 0]),
        to=play.through(few, averaged=False)[:, 0],
    )


def best_answer(play: Play, images: int = 500_000) -> Moment:
    """The same generator for ever, and a copy of the discriminator trained against it alone, by the same loop."""
    adam = Adam(lr=Schedule(start=2e-3, end=1e-5), beta1=0.0, beta2=0.99)
    optimizers = {"generator": adam, "discriminator": adam}
    alone = Play(play.recipe.but(penalties={}, optimizers=optimizers, batch=256, images=images), play.target)
    for role, network in alone.game.networks.items():
        network.load_state_dict(play.game.networks[role].state_dict())
    alone.game = replace(alone.game, players=alone.game.players[:1])
    alone.on(images)
    return replace(moment(alone), images=play.progress.images)


def numbers(history: list[Moment], best: Moment, recipe: NoiseRecipe) -> dict[str, Any]:
    """JSON-able: every number and curve."""
    curves = ("x", "p", "q", "d", "best", "z", "to")
    last = history[-1]
    return {
        **last.numbers,
        "value_of_the_end": float(-np.log(4.0)),
        "frozen_generator": best.numbers,
        "history": [seen.numbers for seen in history],
        "curves": {name: np.round(getattr(last, name), 6).tolist() for name in curves},
        "recipe": recipe.model_dump(mode="json"),
    }
