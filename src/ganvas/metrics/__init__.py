"""Numbers that compare two sets of feature vectors: pure functions of tensors, which know nothing of pictures.

Every function takes ``real`` (N, d) first and ``fake`` (M, d) second. The features come from an extractor
(``ganvas.evaluate.extractors``), and the number is worth no more than they are. What is drawn at random is drawn by a
CPU generator, the same on any device. Results name their quantities in ``numbers()``; None there is n/a.

Pairs of pictures have numbers of their own: `ganvas.metrics.fidelity` and `ganvas.metrics.lpips`.
"""

from ganvas.metrics.bins import BinCounts, bin_counts
from ganvas.metrics.birthday import Birthday, Support, birthday
from ganvas.metrics.cells import CellShares, cell_shares
from ganvas.metrics.classifier import HeldOutLogits, held_out_logits
from ganvas.metrics.classifier_score import ClassifierScore, classifier_score
from ganvas.metrics.diversity import VendiRatio, vendi_interval, vendi_ratio, vendi_score
from ganvas.metrics.fidelity import ms_ssim, psnr, ssim
from ganvas.metrics.frechet import frechet_distance
from ganvas.metrics.frechet_infinity import FrechetLine, frechet_error, frechet_infinity
from ganvas.metrics.interval import bootstrap_mean, wilson
from ganvas.metrics.kernel import KernelDistance, kernel_distance, squared_mmd
from ganvas.metrics.lpips import LPIPS, load_lpips
from ganvas.metrics.mode_counts import ModeCounts, expected_modes, mode_counts
from ganvas.metrics.neighbours import NeighbourScores, SampleScores, neighbour_scores, sample_scores, squared_radii
from ganvas.metrics.novelty import CopyingTest, MemorisedFrechet, Novelty, copying_test, memorised_frechet, novelty
from ganvas.metrics.transport import SlicedDistance, sliced_wasserstein
from ganvas.metrics.two_sample import (
    Estimated,
    JSEstimate,
    TwoSampleTest,
    js_from_logits,
    optimal_discriminator_gap,
    two_sample_test,
)

__all__ = [
    "LPIPS",
    "BinCounts",
    "Birthday",
    "CellShares",
    "ClassifierScore",
    "CopyingTest",
    "Estimated",
    "FrechetLine",
    "HeldOutLogits",
    "JSEstimate",
    "KernelDistance",
    "MemorisedFrechet",
    "ModeCounts",
    "NeighbourScores",
    "Novelty",
    "SampleScores",
    "SlicedDistance",
    "Support",
    "TwoSampleTest",
    "VendiRatio",
    "bin_counts",
    "birthday",
    "bootstrap_mean",
    "cell_shares",
    "classifier_score",
    "copying_test",
    "expected_modes",
    "frechet_distance",
    "frechet_error",
    "frechet_infinity",
    "held_out_logits",
    "js_from_logits",
    "kernel_distance",
    "load_lpips",
    "memorised_frechet",
    "mode_counts",
    "ms_ssim",
    "neighbour_scores",
    "novelty",
    "optimal_discriminator_gap",
    "psnr",
    "sample_scores",
    "sliced_wasserstein",
    "squared_mmd",
    "squared_radii",
    "ssim",
    "two_sample_test",
    "vendi_interval",
    "vendi_ratio",
    "vendi_score",
    "wilson",
]
