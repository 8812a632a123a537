"""The faults that a card's numbers can betray: a table of rules, each a small pure function of them.

A rule compares the generated pictures' numbers with those of unseen real ones (`Measurement.reference`), which a
perfect generator would reach at this N, and is asked only where all numbers that it needs are there. The limits come
from sets of real digits, clothes and small photographs that were spoilt on purpose (``bench/verdict_confusion.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ganvas.evaluate.card import Card, ClassRow, Measurement, sharpness

Level = Literal["good", "doubtful", "bad", "unknown"]

FEWEST = 200
"""Pictures a side; of fewer, chance moves the shares by as much as the faults do."""
NEAR, HALF_WAY = 0.9, 0.6
"""A share is near its reference from .9 of it on, and far below it under .6."""
SURE = 3.0
"""Standard errors by which a share must lie below its reference, besides the limit on how much it matters."""
VERY_SURE = 5.0
"""The same for the shares that chance moves by more than a binomial law: coverage, whose real balls share their fakes,
and the authentic share, whose fakes share their training pictures."""
COLLAPSED, REPEATED, FEW, ALIKE = 0.3, 5, 50, 0.1
"""Coverage over its reference at most; effective samples at most n/5, or n/50 whatever the quality, or this Vendi
ratio. Planted 20 pictures: coverage .10 to .16, and n/50. Blurring by 2 px: coverage .49 in random features."""
KNOWABLE = 0.7
"""Precision over its reference from which on pictures are like enough to the data for a judge or a ball to count."""
THIN, THINNER, LOW_BINS = 0.94, 0.97, 2
"""Coverage over its reference at most, or, with so many bins too empty, at most the second. One class in ten removed:
.89 to .94 (self-trained); healthy sets of 1,000: .98 and more."""
ONE_SIDED = 2.0
"""Reals without fakes outweigh fakes without reals by at least this where modes are missing; both are alike where the
pictures differ everywhere (blur and noise in self-trained features: .7 to 1.2)."""
RARE, MISSING = 0.7, 0.25
"""A class's share over its reference, the median class being at 1. One that is halved lies at .55."""
STRANGE, VERY_STRANGE, TOLD = 0.05, 0.2, 0.1
"""Nats of fakes without reals (all of them: .35): healthy sets 0 ± .01, 20 % junk .06, 1 px of blur .22. A judge's
opinion on missing classes counts under the second, that on rare ones up to the last."""
NOISY, KEPT = 1.05, 0.7
"""In pixels: Vendi ratio over its reference at least (planted: 1.07 to 9; all others but junk: at most 1.04), and
recall over its reference at least (planted: .71 and more; blur of digits: under .1)."""
APART, OUTSIDE = 0.9, 0.5
"""In pixels: share told apart at least, or precision over its reference at most. Of 3,072 numbers a linear classifier
learns nothing from 1,000 pictures (noise of .1: .50), where that precision is .27 at most; 20 % junk: .80 and more."""
AUTHENTIC, COPYING, BUSY = 0.85, -3.0, 1.5
"""Authentic share over its reference at most (half copied: .44 to .53, so a quarter about .75; classes missing: .94 and
more), CT at most, and density over its reference at most: what is blurred lies where the data are dense, and near to
them for that (in random features .77 of the authentic share, and 2.5 of the density)."""


@dataclass(frozen=True)
class Look:
    """What one extractor saw."""

    extractor: str
    numbers: Mapping[str, Measurement]
    n: int
    """Pictures of the smaller side."""

    @property
    def eyes(self) -> str:
        """As what it is looked at."""
        return eyes(self.extractor)

    def has(self, *names: str) -> bool:
        """All of them were measured, with something to compare them with."""
        found = [self.numbers.get(name) for name in names]
        return all(m is not None and m.value is not None and m.reference is not None for m in found)

    def value(self, name: str) -> float:
        """A number that `has` found."""
        return float(self.numbers[name].value or 0.0)

    def reference(self, name: str) -> float:
        """The same of unseen real pictures."""
        return float(self.numbers[name].reference or 0.0)

    def ratio(self, name: str) -> float:
        """Value over reference; 1 where both are 0."""
        value, reference = self.value(name), self.reference(name)
        return value / reference if reference > 0 else (1.0 if value <= 0 else math.inf)

    def below(self, name: str, sure: float = SURE, n: float | None = None) -> bool:
        """A share that lies by so many standard errors of two shares below its reference."""
        return _z(self.value(name), self.reference(name), n or self.n, self.n) < -sure

    def strange(self) -> float:
        """Nats of fakes where there are hardly any reals, beyond what chance makes of it."""
        return self.value("js_over_generated") if self.value("js_over_generated") > self.n**-0.5 else 0.0

    def evidence(self, *names: str) -> dict[str, float]:
        """Those that were measured."""
        known = [self.numbers[name] for name in names if name in self.numbers]
        return {m.key: m.value for m in known if m.value is not None}

    def against(self, name: str) -> str:
        """``0.88 (unseen real pictures: 0.97)``"""
        return f"{self.value(name):.2f} (unseen real pictures: {self.reference(name):.2f})"

    def share(self, name: str) -> str:
        """``88% (unseen real pictures: 97%)``"""
        return f"{self.value(name):.0%} (unseen real pictures: {self.reference(name):.0%})"


@dataclass(frozen=True)
class Case:
    """What the rules look at: the card, what each extractor saw, and the sharpest one's part of it."""

    card: Card
    looks: tuple[Look, ...]
    best: Look


@dataclass(frozen=True)
class Found:
    """A fault."""

    level: Level
    sentence: str
    evidence: dict[str, float]


@dataclass(frozen=True)
class Rule:
    """``find`` is asked where ``able`` says that its numbers are there; not after what explains its finding already."""

    kind: str
    property: str
    able: Callable[[Case], bool]
    find: Callable[[Case], Found | None]
    unless: tuple[str, ...] = ()


def case_of(card: Card) -> Case | None:
    """The card by extractor; None where nothing can be told for want of pictures or of references."""
    looks = []
    for name in dict.fromkeys(m.protocol.extractor for m in card.measurements if m.protocol.extractor):
        numbers = {m.name: m for m in card.measurements if m.protocol.extractor == name}
        sizes = [m.protocol.n_real or 0 for m in numbers.values()] + [m.protocol.n_fake or 0 for m in numbers.values()]
        looks.append(Look(name, numbers, min(size for size in (*sizes, card.samples) if size)))
    usable = tuple(look for look in looks if look.n >= FEWEST and look.has("precision", "coverage"))
    best = min(usable, key=lambda look: sharpness(look.extractor), default=None)
    return Case(card, usable, best) if best else None


def collapse(case: Case) -> Found | None:
    """A few pictures, good ones or not, again and again."""
    look = case.best
    if _few(look, REPEATED) and look.ratio("coverage") < COLLAPSED and look.ratio("precision") >= KNOWABLE:
        pass
    elif not all(_few(some, FEW) or _alike(some) for some in case.looks if _counts(some)):
        return None
    return Found(
        "bad",
        f"{_repeated(look)}; in {look.eyes} coverage is {look.against('coverage')}",
        look.evidence("birthday_support", "vendi_ratio", "coverage", "precision"),
    )


def _repeated(look: Look) -> str:
    size = _support(look)
    if size is None or not _few(look, REPEATED):
        return f"the Vendi score of {look.n:,} generated pictures is {look.value('vendi_ratio'):.1%} of the data's"
    beside = f" (unseen real pictures: {_count(look.reference('birthday_support'))})"
    drawn_from = f"{_count(size)} picture{'s' * (round(size) > 1)}"
    return f"{look.n:,} generated pictures are alike as often as if they were drawn from {drawn_from}{beside}"


def _support(look: Look) -> float | None:
    support = look.numbers.get("birthday_support")
    return support.value if support else None


def _few(look: Look, part: int) -> bool:
    size = _support(look)
    return (
        size is not None
        and look.has("birthday_support")
        and size <= min(look.n, look.reference("birthday_support")) / part
    )


def _alike(look: Look) -> bool:
    return look.has("vendi_ratio") and look.ratio("vendi_ratio") < ALIKE


def noise(case: Case) -> Found | None:
    """In pixels all is different, or lies elsewhere, and is more varied than the data; the fake balls reach as far."""
    look, best = _pixels(case), case.best
    assert look is not None
    variety = look.value("vendi_ratio") / max(1.0, look.reference("vendi_ratio"))
    told = look.value("c2st_accuracy") >= APART
    outside = look.ratio("precision") <= OUTSIDE and look.below("precision")
    if variety < NOISY or look.ratio("recall") < KEPT or not (told or outside):
        return None
    classifier, precision = look.share("c2st_accuracy"), look.against("precision")
    seen = f"a classifier is right about {classifier}" if told else f"precision is {precision}"
    harm = best.ratio("precision") < NEAR or best.ratio("coverage") < NEAR
    return Found(
        "bad" if harm else "doubtful",
        f"in pixels {seen}, and the pictures are {variety:.2f} times as varied as real ones by the Vendi score, while "
        f"recall is {look.against('recall')}; in "
        f"{best.eyes} precision is {best.against('precision')}, coverage {best.against('coverage')}, and "
        "other faults may hide behind the noise",
        look.evidence("vendi_ratio", "c2st_accuracy", "precision", "recall") | best.evidence("precision", "coverage"),
    )


def _pixels(case: Case) -> Look | None:
    return next((look for look in case.looks if look.extractor == "pixels"), None)


def copies(case: Case) -> Found | None:
    """Nearer to the training pictures than unseen real ones are, though not for being dull or few."""
    look = case.best
    effective = min(look.n, _support(look) or math.inf)
    fewer = look.below("authentic_share", VERY_SURE, effective) and look.ratio("authentic_share") < AUTHENTIC
    nearer = not look.has("ct_score") or look.value("ct_score") < COPYING
    if not (fewer and nearer) or (look.has("density") and look.ratio("density") > BUSY):
        return None
    score = f"; the copying test gives {look.value('ct_score'):.1f} (copies: below −3)" if look.has("ct_score") else ""
    return Found(
        "bad" if look.ratio("authentic_share") < HALF_WAY else "doubtful",
        f"in {look.eyes} only {look.share('authentic_share')} lie farther from the nearest training "
        f"picture than that one lies from its own nearest neighbour{score}",
        look.evidence("authentic_share", "ct_score", "nearest_train_distance"),
    )


def missing_classes(case: Case) -> Found | None:
    """Classes that the judge sees significantly too rarely, though it can judge the pictures at all."""
    look = next(look for look in case.looks if look.extractor == JUDGE)
    if look.ratio("precision") < KNOWABLE or look.strange() >= VERY_STRANGE:
        return None
    limit = _rare_enough(look, case.card.judge_accuracy)
    rows = [row for row in case.card.classes if row.reference_share > 0]
    ratios = {row.name: row.share / row.reference_share for row in rows}
    typical = max(sorted(ratios.values())[len(rows) // 2], 1e-9)
    rare = [
        row
        for row in rows
        if ratios[row.name] / typical < limit and _z(row.share, row.reference_share, case.card.samples, look.n) < -SURE
    ]
    if not rare:
        return None
    return Found(
        "bad" if any(ratios[row.name] / typical < MISSING for row in rare) else "doubtful",
        f"too few pictures show {listed([_class_share(row) for row in rare])}; in {look.eyes} precision "
        f"is {look.against('precision')}, coverage {look.against('coverage')}",
        {f"share of {row.name}": row.share for row in rare} | look.evidence("precision", "coverage"),
    )


def _rare_enough(look: Look, accuracy: float | None) -> float:
    """A class's share over its reference under which more is amiss than the judge.

    Pictures like the data are judged as wrongly as those, so the reference has the same errors. Of others it may hold
    none: of what a judge of accuracy a calls by one name, 1 − a is something else on average. All that may get other
    names, and as many errors be made anew: a share down to 1 − 2 (1 − a) of the reference is the judge's own doing, and
    one that is wrong every other time has no say. Without an accuracy the judge is taken at its word.
    """
    near = look.ratio("precision") >= NEAR
    usual = RARE if near and look.strange() <= TOLD else MISSING
    alike = near and look.strange() == 0.0
    return usual if alike or accuracy is None else min(usual, 2 * accuracy - 1)


def _class_share(row: ClassRow) -> str:
    return f"class {row.name}, {row.share:.1%} (unseen real pictures: {row.reference_share:.1%})"


def thin(case: Case) -> Found | None:
    """Parts of the data that no picture comes near to, while the pictures lie among the data."""
    thinner = [look for look in case.looks if look.has(*ONE_SIDE) and _is_thin(look)]
    if not thinner:
        return None
    look = min(thinner, key=lambda look: look.ratio("coverage"))
    bins = int(look.value("bins_low")) if look.has("bins_low") else 0
    empty = f", and {bins} bins of the data are significantly too empty" if bins > 1 else ""
    return Found(
        "bad" if look.ratio("coverage") < HALF_WAY else "doubtful",
        f"in {look.eyes} precision is {look.against('precision')}, but coverage only "
        f"{look.against('coverage')}{empty}: parts of the data are missing or rare",
        look.evidence("precision", "coverage", "bins_low", "js_under_generated", "js_over_generated"),
    )


def _is_thin(look: Look) -> bool:
    under, over = look.value("js_under_generated"), look.value("js_over_generated")
    if look.ratio("precision") < NEAR or over > max(0.01, under / ONE_SIDED) or not look.below("coverage", VERY_SURE):
        return False
    empty = look.has("bins_low") and look.value("bins_low") >= LOW_BINS + look.reference("bins_low")
    return look.ratio("coverage") <= (THINNER if empty else THIN)


def poor(case: Case) -> Found | None:
    """Pictures unlike any real ones: outside the real balls, or where a classifier knows them for fakes."""
    look = case.best
    outside = look.ratio("precision") < NEAR and look.below("precision")
    strange = look.strange() if look.has("js_over_generated") else 0.0
    if not outside and strange < STRANGE:
        return None
    bad = (outside and look.ratio("precision") < HALF_WAY) or strange >= VERY_STRANGE
    told = f"; a classifier is right about {look.share('c2st_accuracy')}" if look.has("c2st_accuracy") else ""
    return Found(
        "bad" if bad else "doubtful",
        f"in {look.eyes} precision is {look.against('precision')} and coverage {look.against('coverage')}{told}",
        look.evidence("precision", "coverage", "c2st_accuracy", "js_over_generated"),
    )


JUDGE = "self-trained"
ONE_SIDE = ("js_under_generated", "js_over_generated")


def _counts(look: Look) -> bool:
    return "birthday_support" in look.numbers or look.has("vendi_ratio")


def _can_be_noise(case: Case) -> bool:
    look = _pixels(case)
    return look is not None and look.has("vendi_ratio", "c2st_accuracy", "recall")


def _can_name_classes(case: Case) -> bool:
    judged = any(look.extractor == JUDGE and look.has("js_over_generated") for look in case.looks)
    return judged and any(row.reference_share > 0 for row in case.card.classes)


def _can_be_thin(case: Case) -> bool:
    return any(look.has(*ONE_SIDE) for look in case.looks)


RULES = (
    Rule("mode collapse", "coverage", lambda case: _counts(case.best), collapse),
    Rule("noise", "quality", _can_be_noise, noise),
    Rule("memorised", "novelty", lambda case: case.best.has("authentic_share"), copies),
    Rule("mode dropping", "coverage", _can_name_classes, missing_classes, ("mode collapse",)),
    Rule("mode dropping", "coverage", _can_be_thin, thin, ("mode collapse", "noise")),
    Rule("poor quality", "quality", lambda case: True, poor, ("mode collapse", "noise")),
)
KINDS = tuple(dict.fromkeys(rule.kind for rule in RULES))


def eyes(extractor: str) -> str:
    """What an extractor looks at, in words."""
    return "pixels" if extractor == "pixels" else f"{extractor} features"


def listed(words: Sequence[str]) -> str:
    """``a, b and c``"""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part) if words else "nothing"


def _count(value: float) -> str:
    return f"{max(1, round(value)):,}"


def _z(share: float, reference: float, n: float, of_reference: float) -> float:
    """Two shares' difference in standard errors, pooled; 0 where both are 0 or 1."""
    pooled = (share * n + reference * of_reference) / (n + of_reference)
    error = math.sqrt(max(pooled * (1 - pooled), 0.0) * (1 / n + 1 / of_reference))
    return (share - reference) / error if error > 0 else 0.0
