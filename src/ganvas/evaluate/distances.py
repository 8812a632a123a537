"""All distances between real and generated features of one extractor, each beside its real-versus-real value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ganvas import metrics
from ganvas.evaluate.card import Measurement, Protocol
from ganvas.evaluate.extractor import Extractor
from ganvas.evaluate.features_cache import Kept, code_of, keep, load
from ganvas.metrics import bootstrap_mean, frechet_distance, kernel_distance, neighbour_scores, wilson

K_MANIFOLD = 3
K_DENSITY = 5
SUBSETS = 50
MOST_COPIES = 2000
"""Of one picture, for the collapse row: more of them change nothing."""
SPLIT = "disjoint random parts of the real set"

FID_NETWORK = "inception"
"""The Fréchet distance of nobody else's features may be called FID."""

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Estimate:
    """A distance before it knows its reference."""

    name: str
    value: float
    better: Better
    interval: tuple[float, float] | None = None
    k: int | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Distances:
    """Estimates in the order in which a card shows them, and which of the real pictures lie within a fake ball."""

    estimates: list[Estimate]
    recalled: Tensor
    """bool (N,)."""


@dataclass(frozen=True)
class Measured:
    """What goes into a card, and which real pictures, bool (N,), generated and unseen ones come near to."""

    measurements: list[Measurement]
    recalled: Tensor
    reference_recalled: Tensor


def distances(real: Tensor, fake: Tensor, seed: int) -> Distances:
    """Every distance of fake (M, d) from real (N, d)."""
    generator = torch.Generator().manual_seed(seed)
    kernel = kernel_distance(real, fake, generator=generator, subsets=SUBSETS)
    scores = neighbour_scores(real, fake, k_manifold=K_MANIFOLD, k_density=K_DENSITY)
    means = scores.means()

    def share(name: str, k: int) -> Estimate:
        return Estimate(name, means[name], "higher", wilson(means[name], len(vars(scores)[name])), k)

    subsets = f"{kernel.subsets} subsets of {kernel.subset_size}, std {kernel.std:.3g}"
    estimates = [
        Estimate("frechet_distance", frechet_distance(real, fake), "lower"),
        Estimate("kernel_distance", kernel.mean, "lower", kernel.interval, detail=subsets),
        share("precision", K_MANIFOLD),
        share("recall", K_MANIFOLD),
        Estimate("density", means["density"], "higher", bootstrap_mean(scores.density, generator), K_DENSITY),
        share("coverage", K_DENSITY),
    ]
    return Distances(estimates, scores.recall.cpu())


def measure_distances(
    extractor: Extractor,
    real: Tensor,
    unseen: Tensor,
    fake: Tensor,
    seed: int,
    keys: Sequence[str | None] = (None, None, None),
    part: str | None = None,
) -> Measured:
    """The distances of fake (M, d) from real (N, d), of unseen real features (M, d) from the same as reference, and of
    one real picture repeated as collapse.

    Where N is under 2·d the kernel distance is the headline instead of the Fréchet distance, whose bias is then as
    large as what it measures. ``keys`` name the pictures of the three sets, in that order: with them the numbers are
    kept, and found again. ``part`` says in a word which real pictures these are.
    """
    code = code_of(Path(__file__), Path(metrics.__file__).parent)
    about = {"extractor": extractor.fingerprint, "seed": seed, "code": code}
    cases = ((fake, keys[2]), (unseen, keys[1]), (repeated(real), "repeated"))
    measured, references, collapsed = (
        _known(real, other, seed, {**about, "distances": [keys[0], key, len(other)]} if keys[0] and key else None)
        for other, key in cases
    )
    headline = {"frechet_distance": len(real) >= 2 * extractor.dimension}
    headline["kernel_distance"] = not headline["frechet_distance"]
    protocol = protocol_of(extractor, len(real), len(fake), seed, part)
    measurements = [
        Measurement(
            name=_called(found.name, extractor),
            value=found.value,
            interval=found.interval,
            reference=reference.value,
            collapse=stuck.value,
            better=found.better,
            headline=headline.get(found.name, True),
            protocol=protocol.but(k=found.k, detail=found.detail),
        )
        for found, reference, stuck in zip(measured.estimates, references.estimates, collapsed.estimates, strict=True)
    ]
    return Measured(measurements, measured.recalled, references.recalled)


def protocol_of(extractor: Extractor, n_real: int, n_fake: int, seed: int, part: str | None) -> Protocol:
    """What all numbers in these features have in common."""
    return Protocol(
        n_real=n_real,
        n_fake=n_fake,
        seed=seed,
        extractor=extractor.name,
        dimension=extractor.dimension,
        resize=extractor.resize,
        fingerprint=extractor.fingerprint,
        split=SPLIT,
        part=part,
    )


def repeated(real: Tensor) -> Tensor:
    """The most typical row of (N, d), the one nearest to the mean, over and over: what a collapsed generator makes."""
    typical = int((real - real.mean(dim=0)).square().sum(dim=1).argmin())
    return real[typical].expand(min(len(real), MOST_COPIES), -1).contiguous()


def _known(real: Tensor, fake: Tensor, seed: int, key: Mapping[str, Any] | None) -> Distances:
    """`distances`, or what they were when last measured."""
    kept = load(key) if key else None
    if kept:
        return Distances([Estimate(**facts) for facts in kept.facts["distances"]], kept.tensors["recalled"])
    found = distances(real, fake, seed)
    if key:
        estimates = [asdict(estimate) for estimate in found.estimates]
        keep(key, Kept({"recalled": found.recalled}, {"distances": estimates}))
    return found


def _called(name: str, extractor: Extractor) -> str:
    return "fid" if (name, extractor.name.partition(":")[0]) == ("frechet_distance", FID_NETWORK) else name
