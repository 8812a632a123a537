"""The numbers that take longer: can the sets be told apart, what is made too rarely, how various is it, and is it new?

The best eyes measure all of them, the others those that verdicts compare between eyes.

Like `distances`, each is measured thrice in the same way: of generated pictures, of unseen real ones, and of one real
picture repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganvas import metrics
from ganvas.errors import GanvasError
from ganvas.evaluate.card import Measurement, Protocol
from ganvas.evaluate.distances import Better, repeated
from ganvas.evaluate.extractor import OnProgress
from ganvas.evaluate.features_cache import Kept, code_of, keep, load
from ganvas.metrics.bins import FEWEST
from ganvas.metrics.cells import ALPHA, CELLS
from ganvas.metrics.interval import NORMAL_95, bootstrap_mean, wilson
from ganvas.metrics.novelty import COSINE_THRESHOLD

MOST_BIRTHDAYS = 4000
"""Rows a side in which duplicates are sought: pairs grow with the square."""
MOST_RESAMPLED = 512
"""Dimensions up to which the Vendi ratio has an interval: its 40 eigenvalue problems grow with the cube."""
BINS = 100


@dataclass(frozen=True)
class Sides:
    """Features (N, d) of real pictures, of unseen real ones, and of the pictures in question."""

    real: Tensor
    unseen: Tensor
    fake: Tensor
    seed: int

    @property
    def generator(self) -> torch.Generator:
        """A fresh one, so that a number does not depend on which others were measured before."""
        return torch.Generator().manual_seed(self.seed)


@dataclass(frozen=True)
class Found:
    """A value (None: n/a), its interval, and what a second implementation would have to know (or why n/a)."""

    value: float | None
    interval: tuple[float, float] | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Score:
    """Numbers that come of one measurement: names, which way is better, units, and how."""

    names: tuple[str, ...]
    better: tuple[Better, ...]
    measure: Callable[[Sides], tuple[Found, ...]]
    units: tuple[str, ...] = ()
    everywhere: bool = False
    """Measured by all eyes."""


def _infinity(sides: Sides) -> tuple[Found, ...]:
    line = metrics.frechet_infinity(sides.real, sides.fake, generator=sides.generator)
    detail = f"line in 1/N through {len(line.sizes)} subsets of {line.sizes[0]:,} to {line.sizes[-1]:,}"
    return (Found(line.infinity, line.interval, detail),)


def _told_apart(sides: Sides) -> tuple[Found, ...]:
    test = metrics.two_sample_test(sides.real, sides.fake, generator=sides.generator)
    split = metrics.js_from_logits(test.logits.real, test.logits.fake)
    detail = f"two layers of 128 trained on half, judged on {test.rows:,} held-out rows"

    def part(found: metrics.Estimated) -> Found:
        half = NORMAL_95 * found.standard_error
        return Found(found.value, (found.value - half, found.value + half), f"lower bound by a classifier: {detail}")

    chance = "probability of so high an accuracy if there were no difference"
    return (
        Found(test.accuracy, test.interval, f"1/2 cannot be told apart; {detail}"),
        Found(test.p_value, None, chance),
        part(split.over_generated),
        part(split.under_generated),
    )


def _bins(sides: Sides) -> tuple[Found, ...]:
    bins = min(BINS, len(sides.real) // FEWEST, 2 * len(sides.fake) // FEWEST)
    if bins < 2:
        raise GanvasError(f"{len(sides.real)} real pictures are too few for bins; have {2 * FEWEST} at least")
    counts = metrics.bin_counts(sides.real, sides.fake, generator=sides.generator, bins=bins)
    cells = f"of {bins} k-means cells of the real features"
    return (
        Found(len(counts.low), None, f"{cells}, filled too rarely, at 5 % for all together"),
        Found(len(counts.high), None, f"{cells}, filled too often, at 5 % for all together"),
        Found(counts.different, None, f"{cells}, at 5 % each, so that {bins / 20:g} differ by chance"),
    )


def _cells(sides: Sides) -> tuple[Found, ...]:
    order = torch.randperm(len(sides.unseen), generator=sides.generator).to(sides.unseen.device)
    place, rest = order.tensor_split(2)
    fake = sides.unseen[rest] if sides.fake is sides.unseen else sides.fake
    found = metrics.cell_shares(sides.unseen[place], sides.real, fake, generator=sides.generator)
    cells = f"of {CELLS} k-means cells of unseen real pictures, at {ALPHA:.1%} for all together"
    return (
        Found(found.missing, None, f"in {found.low} {cells}, which hold too few"),
        Found(found.surplus, None, f"in {found.high} {cells}, which hold too many even without those"),
    )


def _variety(sides: Sides) -> tuple[Found, ...]:
    if sides.real.shape[1] > MOST_RESAMPLED:
        rows = min(len(sides.real), len(sides.fake))
        fake, real = (metrics.vendi_score(side[:rows]) for side in (sides.fake, sides.real))
        detail = f"{fake:.4g} against {real:.4g} effective samples, cosine kernel, {rows:,} a side"
        return (Found(fake / real, None, detail),)
    found = metrics.vendi_ratio(sides.real, sides.fake, generator=sides.generator)
    detail = f"{found.fake:.4g} against {found.real:.4g} effective samples, cosine kernel, {found.rows:,} a side"
    return (Found(found.ratio, found.interval, detail),)


def _birthday(sides: Sides) -> tuple[Found, ...]:
    real, fake = sides.real[:MOST_BIRTHDAYS], sides.fake[:MOST_BIRTHDAYS]
    found = metrics.birthday(real, fake, generator=sides.generator)
    detail = (
        f"{found.fake.pairs:,} pairs of {found.rows:,} as near as the nearest 1 % of real ones "
        f"(real pictures: {found.real.pairs:,} pairs)"
    )
    low, high = found.fake.interval
    support = Found(found.fake.size, (low, high) if high is not None else None, detail)
    if found.fake.size is None:
        support = Found(None, None, f"no two of {found.rows:,} are alike: the support is above {low:,.0f}")
    return support, Found(found.fake.duplicated, wilson(found.fake.duplicated, found.rows), detail)


def _news(sides: Sides) -> tuple[Found, ...]:
    found = metrics.novelty(sides.real, sides.fake)
    share = float(found.authentic.double().mean())
    distance = bootstrap_mean(found.distance, sides.generator)
    farther = "farther from the nearest real one than that is from its own"
    return (
        Found(share, wilson(share, len(found.authentic)), f"share {farther} (AuthPct)"),
        Found(float(found.distance.double().mean()), distance, "mean distance to the nearest real one"),
    )


def _memorised(sides: Sides) -> tuple[Found, ...]:
    found = metrics.memorised_frechet(sides.real, sides.fake)
    divided = f"over the mean cosine distance to the nearest real one, {found.cosine_distance:.3g}, if that is under "
    detail = f"the Fréchet distance {found.frechet:.4g}, {divided}{COSINE_THRESHOLD:g}, as of MiFID"
    return (Found(found.value, None, detail),)


def _copying(sides: Sides) -> tuple[Found, ...]:
    found = metrics.copying_test(sides.real, sides.unseen, sides.fake, generator=sides.generator)
    detail = "mean z of 3 cells: below −3 nearer to the real pictures than unseen real ones are, above 3 farther"
    return (Found(found.value, None, detail if found.value is not None else "no cell holds 20 of each kind"),)


SCORES = (
    Score(("frechet_distance_infinity",), ("lower",), _infinity),
    Score(
        ("c2st_accuracy", "c2st_p_value", "js_over_generated", "js_under_generated"),
        ("lower", "higher", "lower", "lower"),
        _told_apart,
        ("", "", "nats", "nats"),
        everywhere=True,
    ),
    Score(("bins_low", "bins_high", "bins_different"), ("lower", "lower", "lower"), _bins),
    Score(("share_missing", "share_surplus"), ("lower", "lower"), _cells, everywhere=True),
    Score(("vendi_ratio",), ("higher",), _variety, everywhere=True),
    Score(("birthday_support", "duplicate_share"), ("higher", "lower"), _birthday, everywhere=True),
    Score(("authentic_share", "nearest_train_distance"), ("higher", "higher"), _news),
    Score(("ct_score",), ("higher",), _copying),
    Score(("memorised_frechet_distance",), ("lower",), _memorised),
)


def measure_closer(
    protocol: Protocol,
    real: Tensor,
    unseen: Tensor,
    fake: Tensor,
    keys: Sequence[str | None],
    on_progress: OnProgress,
    best: bool = True,
) -> list[Measurement]:
    """Every score of `SCORES`, or for other than the best eyes those that are measured by all; n/a where the pictures
    are too few for it. ``keys`` are those of `measure_distances`."""
    scores = [score for score in SCORES if best or score.everywhere]
    what = f"measuring more closely, {protocol.extractor}"
    cases: dict[str, tuple[Tensor, str | None]] = {
        "generated": (fake, keys[2]),
        "unseen": (unseen, keys[1]),
        "repeated": (repeated(real), "repeated"),
    }
    found: list[Measurement] = []
    for done, score in enumerate(scores):
        on_progress(what, done, len(scores))
        values = []
        for other, key in cases.values():
            sides = Sides(real, unseen, other, protocol.seed)
            values.append(_known(score, sides, _key(protocol, score, [*keys[:2], key, len(other)]) if key else None))
        found += _rows(score, values, protocol)
    on_progress(what, len(scores), len(scores))
    return found


def _rows(score: Score, values: Sequence[Sequence[Found]], protocol: Protocol) -> list[Measurement]:
    units = score.units or ("",) * len(score.names)
    return [
        Measurement(
            name=name,
            value=made.value,
            interval=made.interval,
            reference=real.value,
            collapse=stuck.value,
            unit=unit,
            better=better,
            protocol=protocol.but(detail=made.detail),
        )
        for name, better, unit, made, real, stuck in zip(score.names, score.better, units, *values, strict=True)
    ]


def _key(protocol: Protocol, score: Score, pictures: Sequence[Any]) -> dict[str, Any]:
    code = code_of(Path(__file__), Path(metrics.__file__).parent)
    about = {"extractor": protocol.fingerprint, "seed": protocol.seed, "code": code}
    return {**about, "scores": list(score.names), "pictures": list(pictures)}


def _known(score: Score, sides: Sides, key: dict[str, Any] | None) -> tuple[Found, ...]:
    """What the score says, or said when last measured."""
    kept = load(key) if key else None
    if kept:
        return tuple(Found(**facts) for facts in kept.facts["found"])
    try:
        found = score.measure(sides)
    except GanvasError as error:
        found = tuple(Found(None, None, str(error)) for _ in score.names)
    if key:
        keep(key, Kept({}, {"found": [asdict(number) for number in found]}))
    return found
