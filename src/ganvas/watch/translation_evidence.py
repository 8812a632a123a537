"""What one look at a translation finds: plain numbers, nothing judged yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from ganvas.watch.evidence import Gap, Numbers


@dataclass(frozen=True)
class Domains:
    """What the data of a translation are like, measured once before training."""

    paired: bool
    comparable: bool
    """Whether a source can be laid over a picture: as many channels (or one), and no map of classes."""
    distance: float
    """ℓ1 (in [−1, 1]) from a source to its truth; of two sets, from a source to the nearest of the pictures."""
    called_for: bool
    """Whether turning light and dark over brings the sources nearer to the pictures: then that is no fault."""
    lattice: float
    """How far patterns of 2 or 4 px stand out in real pictures; see `translation_features.lattice`."""
    pictures: int
    """To train on: so many images are an epoch."""
    apart: bool = True
    """Whether sources can be told from pictures at all, as sets; else there is nothing to gain."""


@dataclass(frozen=True)
class TranslationLook:
    """What the generator makes of the same windows at every look, some of them trained on and some held out."""

    images: int
    agreement: float
    """Correlation of light and dark with the truth or, of two sets, with the source: −1 is a negative."""
    moved: float
    """ℓ1 from source to translation, over `Domains.distance`; 1 where sources cannot be laid over pictures."""
    gained: float
    """1 − (distance to the truth or to the pictures) / (the same of the sources themselves): 0 is as good as a copy;
    1 where that cannot be said."""
    spread_ratio: float
    """Root mean square distance of the translations from their mean, over that of real pictures."""
    lattice: float
    """How far patterns of 2 or 4 px stand out in the translations."""
    lattice_levels: float
    """Their strength in grey levels."""
    trained: float | None
    """Mean ℓ1 to the truth over windows that are trained on; None without pairs."""
    held_out: Numbers
    """ℓ1 to the truth of each held-out window; empty without any, or without pairs."""
    duelling: Gap | None
    """None without a discriminator."""

    def curves(self) -> dict[str, float]:
        """The numbers worth a curve, as they stand in ``stats.jsonl``."""
        curves = {name: getattr(self, name) for name in ("agreement", "moved", "gained", "spread_ratio")}
        if self.duelling is not None:
            curves["told_apart"] = self.duelling.told_apart
            if self.duelling.overfitting is not None:
                curves["held_out_gap"] = self.duelling.overfitting
        pairs = {"trained_l1": self.trained} if self.trained is not None else {}
        pairs |= {"held_out_l1": sum(self.held_out) / len(self.held_out)} if self.held_out else {}
        both = {f"watch/{name}": value for name, value in curves.items()}
        both |= {f"pairs/{name}": value for name, value in pairs.items()} | {"grid/stands_out": self.lattice}
        return {name: float(f"{value:.5g}") for name, value in both.items()}

    def state(self) -> dict[str, Any]:
        """As plain containers, to be stored."""
        return asdict(self)

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """The look that `state` stored."""
        values = {field.name: state[field.name] for field in fields(cls)}
        return cls(**{**values, "duelling": Gap(**values["duelling"]) if values["duelling"] else None})
