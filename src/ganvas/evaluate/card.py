"""The report card: numbers that each carry what they were measured with. JSON-able, and the same whoever prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ganvas.config import Config
from ganvas.evaluate.properties import PROPERTY_OF

SHORT = {
    "frechet_distance": "fd",
    "frechet_distance_infinity": "fd-infinity",
    "kernel_distance": "kd",
    "mutual_information_gap": "mig",
}
"""Names that are long in a label. FID and KID are said of the Inception network's features only, so not here."""


class Protocol(Config):
    """How a number was measured. Numbers whose protocols differ must not be compared."""

    n_real: int | None = None
    """Real pictures."""
    n_fake: int | None = None
    """Generated pictures; as many real ones stand in for them in the reference."""
    k: int | None = None
    """Which neighbour makes a ball's radius."""
    seed: int = 0
    extractor: str | None = None
    dimension: int | None = None
    resize: str | None = None
    fingerprint: str | None = None
    """Of the extractor."""
    split: str | None = None
    """Which real pictures."""
    part: str | None = None
    """The same in a word: ``train``, ``test`` or ``real``."""
    weights: str | None = None
    """Which of a snapshot's weights made the pictures: ``ema10k``, their average of a half-life of 10,000 images, or
    ``raw``, the last ones."""
    detail: str | None = None
    """What else a second implementation would have to know."""

    def __str__(self) -> str:
        """All of it on one line."""
        sizes = [f"{n:,} {side}" for n, side in ((self.n_real, "real"), (self.n_fake, "generated")) if n is not None]
        extractor = f"{self.extractor} ({self.dimension}-d, resize {self.resize}, {self.fingerprint})"
        parts = [
            extractor if self.extractor else None,
            " against ".join(sizes) or None,
            f"k={self.k}" if self.k else None,
            self.split,
            f"weights {self.weights}" if self.weights else None,
            self.detail,
            f"seed {self.seed}",
        ]
        return ", ".join(part for part in parts if part)


class Measurement(Config):
    """One number. ``None`` is n/a: it could not be measured, which is never the same as 0."""

    name: str
    """Stable key: `frechet_distance`, `kernel_distance`, `precision`, `recall`, `density`, `coverage` …"""
    value: float | None
    interval: tuple[float, float] | None = None
    """95 %, where it is cheap; the real set held fixed."""
    reference: float | None = None
    """The same number for unseen real pictures in the generated ones' place: what a perfect generator would reach."""
    collapse: float | None = None
    """The same number if one typical real picture were repeated in the generated ones' place; of disentanglement, by
    chance: what a generator reaches that ignores its z."""
    unit: str = ""
    better: Literal["higher", "lower"]
    headline: bool = True
    """False where another measurement says the same more soundly at this N."""
    protocol: Protocol = Protocol()

    @property
    def key(self) -> str:
        """`name` or `name/extractor`: unique in a card."""
        return f"{self.name}/{self.protocol.extractor}" if self.protocol.extractor else self.name

    @property
    def label(self) -> str:
        """Name and protocol in a word, to cite a number by: ``fd10k_self-trained_train_ema10k``."""
        how = self.protocol
        size = thousands(how.n_fake) if how.n_fake else ""
        name = SHORT.get(self.name, self.name.replace("_", "-"))
        return "_".join(part for part in (name + size, how.extractor, how.part, how.weights) if part)

    @property
    def section(self) -> str:
        """Key of the section of the card that it belongs to."""
        return PROPERTY_OF[self.name].key

    @property
    def why(self) -> str | None:
        """Why it is n/a; None where it is not."""
        return (self.protocol.detail or "it could not be measured") if self.value is None else None


def thousands(count: float) -> str:
    """``2500`` → ``2.5k``."""
    return f"{count / 1000:g}k" if count >= 1000 else f"{count:g}"


class ClassRow(Config):
    """One class in the judge's eyes."""

    name: str
    share: float
    """Of the generated pictures."""
    reference_share: float
    """Of unseen real pictures, by the same judge."""
    accuracy: float | None = None
    """Share of the pictures asked to show this class in which the judge sees it; None where none were asked to."""
    interval: tuple[float, float] | None = None
    recall: float | None = None
    """Share of the class's real pictures that lie within a generated one's ball, in the judge's features."""
    reference_recall: float | None = None
    """The same within the balls of unseen real pictures."""


class Card(Config):
    """All that was measured of one generator, or of one image set, against one data set."""

    data: str
    """Name of the real set."""
    data_fingerprint: str
    space: str
    samples: int
    """Generated pictures in all."""
    truncation: float | None = None
    family: str | None = None
    """Of `properties.FAMILIES`, for the lecture's marks; None where only pictures are known."""
    seed: int
    measurements: tuple[Measurement, ...]
    classes: tuple[ClassRow, ...] = ()
    judge_accuracy: float | None = None
    """Share of unseen real pictures that the self-trained judge names rightly: what class accuracy can reach."""
    notes: tuple[str, ...] = ()
    """What could not be measured, and why."""
    seconds: float

    def find(self, name: str, extractor: str | None = None) -> Measurement | None:
        """The measurement of that name (by that extractor), or None."""
        return next((m for m in self.measurements if m.name == name and m.protocol.extractor == extractor), None)

    def section(self, key: str) -> tuple[Measurement, ...]:
        """The measurements of one section of `properties.SECTIONS`, in its order, those by the best eyes first."""
        order = list(PROPERTY_OF)
        found = [m for m in self.measurements if m.section == key]
        return tuple(sorted(found, key=lambda m: (not self.leads(m), order.index(m.name))))

    def leads(self, measurement: Measurement) -> bool:
        """Whether the number was measured by the best eyes, or by none, or by no better ones."""
        seen_by = measurement.protocol.extractor
        return seen_by in (None, self.eyes) or self.find(measurement.name, self.eyes) is None

    @property
    def eyes(self) -> str | None:
        """The extractor that sees most of what people see: the one that was asked for first among the public ones, else
        the judge of these very data if it can be believed, else what there is."""
        return best_eyes(self.measurements, blindness(self.measurements, self.judge_accuracy, len(self.classes)))

    def numbers(self) -> dict[str, float]:
        """`key` → value of all that could be measured."""
        return {m.key: m.value for m in self.measurements if m.value is not None}


JUDGE = "self-trained"
PLAIN_EYES = (JUDGE, "random-conv", "pixels")
"""Extractors that need no weights from elsewhere, the sharpest first; all others see more."""


def sharpness(extractor: str) -> int:
    """Rank by how much of a picture's content the extractor sees: 0 is the best."""
    return 1 + PLAIN_EYES.index(extractor) if extractor in PLAIN_EYES else 0


BY_HEART = 0.6
"""Precision or coverage of unseen real pictures in the judge's features under which it has met the measured ones: .39
and .96 when it had (600 of 3,000 flowers), .84 and .95 when it had not."""


def best_eyes(measurements: Sequence[Measurement], blind: str | None) -> str | None:
    """The sharpest extractor of those that measured precision; the judge comes last where something makes it blind."""
    used = [m.protocol.extractor for m in measurements if m.name == "precision" and m.protocol.extractor]
    return min(used, key=lambda name: (blind is not None and name == JUDGE, sharpness(name)), default=None)


def blindness(measurements: Sequence[Measurement], accuracy: float | None, classes: int) -> str | None:
    """Why the judge's features should not lead, in words; None where they may."""
    if accuracy is not None and accuracy < 2 / (classes + 1):
        return f"it is right on only {accuracy:.1%} of unseen real pictures"
    for m in measurements:
        judged = m.protocol.extractor == JUDGE and m.name in ("precision", "coverage")
        if judged and m.reference is not None and m.reference < BY_HEART:
            return f"the {m.name} of unseen real pictures is only {m.reference:.2f} in its features"
    return None
