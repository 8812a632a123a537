"""Divergences, transport and games on paper, exact and without torch.

Everywhere what is real comes first (``p``, ``real``) and what is generated second (``q``, ``fake``). Divergences are in
nats and divide counts by their sum; transport moves masses as they are and needs equal sums (`probabilities`).
"""

from ganvas.theory.discriminator import cross_entropy, lowest_cross_entropy, minimax_value, optimal_discriminator
from ganvas.theory.divergences import JSSplit, js, js_split, kl, total_variation
from ganvas.theory.masses import masses, probabilities
from ganvas.theory.samples import Sliced, sample_distance, sliced_distance
from ganvas.theory.separation import Curves, gaussians_apart, points_apart
from ganvas.theory.transport import (
    Critic,
    Transport,
    critic_by_program,
    distance_by_cdf,
    distances,
    transport_by_pot,
    transport_by_program,
)

__all__ = [
    "Critic",
    "Curves",
    "JSSplit",
    "Sliced",
    "Transport",
    "critic_by_program",
    "cross_entropy",
    "distance_by_cdf",
    "distances",
    "gaussians_apart",
    "js",
    "js_split",
    "kl",
    "lowest_cross_entropy",
    "masses",
    "minimax_value",
    "optimal_discriminator",
    "points_apart",
    "probabilities",
    "sample_distance",
    "sliced_distance",
    "total_variation",
    "transport_by_pot",
    "transport_by_program",
]
