"""How near do trained critics come to the earth mover's distance? One dimension, where it is known exactly.

Kantorovich and Rubinstein: W1 = max over 1-Lipschitz f of E_p f − E_q f. A trained critic with steepest slope L is
therefore never above: (E_p f − E_q f) / L ≤ W1. WGAN clips weights, which bounds L somewhere (Arjovsky et al. 2017);
WGAN-GP pulls slopes to 1 (Gulrajani et al. 2017), spectral normalisation divides weights (Miyato et al. 2018).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganvas.games.optimizers import Adam
from ganvas.latent.priors import Uniform
from ganvas.losses.adversarial import Wasserstein
from ganvas.models.mlp import MLPDiscriminator
from ganvas.models.networks import Generator
from ganvas.recipes.overrides import overridden
from ganvas.recipes.points import points
from ganvas.schedule import Schedule
from ganvas.theory import distance_by_cdf
from ganvas.toys.play import Play
from ganvas.toys.stream import space_of
from ganvas.toys.targets import Floats, Mixture1D

CELLS = 2000
MOMENTS = 20
CRITICS: dict[str, tuple[str, ...]] = {
    "weights clipped at .1": ("bounds=clip", "bounds.clip.limit=0.1"),
    "weights clipped at .01": ("bounds=clip", "bounds.clip.limit=0.01"),
    "gradient penalty": ("penalties=gradient-penalty", "penalties.gradient-penalty.gamma=10"),
    "spectral normalisation": ("discriminator.spectral_norm=true",),
}


class Quantiles(Generator):
    """A generator that is right from the start and never learns: uniform z to the quantile of a known density."""

    def __init__(self, target: Mixture1D, extent: float) -> None:
        super().__init__()
        self.prior = Uniform(dimension=1)
        x, mass = cells(target, extent)
        self.register_buffer("steps", torch.from_numpy(np.cumsum(mass)).float())
        self.register_buffer("places", torch.from_numpy(x / extent).float())

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        levels = (z[:, 0].contiguous() + 1.0) / 2.0
        index = torch.searchsorted(self.get_buffer("steps"), levels).clamp(max=CELLS - 1)
        return self.get_buffer("places")[index][:, None, None, None]


def cells(target: Mixture1D, extent: float) -> tuple[Floats, Floats]:
    """Middles (CELLS,) of even cells over ±extent, and the target's mass in each, which adds up to 1."""
    edges = np.linspace(-extent, extent, CELLS + 1)
    x = (edges[1:] + edges[:-1]) / 2
    density = target.density(x[:, None])
    return x, density / density.sum()


@dataclass
class Critic:
    """One way of bounding the slope, and what came of it."""

    name: str
    play: Play
    p: Floats
    q: Floats
    history: list[dict[str, float]] = field(default_factory=list)

    def values(self) -> Floats:
        """f (CELLS,), as the critic has it."""
        x = np.linspace(-1, 1, CELLS, endpoint=False) + 1 / CELLS
        return self.play.logits(x[:, None] * self.play.target.extent)

    def look(self) -> dict[str, float]:
        """Read out and remember: E_p f − E_q f, the steepest slope on the axis, and their quotient."""
        f = self.values()
        width = 2 * self.play.target.extent / CELLS
        slope = float(np.abs(np.diff(f)).max() / width)
        gap = float((self.p * f).sum() - (self.q * f).sum())
        row = {
            "images": self.play.progress.images,
            "gap": gap,
            "steepest_slope": slope,
            "estimate": gap / max(slope, 1e-12),
        }
        self.history.append(row)
        return row


def critics(real: Mixture1D, fake: Mixture1D, seed: int = 0, images: int = 500_000) -> list[Critic]:
    """One of each of `CRITICS`, to be trained by the toolkit's loop against the same frozen generator."""
    wide = _Wide(real.centres, real.sigmas, real.weights, max(real.extent, fake.extent))
    (_, p), (_, q) = cells(real, wide.extent), cells(fake, wide.extent)
    adam = Adam(lr=Schedule(start=5e-3, end=1e-5), beta1=0.0, beta2=0.99)
    plain = points(space_of(wide)).but(
        seed=seed,
        images=images,
        prior=Uniform(dimension=1),
        discriminator=MLPDiscriminator(widths=(64, 64)),
        loss=Wasserstein(),
        penalties={},
        optimizers={"generator": adam, "discriminator": adam},
        batch=256,
    )
    made = []
    for name, settings in CRITICS.items():
        play = Play(overridden(plain, settings), wide)
        networks = {**play.game.networks, "generator": Quantiles(fake, wide.extent)}
        play.game = replace(play.game, networks=networks, players=play.game.players[:1])
        play.callbacks.clear()  # nothing to average: the generator is frozen
        made.append(Critic(name, play, p, q))
    return made


@dataclass(frozen=True, eq=False)
class _Wide(Mixture1D):
    """A mixture on an axis that is as long as another one needs."""

    reach: float = 1.0

    @property
    def extent(self) -> float:  # type: ignore[override]
        return self.reach


def exact(real: Mixture1D, fake: Mixture1D) -> dict[str, Any]:
    """W1 by the cumulative distributions, and the best critic: its slope is the sign of their difference."""
    extent = max(real.extent, fake.extent)
    (x, p), (_, q) = cells(real, extent), cells(fake, extent)
    slope = -np.sign(np.cumsum(p - q))
    return {
        "x": x,
        "p": p,
        "q": q,
        "potential": np.cumsum(slope) * (x[1] - x[0]),
        "distance": distance_by_cdf(p, q, x),
    }


def numbers(made: list[Critic], truth: dict[str, Any]) -> dict[str, Any]:
    """JSON-able."""
    distance = truth["distance"]
    return {
        "earth_movers_distance": distance,
        "critics": [
            {
                "name": critic.name,
                **critic.history[-1],
                "share_of_distance": critic.history[-1]["estimate"] / distance,
                "history": critic.history,
                "recipe": critic.play.recipe.model_dump(mode="json"),
            }
            for critic in made
        ],
    }
