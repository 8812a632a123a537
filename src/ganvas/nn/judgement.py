"""What a discriminator says about a picture."""

from __future__ import annotations

from dataclasses import dataclass, fields

from torch import Tensor


@dataclass(frozen=True)
class Judgement:
    """Logits (N,), positive for "real", and what other heads a discriminator has (None where it has none)."""

    logits: Tensor
    features: Tensor | None = None
    classes: Tensor | None = None
    code: Tensor | None = None

    def split(self, sizes: list[int]) -> list[Judgement]:
        """The judgements of the parts of a batch that was judged in one call."""
        heads = {f.name: getattr(self, f.name) for f in fields(self)}
        parts = {name: (head.split(sizes) if head is not None else [None] * len(sizes)) for name, head in heads.items()}
        return [Judgement(**dict(zip(parts, values, strict=True))) for values in zip(*parts.values(), strict=True)]
