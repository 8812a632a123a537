"""Is the latent space well behaved, and is it disentangled? Two properties of a snapshot, as measurements.

Well behaved: every z, and every z between two of them, gives a plausible picture; small steps in z are small steps in
the picture, and all directions of z matter alike. Disentangled: single numbers of z stand for single attributes of the
picture. The attributes are measured on the pictures themselves, so that no labels are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate.attributes import Attribute
from ganvas.evaluate.card import Measurement, Protocol
from ganvas.evaluate.disentangled import CODED, disentangled, features, missing
from ganvas.evaluate.extractor import Extractor, NetworkExtractor, OnProgress, in_silence
from ganvas.evaluate.judge import Judge
from ganvas.metrics.interval import bootstrap_mean, wilson
from ganvas.metrics.jacobian import conditioning
from ganvas.metrics.manifold import K, manifold_shares
from ganvas.metrics.neighbours import neighbour_scores
from ganvas.metrics.path_length import WHERE, Generate, between, direct_lengths, path_length, squared_euclidean
from ganvas.snapshot import Snapshot

PAIRS = 2000
JACOBIANS = 32
PATH_OF = {"normal": "slerp", "uniform": "lerp"}
"""The path on which a prior's latents lie; straight for any other."""


@dataclass(frozen=True)
class LatentFindings:
    """Measurements by name, and what could not be measured."""

    well_behaved: dict[str, Measurement]
    disentangled: dict[str, Measurement]
    notes: tuple[str, ...]


def measure_latent(
    snapshot: Snapshot,
    real: Tensor,
    extractor: Extractor,
    *,
    unseen: Tensor | None = None,
    attributes: Mapping[str, Attribute] | None = None,
    judge: Judge | None = None,
    pairs: int = PAIRS,
    samples: int = CODED,
    seed: int = 0,
    on_progress: OnProgress = in_silence,
) -> LatentFindings:
    """Both properties of one snapshot.

    Args:
        snapshot: with a generator.
        real: uint8 (N, C, H, W) pictures, whose features make the manifold.
        extractor: of the features.
        unseen: other real pictures, for the reference of the precisions.
        attributes: what a picture may show more or less of; `PICTURE_ATTRIBUTES` by default, none if empty.
        judge: names the classes of a generator that cannot be asked for one; where it can, z does not hold the class.
        pairs: of latents, for the paths and the midpoints.
        samples: latents whose attributes are measured.
        seed: of latents, paths, splits and resampling.

    Raises:
        GanvasError: no generator, too few pictures or pairs, other numbers of channels.
    """
    on_progress("walking through the latent space", 0, 3)
    looked_at = features(extractor, real)
    others = features(extractor, unseen) if unseen is not None else None
    behaved, notes = well_behaved(snapshot, extractor, looked_at, others, pairs=pairs, seed=seed)
    on_progress("walking through the latent space", 2, 3)
    told, more = disentangled(snapshot, attributes, judge, samples=samples, seed=seed)
    on_progress("walking through the latent space", 3, 3)
    return LatentFindings(behaved, told, (*notes, *more))


def well_behaved(
    snapshot: Snapshot,
    extractor: Extractor,
    real: Tensor,
    unseen: Tensor | None = None,
    *,
    pairs: int = PAIRS,
    seed: int = 0,
) -> tuple[dict[str, Measurement], list[str]]:
    """Path lengths, precision of random latents and of midpoints, and the condition number; with notes on n/a.

    Where classes can be asked for, a pair keeps one class, and pairs take the classes in turn.

    The midpoint of two normal latents on the great circle is nearly another draw from the prior, so its precision is
    nearly that of random latents by construction: there the random latents are the test. The midpoint of two uniform
    ones is not, and tells more.

    Args:
        real, unseen: features (N, d) of real pictures, disjoint.
    """
    generator = torch.Generator().manual_seed(seed)
    prior = snapshot.generator.prior
    starts, stops = prior.draw(2 * pairs, torch.device("cpu"), generator).chunk(2)
    walk = _Walk(snapshot, starts, stops, snapshot.conditions(range(pairs)), PATH_OF.get(prior.kind, "lerp"), seed)
    protocol = Protocol(
        n_real=len(real),
        n_fake=3 * pairs,
        k=K,
        seed=seed,
        extractor=extractor.name,
        dimension=extractor.dimension,
        resize=extractor.resize,
        fingerprint=extractor.fingerprint,
        detail=f"pairs of one class, t = 0, 1/2 and 1 by {walk.path}",
    )
    inside = _inside(walk, extractor, real, unseen, protocol, generator)
    lengths, notes = _lengths(walk, extractor, protocol.but(n_real=None, n_fake=None, k=None), generator)
    number, more = _condition_number(walk, generator)
    return {found.name: found for found in (*lengths, *inside, number)}, [*notes, *more]


@dataclass(frozen=True)
class _Walk:
    """Pairs of latents, what they are asked to show, and the way from one to the other."""

    snapshot: Snapshot
    starts: Tensor
    stops: Tensor
    condition: Tensor | None
    path: str
    seed: int

    @property
    def generate(self) -> Generate:
        """Latents to float pictures in [−1, 1], on the generator's device."""
        network = self.snapshot.generator
        device = next(network.parameters()).device

        def pictures(z: Tensor, condition: Tensor | None) -> Tensor:
            images: Tensor = network(z.to(device), condition.to(device) if condition is not None else None)
            return images

        return pictures


def _inside(
    walk: _Walk,
    extractor: Extractor,
    real: Tensor,
    unseen: Tensor | None,
    protocol: Protocol,
    generator: torch.Generator,
) -> list[Measurement]:
    halfway = between(walk.starts, walk.stops, torch.full((len(walk.starts),), 0.5), walk.path)
    looks = [features(extractor, walk.snapshot.generate(z, walk.condition)) for z in (walk.starts, walk.stops, halfway)]
    shares = manifold_shares(real, looks[0], looks[1], looks[2])
    reference = (
        float(neighbour_scores(real, unseen, k_manifold=K).precision.double().mean()) if unseen is not None else None
    )

    def measured(name: str, inside: Tensor) -> Measurement:
        share = float(inside.double().mean())
        interval = wilson(share, inside.numel())
        return Measurement(
            name=name,
            value=share,
            interval=interval,
            reference=reference,
            collapse=1.0,  # one real picture is inside, wherever z is
            better="higher",
            protocol=protocol,
        )

    loss = Measurement(
        name="interpolation_precision_loss",
        value=float(shares.loss.mean()),
        interval=bootstrap_mean(shares.loss, generator),
        reference=0.0,
        better="lower",
        protocol=protocol,
    )
    return [measured("random_precision", shares.ends), measured("midpoint_precision", shares.midpoints), loss]


def _lengths(
    walk: _Walk, extractor: Extractor, protocol: Protocol, generator: torch.Generator
) -> tuple[list[Measurement], list[str]]:
    """Path lengths full and at the end, and the full one over the squared distance as the crow flies."""
    names = [f"path_length_{where}" for where in WHERE]
    if not isinstance(extractor, NetworkExtractor):
        note = f"{extractor.name} takes pictures of 8 bits only, in which steps of 1e-4 vanish"
        absent = [missing(name, "lower", protocol, note) for name in (*names, "path_length_ratio")]
        return absent, [f"n/a: path lengths: {note}"]

    def looked_at(images: Tensor) -> Tensor:
        found: Tensor = extractor.network.eval()(extractor.resizing(images.to(extractor.device)))
        return found

    distance = squared_euclidean(looked_at)
    ways = {
        where: path_length(
            walk.generate,
            distance,
            walk.starts,
            walk.stops,
            generator=generator,
            path=walk.path,
            where=where,
            condition=walk.condition,
        )
        for where in WHERE
    }
    measured = [
        Measurement(
            name=name,
            value=found.value,
            interval=found.interval,
            collapse=0.0,
            unit="squared feature distance per t²",
            better="lower",
            protocol=protocol.but(detail=found.protocol),
        )
        for name, found in zip(names, ways.values(), strict=True)
    ]
    crow = direct_lengths(walk.generate, distance, walk.starts, walk.stops, walk.condition)
    value, interval = _ratio(ways["full"].lengths, crow, generator)
    detail = f"{len(crow):,} pairs, {walk.path}, t ~ U(0, 1), no tail cut, over the ends' squared distance"
    ratio = Measurement(
        name="path_length_ratio",
        value=value,
        interval=interval,
        better="lower",
        protocol=protocol.but(detail=detail),
    )
    return [*measured, ratio], [] if value is not None else ["n/a: path length ratio: all pictures have equal features"]


def _ratio(
    lengths: Tensor, crow: Tensor, generator: torch.Generator
) -> tuple[float | None, tuple[float, float] | None]:
    if not float(crow.sum()) > 0:
        return None, None
    rows = torch.randint(len(crow), (1000, len(crow)), generator=generator)
    drawn = lengths[rows].sum(dim=1) / crow[rows].sum(dim=1)
    low, high = drawn.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return float(lengths.sum() / crow.sum()), (low, high)


def _condition_number(walk: _Walk, generator: torch.Generator) -> tuple[Measurement, list[str]]:
    """Mean natural logarithm of λ_max / λ_min of JᵀJ (Odena et al. 2018)."""
    name, rows = "log_condition_number", slice(JACOBIANS)
    condition = walk.condition[rows] if walk.condition is not None else None
    try:
        found = conditioning(walk.generate, walk.starts[rows], condition)
    except GanvasError as error:
        return missing(name, "lower", Protocol(seed=walk.seed), str(error)), [f"n/a: condition number: {error}"]
    protocol = Protocol(seed=walk.seed, detail=found.protocol)
    if not found.logs.isfinite().all():
        note = "some direction of z changes nothing at all: the number is infinite"
        return missing(name, "lower", protocol, note), [f"n/a: condition number: {note}"]
    interval = bootstrap_mean(found.logs, generator)
    value = float(found.logs.mean())
    return Measurement(name=name, value=value, interval=interval, better="lower", protocol=protocol), []
