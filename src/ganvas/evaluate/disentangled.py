"""Do single numbers of z stand for single attributes of the picture? Every disentanglement metric, as measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate.attributes import PICTURE_ATTRIBUTES, Attribute
from ganvas.evaluate.card import Measurement, Protocol
from ganvas.evaluate.extractor import Extractor
from ganvas.evaluate.judge import Judge
from ganvas.metrics.codes import discrete
from ganvas.metrics.dci import dci
from ganvas.metrics.factor_vae import factor_vae_score, from_pool
from ganvas.metrics.interval import NORMAL_95
from ganvas.metrics.mig import mutual_information_gap
from ganvas.metrics.modularity import modularity
from ganvas.metrics.sap import attribute_predictability
from ganvas.metrics.separability import linear_separability
from ganvas.snapshot import Snapshot
from ganvas.space import Classes

CODED = 3000
"""Latents whose pictures' attributes are measured."""
RESAMPLES = 50
TRAIN_VOTES, TEST_VOTES = 2000, 1000
"""Of FactorVAE's score, a fifth of what was published: chance then moves it by ±0.03 at most."""
CHUNK = 256

Better = Literal["higher", "lower"]
Estimate = tuple[float | None, tuple[float, float] | None]
"""A value and its interval."""


@torch.no_grad()
def features(extractor: Extractor, images: Tensor) -> Tensor:
    """uint8 (N, C, H, W) → (N, d), in chunks."""
    return torch.cat([extractor(images[i : i + CHUNK]) for i in range(0, len(images), CHUNK)])


def disentangled(
    snapshot: Snapshot,
    attributes: Mapping[str, Attribute] | None = None,
    judge: Judge | None = None,
    *,
    samples: int = CODED,
    seed: int = 0,
) -> tuple[dict[str, Measurement], list[str]]:
    """Every disentanglement metric of codes z and factors "has more of the attribute than half of its class".

    Each carries in its detail what the same metric gives for factors in shuffled order: what chance alone gives.
    Intervals hold the samples' chance only; of DCI and SAP there is none, for each would have to be fitted anew.
    """
    generator = torch.Generator().manual_seed(seed)
    codes = snapshot.generator.prior.draw(samples, torch.device("cpu"), generator)
    condition = snapshot.conditions(range(samples))
    images = snapshot.generate(codes, condition)
    chosen = dict(PICTURE_ATTRIBUTES if attributes is None else attributes)
    notes: list[str] = []
    if isinstance(snapshot.space.condition, Classes):
        notes.append("n/a: the class as a factor: it is asked for, so z does not hold it")
    elif judge is not None:
        chosen["class"] = lambda images: judge.classify(features(judge, images))
    factors = {name: _factor(attribute(images), condition) for name, attribute in chosen.items()}
    constant = [name for name, values in factors.items() if values.min() == values.max()]
    notes += [f"n/a: {name} as a factor: it is the same in all pictures" for name in constant]
    kept = {name: values for name, values in factors.items() if name not in constant}
    protocol = Protocol(n_fake=samples, seed=seed, detail=f"codes z, factors {', '.join(kept)}")
    if not kept:
        note = "no attribute of the pictures varies, or none was given"
        absent = [missing(name, score.better, protocol, note) for score in SCORES for name in score.names]
        return {found.name: found for found in absent}, [*notes, f"n/a: disentanglement: {note}"]
    matrix = torch.stack(list(kept.values()), dim=1)
    found = [measured for score in SCORES for measured in _measured(score, codes, matrix, protocol, notes)]
    return {measurement.name: measurement for measurement in found}, notes


def missing(name: str, better: Better, protocol: Protocol, why: str) -> Measurement:
    """n/a, saying why."""
    return Measurement(name=name, value=None, better=better, protocol=protocol.but(detail=why))


def _measured(
    score: Score, codes: Tensor, factors: Tensor, protocol: Protocol, notes: list[str]
) -> Iterator[Measurement]:
    """What the score says of the factors and, in the detail, of shuffled ones; n/a adds to the notes."""
    shuffled = factors[torch.randperm(len(factors), generator=torch.Generator().manual_seed(protocol.seed + 1))]
    try:
        found, by_chance = (score.measure(codes, labels, protocol.seed) for labels in (factors, shuffled))
    except GanvasError as error:
        notes.append(f"n/a: {', '.join(score.names)}: {error}")
        yield from (missing(name, score.better, protocol, str(error)) for name in score.names)
        return
    for name, (value, interval), (chance, _) in zip(score.names, found, by_chance, strict=True):
        if value is None or chance is None:
            note = "not defined for one factor or one code"
            notes.append(f"n/a: {name}: {note}")
            yield missing(name, score.better, protocol, note)
            continue
        detail = f"{protocol.detail}, {score.detail}, by chance {chance:.3g}"
        yield Measurement(
            name=name,
            value=value,
            interval=interval,
            collapse=chance,
            better=score.better,
            protocol=protocol.but(detail=detail),
        )


def _factor(values: Tensor, condition: Tensor | None) -> Tensor:
    """int64 (N,): classes as they are, amounts by whether they are above the median of all that were asked alike."""
    if not values.is_floating_point():
        return values.cpu()
    values = values.cpu()
    asked = condition if condition is not None else torch.zeros(len(values), dtype=torch.int64)
    above = torch.zeros(len(values), dtype=torch.int64)
    for alike in torch.unique(asked):
        group = asked == alike
        above[group] = (values[group] > values[group].median()).long()
    return above


@dataclass(frozen=True)
class Score:
    """A metric of codes (N, c), discrete factors (N, f) and a seed: an estimate for each of its names."""

    names: tuple[str, ...]
    measure: Callable[[Tensor, Tensor, int], tuple[Estimate, ...]]
    detail: str
    better: Better = "higher"


def _gap(codes: Tensor, factors: Tensor, seed: int) -> tuple[Estimate, ...]:
    return (_resampled(lambda c, f: mutual_information_gap(c, f).value, codes, factors, seed),)


def _modularity(codes: Tensor, factors: Tensor, seed: int) -> tuple[Estimate, ...]:
    return (_resampled(lambda c, f: modularity(c, f).value, codes, factors, seed),)


def _resampled(statistic: Callable[[Tensor, Tensor], float], codes: Tensor, factors: Tensor, seed: int) -> Estimate:
    """With a normal interval around the value by a bootstrap over rows: its mean is off, for resampling adds the
    plug-in bias of mutual information once more."""
    generator = torch.Generator().manual_seed(seed)
    value, bins = statistic(codes, factors), discrete(codes)
    drawn = torch.empty(RESAMPLES, dtype=torch.float64)
    for i in range(RESAMPLES):
        rows = torch.randint(len(codes), (len(codes),), generator=generator)
        drawn[i] = statistic(bins[rows], factors[rows])
    half = NORMAL_95 * float(drawn.std())
    return value, (max(0.0, value - half), min(1.0, value + half))


def _dci(codes: Tensor, factors: Tensor, seed: int) -> tuple[Estimate, ...]:
    found = dci(codes, factors, seed=seed)
    return (found.disentanglement, None), (found.completeness, None), (found.informativeness, None)


def _predictability(codes: Tensor, factors: Tensor, seed: int) -> tuple[Estimate, ...]:
    return ((attribute_predictability(codes, factors, seed=seed).value, None),)


def _factor_votes(codes: Tensor, factors: Tensor, seed: int) -> tuple[Estimate, ...]:
    if factors.shape[1] < 2:
        raise GanvasError("with one factor every vote is right; FactorVAE's score needs two")
    draw, values = from_pool(codes, factors)
    generator = torch.Generator().manual_seed(seed)
    found = factor_vae_score(draw, values, codes, generator=generator, train_votes=TRAIN_VOTES, test_votes=TEST_VOTES)
    return ((found.value, found.interval),)


def _separability(codes: Tensor, factors: Tensor, seed: int) -> tuple[Estimate, ...]:
    found = linear_separability(codes, factors, seed=seed)
    return ((found.value, found.interval),)


SCORES = (
    Score(("mutual_information_gap",), _gap, "20 bins"),
    Score(("dci_disentanglement", "dci_completeness", "dci_informativeness"), _dci, "random forest, a third held out"),
    Score(("sap",), _predictability, "linear SVM, C = 0.01, a third held out"),
    Score(("factor_vae_score",), _factor_votes, f"{TRAIN_VOTES:,} training and {TEST_VOTES:,} test votes of 64"),
    Score(("modularity",), _modularity, "20 bins"),
    Score(("linear_separability",), _separability, "linear SVM, half held out", "lower"),
)
