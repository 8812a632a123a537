"""A toy played by the toolkit's own loop: what its generator draws, what its discriminator says, where it pulls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from ganvas.augment import Augmented
from ganvas.recipes.noise import NoiseRecipe
from ganvas.toys.stream import Points
from ganvas.toys.targets import Floats, Target
from ganvas.training.average import Averages
from ganvas.training.loop import Callback, train
from ganvas.training.progress import Progress
from ganvas.training.runtime import Runtime, detect
from ganvas.training.ticks import check


class Play:
    """A recipe at play on a target; all points that go in or come out are in the target's own units."""

    def __init__(self, recipe: NoiseRecipe, target: Target) -> None:
        self.recipe, self.target = recipe, target
        self.runtime: Runtime = detect("cpu")
        self.game = recipe.game(self.runtime.place.device)
        self.stream = Points(target, recipe.batch, recipe.seed)
        self.averages = Averages(self.game, recipe.keeps, recipe.average, recipe.batch)
        self.progress = Progress()
        self.callbacks: list[Callback] = [self.averages]

    def on(self, until: int) -> dict[str, float]:
        """Play to so many points seen; the players' mean reports since the last call.

        Raises:
            DivergenceError: the game has left the finite numbers.
        """
        train(self.game, self.stream, self.progress, until, self.runtime, self.callbacks)
        means = self.progress.means()
        check(means, self.progress.images)
        self.progress.clear()
        return means

    def stops(self, count: int) -> list[int]:
        """At most ``count`` moments to look at, in points seen, ever farther apart: early on more happens."""
        shares = np.linspace(0.0, 1.0, count + 1)[1:] ** 2
        rounds = np.ceil(shares * self.recipe.images / self.recipe.batch).astype(int)
        return [int(round) * self.recipe.batch for round in np.unique(rounds)]

    @torch.no_grad()
    def fakes(self, count: int, seed: int = 0) -> Floats:
        """(count, dimensions) points of the averaged generator."""
        generator = torch.Generator().manual_seed(seed)
        return self.through(self.recipe.prior.draw(count, torch.device("cpu"), generator))

    @torch.no_grad()
    def through(self, latents: Tensor, averaged: bool = True) -> Floats:
        """Where the averaged generator (or the one that plays now) sends these latents (N, dimension)."""
        networks = self.averages.networks if averaged else self.game.networks
        return self._points(networks["generator"](latents.float()))

    @torch.no_grad()
    def logits(self, points: Floats) -> Floats:
        """(N,) of the discriminator; where it judges in packs, a pack is the same point repeated."""
        images = self._images(points).repeat_interleave(self.recipe.discriminator.packing, 0)
        with self._judging() as judge:
            return np.asarray(judge(images).logits.double())

    def pull(self, points: Floats, seed: int = 0) -> Floats:
        """(N, dimensions): −∂(generator's loss)/∂point, the way on which each fake would please the discriminator."""
        pack = self.recipe.discriminator.packing
        real = self._images(self.target.draw(len(points), np.random.default_rng(seed))).repeat_interleave(pack, 0)
        images = self._images(points).requires_grad_()
        fakes = images.repeat_interleave(pack, 0)
        with self._judging() as judge:
            loss = self.recipe.loss.generator(judge(real).logits, judge(fakes).logits).sum()
        (slope,) = torch.autograd.grad(loss, images)
        return -np.asarray(slope.flatten(1).double()) / self.target.extent

    @contextmanager
    def _judging(self) -> Iterator[nn.Module]:
        """The discriminator that plays now, of points as they are, without augmentation; being asked leaves no trace in
        it (spectral normalisation would take a step)."""
        judge = self.game.networks["discriminator"]
        judge = judge.network if isinstance(judge, Augmented) else judge
        judge.eval()
        try:
            yield judge
        finally:
            judge.train()

    def _images(self, points: Floats) -> Tensor:
        return torch.from_numpy((points / self.target.extent).astype(np.float32))[:, :, None, None]

    def _points(self, images: Tensor) -> Floats:
        return np.asarray(images.flatten(1).double()) * self.target.extent
