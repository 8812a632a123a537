"""How like real ones the translations are as a set: kernel distance, and Fréchet's where there are enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate.extractor import Extractor, Material, OnProgress, in_silence
from ganvas.evaluate.extractors import extractor_factory
from ganvas.evaluate.looking import Fakes, features_of
from ganvas.evaluate.translation.pile import Pile
from ganvas.evaluate.translation.scorecard import Cell, Lead
from ganvas.metrics import frechet_distance, kernel_distance
from ganvas.metrics.interval import NORMAL_95
from ganvas.metrics.kernel import squared_mmd
from ganvas.space import Space
from ganvas.weights import locate_weights

FEWEST = 4
"""Pictures a side, of which there are still subsets."""
MOST_REAL = 2000
"""Of the training targets, spread evenly: more would tell little more than the few translations do."""
SUBSETS, SUBSET = 100, 1000
PUBLIC_FIRST = "efficientnet-lite0"


def default_extractor() -> str:
    """EfficientNet-Lite0 where its weights are on this machine, else random convolutions."""
    try:
        locate_weights(PUBLIC_FIRST)
    except GanvasError:
        return "random-conv"
    return PUBLIC_FIRST


def extractor_of(name: str, space: Space, seed: int, device: torch.device) -> Extractor:
    """The extractor of that name, made without any picture.

    Raises:
        GanvasError: an unknown name, or one that must be trained on labels.
    """
    none = np.zeros((0, *space.shape), np.uint8)
    nothing = np.arange(0)
    return extractor_factory(name)(Material(none, None, space, nothing, nothing, seed, device, in_silence))


@dataclass
class Likeness:
    """Real targets in an extractor's eyes, and whatever else is held against them."""

    extractor: Extractor
    real: Tensor
    """(N, d)."""
    seed: int

    @classmethod
    def to(cls, pile: Pile, extractor: Extractor, seed: int, on_progress: OnProgress) -> Likeness:
        """Look at the real ones."""
        some = pile.some(MOST_REAL)
        return cls(extractor, features_of([extractor], "real pictures", some.fakes(), on_progress)[0].cpu(), seed)

    def features(self, what: str, fakes: Fakes, on_progress: OnProgress) -> Tensor:
        """(M, d)."""
        return features_of([self.extractor], what, fakes, on_progress)[0].cpu()

    def cells(self, features: Tensor) -> dict[str, Cell]:
        """`kid`, and `frechet_distance` where both sides have at least twice as many pictures as dimensions."""
        least, enough = min(len(self.real), len(features)), 2 * self.extractor.dimension
        if least < FEWEST:
            return {"kid": Cell(why=f"{least} pictures are too few")}
        found = kernel_distance(self.real, features, generator=torch.Generator().manual_seed(self.seed))
        cells = {"kid": Cell(value=found.mean, interval=found.interval)}
        if least >= enough:
            cells["frechet_distance"] = Cell(value=frechet_distance(self.real, features))
        return cells

    def words(self) -> str:
        """The protocol."""
        which = self.extractor
        resize = f"resize {which.resize}" if which.resize != "none" else "not resized"
        return (
            f"squared MMD (cubic kernel) from the training targets in the features of {which.name} "
            f"({which.dimension}-d, {resize}, {which.fingerprint}); interval over subsets of half; Fréchet distance "
            f"only of at least {2 * which.dimension:,} pictures a side; seed {self.seed}"
        )


def kid_lead(real: Tensor, first: Tensor, other: Tensor, name: str, seed: int) -> Lead | None:
    """How far the first's kernel distance from ``real`` lies below another's: features (N, d) and twice (M, d) of the
    same sources. Both are held against the same subsets, so that what the subsets have in common cancels."""
    n = min(len(real), len(first))
    if n < FEWEST or len(first) != len(other):
        return None
    size, chance = min(SUBSET, n // 2), torch.Generator().manual_seed(seed)
    differences = []
    for _ in range(SUBSETS):
        rows = torch.randperm(len(real), generator=chance)[:size]
        mine = torch.randperm(len(first), generator=chance)[:size]
        distances = [squared_mmd(real[rows], features[mine]) for features in (first, other)]
        differences.append(distances[0] - distances[1])
    values = torch.stack(differences)
    half = NORMAL_95 * float(values.std(correction=0)) * (size / (n - size)) ** 0.5  # the delete-d jackknife
    value = float(values.mean())
    return Lead(score="kid", of=name, value=value, interval=(value - half, value + half), better="lower")
