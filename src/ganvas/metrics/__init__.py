"""Numbers that compare two sets of feature vectors: pure functions of tensors, which know nothing of pictures.

Every function takes ``real`` (N, d) first and ``fake`` (M, d) second. The features come from an extractor
(``ganvas.evaluate.extractors``), and the number is worth no more than they are.
"""

from ganvas.metrics.frechet import frechet_distance
from ganvas.metrics.interval import bootstrap_mean, wilson
from ganvas.metrics.kernel import KernelDistance, kernel_distance, squared_mmd
from ganvas.metrics.mode_counts import ModeCounts, expected_modes, mode_counts
from ganvas.metrics.neighbours import NeighbourScores, neighbour_scores, squared_radii

__all__ = [
    "KernelDistance",
    "ModeCounts",
    "NeighbourScores",
    "bootstrap_mean",
    "expected_modes",
    "frechet_distance",
    "kernel_distance",
    "mode_counts",
    "neighbour_scores",
    "squared_mmd",
    "squared_radii",
    "wilson",
]
