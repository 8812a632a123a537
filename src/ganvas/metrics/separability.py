"""Linear separability: can a hyperplane in latent space tell what a classifier sees (Karras et al. 2019, 4.2)?"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.codes import check_codes, discrete, entropies, mutual_information, parted, sklearn_module
from ganvas.metrics.interval import NORMAL_95

TESTED = 0.5
RESAMPLES = 200


@dataclass(frozen=True)
class Separability:
    """2^(Σ_i H(Y_i | X_i)): 1 where hyperplanes tell all, 2^(Σ_i H(Y_i)) where they tell nothing."""

    value: float
    interval: tuple[float, float]
    """95 %, by a bootstrap of the held-out rows, on the scale of the exponent."""
    bits: Tensor
    """float64 (a,): H(Y_i | X_i) of each attribute, Y what the classifier says, X what the hyperplane does."""
    most_bits: Tensor
    """float64 (a,): H(Y_i) on the same rows."""
    held_out: int
    """Rows of the last attribute that were scored."""


def linear_separability(
    latents: Tensor, labels: Tensor, *, confidence: Tensor | None = None, seed: int = 0
) -> Separability:
    """Entropy that a linear support vector machine leaves in each attribute, on rows that it was not fitted to.

    The reference code scores the machine on its own training rows and takes a machine that failed for a perfect one.
    Here half of the rows are held out, and a failure is an error.

    Args:
        latents: (N, D), of z or of a mapped space. Published: the more confident half of 200,000.
        labels: int64 (N, a), what classifiers say of the pictures; two or more values each.
        confidence: (N, a) of the labels; with it only the more confident half of the rows counts, attribute by
            attribute.

    Raises:
        GanvasError: as of `check_codes`, an attribute with one value, a machine that does not converge.
    """
    check_codes(latents, labels)
    if labels.is_floating_point():
        raise GanvasError("separability needs labels as whole numbers; say which class, not how surely")
    if confidence is not None and confidence.shape != labels.shape:
        raise GanvasError(f"confidence has shape {tuple(confidence.shape)}, labels {tuple(labels.shape)}")
    generator = torch.Generator().manual_seed(seed)
    bits, most, draws = [], [], torch.zeros(RESAMPLES, dtype=torch.float64)
    for i in range(labels.shape[1]):
        rows = _surest(confidence[:, i]) if confidence is not None else torch.arange(len(labels))
        pairs = _predicted(latents[rows], labels[rows, i], i, seed)
        bits.append(_conditional_bits(pairs))
        most.append(entropies(pairs[:, 1:])[0] / torch.log(torch.tensor(2.0)).double())
        for b in range(RESAMPLES):
            draws[b] += _conditional_bits(pairs[torch.randint(len(pairs), (len(pairs),), generator=generator)])
    total = torch.stack(bits).sum()
    half = NORMAL_95 * float(draws.std())
    low, high = max(0.0, float(total) - half), float(total) + half
    return Separability(2 ** float(total), (2**low, 2**high), torch.stack(bits), torch.stack(most), len(pairs))


def _surest(confidence: Tensor) -> Tensor:
    return confidence.argsort(descending=True)[: -(-len(confidence) // 2)]


def _predicted(latents: Tensor, labels: Tensor, attribute: int, seed: int) -> Tensor:
    """int64 (held out, 2): what the machine says, what the classifier does."""
    svm = sklearn_module("svm", "linear separability")
    ids = discrete(labels[:, None])[:, 0].cpu()
    train, test = parted(len(ids), TESTED, seed)
    if ids[train].min() == ids[train].max():
        raise GanvasError(f"attribute {attribute} has one value in nearly all samples; nothing can be separated by it")
    machine = svm.LinearSVC(dual=False, max_iter=10_000)
    x = latents.double().cpu().numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            machine.fit(x[train], ids[train].numpy())
        except (Warning, ValueError) as error:
            raise GanvasError(f"no hyperplane could be fitted to attribute {attribute}: {error}") from error
    return torch.stack([torch.from_numpy(machine.predict(x[test])).long(), ids[test]], dim=1)


def _conditional_bits(pairs: Tensor) -> Tensor:
    """H(Y | X) = H(Y) − I(X; Y) in bits, of (X, Y) in rows."""
    said, seen = pairs[:, :1], pairs[:, 1:]
    nats = entropies(seen)[0] - mutual_information(said, seen)[0, 0]
    return nats.clamp(min=0) / torch.log(torch.tensor(2.0, dtype=torch.float64))
