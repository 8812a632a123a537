"""What a good model is: the lecture's six properties, each with its definition, its marks and the numbers that belong
to it; and two subjects of our own, novelty and the game. Every measurement of a card belongs to exactly one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Mark = Literal["yes", "no", "?", "n/a"]

FAMILIES = ("gan", "vae", "flow", "diffusion")
"""The families whose marks the lecture gives (its table follows Prince 2023, Understanding Deep Learning, 14.3)."""


@dataclass(frozen=True)
class Property:
    """One section of a card."""

    key: str
    title: str
    definition: str
    """What the property means, in a sentence."""
    primary: tuple[str, ...]
    """Names of the measurements that say most, in the order in which they are shown."""
    more: tuple[str, ...] = ()
    """Names of the others."""
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """The lecture's judgement of each family; empty for what is not of its table."""

    @property
    def names(self) -> tuple[str, ...]:
        """All its measurements, the primary ones first."""
        return self.primary + self.more


def _marks(*marks: Mark) -> dict[str, Mark]:
    return dict(zip(FAMILIES, marks, strict=True))


PROPERTIES = (
    Property(
        "sampling",
        "Efficient sampling",
        "A sample costs little, and a batch of them makes use of parallel hardware.",
        ("images_per_second", "latency_seconds"),
        marks=_marks("yes", "yes", "yes", "no"),
    ),
    Property(
        "quality",
        "Sample quality",
        "Samples cannot be told from the data that the model was trained on.",
        ("precision", "density", "fid", "frechet_distance", "kernel_distance", "c2st_accuracy", "js_over_generated"),
        ("frechet_distance_infinity", "c2st_p_value", "class_accuracy", "class_accuracy_lowest"),
        marks=_marks("yes", "no", "no", "yes"),
    ),
    Property(
        "coverage",
        "Coverage",
        "Samples stand for the whole training distribution, and nothing of it is left out.",
        (
            *("recall", "coverage", "modes_covered", "bins_low", "vendi_ratio", "class_share_distance"),
            *("class_recall_lowest", "js_under_generated"),
        ),
        (
            *("share_missing", "share_surplus", "bins_different", "bins_high"),
            *("birthday_support", "duplicate_share", "reverse_kl"),
        ),
        marks=_marks("no", "?", "?", "?"),
    ),
    Property(
        "latent",
        "Well-behaved latent space",
        "Every z gives a plausible picture, and a smooth change of z changes the picture smoothly.",
        ("random_precision", "midpoint_precision", "path_length_ratio", "log_condition_number"),
        ("interpolation_precision_loss", "path_length_full", "path_length_end"),
        marks=_marks("yes", "yes", "yes", "no"),
    ),
    Property(
        "disentangled",
        "Disentangled latent space",
        "Each number of z stands for one property of the picture, which it alone changes.",
        ("mutual_information_gap", "dci_disentanglement", "dci_completeness", "dci_informativeness", "modularity"),
        ("sap", "factor_vae_score", "linear_separability"),
        marks=_marks("?", "?", "?", "no"),
    ),
    Property(
        "likelihood",
        "Efficient likelihood",
        "The probability of a new example can be computed, fast and exactly.",
        ("likelihood",),
        marks=_marks("n/a", "no", "yes", "no"),
    ),
)

NOVELTY = Property(
    "novelty",
    "Novelty",
    "Samples are new: none is a training picture over again. (Not of the lecture's table.)",
    ("authentic_share", "ct_score"),
    ("nearest_train_distance", "memorised_frechet_distance"),
)
GAME = Property(
    "game",
    "Equilibrium of the game",
    "No player could gain by going on alone. (Not of the lecture's table.)",
    ("duality_gap",),
    ("optimal_discriminator_gap",),
)

SECTIONS = (*PROPERTIES, NOVELTY, GAME)
"""In the order of a card."""
PROPERTY_OF = {name: section for section in SECTIONS for name in section.names}
"""Measurement's name → where it belongs."""
