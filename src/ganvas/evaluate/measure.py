"""How good is this generator? How close is this image set to that one? Both questions are answered by a `Card`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganvas import metrics
from ganvas.evaluate.benchmarks import measure_benchmark
from ganvas.evaluate.card import Card, Measurement, Protocol, thousands
from ganvas.evaluate.compare import Findings, Seen, compare
from ganvas.evaluate.disentangled import CODED, disentangled
from ganvas.evaluate.evidence import Evidence, gather_evidence
from ganvas.evaluate.extractor import OnProgress, in_silence
from ganvas.evaluate.extractors import EXTRACTORS
from ganvas.evaluate.features_cache import Kept, code_of, keep, load, samples_key
from ganvas.evaluate.latent import well_behaved
from ganvas.evaluate.looking import Fakes, rows_of
from ganvas.evaluate.sets import Fingerprinted, Pictures, Sampler, check_spaces
from ganvas.evaluate.speed import BATCH, measure_speed
from ganvas.schedule import value_at
from ganvas.snapshot import Snapshot
from ganvas.space import Classes, Space

SEEDS_APART = 1_000_000
"""Evaluation starts at this seed: nobody has chosen a snapshot by looking at these pictures."""
PAIRS = 1000
"""Of latents, on whose ways the latent space is judged."""
NO_DENSITY = Measurement(
    name="likelihood",
    value=None,
    unit="bits per dimension",
    better="lower",
    protocol=Protocol(detail="the generator draws pictures but holds no density: it cannot say how probable one is"),
)
NO_DISCRIMINATOR = Measurement(
    name="optimal_discriminator_gap",
    value=None,
    unit="nats",
    better="lower",
    protocol=Protocol(detail="the pictures came without their discriminator: snapshots keep none"),
)


def evaluate(
    sampler: Sampler,
    dataset: Pictures,
    *,
    samples: int = 10_000,
    extractors: Sequence[str] = tuple(EXTRACTORS),
    truncation: float = 1.0,
    seed: int = 0,
    device: torch.device | str = "cpu",
    thorough: bool = True,
    on_progress: OnProgress | None = None,
) -> Card:
    """Measure a generator against real pictures.

    Distances compare equally many real and generated pictures: half of the real set, but at most ``samples``; the other
    half gives the reference. Classes are asked for as often as the data have them, and judged over all samples. Data
    that name a benchmark get its rows, measured on as many pictures as it prescribes. The latent space is that of a
    `Snapshot`; other samplers keep theirs to themselves.

    Args:
        sampler: the generator.
        dataset: real pictures of the generator's space.
        samples: pictures to generate.
        extractors: names from `EXTRACTORS`; those that the data do not suffice for are left out, with a note.
        truncation: handed to the sampler.
        seed: of the split, the samples, the extractors and the subsets.
        device: where features are computed; the sampler knows its own.
        thorough: also what takes longer: two-sample test, bins, novelty, the latent space.
        on_progress: called with (what, done, total).

    Raises:
        GanvasError: spaces that do not match, too few pictures, an unknown extractor.
    """
    return examine(
        sampler,
        dataset,
        samples=samples,
        extractors=extractors,
        truncation=truncation,
        seed=seed,
        device=device,
        thorough=thorough,
        on_progress=on_progress,
    )[0]


def examine(
    sampler: Sampler,
    dataset: Pictures,
    *,
    samples: int = 10_000,
    extractors: Sequence[str] = tuple(EXTRACTORS),
    truncation: float = 1.0,
    seed: int = 0,
    device: torch.device | str = "cpu",
    thorough: bool = True,
    show: bool = False,
    on_progress: OnProgress | None = None,
) -> tuple[Card, Evidence | None]:
    """`evaluate`, and if asked to ``show`` also the pictures that the numbers rest on."""
    start = time.perf_counter()
    check_spaces(dataset.space, sampler.space, "the generator")
    asked = asked_classes(sampler.space, dataset, max(samples, BATCH), seed)
    speed = measure_speed(sampler, asked, truncation)
    asked = asked[:samples] if asked is not None else None
    fakes = _samples(sampler, asked, truncation, samples, seed)
    place, tell = torch.device(device), on_progress or in_silence
    found = compare(dataset, fakes, extractors, seed, place, tell, part=part_of(dataset.name), thorough=thorough)
    draw = partial(draw_fakes, sampler, dataset, truncation, seed)
    more = measure_benchmark(dataset, draw, seed, place, tell)
    assert found.seen is not None, "compare has looked at them"
    latent = _latent(sampler, dataset, found.seen, seed, tell) if thorough else Findings()
    unasked = () if asked is not None else ("n/a: class accuracy needs a generator and data with classes",)
    evidence = gather_evidence(sampler, dataset, fakes, found.seen, seed, tell) if show else None
    card = Card(
        data=dataset.name,
        data_fingerprint=dataset.fingerprint,
        space=str(dataset.space),
        samples=samples,
        truncation=truncation,
        family="gan" if isinstance(sampler, Snapshot) else None,
        seed=seed,
        measurements=tuple(
            m.but(protocol=m.protocol.but(weights=weights_of(sampler)))
            for m in (
                *(*found.measurements, *more.measurements, *latent.measurements, *speed),
                *(NO_DENSITY, NO_DISCRIMINATOR),
            )
        ),
        classes=found.classes,
        judge_accuracy=found.judge_accuracy,
        notes=(*found.notes, *more.notes, *latent.notes, *unasked),
        seconds=time.perf_counter() - start,
    )
    return card, evidence


def compare_sets(
    real: Pictures,
    fake: Pictures,
    *,
    samples: int = 50_000,
    extractors: Sequence[str] = ("pixels", "random-conv"),
    seed: int = 0,
    device: torch.device | str = "cpu",
    thorough: bool = True,
    on_progress: OnProgress | None = None,
) -> Card:
    """Measure an image set against a real one, which comes first; at most ``samples`` of it, drawn by chance.

    The other arguments, and the errors, are those of `evaluate`.
    """
    return examine_sets(
        real,
        fake,
        samples=samples,
        extractors=extractors,
        seed=seed,
        device=device,
        thorough=thorough,
        on_progress=on_progress,
    )[0]


def examine_sets(
    real: Pictures,
    fake: Pictures,
    *,
    samples: int = 50_000,
    extractors: Sequence[str] = ("pixels", "random-conv"),
    seed: int = 0,
    device: torch.device | str = "cpu",
    thorough: bool = True,
    show: bool = False,
    on_progress: OnProgress | None = None,
) -> tuple[Card, Evidence | None]:
    """`compare_sets`, and if asked to ``show`` also the pictures that the numbers rest on."""
    start = time.perf_counter()
    check_spaces(real.space, fake.space, fake.name)
    rows = torch.randperm(len(fake.images), generator=torch.Generator().manual_seed(seed))[:samples].numpy()
    fakes, tell = rows_of(fake, rows), on_progress or in_silence
    found = compare(real, fakes, extractors, seed, torch.device(device), tell, thorough=thorough)
    assert found.seen is not None, "compare has looked at them"
    evidence = gather_evidence(None, real, fakes, found.seen, seed, tell) if show else None
    card = Card(
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
    return card, evidence


def weights_of(sampler: Sampler) -> str | None:
    """Whether the pictures are made by averaged weights, in the word that goes into a label; None where nobody knows.

    A half-life that changes over the run is named by the one that it ends with.
    """
    if not isinstance(sampler, Snapshot):
        return None
    half_life = value_at(sampler.recipe.average.half_life, 1.0)
    return f"ema{thousands(half_life)}" if half_life > 0 else "raw"


def part_of(name: str) -> str:
    """Which part of the data a set of that name is, in the word that goes into a label."""
    return next((part for part in ("test", "val") if part in name.lower()), "train")


def _latent(sampler: Sampler, dataset: Pictures, seen: Seen, seed: int, on_progress: OnProgress) -> Findings:
    """Both properties of the latent space, where there is one to look into."""
    if not isinstance(sampler, Snapshot):
        return Findings(notes=("n/a: the latent space: this sampler has none to look into",))
    key = {
        "latent": [sampler.fingerprint, seen.extractor.fingerprint, *seen.keys[:2]],
        "seed": seed,
        "code": code_of(Path(__file__).parent, Path(metrics.__file__).parent),
    }
    kept = load(key)
    if kept:
        found = tuple(Measurement.model_validate(facts) for facts in kept.facts["measurements"])
        return Findings(found, tuple(kept.facts["notes"]))
    on_progress("walking through the latent space", 0, 2)
    behaved, notes = well_behaved(sampler, seen.extractor, seen.real, seen.unseen, pairs=PAIRS, seed=seed)
    on_progress("walking through the latent space", 1, 2)
    told, more = disentangled(sampler, judge=seen.judge, samples=CODED, seed=seed)
    on_progress("walking through the latent space", 2, 2)
    findings = Findings((*behaved.values(), *told.values()), (*notes, *more))
    facts = {"measurements": [m.model_dump(mode="json") for m in findings.measurements], "notes": list(findings.notes)}
    keep(key, Kept({}, facts))
    return findings


def asked_classes(space: Space, dataset: Pictures, count: int, seed: int) -> Tensor | None:
    """Classes int64 (count,), as frequent as the data's; None where the generator or the data have none."""
    if not isinstance(space.condition, Classes) or dataset.labels is None:
        return None
    rows = torch.randint(len(dataset.labels), (count,), generator=torch.Generator().manual_seed(seed))
    return torch.from_numpy(dataset.labels[rows.numpy()])


def draw_fakes(sampler: Sampler, dataset: Pictures, truncation: float, seed: int, count: int) -> Fakes:
    """``count`` pictures of the classes that the data have, made when they are looked at."""
    asked = asked_classes(sampler.space, dataset, count, seed)
    return _samples(sampler, asked, truncation, count, seed)


def _samples(sampler: Sampler, asked: Tensor | None, truncation: float, count: int, seed: int) -> Fakes:
    """Pictures that are made when they are looked at; known again by what they are made from, if that can be told."""
    first = SEEDS_APART * (1 + seed)

    def draw(rows: np.ndarray) -> Tensor:
        condition = asked[torch.from_numpy(rows)] if asked is not None else None
        return sampler.sample([first + row for row in rows.tolist()], condition, truncation)

    if not isinstance(sampler, Fingerprinted):
        return Fakes(draw, count, asked)
    return Fakes(draw, count, asked, samples_key(sampler.fingerprint, first, count, truncation, asked))
