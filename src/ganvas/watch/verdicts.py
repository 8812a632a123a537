"""From looks to verdicts: a table of rules, each a small pure function of the last looks.

A rule speaks only of what it has seen at every look of a stretch (`stretch`): one look is a mood.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, median
from typing import Any, Generic, Protocol, TypeVar

from ganvas.watch.evidence import Duelling, Gap, Look
from ganvas.watch.reference import Groups

LOOKS, MOST_LOOKS, LASTING = 3, 8, 3
"""A stretch is the last third of the looks so far, at least three and at most eight: what comes and goes early on,
while everything still moves, has to last longer the longer it has been."""
REMEMBERED = LASTING * MOST_LOOKS
"""Looks; only the recovery of a generator that never began would be seen farther back."""
NOTHING, FEW, BEGUN = 0.02, 0.1, 0.3
"""Spreads and effective numbers, as shares of the real ones: below the first z does nothing at all; below the second
a generator that had come above the third has lost its variety (a tenth is the report card's rule too). One that has
never come so far may be at its beginning: the slowest recipes stay at a spread of .07 to .2 for 200 rounds and more."""
RECOVERING = 1.5
"""What has grown by half over the stretch is on its way: no alarm yet."""
VARIED, FAR = 0.25, 0.4
"""A spread from which on what is drawn is varied enough to speak of missing parts; and one at which few different
points must lie far apart, as no beginner's do (at most .24)."""
SHORT, ALSO, SETTLED, GROWING = 0.06, 0.2, 5, 1.15
"""A group that gets less than this part of its share is missing, once there were five looks and the spread grows by
less than 15 % over the stretch (planted on digits: at most .04 from then on; sprint on digits: at least .10) …
Where one is, those below a fifth are named with it."""
CHANCE = 1e-4
"""… unless chance alone would do that more often than this."""
LIKE = 0.5
"""Missing groups are spoken of only when at least so much of what is drawn lies among the data at all."""
OVERFIT, SIGNIFICANT = 0.5, 2.0
"""Unseen real pictures look more like fakes than like seen ones to the discriminator, by so many standard errors."""
APART, FLAT = 0.99, 0.05
"""The discriminator is hardly ever wrong, and the generator's loss is all but flat where its pictures are."""
STEPS, STEP, RETURN = 6, 0.55, 0.4
"""So many steps from look to look; their median, in units of the data's spread; and the net way over the whole way,
which is 1/√6 = .41 for a random walk."""

Evidence = dict[str, Any]
Seen = TypeVar("Seen")
Ground = TypeVar("Ground")


@dataclass(frozen=True)
class Rule(Generic[Seen, Ground]):
    """``find(looks, ground)`` is the evidence in all looks so far, or None, on the ground of what the data are like;
    ``words`` says it."""

    kind: str
    find: Callable[[Sequence[Seen], Ground], Evidence | None]
    words: str
    """Formatted with the evidence, and with ``named``, the groups or classes that it names."""


class Judged(Protocol):
    """A look in which a discriminator may have been heard."""

    @property
    def duelling(self) -> Gap | None: ...


def stretch(looks: Sequence[Seen]) -> Sequence[Seen]:
    """The looks that a verdict rests on; none while there are too few."""
    wanted = min(MOST_LOOKS, max(LOOKS, len(looks) // LASTING))
    return looks[-wanted:] if len(looks) >= wanted else ()


def collapse(looks: Sequence[Look], groups: Groups) -> Evidence | None:
    """z makes no difference, or chooses among a few points."""
    last = stretch(looks)
    nothing = _is_nothing([look.spread_ratio for look in last])
    few = all(look.vendi_ratio < FEW and look.spread_ratio > FAR for look in last)
    if not (nothing or few or _has_fallen([min(look.spread_ratio, look.vendi_ratio) for look in looks], len(last))):
        return None
    return {"spread_ratio": last[-1].spread_ratio, "vendi_ratio": last[-1].vendi_ratio}


def class_collapse(looks: Sequence[Look], groups: Groups) -> Evidence | None:
    """z makes no difference within some of the classes that are asked for."""
    length = len(stretch(looks))
    ratios = list(zip(*(look.class_spread_ratios for look in looks), strict=True))
    few = [k for k, of_class in enumerate(ratios) if _is_nothing(of_class[-length:]) or _has_fallen(of_class, length)]
    return {"classes": few, "spread_ratio": max(ratios[k][-1] for k in few)} if few else None


def _is_nothing(ratios: Sequence[float]) -> bool:
    """There is no spread to speak of, and none is growing."""
    return max(ratios) < NOTHING and ratios[-1] <= RECOVERING * ratios[0] + 1e-6


def _has_fallen(ratios: Sequence[float], length: int) -> bool:
    """The last ``length`` are below a tenth, and it was otherwise before; or nothing came in all that is remembered."""
    return max(ratios[-length:]) < FEW and (max(ratios) >= BEGUN or len(ratios) >= REMEMBERED)


def dropping(looks: Sequence[Look], groups: Groups) -> Evidence | None:
    """Groups of the data that are (all but) never drawn, though what is drawn is varied and lies among the data."""
    last = stretch(looks)
    if len(looks) < SETTLED or last[-1].spread_ratio > GROWING * last[0].spread_ratio:
        return None
    if any(look.likeness < LIKE or look.spread_ratio < VARIED or look.vendi_ratio < FEW for look in last):
        return None
    got = [mean(look.shares[k] for look in last) for k in range(len(groups.names))]
    missing = [
        k
        for k, share in enumerate(groups.shares)
        if got[k] < ALSO * share and _chance(round(got[k] * last[0].count), last[0].count, share) < CHANCE
    ]
    if not any(got[k] < SHORT * groups.shares[k] for k in missing):
        return None
    return {
        "missing": [groups.names[k] for k in missing],
        "examples": [groups.examples[k] for k in missing],
        "real_share": sum(groups.shares[k] for k in missing),
        "generated_share": sum(got[k] for k in missing),
        "spread_ratio": last[-1].spread_ratio,
    }


def overfitting(looks: Sequence[Judged], ground: Any) -> Evidence | None:
    """Held-out reals are judged far below training reals, and nearer to fakes than to those."""
    duels = [look.duelling for look in stretch(looks) if look.duelling is not None]
    seen = [(d.overfitting, d.significance) for d in duels if d.overfitting is not None and d.significance is not None]
    if not seen or len(seen) < len(duels):
        return None
    gap, sure = median(gap for gap, _ in seen), median(sure for _, sure in seen)
    return {"held_out_gap": gap, "standard_errors": sure} if gap >= OVERFIT and sure >= SIGNIFICANT else None


def starved(looks: Sequence[Look], groups: Groups) -> Evidence | None:
    """The discriminator is never wrong, and its verdict hardly changes around the fakes."""
    duels = _duels(looks)
    if not duels:
        return None
    apart, pull = median(d.told_apart for d in duels), median(d.pull for d in duels)
    return {"told_apart": apart, "pull": pull} if apart >= APART and pull <= FLAT else None


def _duels(looks: Sequence[Look]) -> list[Duelling]:
    return [look.duelling for look in stretch(looks) if look.duelling is not None]


def oscillation(looks: Sequence[Look], groups: Groups) -> Evidence | None:
    """What the same latents show moves far between looks, and comes back instead of getting anywhere."""
    last = looks[-STEPS - 1 :]
    steps = [math.dist(a.centre, b.centre) for a, b in pairwise(last)]
    net = math.dist(last[0].centre, last[-1].centre)
    if len(steps) < STEPS or median(steps) < STEP or net > RETURN * sum(steps):
        return None
    return {"median_step": median(steps), "path": sum(steps), "net": net}


OVERFITTING = (
    "discriminator overfitting: of the way from seen real pictures down to fakes, real pictures that it has never "
    "seen lie {held_out_gap:.0%} down; it learns its pictures by heart"
)
RULES: tuple[Rule[Look, Groups], ...] = (
    Rule(
        "mode collapse",
        collapse,
        "mode collapse: different latents give (almost) the same pictures; their spread is {spread_ratio:.0%} and "
        "their effective number {vendi_ratio:.0%} of the real data's",
    ),
    Rule(
        "mode collapse",
        class_collapse,
        "mode collapse: within {named} different latents give (almost) the same picture; the spread is at most "
        "{spread_ratio:.0%} of the real data's",
    ),
    Rule(
        "mode dropping",
        dropping,
        "mode dropping: {named} missing; {real_share:.0%} of the data, {generated_share:.1%} of what is generated, "
        "while the rest is varied (spread {spread_ratio:.0%} of the real data's)",
    ),
    Rule("discriminator overfitting", overfitting, OVERFITTING),
    Rule(
        "generator starved of gradient",
        starved,
        "generator starved of gradient: the discriminator tells {told_apart:.1%} of pairs apart and is flat around the "
        "fakes; the pull on the generator is {pull:.2g} (about 1 where it can learn)",
    ),
    Rule(
        "oscillation",
        oscillation,
        "oscillation: what the same latents show moved {path:.1f} spreads of the data over the last looks and ended "
        "{net:.1f} from where it began; the players run round each other",
    ),
)

DIVERGED = "diverged"


def find_all(looks: Sequence[Look], groups: Groups, classes: Sequence[str]) -> dict[str, tuple[str, Evidence]]:
    """Kind → (words, evidence) of every rule that speaks after the last of these looks; the first of a kind."""
    return spoken(RULES, looks, groups, lambda evidence: _named(evidence, groups, classes))


def spoken(
    rules: Sequence[Rule[Seen, Ground]],
    looks: Sequence[Seen],
    ground: Ground,
    named: Callable[[Evidence], str] = lambda evidence: "",
) -> dict[str, tuple[str, Evidence]]:
    """The same of any table of rules."""
    found: dict[str, tuple[str, Evidence]] = {}
    for rule in rules if stretch(looks) else ():
        evidence = rule.find(looks, ground)
        if evidence is not None and rule.kind not in found:
            found[rule.kind] = rule.words.format(named=named(evidence), **evidence), evidence
    return found


def _named(evidence: Mapping[str, Any], groups: Groups, classes: Sequence[str]) -> str:
    if "missing" in evidence:
        pairs = zip(evidence["missing"], evidence["examples"], strict=True)
        names = [
            f"{name} (such as picture {example})" if name.startswith("cluster ") else name for name, example in pairs
        ]
        return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
    if "classes" in evidence:
        return ", ".join(classes[k] for k in evidence["classes"])
    return ""


def _chance(hits: int, count: int, share: float) -> float:
    """How often chance alone would give a group of this share so few of ``count``: the binomial law's lower tail."""
    logs = (
        math.lgamma(count + 1)
        - math.lgamma(k + 1)
        - math.lgamma(count - k + 1)
        + k * math.log(share)
        + (count - k) * math.log1p(-min(share, 1 - 1e-12))
        for k in range(hits + 1)
    )
    return math.fsum(math.exp(log) for log in logs)
