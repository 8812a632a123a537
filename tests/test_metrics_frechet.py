"""The Fréchet distance against closed forms, SciPy and torchmetrics, in each of its three forms."""

import numpy as np
import pytest
import scipy.linalg
import torch

from ganvas.errors import GanvasError
from ganvas.metrics import frechet_distance


def exact(rows: int, mean: torch.Tensor, deviation: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """Features whose sample mean is exactly ``mean`` and whose sample covariance exactly diag(deviation²)."""
    points = torch.randn(rows, len(mean), dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    points -= points.mean(dim=0)
    white = torch.linalg.qr(points).Q * (rows - 1) ** 0.5
    return white * deviation + mean


def test_two_gaussians_in_closed_form():
    """For diagonal covariances it is |μ₁−μ₂|² + Σ(σ₁−σ₂)²: here 4·0.5² + 4·(2−1)² = 5."""
    ones, zeros = torch.ones(4, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)
    distance = frechet_distance(exact(50, zeros, ones), exact(70, zeros + 0.5, 2 * ones, seed=1))
    assert distance == pytest.approx(5.0, abs=1e-10)


def test_it_is_symmetric_and_zero_on_itself():
    generator = torch.Generator().manual_seed(0)
    for rows in (300, 10):  # more rows than dimensions, and fewer
        a, b = torch.randn(2, rows, 64, generator=generator)
        assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-6)
        assert frechet_distance(a, b) > 1
        assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("rows", [10, 200])
def test_it_equals_the_eigenvalues_of_the_product(rows: int):
    """Tr(Σ₁Σ₂)^½ is the sum of the roots of the eigenvalues of Σ₁Σ₂: with 10 rows in 64 dimensions most are 0."""
    a, b = np.random.default_rng(0).normal(size=(2, rows, 64)) * [[[1.0]], [[1.3]]]
    product = np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)
    root = np.sqrt(np.clip(scipy.linalg.eigvals(product).real, 0, None)).sum()
    spread = a.var(axis=0, ddof=1).sum() + b.var(axis=0, ddof=1).sum()
    expected = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + spread - 2 * root
    assert frechet_distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(expected, rel=1e-4)


def test_scipys_matrix_root_agrees_at_full_rank():
    a, b = np.random.default_rng(1).normal([[[0.0]], [[0.2]]], size=(2, 500, 16))
    root = scipy.linalg.sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real
    spread = a.var(axis=0, ddof=1).sum() + b.var(axis=0, ddof=1).sum()
    expected = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + spread - 2 * np.trace(root)
    assert frechet_distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(expected, rel=1e-9)


def test_torchmetrics_agrees():
    from torchmetrics.image.fid import FrechetInceptionDistance

    class Same(torch.nn.Identity):
        num_features = 16

    a, b = torch.randn(2, 400, 16, generator=torch.Generator().manual_seed(2)) * torch.tensor([1.0, 2.0])[:, None, None]
    theirs = FrechetInceptionDistance(feature=Same(), normalize=True).set_dtype(torch.float64)
    theirs.update(a.double(), real=True)
    theirs.update(b.double(), real=False)
    assert frechet_distance(a, b) == pytest.approx(float(theirs.compute()), rel=1e-6)


def test_a_feature_that_never_changes_adds_nothing():
    """Border pixels of digits are always black: the covariance is singular, Cholesky fails, the value must not."""
    a, b = torch.randn(2, 200, 8, generator=torch.Generator().manual_seed(3))
    dead = torch.zeros(200, 2)
    assert frechet_distance(torch.cat([a, dead], 1), torch.cat([b, dead], 1)) == pytest.approx(
        frechet_distance(a, b), rel=1e-6
    )


def test_it_grows_with_noise_and_shrinks_with_samples():
    """The bias of two samples of one Gaussian is about c/N: ten times the samples, a tenth of the distance."""
    generator = torch.Generator().manual_seed(4)
    a = torch.randn(2000, 16, generator=generator)
    noise = torch.randn(2000, 16, generator=generator)
    distances = [frechet_distance(a, a + level * noise) for level in (0.1, 0.3, 1.0)]
    assert distances == sorted(distances)
    small, large = (
        np.mean([frechet_distance(*torch.randn(2, n, 16, generator=generator)) for _ in range(5)]) for n in (200, 2000)
    )
    assert 7 < small / large < 14


@pytest.mark.parametrize(
    ("real", "fake", "words"),
    [
        (torch.zeros(5, 2), torch.full((5, 2), torch.nan), "fake features hold NaN"),
        (torch.zeros(1, 2), torch.zeros(5, 2), "real: 1 samples are too few"),
        (torch.zeros(5, 2), torch.zeros(5, 3), "2 dimensions, fake ones 3"),
        (torch.zeros(5, 2, 2), torch.zeros(5, 2), "shape"),
    ],
)
def test_what_cannot_be_compared_is_named(real: torch.Tensor, fake: torch.Tensor, words: str):
    with pytest.raises(GanvasError, match=words):
        frechet_distance(real, fake)
