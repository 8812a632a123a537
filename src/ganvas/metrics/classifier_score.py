"""Classifier score: the formula of the Inception Score, under any classifier."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.features import check_set


@dataclass(frozen=True)
class ClassifierScore:
    """From 1 (one class, or no idea of any) to the number of classes (sure, and all alike often)."""

    mean: float
    std: float
    """Over the splits, over n. It says how even the splits are, not how far the mean can be trusted."""
    splits: int
    split_size: int

    def numbers(self) -> dict[str, float | None]:
        """The number by name."""
        return {"classifier_score": self.mean}


def classifier_score(logits: Tensor, *, generator: Generator, splits: int = 10) -> ClassifierScore:
    """Mean over the splits of ``exp E KL(p(y|x) ‖ p(y))`` (Salimans et al. 2016, section 4), in float64.

    The published protocol is 50,000 samples in 10 splits. The score grows with the size of a split, so compare at equal
    size; it looks at no real sample, so it sees neither what is missing within a class nor copies. Only with the logits
    of the Inception network is it the Inception Score.

    Args:
        logits: (M, classes) of the generated samples.
        generator: a CPU generator. Samples are shuffled: sorted by class, each split would hold one class, and score 1.
        splits: parts of equal size; what is left over is not used.

    Raises:
        GanvasError: fewer samples than splits, or a single class.
    """
    if splits < 1:
        raise GanvasError(f"splits is {splits}: give at least 1")
    check_set("fake", logits, least=splits)
    if logits.shape[1] < 2:
        raise GanvasError("the classifier has one class only; its score is always 1")
    size = len(logits) // splits
    order = torch.randperm(len(logits), generator=generator)[: splits * size].to(logits.device)
    log_p = logits[order].double().log_softmax(dim=1).reshape(splits, size, -1)
    log_mean = log_p.logsumexp(dim=1, keepdim=True) - math.log(size)
    scores = (log_p.exp() * (log_p - log_mean)).sum(dim=2).mean(dim=1).exp()
    return ClassifierScore(float(scores.mean()), float(scores.std(correction=0)), splits, size)
