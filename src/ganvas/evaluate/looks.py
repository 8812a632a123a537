"""What each extractor saw, as the rules of `ganvas.evaluate.faults` ask it: numbers beside those of unseen pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ganvas.evaluate.card import Card, Measurement, sharpness

FEWEST = 200
"""Pictures a side; of fewer, chance moves the shares by as much as the faults do."""
SURE = 3.0
"""Standard errors by which a share must lie below its reference, besides the limit on how much it matters."""


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
        return z_of(self.value(name), self.reference(name), n or self.n, self.n) < -sure

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
    """What the rules look at: the card, what each extractor saw, and the best eyes' part of it."""

    card: Card
    looks: tuple[Look, ...]
    best: Look


def case_of(card: Card) -> Case | None:
    """The card by extractor; None where nothing can be told for want of pictures or of references."""
    looks = []
    for name in dict.fromkeys(m.protocol.extractor for m in card.measurements if m.protocol.extractor):
        numbers = {m.name: m for m in card.measurements if m.protocol.extractor == name}
        sizes = [m.protocol.n_real or 0 for m in numbers.values()] + [m.protocol.n_fake or 0 for m in numbers.values()]
        looks.append(Look(name, numbers, min(size for size in (*sizes, card.samples) if size)))
    usable = tuple(look for look in looks if look.n >= FEWEST and look.has("precision", "coverage"))
    best = min(usable, key=lambda look: (look.extractor != card.eyes, sharpness(look.extractor)), default=None)
    return Case(card, usable, best) if best else None


def eyes(extractor: str) -> str:
    """What an extractor looks at, in words."""
    return "pixels" if extractor == "pixels" else f"{extractor} features"


def listed(words: Sequence[str]) -> str:
    """``a, b and c``"""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part) if words else "nothing"


def z_of(share: float, reference: float, n: float, of_reference: float) -> float:
    """Two shares' difference in standard errors, pooled; 0 where both are 0 or 1."""
    pooled = (share * n + reference * of_reference) / (n + of_reference)
    error = math.sqrt(max(pooled * (1 - pooled), 0.0) * (1 / n + 1 / of_reference))
    return (share - reference) / error if error > 0 else 0.0
