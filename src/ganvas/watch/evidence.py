"""What one look at a game finds: plain numbers, nothing judged yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Gap:
    """What the discriminator says, of as many training, held-out and generated pictures.

    ``overfitting`` and ``significance`` are None where no pictures are held out.
    """

    told_apart: float
    """Share of pairs in which the real picture has the higher logit: 1 is perfect, .5 is a coin."""
    overfitting: float | None
    """(D(train) − D(held out)) / (D(train) − D(fake)), means: 0 unseen reals are judged as seen ones, 1 as fakes
    (Karras et al. 2020, equation 1)."""
    significance: float | None
    """D(train) − D(held out) in standard errors."""


@dataclass(frozen=True)
class Duelling(Gap):
    """And how it answers the generator."""

    pull: float
    """|∂(G's loss)/∂fake| · (spread of the data) / (D(real) − D(fake)), means: what moving its pictures as far as data
    are spread would earn the generator. About 1 where D rises evenly from fake to real, 0 where its loss is flat."""


@dataclass(frozen=True)
class Look:
    """The generator's pictures of a few hundred latents, the same ones at every look, against real pictures."""

    images: int
    spread_ratio: float
    """Root mean square distance from their mean (within a class, where classes are asked for), over the real one."""
    class_spread_ratios: Numbers
    """The same of each asked class; empty without classes."""
    vendi_ratio: float
    """(V − 1) / (V of as many real pictures − 1), V the effective number of different pictures: 0 is one picture."""
    likeness: float
    """Share that lies as near to a real picture as 95 % of unseen real pictures do."""
    shares: Numbers
    """Of the groups (classes or clusters) among the generated pictures."""
    centre: Numbers
    """Mean feature, in units of the real spread."""
    duelling: Duelling | None
    """None for a game without a duel."""
    count: int
    """Generated pictures looked at."""

    def curves(self) -> dict[str, float]:
        """The numbers worth a curve, as they stand in ``stats.jsonl``."""
        curves = {name: getattr(self, name) for name in ("spread_ratio", "vendi_ratio", "likeness")}
        if self.duelling is not None:
            curves |= {"told_apart": self.duelling.told_apart, "pull": self.duelling.pull}
            if self.duelling.overfitting is not None:
                curves["held_out_gap"] = self.duelling.overfitting
        return {f"watch/{name}": float(f"{value:.5g}") for name, value in curves.items()}

    def state(self) -> dict[str, Any]:
        """As plain containers, to be stored."""
        return asdict(self)

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """The look that `state` stored."""
        values = {field.name: state[field.name] for field in fields(cls)}
        duelling = Duelling(**values["duelling"]) if values["duelling"] else None
        return cls(**{**values, "duelling": duelling})
