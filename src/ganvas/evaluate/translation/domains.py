"""Which of two sets does a picture belong to, in the eyes of a classifier that no GAN has met?

It is trained on the real training pictures of both sets, and its share right on held-out real ones stands beside what
it says of translations. There may be two: a small network trained from scratch, and a linear one on public features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ganvas.errors import GanvasError
from ganvas.evaluate.extractor import Extractor, Material, OnProgress
from ganvas.evaluate.features_cache import digest
from ganvas.evaluate.judge import Judge, self_trained
from ganvas.evaluate.looking import Fakes, features_of
from ganvas.evaluate.translation.pile import Stacked
from ganvas.evaluate.translation.scorecard import Cell
from ganvas.evaluate.translation.ways import Way
from ganvas.metrics.interval import wilson
from ganvas.space import Space

DOUBTFUL = 0.75
"""A classifier that is right on fewer held-out real pictures says little of translations."""
COLUMNS = ("called_target_share", "called_target_share_second")
"""Of the most accurate classifier, and of the other."""
RIDGE = 1e-2
"""Weight decay of the linear classifier, in units of standardised features."""
STEPS = 200
SOURCE, TARGET = 0, 1


@dataclass(frozen=True)
class Domains:
    """``towards(features)`` (N,): above 0 where a picture looks like the way's target, below where like its source."""

    extractor: Extractor
    towards: Callable[[Tensor], Tensor]
    column: str
    accuracy: float
    words: str

    def margins(self, what: str, fakes: Fakes, on_progress: OnProgress) -> Tensor:
        """float (N,) of pictures."""
        return self.towards(features_of([self.extractor], what, fakes, on_progress)[0])

    def cell(self, margins: Tensor) -> Cell:
        """The share called target, with its interval."""
        share = float((margins > 0).double().mean())
        return Cell(value=share, interval=wilson(share, len(margins)))

    def turned(self) -> Domains:
        """The same classifier for the way back."""
        return Domains(self.extractor, lambda features: -self.towards(features), self.column, self.accuracy, self.words)


def unsuitable(way: Way) -> str | None:
    """Why no classifier can be asked about these two sets."""
    if way.classes:
        return "sources are maps of classes: nobody confuses them with pictures"
    if way.channels[0] != way.channels[1]:
        return f"sources have {way.channels[0]} channels and targets {way.channels[1]}: the number tells them apart"
    if way.scale != 1:
        return "sources are the targets, made smaller"
    return None


def trained_from_scratch(
    way: Way, space: Space, seed: int, device: torch.device, on_progress: OnProgress
) -> Domains | None:
    """A small convolutional network, as `ganvas.evaluate.judge` trains it; None without held-out pictures."""
    if way.unseen is None or way.unseen_sources is None:
        return None
    piles = (way.real_sources, way.real, way.unseen_sources, way.unseen)
    stacked = Stacked(*piles)
    labels = np.repeat([SOURCE, TARGET, SOURCE, TARGET], [len(pile) for pile in piles])
    seen = len(way.real_sources) + len(way.real)
    lesson = _balanced(np.arange(seen), labels[:seen])
    judge = self_trained(
        Material(
            stacked.as_array(),
            labels,
            space,
            lesson,
            np.arange(seen, len(stacked)),
            seed,
            device,
            on_progress,
            digest(np.frombuffer(" ".join(pile.key for pile in piles).encode(), np.uint8)),
        )
    )
    words = (
        f"a small convolutional network, trained on {len(way.real_sources):,} + {len(way.real):,} real training "
        f"pictures, resize {judge.resize}; right on {judge.accuracy:.1%} of "
        f"{len(way.unseen_sources):,} + {len(way.unseen):,} held-out real ones; seed {seed}"
    )
    return Domains(judge, lambda features: _margins(judge, features), COLUMNS[0], judge.accuracy, words)


def on_public_features(way: Way, extractor: Extractor, on_progress: OnProgress) -> Domains | None:
    """Logistic regression on an extractor's features; None without held-out pictures."""
    if way.unseen is None or way.unseen_sources is None:
        return None
    piles = {
        "real sources": way.real_sources,
        "real targets": way.real,
        "held-out sources": way.unseen_sources,
        "held-out targets": way.unseen,
    }
    a, b, held_a, held_b = (features_of([extractor], what, p.fakes(), on_progress)[0] for what, p in piles.items())
    towards = _logistic(a, b)
    right = torch.cat([towards(held_a) < 0, towards(held_b) > 0])
    accuracy = float(right.double().mean())
    words = (
        f"logistic regression on the features of {extractor.name} ({extractor.fingerprint}), trained on {len(a):,} + "
        f"{len(b):,} real training pictures; right on {accuracy:.1%} of {len(held_a):,} + {len(held_b):,} held-out "
        "real ones"
    )
    return Domains(extractor, towards, COLUMNS[0], accuracy, words)


def by_accuracy(judges: Sequence[Domains]) -> list[Domains]:
    """The most accurate first, and each with its column."""
    order = sorted(judges, key=lambda judge: -judge.accuracy)
    return [replace(judge, column=column) for judge, column in zip(order, COLUMNS, strict=False)]


def _balanced(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The rows, those of the smaller class as often as it takes: a judge must not profit from guessing the larger."""
    few, many = sorted((rows[labels == label] for label in (SOURCE, TARGET)), key=len)
    if not len(few):
        raise GanvasError("one of the two sets has no training pictures: there is nothing to tell apart")
    return np.concatenate([many, np.resize(few, len(many))])


def _margins(judge: Judge, features: Tensor) -> Tensor:
    with torch.no_grad():
        logits: Tensor = judge.head(features.to(judge.device)).cpu()
    return logits[:, TARGET] - logits[:, SOURCE]


def _logistic(sources: Tensor, targets: Tensor) -> Callable[[Tensor], Tensor]:
    """Both sets count the same, however large; Newton's method by L-BFGS on standardised features."""
    both = torch.cat([sources, targets]).double().cpu()
    mean, deviation = both.mean(dim=0), both.std(dim=0).clamp(min=1e-6)
    rows = (both - mean) / deviation
    labels = torch.cat([torch.zeros(len(sources)), torch.ones(len(targets))]).double()
    weights = torch.cat([torch.full((len(side),), 0.5 / len(side)) for side in (sources, targets)]).double()
    slope, offset = torch.zeros(rows.shape[1], dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    slope.requires_grad_(), offset.requires_grad_()
    optimizer = torch.optim.LBFGS([slope, offset], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        each = functional.binary_cross_entropy_with_logits(rows @ slope + offset, labels, reduction="none")
        total = (each * weights).sum() + RIDGE * slope.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    with torch.enable_grad():
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    slope, offset = slope.detach(), offset.detach()
    return lambda features: ((features.double().cpu() - mean) / deviation) @ slope + offset
