"""From looks to verdicts: a table of rules, each a small pure function of the last looks.

A rule speaks only of what it has seen at every look of a stretch (`stretch`): one look is a mood.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ganvas.watch.evidence import Look
from ganvas.watch.reference import Groups

LOOKS, MOST_LOOKS, LASTING = 3, 8, 3
"""A stretch is the last third of the looks so far, at least three and at most eight: what comes and goes early on, while
everything still moves, has to last longer the longer it has been."""
FEW = 0.1
"""A spread or an effective number below a tenth of the real one is a collapse (the report card's rule too)."""
RECOVERING = 1.5
"""What has grown by half over the looks in question is on its way: no alarm yet."""
SHORT = 0.2
"""A group that gets less than this part of its share is missing …"""
CHANCE = 1e-4
"""… unless chance alone would do that more often than this."""
LIKE = 0.5
"""Missing groups are spoken of only when at least so much of what is drawn lies among the data at all."""
OVERFIT, SIGNIFICANT = 0.5, 3.0
"""Unseen real pictures look more like fakes than like seen ones to the discriminator, by so many standard errors."""
APART, FLAT = 0.99, 0.02
"""The discriminator is hardly ever wrong, and the generator's loss is all but flat where its pictures are."""
STEP, RETURN = 0.25, 0.4
"""A step from look to look in units of the data's spread; and the net way over the whole way, 1/√6 for a random walk of
six steps."""
STEPS = 6

Evidence = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """``find(looks, groups)`` is the evidence, or None; ``words`` says it, formatted with the evidence."""

    kind: str
    find: Callable[[Sequence[Look], Groups], Evidence | None]
    words: str


def collapse(looks: Sequence[Look], groups: Groups) -> Evidence | None:
    """z makes no difference, or chooses among a few points."""
    least = [min(look.spread_ratio, look.vendi_ratio) for look in looks]
    if max(least) >= FEW or least[-1] > RECOVERING * least[0] + 1e-6:
        return None
    last = looks[-1]
    return {"spread_ratio": last.spread_ratio, "vendi_ratio": last.vendi_ratio, "least": least[-1]}


def class_collapse(looks: Sequence[Look], groups: Groups) -> Evidence | None:
    """z makes no difference within some of the classes that are asked for."""
    ratios = list(zip(*(look.class_spread_ratios for look in looks), strict=True))
    few = [k for k, r in enumerate(ratios) if max(r) < FEW and r[-1] <= RECOVERING * r[0] + 1e-6]
    if not few:
        return None
    return {"classes": few, "spread_ratio": max(ratios[k][-1] for k in few)}


def dropping(looks: Sequence[Look], groups: Groups) -> Evidence | None:
    """Groups of the data that are (all but) never drawn, though what is drawn is varied and lies among the data."""
    if min(look.likeness for look in looks) < LIKE or collapse(looks, groups):
        return None
    missing = [
        k
        for k, share in enumerate(groups.shares)
        if all(look.shares[k] < SHORT * share and _chance(look, k, share) < CHANCE for look in looks)
    ]
    if not missing:
        return None
    last = looks[-1]
    return {
        "missing": [groups.names[k] for k in missing],
        "examples": [groups.examples[k] for k in missing],
        "real_share": sum(groups.shares[k] for k in missing),
        "generated_share": sum(last.shares[k] for k in missing),
        "spread_ratio": last.spread_ratio,
    }


def overfitting(looks: Sequence[Look], groups: Groups) -> Evidence | None:
    """Held-out reals are judged far below training reals, and nearer to fakes than to those."""
    duels = [look.duelling for look in looks if look.duelling is not None]
    seen = [(d.overfitting, d.significance) for d in duels if d.overfitting is not None and d.significance is not None]
    if len(seen) < len(looks) or any(gap < OVERFIT or sure < SIGNIFICANT for gap, sure in seen):
        return None
    return {"held_out_gap": seen[-1][0], "standard_errors": seen[-1][1]}


def starved(looks: Sequence[Look], groups: Groups) -> Evidence | None:
    """The discriminator is never wrong, and its verdict hardly changes around the fakes."""
    duels = [look.duelling for look in looks if look.duelling is not None]
    if len(duels) < len(looks) or any(d.told_apart < APART or d.pull > FLAT for d in duels):
        return None
    return {"told_apart": duels[-1].told_apart, "pull": duels[-1].pull}


def oscillation(looks: Sequence[Look], groups: Groups) -> Evidence | None:
    """What the same latents show moves far between looks, and comes back instead of getting anywhere."""
    if len(looks) <= STEPS:
        return None
    looks = looks[-STEPS - 1 :]
    steps = [math.dist(a.centre, b.centre) for a, b in pairwise(looks)]
    path, net = sum(steps), math.dist(looks[0].centre, looks[-1].centre)
    if sorted(steps)[len(steps) // 2] < STEP or net > RETURN * path:
        return None
    return {"step": path / len(steps), "path": path, "net": net}


RULES = (
    Rule(
        "mode collapse",
        collapse,
        "mode collapse: different latents give (almost) the same pictures; their spread is {spread_ratio:.0%} and their "
        "effective number {vendi_ratio:.0%} of the real data's",
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
    Rule(
        "discriminator overfitting",
        overfitting,
        "discriminator overfitting: of the way from seen real pictures down to fakes, real pictures that it has never "
        "seen lie {held_out_gap:.0%} down; it learns its pictures by heart",
    ),
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


def stretch(looks: Sequence[Look]) -> Sequence[Look]:
    """The looks that a verdict rests on; none while there are too few."""
    wanted = min(MOST_LOOKS, max(LOOKS, len(looks) // LASTING))
    return looks[-wanted:] if len(looks) >= wanted else ()


def find_all(looks: Sequence[Look], groups: Groups, classes: Sequence[str]) -> dict[str, tuple[str, Evidence]]:
    """Kind → (words, evidence) of every rule that speaks after the last of these looks; the first of a kind."""
    found: dict[str, tuple[str, Evidence]] = {}
    for rule in RULES if stretch(looks) else ():
        evidence = None if rule.kind in found else rule.find(looks if rule.find is oscillation else stretch(looks), groups)
        if evidence is not None:
            found[rule.kind] = rule.words.format(named=_named(evidence, groups, classes), **evidence), evidence
    return found


def _named(evidence: Mapping[str, Any], groups: Groups, classes: Sequence[str]) -> str:
    if "missing" in evidence:
        pairs = zip(evidence["missing"], evidence["examples"], strict=True)
        names = [f"{name} (such as picture {example})" if name.startswith("cluster ") else name for name, example in pairs]
        return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
    if "classes" in evidence:
        return ", ".join(classes[k] for k in evidence["classes"])
    return ""


def _chance(look: Look, group: int, share: float) -> float:
    """How often chance alone gives the group so few of the looked-at pictures: the binomial law's lower tail."""
    hits = round(look.shares[group] * look.count)
    logs = (
        math.lgamma(look.count + 1)
        - math.lgamma(k + 1)
        - math.lgamma(look.count - k + 1)
        + k * math.log(max(share, 1e-300))
        + (look.count - k) * math.log1p(-min(share, 1 - 1e-12))
        for k in range(hits + 1)
    )
    return math.fsum(math.exp(log) for log in logs)
