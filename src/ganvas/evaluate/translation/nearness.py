"""How near translations come to the pictures that they should be, each scored by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate import pairs
from ganvas.evaluate.extractor import OnProgress
from ganvas.evaluate.features_cache import Kept, code_of
from ganvas.evaluate.pairs import NAMES, Perceptual, Scores, means, plain, score_pair
from ganvas.evaluate.translation.made import Made, in_parts
from ganvas.evaluate.translation.pile import Pile, Rows
from ganvas.evaluate.translation.scorecard import COLUMNS, Cell, Lead
from ganvas.images import viewable
from ganvas.metrics import fidelity, lpips
from ganvas.metrics.interval import bootstrap_mean

TOO_SMALL = "the pictures are too small for it"


def perceptual_or_why(device: torch.device) -> tuple[Perceptual | None, str]:
    """LPIPS where its weights are on this machine, else why not."""
    try:
        network = lpips.load_lpips("alexnet").to(device)
    except GanvasError as error:
        return None, str(error)

    def compare(pictures: Tensor, targets: Tensor) -> Tensor:
        found: Tensor = network(pictures.to(device), targets.to(device)).cpu()
        return found

    compare.smallest = network.smallest  # type: ignore[attr-defined]
    return compare, TOO_SMALL


def scores_of(
    made: Made, results: Tensor, truths: Pile, border: int, perceptual: Perceptual | None, on_progress: OnProgress
) -> list[Scores]:
    """The scores of every picture, by `score_pair`; kept, so that they are computed once.

    Args:
        results: uint8 (N, C, H, W), of the size of ``truths``.
    """
    key = {
        "nearness": made.key,
        "to": truths.key,
        "results": list(results.shape),
        "border": border,
        "lpips": perceptual is not None,
        "code": code_of(*(Path(str(module.__file__)) for module in (pairs, fidelity, lpips))),
    }

    def few(rows: Rows) -> Kept:
        true = truths.levels(rows)
        rated = [
            score_pair(viewable(results[int(row)][None])[0], truth, border, perceptual)
            for row, truth in zip(rows, true, strict=True)
        ]
        return Kept({}, {"scores": [{k: _told(v) for k, v in row.items()} for row in rated]})

    parts = in_parts(key, len(truths), few, f"{made.method.name}: comparing with the truth", on_progress)
    return [{k: _heard(v) for k, v in row.items()} for part in parts for row in part.facts["scores"]]


def cells(scores: Sequence[Scores], why: str, seed: int, prefix: str = "") -> dict[str, Cell]:
    """Means over pictures with their intervals; ``why`` says why LPIPS is n/a."""
    found = {}
    for name, mean in means(scores, seed).items():
        reason = None
        if mean.value is None:
            reason = why if name == "lpips" else TOO_SMALL
        elif plain(mean.value) is None:
            reason = "infinite: pictures are equal to the last bit"
        found[f"{prefix}{name}"] = Cell(value=plain(mean.value), interval=mean.interval, why=reason)
    return found


def leads(first: Sequence[Scores], others: Mapping[str, Sequence[Scores]], seed: int) -> list[Lead]:
    """How far the first is ahead of each other one, picture by picture: what differs between pictures cancels."""
    found = []
    for name, scores in others.items():
        for score in NAMES:
            pairs_of = zip((row[score] for row in first), (row[score] for row in scores), strict=True)
            differences = [a - b for a, b in pairs_of if a is not None and b is not None]
            if len(differences) < 2 or not all(map(math.isfinite, differences)):
                continue
            values = torch.tensor(differences, dtype=torch.float64)
            interval = bootstrap_mean(values, torch.Generator().manual_seed(seed))
            better = COLUMNS[score].better
            found.append(Lead(score=score, of=name, value=float(values.mean()), interval=interval, better=better))
    return found


def _told(value: float | None) -> float | str | None:
    """JSON knows no infinity."""
    return "inf" if value is not None and math.isinf(value) else value


def _heard(value: float | str | None) -> float | None:
    return None if value is None else float(value)
