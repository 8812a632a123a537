"""The faults that a card's numbers can betray: a table of rules, each a small pure function of them.

A rule compares the generated pictures' numbers with those of unseen real ones (`Measurement.reference`), which a
perfect generator would reach at this N, and is asked only where all numbers that it needs are there. The limits come
from sets of real digits, clothes and small photographs that were spoilt on purpose (``bench/verdict_confusion.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ganvas.evaluate.card import JUDGE, ClassRow
from ganvas.evaluate.looks import SURE, Case, Look, listed, z_of

Level = Literal["good", "doubtful", "bad", "unknown"]

NEAR, HALF_WAY = 0.9, 0.6
"""A share is near its reference from .9 of it on, and far below it under .6."""
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
DULL, PLAIN, WHOLE = 0.75, 0.8, 0.95
"""In pixels: Vendi ratio and recall over their references at most, coverage over its reference at least, where detail
is missing. 1 px of blur: .44 to .64, .01 to .70, 1.00 and more; all others of such a coverage: from .85 and .83 on."""
LOST = 0.03
"""Share of the data missing in cells, beyond the reference: one class in ten .04 to .12, healthy sets and copies 0."""
AUTHENTIC, COPYING, BUSY = 0.85, -3.0, 1.5
"""Authentic share over its reference at most (half copied: .44 to .53, so a quarter about .75; classes missing: .94 and
more), CT at most, and density over its reference at most: what is blurred lies where the data are dense, and near to
them for that (in random features .77 of the authentic share, and 2.5 of the density)."""


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


def collapse(case: Case) -> Found | None:
    """A few pictures, good ones or not, again and again."""
    look = case.best
    if _few(look, REPEATED) and look.ratio("coverage") < COLLAPSED and look.ratio("precision") >= KNOWABLE:
        pass
    elif not all(_few(some, FEW) or _one_kind(some) for some in case.looks if _counts(some)):
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


def _one_kind(look: Look) -> bool:
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
    rows = [row for row in case.card.classes if row.reference_share > 0]
    lost = sum(max(0.0, row.reference_share - row.share) for row in rows)
    noisy = _can_be_noise(case) and noise(case) is not None
    limit = _rare_enough(look, case.card.judge_accuracy, _alike(look, lost) and not noisy)
    ratios = {row.name: row.share / row.reference_share for row in rows}
    typical = max(sorted(ratios.values())[len(rows) // 2], 1e-9)
    rare = [
        row
        for row in rows
        if ratios[row.name] / typical < limit
        and z_of(row.share, row.reference_share, case.card.samples, look.n) < -SURE
    ]
    if not rare:
        return None
    return Found(
        "bad" if any(ratios[row.name] / typical < MISSING for row in rare) else "doubtful",
        f"too few pictures show {listed([_class_share(row) for row in rare])}; in {look.eyes} precision "
        f"is {look.against('precision')}, coverage {look.against('coverage')}",
        {f"share of {row.name}": row.share for row in rare} | look.evidence("precision", "coverage"),
    )


def _alike(look: Look, lost: float) -> bool:
    """As real ones but for what is missing: a classifier can be right about half of the pictures, and by half of the
    missing share more often (the total variation); two standard errors are left to chance."""
    near = look.ratio("precision") >= NEAR and look.strange() == 0.0
    told = look.value("c2st_accuracy") if look.has("c2st_accuracy") else 0.5
    return near and told <= (1 + lost) / 2 + look.n**-0.5


def _rare_enough(look: Look, accuracy: float | None, alike: bool) -> float:
    """A class's share over its reference under which more is amiss than the judge.

    Pictures like the data are judged as wrongly as those, so the reference has the same errors. Of others it may hold
    none: of what a judge of accuracy a calls by one name, 1 − a is something else on average. All that may get other
    names, and as many errors be made anew: a share down to 1 − 2 (1 − a) of the reference is the judge's own doing, and
    one that is wrong every other time has no say. Without an accuracy the judge is taken at its word.
    """
    usual = RARE if look.ratio("precision") >= NEAR and look.strange() <= TOLD else MISSING
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


def sparse(case: Case) -> Found | None:
    """Whole cells of the data that hold too few pictures, and none that hold too many for another reason."""
    looks = [look for look in case.looks if look.has(*CELLS) and _is_sparse(look)]
    if not looks:
        return None
    look = max(looks, key=lambda look: look.value("share_missing"))
    missing = look.value("share_missing")
    return Found(
        "bad" if missing >= MISSING else "doubtful",
        f"in {look.eyes} kinds of pictures are too rare, by {look.share('share_missing')} of the data, "
        f"while precision is {look.against('precision')}",
        look.evidence(*CELLS, "precision", "coverage"),
    )


def _is_sparse(look: Look) -> bool:
    missing = look.value("share_missing") - look.reference("share_missing")
    return missing >= LOST and look.value("share_surplus") <= 0.0 and look.ratio("precision") >= NEAR


def poor(case: Case) -> Found | None:
    """Pictures unlike any real ones: outside the real balls, or known for fakes by a classifier, or all too smooth. By
    whatever eyes: a judge of flowers takes noise for some flower."""
    look = min(case.looks, key=lambda look: (-_strangeness(look), look is not case.best))
    if _strangeness(look) == 0:
        return _dull(case)
    bad = _strangeness(case.best) == 2
    told = f"; a classifier is right about {look.share('c2st_accuracy')}" if look.has("c2st_accuracy") else ""
    return Found(
        "bad" if bad else "doubtful",
        f"in {look.eyes} precision is {look.against('precision')} and coverage {look.against('coverage')}{told}",
        look.evidence("precision", "coverage", "c2st_accuracy", "js_over_generated"),
    )


def _strangeness(look: Look) -> int:
    """0: not strange, 1: strange, 2: very strange."""
    outside = look.ratio("precision") < NEAR and look.below("precision")
    strange = look.strange() if look.has("js_over_generated") else 0.0
    if (outside and look.ratio("precision") < HALF_WAY) or strange >= VERY_STRANGE:
        return 2
    return int(outside or strange >= STRANGE)


def _dull(case: Case) -> Found | None:
    """In pixels, less varied than the data and yet near to all of them: what is missing is in every picture."""
    look = _pixels(case)
    if look is None or not look.has("vendi_ratio", "recall", "coverage"):
        return None
    if look.ratio("vendi_ratio") > DULL or look.ratio("recall") > PLAIN or look.ratio("coverage") < WHOLE:
        return None
    return Found(
        "doubtful",
        f"in pixels the pictures are {look.ratio('vendi_ratio'):.2f} times as varied as real ones by the Vendi score "
        f"and recall is {look.against('recall')}, though coverage is {look.against('coverage')}: "
        "detail is missing, as after a blur",
        look.evidence("vendi_ratio", "recall", "coverage"),
    )


CELLS = ("share_missing", "share_surplus")
ONE_SIDE = ("js_under_generated", "js_over_generated")


def _counts(look: Look) -> bool:
    return "birthday_support" in look.numbers or look.has("vendi_ratio")


def _can_be_noise(case: Case) -> bool:
    look = _pixels(case)
    return look is not None and look.has("vendi_ratio", "c2st_accuracy", "recall")


def _can_name_classes(case: Case) -> bool:
    judged = any(look.extractor == JUDGE and look.has("js_over_generated") for look in case.looks)
    return judged and any(row.reference_share > 0 for row in case.card.classes)


def _can_be_sparse(case: Case) -> bool:
    return any(look.has(*CELLS) for look in case.looks)


def _can_be_thin(case: Case) -> bool:
    return any(look.has(*ONE_SIDE) for look in case.looks)


RULES = (
    Rule("mode collapse", "coverage", lambda case: _counts(case.best), collapse),
    Rule("noise", "quality", _can_be_noise, noise),
    Rule("memorised", "novelty", lambda case: case.best.has("authentic_share"), copies),
    Rule("mode dropping", "coverage", _can_name_classes, missing_classes, ("mode collapse",)),
    Rule("mode dropping", "coverage", _can_be_thin, thin, ("mode collapse", "noise")),
    Rule("poor quality", "quality", lambda case: True, poor, ("mode collapse", "noise")),
    Rule("mode dropping", "coverage", _can_be_sparse, sparse, ("mode collapse", "noise", "poor quality")),
)
KINDS = tuple(dict.fromkeys(rule.kind for rule in RULES))


def _count(value: float) -> str:
    return f"{max(1, round(value)):,}"
