"""Combinations that cannot work, each with its reason. Everything else is the user's free choice."""

from __future__ import annotations

from collections.abc import Mapping

from ganvas.losses.adversarial import AdversarialLoss
from ganvas.losses.bounds import Bound
from ganvas.losses.penalties import Penalty
from ganvas.models.networks import DiscriminatorConfig
from ganvas.space import Space


def unsound(
    loss: AdversarialLoss,
    penalties: Mapping[str, Penalty],
    bounds: Mapping[str, Bound],
    discriminator: DiscriminatorConfig,
) -> str | None:
    """Why this combination is refused and what to change, or None."""
    if loss.needs_lipschitz and not (penalties or bounds or discriminator.spectral_norm):
        return (
            f"loss={loss.kind} is unbounded without a limit on the critic's slope: the critic would grow for ever; "
            "add penalties=gradient-penalty, bounds=clip or discriminator.spectral_norm=true"
        )
    if penalties and discriminator.batch_normalised:
        return (
            f"penalties={','.join(penalties)} want each picture's own gradient, but this discriminator judges a "
            "picture by its batch (batch normalisation); set discriminator.norm=none or penalties=none"
        )
    if bounds and discriminator.spectral_norm:
        return (
            f"bounds={','.join(bounds)} act on weights that discriminator.spectral_norm divides by their own size, "
            "so they change nothing; keep one of the two"
        )
    return None


def unpackable(discriminator: DiscriminatorConfig, space: Space, part: int) -> str | None:
    """Why parts of ``part`` pictures cannot be judged in packs, or None."""
    if discriminator.packing > 1 and space.condition is not None:
        return (
            "discriminator.packing judges several pictures at once, which may be of several classes; "
            "train without them (--labels none) or set discriminator.packing=1"
        )
    if part % discriminator.packing:
        return f"{part} pictures at once do not divide into packs of {discriminator.packing}; change batch"
    return None
