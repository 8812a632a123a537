"""What translations are measured with: each ruler looks at one translator after another, and remembers what it saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from ganvas.evaluate.extractor import OnProgress
from ganvas.evaluate.pairs import NAMES, Perceptual, Scores
from ganvas.evaluate.translation.domains import Domains
from ganvas.evaluate.translation.likeness import Likeness, kid_lead
from ganvas.evaluate.translation.made import Made
from ganvas.evaluate.translation.nearness import cells, leads, scores_of
from ganvas.evaluate.translation.pile import Pile
from ganvas.evaluate.translation.scorecard import COLUMNS, Cell, Lead
from ganvas.evaluate.translation.segmenter import Segmenter, seen_in, segmentation_cells
from ganvas.evaluate.translation.ways import Labelled


@dataclass(frozen=True)
class Ranked:
    """Which pictures came out well: a value each, by a score of that name."""

    values: Tensor
    words: str
    higher_is_better: bool


class Ruler(Protocol):
    """One way to measure."""

    def of(self, made: Made, on_progress: OnProgress) -> dict[str, Cell]:
        """What one method's pictures measure."""

    def of_real(self, on_progress: OnProgress) -> dict[str, Cell]:
        """What unseen real pictures measure in their place; empty where that says nothing."""

    def leads(self, first: str, others: Sequence[str]) -> list[Lead]:
        """How far the first method is ahead of others."""

    def ranked(self, name: str) -> Ranked | None:
        """A value for each of that method's pictures, where there is one."""

    def protocol(self) -> dict[str, str]:
        """What a second implementation would have to know."""


@dataclass
class Nearness:
    """Scores against what each picture should be: the truth or, there and back, the source."""

    truths: Pile
    border: int
    perceptual: Perceptual | None
    why: str
    seed: int
    cycle: bool = False
    seen: dict[str, list[Scores]] = field(default_factory=dict)

    def of(self, made: Made, on_progress: OnProgress) -> dict[str, Cell]:
        results = made.back if self.cycle else made.pictures
        if results is None:
            return {}
        scores = scores_of(made, results, self.truths, self.border, self.perceptual, on_progress)
        self.seen[made.method.name] = scores
        return cells(scores, self.why, self.seed, "cycle_" if self.cycle else "")

    def of_real(self, on_progress: OnProgress) -> dict[str, Cell]:
        return {}

    def leads(self, first: str, others: Sequence[str]) -> list[Lead]:
        if self.cycle or first not in self.seen:
            return []
        return leads(self.seen[first], {name: self.seen[name] for name in others if name in self.seen}, self.seed)

    def ranked(self, name: str) -> Ranked | None:
        scores = self.seen.get(name)
        score = "psnr_rgb_db" if self.perceptual is None else "lpips"
        if scores is None or any(row[score] is None for row in scores):
            return None
        values = torch.tensor([row[score] for row in scores], dtype=torch.float64)
        title, better = NAMES[score]
        return Ranked(values, f"{'there and back, ' if self.cycle else ''}{title}", better == "higher")

    def protocol(self) -> dict[str, str]:
        if not self.seen:
            return {}
        cut = f"border of {self.border} px cut off" if self.border else "no border cut off"
        what = "8-bit results, there and back through 8-bit pictures" if self.cycle else "8-bit results"
        lpips = "LPIPS AlexNet v0.1 on whole pictures" if self.perceptual else f"LPIPS n/a: {self.why}"
        return {
            "cycle" if self.cycle else "pairs": (
                f"{what}, {cut}; PSNR and SSIM (Gaussian window 11, σ 1.5, inside only) on RGB and on MATLAB's Y; "
                f"{lpips}; means over pictures, 95 % bootstrapped over them; seed {self.seed}"
            )
        }


@dataclass
class Alike:
    """The set of translations beside the set of real targets."""

    likeness: Likeness
    unseen: Pile | None
    translated: int
    seen: dict[str, Tensor] = field(default_factory=dict)

    def of(self, made: Made, on_progress: OnProgress) -> dict[str, Cell]:
        name = made.method.name
        self.seen[name] = self.likeness.features(f"{name}'s translations", made.fakes(), on_progress)
        return self.likeness.cells(self.seen[name])

    def of_real(self, on_progress: OnProgress) -> dict[str, Cell]:
        if self.unseen is None:
            return {}
        some = self.unseen.some(self.translated)
        return self.likeness.cells(self.likeness.features("held-out real pictures", some.fakes(), on_progress))

    def leads(self, first: str, others: Sequence[str]) -> list[Lead]:
        real, seed = self.likeness.real, self.likeness.seed
        found = (kid_lead(real, self.seen[first], self.seen[name], name, seed) for name in others)
        return [lead for lead in found if lead is not None]

    def ranked(self, name: str) -> Ranked | None:
        return None

    def protocol(self) -> dict[str, str]:
        return {"kid": self.likeness.words()}


@dataclass
class Called:
    """Which of the two sets a classifier takes translations for."""

    domains: Domains
    unseen: Pile | None
    seen: dict[str, Tensor] = field(default_factory=dict)

    def of(self, made: Made, on_progress: OnProgress) -> dict[str, Cell]:
        name = made.method.name
        self.seen[name] = self.domains.margins(f"{name}'s translations", made.fakes(), on_progress)
        return {self.domains.column: self.domains.cell(self.seen[name])}

    def of_real(self, on_progress: OnProgress) -> dict[str, Cell]:
        if self.unseen is None:
            return {}
        margins = self.domains.margins("held-out real pictures", self.unseen.fakes(), on_progress)
        return {self.domains.column: self.domains.cell(margins)}

    def leads(self, first: str, others: Sequence[str]) -> list[Lead]:
        return []

    def ranked(self, name: str) -> Ranked | None:
        return Ranked(self.seen[name], "the classifier's logit towards the target", True) if name in self.seen else None

    def protocol(self) -> dict[str, str]:
        return {COLUMNS[self.domains.column].protocol: self.domains.words}


@dataclass
class Segmented:
    """Whether a segmenter of real photos finds in translations the classes that were asked for."""

    segmenter: Segmenter
    maps: Pile
    exam: Labelled | None
    seed: int

    def of(self, made: Made, on_progress: OnProgress) -> dict[str, Cell]:
        on_progress(f"{made.method.name}: segmenting", 0, 1)
        confusion = seen_in(self.segmenter, made.pictures, self.maps)
        return segmentation_cells(confusion, self.segmenter.counted, self.seed)

    def of_real(self, on_progress: OnProgress) -> dict[str, Cell]:
        if self.exam is None:
            return {}
        confusion = seen_in(self.segmenter, self.exam.photos, self.exam.maps)
        return segmentation_cells(confusion, self.segmenter.counted, self.seed)

    def leads(self, first: str, others: Sequence[str]) -> list[Lead]:
        return []

    def ranked(self, name: str) -> Ranked | None:
        return None

    def protocol(self) -> dict[str, str]:
        return {"segmenter": self.segmenter.words(len(self.exam.photos) if self.exam else 0)}
