"""How good is this generator? How close is this image set to that one? Both questions are answered by a `Card`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ganvas.evaluate.benchmarks import measure_benchmark
from ganvas.evaluate.card import Card
from ganvas.evaluate.compare import CHUNK, Fakes, compare, rows_of
from ganvas.evaluate.extractor import OnProgress, in_silence
from ganvas.evaluate.extractors import EXTRACTORS
from ganvas.evaluate.features_cache import samples_key
from ganvas.evaluate.sets import Fingerprinted, Pictures, Sampler, check_spaces
from ganvas.evaluate.speed import BATCH, measure_speed
from ganvas.space import Classes, Space

SEEDS_APART = 1_000_000
"""Evaluation starts at this seed: nobody has chosen a snapshot by looking at these pictures."""


def evaluate(
    sampler: Sampler,
    dataset: Pictures,
    *,
    samples: int = 10_000,
    extractors: Sequence[str] = tuple(EXTRACTORS),
    truncation: float = 1.0,
    seed: int = 0,
    device: torch.device | str = "cpu",
    on_progress: OnProgress | None = None,
) -> Card:
    """Measure a generator against real pictures.

    Distances compare equally many real and generated pictures: half of the real set, but at most ``samples``; the other
    half gives the reference. Classes are asked for as often as the data have them, and judged over all samples. Data
    that name a benchmark get its rows, measured on as many pictures as it prescribes.

    Args:
        sampler: the generator.
        dataset: real pictures of the generator's space.
        samples: pictures to generate.
        extractors: names from `EXTRACTORS`; those that the data do not suffice for are left out, with a note.
        truncation: handed to the sampler.
        seed: of the split, the samples, the extractors and the subsets.
        device: where features are computed; the sampler knows its own.
        on_progress: called with (what, done, total).

    Raises:
        GanvasError: spaces that do not match, too few pictures, an unknown extractor.
    """
    start = time.perf_counter()
    check_spaces(dataset.space, sampler.space, "the generator")
    asked = asked_classes(sampler.space, dataset, max(samples, BATCH), seed)
    speed = measure_speed(sampler, asked, truncation)
    asked = asked[:samples] if asked is not None else None
    fakes = _samples(sampler, asked, truncation, samples, seed)
    place, tell = torch.device(device), on_progress or in_silence
    found = compare(dataset, fakes, extractors, seed, place, tell)
    more = measure_benchmark(dataset, lambda count: _draw(sampler, dataset, truncation, count, seed), seed, place, tell)
    unasked = () if asked is not None else ("n/a: class accuracy needs a generator and data with classes",)
    return Card(
        data=dataset.name,
        data_fingerprint=dataset.fingerprint,
        space=str(dataset.space),
        samples=samples,
        truncation=truncation,
        seed=seed,
        measurements=(*found.measurements, *more.measurements, *speed),
        classes=found.classes,
        judge_accuracy=found.judge_accuracy,
        notes=(*found.notes, *more.notes, *unasked),
        seconds=time.perf_counter() - start,
    )


def compare_sets(
    real: Pictures,
    fake: Pictures,
    *,
    samples: int = 50_000,
    extractors: Sequence[str] = ("pixels", "random-conv"),
    seed: int = 0,
    device: torch.device | str = "cpu",
    on_progress: OnProgress | None = None,
) -> Card:
    """Measure an image set against a real one, which comes first; at most ``samples`` of it, drawn by chance.

    The other arguments, and the errors, are those of `evaluate`.
    """
    start = time.perf_counter()
    check_spaces(real.space, fake.space, fake.name)
    rows = torch.randperm(len(fake.images), generator=torch.Generator().manual_seed(seed))[:samples].numpy()
    found = compare(real, rows_of(fake, rows), extractors, seed, torch.device(device), on_progress or in_silence)
    return Card(
        data=real.name,
        data_fingerprint=real.fingerprint,
        space=str(real.space),
        samples=len(rows),
        seed=seed,
        measurements=found.measurements,
        classes=found.classes,
        judge_accuracy=found.judge_accuracy,
        notes=found.notes,
        seconds=time.perf_counter() - start,
    )


def asked_classes(space: Space, dataset: Pictures, count: int, seed: int) -> Tensor | None:
    """Classes int64 (count,), as frequent as the data's; None where the generator or the data have none."""
    if not isinstance(space.condition, Classes) or dataset.labels is None:
        return None
    rows = torch.randint(len(dataset.labels), (count,), generator=torch.Generator().manual_seed(seed))
    return torch.from_numpy(dataset.labels[rows.numpy()])


def _draw(sampler: Sampler, dataset: Pictures, truncation: float, count: int, seed: int) -> Fakes:
    asked = asked_classes(sampler.space, dataset, count, seed)
    return _samples(sampler, asked, truncation, count, seed)


def _samples(sampler: Sampler, asked: Tensor | None, truncation: float, count: int, seed: int) -> Fakes:
    """Pictures that are made when they are looked at; known again by what they are made from, if that can be told."""
    first = SEEDS_APART * (1 + seed)
    made = _sampled(sampler, asked, truncation, count, first)
    if not isinstance(sampler, Fingerprinted):
        return Fakes(made, count, asked)
    return Fakes(made, count, asked, samples_key(sampler.fingerprint, first, count, truncation, asked))


def _sampled(sampler: Sampler, asked: Tensor | None, truncation: float, samples: int, first: int) -> Iterator[Tensor]:
    for start in range(0, samples, CHUNK):
        stop = min(start + CHUNK, samples)
        condition = asked[start:stop] if asked is not None else None
        yield sampler.sample(range(first + start, first + stop), condition, truncation)
