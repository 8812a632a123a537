"""From looks at a translation to verdicts: a table of rules, each a small pure function of the last looks."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev

from ganvas.watch.translation_evidence import Domains, TranslationLook
from ganvas.watch.verdicts import FEW, OVERFITTING, RECOVERING, Evidence, Rule, overfitting, spoken, stretch

Looks = Sequence[TranslationLook]
INVERTED = -0.4
"""A correlation of light and dark at which a picture is a negative."""
SETTLED = 5
"""Looks before anything is said of what every beginner does: two sets with an identity loss begin with copies, and
transposed convolutions with grids."""
COPIED, GAINED = 0.25, 0.1
"""Moved by less than this part of the way (one that copies still blurs), and come nearer by less than this part."""
GRID, SEEN_GRID, FADING = 3.0, 1.0, 0.7
"""A pattern that stands out so many times as far as in real pictures, with at least so many grey levels; one that has
come down to this part over the stretch is fading."""
WORSE, SURE, BETTER = 0.05, 3.0, 0.05
"""Held-out windows have become worse by this part of their best error, by so many standard errors, while those that are
trained on have become better by the third …"""
NO_BETTER = 0.3
"""… or held-out windows are no better, while those that are trained on have become better by this part."""
AGAIN, AS_GOOD = 3, 0.02
"""So many looks in a row; and what lies this near to the best error is as good, for no error stays quite the same."""


def inversion(looks: Looks, domains: Domains) -> Evidence | None:
    """What is light becomes dark and the other way round, though nothing calls for it."""
    last = [look.agreement for look in stretch(looks)]
    return {"correlation": last[-1]} if max(last) < INVERTED and not domains.called_for else None


def copying(looks: Looks, domains: Domains) -> Evidence | None:
    """Sources are handed on as they are, and are no nearer to what they should become."""
    last = stretch(looks)
    if not domains.comparable or len(looks) < SETTLED:
        return None
    if max(look.moved for look in last) >= COPIED or max(look.gained for look in last) >= GAINED:
        return None
    return {"moved": last[-1].moved, "gained": last[-1].gained}


def grid(looks: Looks, domains: Domains) -> Evidence | None:
    """A pattern of two or four pixels lies over the translations, and stays."""
    last = stretch(looks)
    if len(looks) < SETTLED:
        return None
    if any(look.lattice < GRID * domains.lattice or look.lattice_levels < SEEN_GRID for look in last):
        return None
    if last[-1].lattice_levels < FADING * last[0].lattice_levels:
        return None
    return {
        "stands_out": last[-1].lattice,
        "in_real_pictures": domains.lattice,
        "grey_levels": last[-1].lattice_levels,
    }


def sameness(looks: Looks, domains: Domains) -> Evidence | None:
    """Whatever is translated, (almost) the same comes out."""
    ratios = [look.spread_ratio for look in stretch(looks)]
    if max(ratios) >= FEW or ratios[-1] > RECOVERING * ratios[0] + 1e-6:
        return None
    return {"spread_ratio": ratios[-1]}


def by_heart(looks: Looks, domains: Domains) -> Evidence | None:
    """Pairs that are trained on still come nearer to their truth, and unseen ones do not, or go away from it."""
    measured = [look for look in looks if look.held_out and look.trained is not None]
    if len(measured) <= AGAIN:
        return None
    errors = [fmean(look.held_out) for look in measured[:-AGAIN]]
    best = next(look for look, error in zip(measured, errors, strict=False) if error <= (1 + AS_GOOD) * min(errors))
    last = measured[-AGAIN:]
    if not all(_worse(look, best) for look in last):
        return None
    now, before = fmean(last[-1].held_out), fmean(best.held_out)
    return {
        "best_at_images": best.images,
        "held_out_rise": now / before - 1,
        "trained_fall": 1 - (last[-1].trained or 0.0) / max(best.trained or 0.0, 1e-9),
    }


def _worse(look: TranslationLook, best: TranslationLook) -> bool:
    """Window by window: what all of them share, a generator that goes up and down, is in both sums."""
    assert look.trained is not None and best.trained is not None
    rises = [now - then for now, then in zip(look.held_out, best.held_out, strict=True)]
    error = stdev(rises) / len(rises) ** 0.5 if len(rises) > 1 else float("inf")
    fallen, risen = 1 - look.trained / max(best.trained, 1e-9), fmean(rises)
    if risen > max(WORSE * fmean(best.held_out), SURE * error):
        return fallen > BETTER
    return risen >= 0 and fallen > NO_BETTER


def known_pictures(looks: Looks, domains: Domains) -> Evidence | None:
    """As in any game, but of fewer pictures, hence surer; and in the first epoch what is trained on was seen a moment
    ago, and all else never."""
    found = overfitting([look for look in looks if look.images > domains.pictures], domains)
    return found if found is not None and found["standard_errors"] >= SURE else None


RULES: tuple[Rule[TranslationLook, Domains], ...] = (
    Rule(
        "colour inversion",
        inversion,
        "colour inversion: light comes out dark and dark light; the correlation with what it should be is "
        "{correlation:.2f}",
    ),
    Rule(
        "identity collapse",
        copying,
        "identity collapse: the generator hands its input on; it moves {moved:.0%} of the way to the other side and "
        "comes {gained:.0%} nearer to it",
    ),
    Rule(
        "sameness",
        sameness,
        "sameness: different inputs give (almost) the same picture; the translations' spread is {spread_ratio:.0%} of "
        "the real pictures'",
    ),
    Rule(
        "grid artefacts",
        grid,
        "grid artefacts: a pattern of 2 or 4 px lies over the translations; it stands out {stands_out:.1f} times from "
        "what is around it ({in_real_pictures:.1f} in real pictures) with {grey_levels:.1f} grey levels",
    ),
    Rule(
        "pairs learnt by heart",
        by_heart,
        "pairs learnt by heart: since {best_at_images:,} images the error on the pairs of training fell by "
        "{trained_fall:.0%}, while that on unseen pairs rose by {held_out_rise:.0%}",
    ),
    Rule("discriminator overfitting", known_pictures, OVERFITTING),
)


def find_faults(looks: Looks, domains: Domains) -> dict[str, tuple[str, Evidence]]:
    """Kind → (words, evidence) of every rule that speaks after the last of these looks."""
    return spoken(RULES, looks, domains)
