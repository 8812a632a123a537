"""A fresh classifier of real against fake, and its logits where it did not train: the judge of two-sample tests."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from ganvas.errors import GanvasError
from ganvas.metrics.features import check_pair
from ganvas.metrics.neighbours import centred, nearest

Method = Literal["mlp", "knn"]
Judge = Callable[[Tensor], Tensor]

FEWEST = 40
"""Rows of each side."""
WIDTH, BATCH, RATE, DECAY = 128, 512, 3e-3, 1e-4
EPOCHS, FEWEST_STEPS, LOOKS = 15, 600, 30
"""Steps are the larger of both; validation looks so often."""
OCTAVES, FEW_DIMENSIONS = 4, 4
"""In few dimensions a density can be far finer than its range, which a small network learns from sines, not from x."""


@dataclass(frozen=True)
class HeldOutLogits:
    """log p(real | x) / p(fake | x) at equal priors, of n rows of each side that the classifier never saw."""

    real: Tensor
    """float64 (n,)."""
    fake: Tensor
    """float64 (n,)."""
    real_rows: Tensor
    """int64 (n,): which rows of the real set they are."""
    fake_rows: Tensor
    """int64 (n,): which rows of the generated set they are."""


def held_out_logits(
    real: Tensor, fake: Tensor, *, generator: Generator, method: Method = "mlp", train_share: float = 0.5
) -> HeldOutLogits:
    """Train a fresh classifier on as many real as generated rows, judge the others, again as many of each.

    ``mlp`` standardises, adds sines and cosines of four octaves in up to four dimensions, and trains two hidden layers
    of 128 with AdamW; a tenth of its rows say when it was best, its start (logit 0: no difference) included, so that
    equal sets are not told apart by overfitting. ``knn`` votes among the √n nearest training rows (Lopez-Paz & Oquab
    2017, section 3).

    Args:
        real: (N, d) features.
        fake: (M, d) features. The larger set is cut at random; min(N, M) ≥ 40.
        generator: a CPU generator: the split, the first weights and the batches.
        method: which classifier.
        train_share: of the rows to train on.
    """
    check_pair(real, fake, least=FEWEST)
    if method not in FITS or not 0.1 <= train_share <= 0.9:
        raise GanvasError(f"method {method!r}, train share {train_share}: take mlp or knn, and a share from .1 to .9")
    rows = min(len(real), len(fake))
    learn = int(rows * train_share)
    places = [torch.randperm(len(features), generator=generator)[:rows].to(real.device) for features in (real, fake)]
    a, b = (features.float()[place] for features, place in zip(centred(real, fake), places, strict=True))
    judge = FITS[method](a[:learn], b[:learn], generator)
    return HeldOutLogits(judge(a[learn:]), judge(b[learn:]), places[0][learn:], places[1][learn:])


def _fit_knn(real: Tensor, fake: Tensor, generator: Generator) -> Judge:
    """Votes with half a vote added on each side, as a logit. k is odd, so that no vote is a draw."""
    both = torch.cat([real, fake])
    k = math.isqrt(len(both)) | 1

    def judge(points: Tensor) -> Tensor:
        votes = (nearest(points, both, k)[1] < len(real)).sum(dim=1).double()
        return ((votes + 0.5) / (k - votes + 0.5)).log()

    return judge


def _fit_mlp(real: Tensor, fake: Tensor, generator: Generator) -> Judge:
    both = torch.cat([real, fake])
    truth = torch.cat([torch.ones(len(real)), torch.zeros(len(fake))]).to(both)
    view = _view(both)
    order = torch.randperm(len(both), generator=generator).to(both.device)
    held = max(len(order) // 10, 4)
    check, learn = order[:held], order[held:]
    network = _network(view(both[:1]).shape[1], generator).to(both.device)
    _train(network, view(both), truth, learn, check, generator)

    @torch.no_grad()
    def judge(points: Tensor) -> Tensor:
        return torch.cat([network(view(part))[:, 0] for part in torch.split(points, 8192)]).double()

    return judge


FITS: dict[Method, Callable[[Tensor, Tensor, Generator], Judge]] = {"mlp": _fit_mlp, "knn": _fit_knn}


def _view(points: Tensor) -> Callable[[Tensor], Tensor]:
    """How the network sees rows: standardised by these points, and as waves where they have few dimensions."""
    mean, deviation = points.mean(dim=0), points.std(dim=0)
    scale = torch.where(deviation > 1e-6 * deviation.max(), deviation, 1.0)  # a feature that never changes stays 0
    octaves = OCTAVES if points.shape[1] <= FEW_DIMENSIONS else 0

    def view(rows: Tensor) -> Tensor:
        x = (rows - mean) / scale
        angles = [x * (math.pi / 4 * 2**octave) for octave in range(octaves)]
        return torch.cat([x, *(wave(angle) for angle in angles for wave in (torch.sin, torch.cos))], dim=1)

    return view


def _network(inputs: int, generator: Generator) -> nn.Sequential:
    """Two hidden layers from seeded weights. The last starts at 0, and says of nothing that it is real or fake."""
    layers = [nn.Linear(inputs, WIDTH), nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 1)]
    for layer in layers[:2]:
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
        nn.init.zeros_(layer.bias)
    nn.init.zeros_(layers[2].weight)
    nn.init.zeros_(layers[2].bias)
    return nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])


@torch.enable_grad()
def _train(
    network: nn.Sequential, inputs: Tensor, truth: Tensor, learn: Tensor, check: Tensor, generator: Generator
) -> None:
    """Leaves the network as it was when the rows ``check`` cost it least."""

    def cost(rows: Tensor) -> Tensor:
        logits: Tensor = network(inputs[rows])[:, 0]
        return (softplus(logits) - truth[rows] * logits).mean()

    steps = max(EPOCHS * len(learn) // BATCH, FEWEST_STEPS)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    least, best = math.log(2), {name: value.clone() for name, value in network.state_dict().items()}
    for step in range(1, steps + 1):
        batch = torch.randint(len(learn), (min(BATCH, len(learn)),), generator=generator).to(learn.device)
        optimiser.zero_grad()
        cost(learn[batch]).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if step % (steps // LOOKS) == 0:
            with torch.no_grad():
                now = float(cost(check))
            if now < least:
                least, best = now, {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(best)
