"""The pictures that the numbers rest on: what is missing, what is worst, what is copied, and what truncation trades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate.compare import Seen
from ganvas.evaluate.distances import K_DENSITY
from ganvas.evaluate.extractor import Extractor, OnProgress
from ganvas.evaluate.latent import PATH_OF
from ganvas.evaluate.looking import CHUNK, Fakes
from ganvas.evaluate.sets import Pictures, Sampler
from ganvas.explore.interpolation import interpolate
from ganvas.metrics import bin_counts, neighbour_scores, novelty, sample_scores
from ganvas.metrics.bins import FEWEST
from ganvas.metrics.neighbours import centred, nearest, squared_radii
from ganvas.metrics.truncation import TruncationRow, truncation_curve
from ganvas.snapshot import Snapshot

SHOWN = 16
"""Pictures in a row of single ones; rows of a kind are half as long."""
ROWS = 6
TAUS = (0.2, 0.4, 0.6, 0.8, 1.0)
CURVE_SAMPLES = 1000
BINS = 100


@dataclass(frozen=True)
class Sheet:
    """Pictures that belong together, in rows of equal length."""

    section: str
    """Key of the property they speak of."""
    title: str
    caption: str
    images: np.ndarray
    """uint8 (rows · columns, C, H, W)."""
    columns: int
    rows: tuple[str, ...] = ()
    """What each row is called, where rows differ."""


@dataclass(frozen=True)
class Evidence:
    """Sheets, the truncation curve (empty where it cannot be drawn), and what could not be shown, and why."""

    sheets: tuple[Sheet, ...]
    truncation: tuple[TruncationRow, ...] = ()
    truncation_protocol: str = ""
    notes: tuple[str, ...] = ()


def gather_evidence(
    sampler: Sampler | None, real: Pictures, fakes: Fakes, seen: Seen, seed: int, on_progress: OnProgress
) -> Evidence:
    """All sheets that apply. A ``sampler`` that is no `Snapshot`, or None, has neither truncation nor interpolation.

    Args:
        real: pictures of which ``seen.parts`` are the rows. fakes: the pictures of ``seen.fake``.
    """
    what = "gathering pictures"
    on_progress(what, 0, 4)
    generator = torch.Generator().manual_seed(seed)
    matched = seen.fake[: len(seen.real)]
    notes: list[str] = []
    sheets = [_low_bins(real, seen, matched, generator), _out_of_reach(real, seen, matched)]
    on_progress(what, 1, 4)
    sheets += [_least_realistic(fakes, seen, matched), _nearest_training(real, fakes, seen, matched)]
    on_progress(what, 2, 4)
    rows: list[TruncationRow] = []
    if isinstance(sampler, Snapshot):
        sheets.append(_strip(sampler, seed))
        on_progress(what, 3, 4)
        try:
            rows = _truncation(sampler, seen, generator)
        except GanvasError as error:
            notes.append(f"n/a: truncation curve: {error}")
    on_progress(what, 4, 4)
    size = min(CURVE_SAMPLES, len(seen.real))
    protocol = f"{size:,} real against {size:,} generated pictures, {seen.extractor.name}, k = 3 and 5, equal seeds"
    return Evidence(tuple(sheet for sheet in sheets if sheet), tuple(rows), protocol, tuple(notes))


def _low_bins(real: Pictures, seen: Seen, fake: Tensor, generator: torch.Generator) -> Sheet | None:
    """Kinds of real pictures, cells of their features, that are made significantly too rarely."""
    bins = min(BINS, len(seen.real) // FEWEST, 2 * len(fake) // FEWEST)
    if bins < 2:
        return None
    counts = bin_counts(seen.real, fake, generator=generator, bins=bins)
    low = counts.low[:ROWS]
    if not len(low):
        return None
    places, _ = centred(seen.real, seen.real)
    examples = places[counts.example[low]]
    like = nearest(examples, places, SHOWN // 2)[1].cpu()
    share_real, share_fake = (side[low] / side.sum() for side in (counts.real, counts.fake))
    rows = tuple(f"{a:.1%} → {b:.1%}" for a, b in zip(share_real.tolist(), share_fake.tolist(), strict=True))
    return Sheet(
        "coverage",
        "Made too rarely",
        f"Real pictures, a kind a row, with its share of the real → of the generated pictures; "
        f"{len(counts.low)} of {bins} kinds are this rare beyond chance.",
        real.images[seen.parts.real[like.numpy().ravel()]],
        SHOWN // 2,
        rows,
    )


def _out_of_reach(real: Pictures, seen: Seen, fake: Tensor) -> Sheet | None:
    """Real pictures in whose own ball no generated one lies: those first whose real neighbours are near and generated
    ones far. The generated ones' balls would not do: a few outliers among them have balls that swallow whole classes.
    """
    outside = torch.nonzero(~neighbour_scores(seen.real, fake).coverage)[:, 0]
    if not len(outside):
        return None
    places, generated = centred(seen.real, fake)
    to_fake = nearest(places[outside], generated)[0][:, 0]
    to_real = squared_radii(places, (K_DENSITY,))[0][outside]
    shown = outside[(to_fake / to_real.clamp(min=1e-12)).argsort(descending=True)[: 2 * SHOWN]].cpu()
    return Sheet(
        "coverage",
        "No generated picture comes near",
        f"{len(outside):,} of {len(seen.real):,} real pictures have {K_DENSITY} real ones nearer than any generated "
        "one; those that stand out most.",
        real.images[seen.parts.real[shown.numpy()]],
        min(SHOWN, len(shown)),
    )


def _least_realistic(fakes: Fakes, seen: Seen, fake: Tensor) -> Sheet:
    """Generated pictures farthest from what is real."""
    realism = sample_scores(seen.real, fake).realism
    worst = realism.argsort()[: 2 * SHOWN].cpu()
    return Sheet(
        "quality",
        "Least realistic",
        f"Generated pictures of the least realism, the worst first ({float(realism[worst[0]]):.2f}; "
        f"1 is within the reach of real ones, the median is {float(realism.median()):.2f}).",
        fakes.draw(worst.numpy()).numpy(),
        min(SHOWN, len(worst)),
    )


def _nearest_training(real: Pictures, fakes: Fakes, seen: Seen, fake: Tensor) -> Sheet:
    """Generated pictures that lie closest to a real one, above that one."""
    found = novelty(seen.real, fake)
    closest = found.distance.argsort()[:SHOWN].cpu()
    theirs = novelty(seen.real, seen.unseen).distance.sort().values[: len(closest)]
    partners = seen.parts.real[found.nearest[closest].cpu().numpy()]
    both = np.concatenate([fakes.draw(closest.numpy()).numpy(), real.images[partners]])
    return Sheet(
        "novelty",
        "Nearest real pictures",
        f"The generated pictures that lie closest to a real one (mean distance "
        f"{float(found.distance[closest].mean()):.3g}; the closest unseen real ones: {float(theirs.mean()):.3g}). "
        "Equal columns are copies.",
        both,
        len(closest),
        ("generated", "nearest real"),
    )


def _strip(snapshot: Snapshot, seed: int) -> Sheet:
    """From one picture to the next through the latent space."""
    path, steps, rows = PATH_OF.get(snapshot.generator.prior.kind, "lerp"), SHOWN - 4, 4
    pairs = [(2 * (row + rows * seed), 2 * (row + rows * seed) + 1) for row in range(rows)]
    frames = [interpolate(snapshot, pair, steps, path) for pair in pairs]
    classes = snapshot.class_names(snapshot.conditions([first for first, _ in pairs]))
    return Sheet(
        "latent",
        "From one z to another",
        f"Each row walks in {steps} equal steps between two random z ({path}).",
        np.concatenate(frames),
        steps,
        tuple(classes) if classes else (),
    )


def _truncation(snapshot: Snapshot, seen: Seen, generator: torch.Generator) -> list[TruncationRow]:
    count = min(CURVE_SAMPLES, len(seen.real))
    rows = torch.randperm(len(seen.real), generator=generator)[:count]

    def sample(tau: float) -> Tensor:
        return looked_at(seen.extractor, snapshot.sample(range(count), truncation=tau))

    return truncation_curve(TAUS, sample, seen.real[rows], generator=generator)


@torch.no_grad()
def looked_at(extractor: Extractor, images: Tensor) -> Tensor:
    """uint8 (N, C, H, W) → features (N, d), in chunks."""
    return torch.cat([extractor(part) for part in torch.split(images, CHUNK)])
